//! The events of one connection, one after the other, whatever its transport.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rsso_core::login::event::Position;
use rsso_core::login::{Identity, Kick, LoginId, Realm, User};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep};

use super::browser_event::BrowserEvent;
use super::close_reason::CloseReason;
use super::feed_status::FeedStatus;
use super::gateway_events::GatewayEvents;
use super::hub::{Hub, LoginEnd, Registration, SubscribeError, TombstoneNotice};
use super::metrics;
use super::principal::Principal;
use super::receipts::DeliveryReceipts;
use super::resume::Resume;
use super::send_queue::{Next, SendQueue};

/// How long a request waits for the feed to read what its client already knows.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(1);
const CATCH_UP_POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Heartbeats fall on multiples of this, so that a thread wakes up for several connections at once.
const HEARTBEAT_GRID: Duration = Duration::from_millis(20);

/// How long the cookie of a new login may take to reach the browser.
const NEW_COOKIE_TIMEOUT: Duration = Duration::from_secs(30);

/// A kick that is younger may have an event that was not read yet.
const RECENT: Duration = Duration::from_secs(10);

/// The next item of a connection.
#[derive(Debug)]
pub(crate) enum Item {
    /// An event that the client missed.
    Missed(Arc<BrowserEvent>),
    /// An event that happens now.
    Live(Arc<BrowserEvent>),
    /// Nothing has happened for a while.
    Heartbeat(Arc<BrowserEvent>),
    /// The connection closes. No item comes after it.
    Close(CloseReason),
}

/// What all channels share, and how one is opened.
#[derive(Debug)]
pub(crate) struct Channels {
    pub(crate) hub: Arc<Hub>,
    pub(crate) realm: Realm,
    pub(crate) heartbeat_interval: Duration,
    pub(crate) receipts: DeliveryReceipts,
    pub(crate) status: Arc<FeedStatus>,
}

/// The events of one connection.
#[derive(Debug)]
pub(crate) struct Channel {
    /// The events that it begins with.
    first: VecDeque<Arc<BrowserEvent>>,
    then: Then,
}

/// What comes after a channel's first events.
#[derive(Debug)]
enum Then {
    Live(Live),
    Close(CloseReason),
}

/// A login's new events, and heartbeats.
#[derive(Debug)]
struct Live {
    registration: Registration,
    heartbeats: Interval,
    channels: Arc<Channels>,
}

impl Channels {
    /// Waits a moment until the outbox has been read as far as the client already knows it.
    ///
    /// It may have seen more at another gateway, and the store may have told of a kick.
    pub(crate) async fn catch_up(&self, principal: &Principal, resume: &Resume) {
        let deadline = Instant::now() + CATCH_UP_TIMEOUT;
        while self.is_behind(principal, resume) && Instant::now() < deadline {
            sleep(CATCH_UP_POLL_INTERVAL).await;
        }
    }

    fn is_behind(&self, principal: &Principal, resume: &Resume) -> bool {
        match (principal, resume) {
            (Principal::Kicked(kick), _) => {
                let notice = || self.tombstone_notice(kick, resume);
                is_within(kick.at, RECENT) && matches!(notice(), TombstoneNotice::NotInHistory(_))
            }
            (Principal::LoggedIn(..), Resume::After(position)) => {
                let read = self.hub.position();
                *position > read && read != Position::START
            }
            _ => false,
        }
    }

    /// Opens the channel of a browser that is signed in.
    pub(crate) fn open(
        self: &Arc<Self>,
        identity: &Identity,
        user: &Arc<User>,
        resume: &Resume,
    ) -> Result<Channel, SubscribeError> {
        let subscription = self.hub.subscribe(identity.login, user, resume)?;
        let missed = subscription.missed;
        let mut first = VecDeque::with_capacity(1);
        if missed.gap {
            first.push_back(self.events_at("").gap());
        }
        let has_ended = missed.events.iter().any(|e| e.close_reason.is_some());
        first.extend(missed.events);
        if !has_ended {
            let sequence = subscription.position.to_string();
            let seconds = self.heartbeat_interval.as_secs();
            first.push_back(self.events_at(&sequence).connected(identity, seconds));
        }
        let mut heartbeats = interval_at(
            Instant::now() + self.heartbeat_interval - since_grid(),
            self.heartbeat_interval,
        );
        heartbeats.set_missed_tick_behavior(MissedTickBehavior::Skip);
        Ok(Channel {
            first,
            then: Then::Live(Live {
                registration: subscription.registration,
                heartbeats,
                channels: Arc::clone(self),
            }),
        })
    }

    /// Opens the channel of a kicked session; `None` if it has been told.
    pub(crate) fn open_for_kicked(&self, kick: &Kick, resume: &Resume) -> Option<Channel> {
        let event = match self.tombstone_notice(kick, resume) {
            TombstoneNotice::AlreadySeen => return None,
            TombstoneNotice::Event(event) => event,
            TombstoneNotice::NotInHistory(end) => self.events_at(&end.to_string()).kicked(kick),
        };
        Some(Channel {
            first: [event].into(),
            then: Then::Close(CloseReason::of_kick(kick.code)),
        })
    }

    /// A channel that only says why it closes.
    pub(crate) fn closed(reason: CloseReason) -> Channel {
        Channel {
            first: VecDeque::new(),
            then: Then::Close(reason),
        }
    }

    /// How a browser's former login ended, if its cookie stands for nobody now.
    ///
    /// `newest` is the end of the outbox: the event may be there and not be read yet.
    pub(crate) async fn end_of(&self, login: LoginId, newest: &Position) -> CloseReason {
        let deadline = Instant::now() + CATCH_UP_TIMEOUT;
        while self.hub.position() < *newest && Instant::now() < deadline {
            sleep(CATCH_UP_POLL_INTERVAL).await;
        }
        match self.hub.end_of(login) {
            // The cookie of the next login may still be on its way to the browser.
            Some(LoginEnd {
                reason: CloseReason::Reclaimed,
                at,
            }) => match at.is_some_and(|at| is_within(at, NEW_COOKIE_TIMEOUT)) {
                true => CloseReason::Reclaimed,
                false => CloseReason::Expired,
            },
            Some(end) => end.reason,
            None => CloseReason::Expired,
        }
    }

    fn tombstone_notice(&self, kick: &Kick, resume: &Resume) -> TombstoneNotice {
        let read_past = self.status.is_ready() && !is_within(kick.at, RECENT);
        self.hub.tombstone_notice(kick, resume, read_past)
    }

    /// Records that a browser got an event when it happened.
    pub(crate) fn record_delivery(&self, event: &BrowserEvent) {
        metrics::delivered_live(event);
        if let Some(login) = event.kicked {
            self.receipts.delivered(login);
        }
    }

    fn events_at<'a>(&'a self, sequence: &'a str) -> GatewayEvents<'a> {
        GatewayEvents {
            realm: &self.realm,
            sequence,
        }
    }
}

impl Channel {
    /// The queue that it gets new events from, if any.
    pub(crate) fn send_queue(&self) -> Option<&SendQueue> {
        match &self.then {
            Then::Live(live) => Some(&live.registration.send_queue),
            Then::Close(_) => None,
        }
    }

    /// Waits for the next item.
    pub(crate) async fn next(&mut self) -> Item {
        if let Some(event) = self.first.pop_front() {
            if self.first.is_empty() {
                // Its memory is not needed for the rest of the connection.
                self.first = VecDeque::new();
            }
            if let Some(reason) = event.close_reason {
                self.first = VecDeque::new();
                self.then = Then::Close(reason);
            }
            return Item::Missed(event);
        }
        let live = match &mut self.then {
            Then::Live(live) => live,
            Then::Close(reason) => return Item::Close(*reason),
        };
        tokio::select! {
            // An event comes before the heartbeat that says there is none.
            biased;
            next = live.registration.send_queue.next() => match next {
                Next::Send(event) => Item::Live(event),
                Next::Close(reason) => {
                    self.then = Then::Close(reason);
                    Item::Close(reason)
                }
            },
            _ = live.heartbeats.tick() => {
                let sequence = live.channels.hub.position().to_string();
                Item::Heartbeat(live.channels.events_at(&sequence).heartbeat())
            }
        }
    }
}

/// The time since the last multiple of [`HEARTBEAT_GRID`].
fn since_grid() -> Duration {
    let nanos = since_1970().subsec_nanos() % HEARTBEAT_GRID.subsec_nanos();
    Duration::from_nanos(nanos.into())
}

fn since_1970() -> Duration {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default()
}

/// Whether it happened within this time, by clocks that may differ.
fn is_within(millis: i64, span: Duration) -> bool {
    let now = since_1970();
    let then = u128::try_from(millis).unwrap_or_default();
    now.as_millis().abs_diff(then) < span.as_millis()
}
