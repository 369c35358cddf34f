//! What one connection has to say, one after the other: the same for WebSocket and event stream.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rsso_core::login::event::Position;
use rsso_core::login::{Identity, Kick, LoginId, Realm, User};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep};

use super::browser_event::{BrowserEvent, GatewayEvents};
use super::close_reason::CloseReason;
use super::feed::FeedStatus;
use super::hub::{Hub, Registration, SubscribeError, TombstoneNotice};
use super::metrics;
use super::receipts::DeliveryReceipts;
use super::send_queue::{Next, SendQueue};
use super::store_pool::Principal;

/// How far the feed may lag behind what a client knows already.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(1);
const CATCH_UP_POLL_INTERVAL: Duration = Duration::from_millis(10);

/// How long the answer with the cookie of a new login may take to the browser.
const NEW_COOKIE_TIMEOUT: Duration = Duration::from_secs(30);

/// What comes next on a connection.
#[derive(Debug)]
pub(crate) enum Item {
    /// What the client missed.
    Missed(Arc<BrowserEvent>),
    Live(Arc<BrowserEvent>),
    /// Nothing happened for a while.
    Heartbeat(Arc<BrowserEvent>),
    End(CloseReason),
}

/// What connections have in common.
#[derive(Debug)]
pub(crate) struct Channels {
    pub(crate) hub: Arc<Hub>,
    pub(crate) realm: Realm,
    pub(crate) heartbeat: Duration,
    pub(crate) receipts: DeliveryReceipts,
    pub(crate) status: Arc<FeedStatus>,
}

/// What one connection has to say.
#[derive(Debug)]
pub(crate) struct Channel {
    first: VecDeque<Arc<BrowserEvent>>,
    /// What comes after `first`: the login's events, or the end.
    then: Result<Open, CloseReason>,
}

#[derive(Debug)]
struct Open {
    registration: Registration,
    heartbeat_timer: Interval,
    channels: Arc<Channels>,
}

impl Channels {
    /// Waits until the outbox is read as far as the client has seen it at another gateway, and as far
    /// as the kick that the store told of. A moment, if at all.
    pub(crate) async fn catch_up(
        &self,
        principal: &Principal,
        after: Option<&Result<Position, ()>>,
    ) {
        let deadline = Instant::now() + CATCH_UP_TIMEOUT;
        while Instant::now() < deadline {
            let behind = match (principal, after) {
                (Principal::Kicked(kick), _) => {
                    is_recent(kick.at)
                        && matches!(
                            self.tombstone_notice(kick, after),
                            TombstoneNotice::NotInHistory(_)
                        )
                }
                (Principal::LoggedIn(..), Some(Ok(position))) => {
                    *position > self.hub.position() && self.hub.position() != Position::START
                }
                _ => false,
            };
            if !behind {
                return;
            }
            sleep(CATCH_UP_POLL_INTERVAL).await;
        }
    }

    /// The channel of somebody who is logged in.
    pub(crate) fn open(
        self: &Arc<Self>,
        identity: &Identity,
        user: &Arc<User>,
        after: Option<&Result<Position, ()>>,
    ) -> Result<Channel, SubscribeError> {
        let subscription = self.hub.subscribe(identity.login, user, after)?;
        let sequence = subscription.position.to_string();
        let mut first = VecDeque::with_capacity(1);
        if subscription.gap {
            first.push_back(self.own("").gap());
        }
        let ended = subscription.missed.iter().any(|f| f.close_reason.is_some());
        first.extend(subscription.missed);
        if !ended {
            let heartbeat = self.heartbeat.as_secs();
            first.push_back(self.own(&sequence).connected(identity, heartbeat));
        }
        let mut heartbeat_timer = interval_at(Instant::now() + self.heartbeat, self.heartbeat);
        heartbeat_timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Channel {
            first,
            then: Ok(Open {
                registration: subscription.registration,
                heartbeat_timer,
                channels: Arc::clone(self),
            }),
        })
    }

    /// The channel of a kicked session; `None` where it has been told.
    pub(crate) fn open_for_kicked(
        &self,
        kick: &Kick,
        after: Option<&Result<Position, ()>>,
    ) -> Option<Channel> {
        let frame = match self.tombstone_notice(kick, after) {
            TombstoneNotice::AlreadySeen => return None,
            TombstoneNotice::Event(frame) => frame,
            TombstoneNotice::NotInHistory(position) => self.own(&position.to_string()).kicked(kick),
        };
        Some(Channel {
            then: Err(CloseReason::of_kick(Some(kick.code.number()))),
            first: [frame].into(),
        })
    }

    /// How the login ended that a browser had, whose cookie stands for nobody now. `newest` is where
    /// the outbox ends: the end may be written there and not read yet.
    pub(crate) async fn end_of(&self, login: LoginId, newest: &Position) -> CloseReason {
        let deadline = Instant::now() + CATCH_UP_TIMEOUT;
        while self.hub.position() < *newest && Instant::now() < deadline {
            sleep(CATCH_UP_POLL_INTERVAL).await;
        }
        match self.hub.end_of(login) {
            // The cookie of the login that came after it may be on its way to the browser.
            Some((CloseReason::Reclaimed, at))
                if at.is_some_and(|at| is_within(at, NEW_COOKIE_TIMEOUT)) =>
            {
                CloseReason::Reclaimed
            }
            Some((close_reason, _)) if close_reason != CloseReason::Reclaimed => close_reason,
            _ => CloseReason::Expired,
        }
    }

    /// A channel that only says why it ends.
    pub(crate) fn closed(close_reason: CloseReason) -> Channel {
        Channel {
            first: VecDeque::new(),
            then: Err(close_reason),
        }
    }

    fn tombstone_notice(
        &self,
        kick: &Kick,
        after: Option<&Result<Position, ()>>,
    ) -> TombstoneNotice {
        let settled = self.status.is_ready() && !is_recent(kick.at);
        self.hub.tombstone_notice(kick, after, settled)
    }

    /// What was sent to somebody who was waiting for it.
    pub(crate) fn sent(&self, frame: &BrowserEvent) {
        metrics::delivered_live(frame);
        if let Some(login) = frame.kicked {
            self.receipts.delivered(login);
        }
    }

    fn own<'a>(&'a self, sequence: &'a str) -> GatewayEvents<'a> {
        GatewayEvents {
            realm: &self.realm,
            sequence,
        }
    }
}

impl Channel {
    /// The queue behind it, if there is one.
    pub(crate) fn send_queue(&self) -> Option<Arc<SendQueue>> {
        let open = self.then.as_ref().ok()?;
        Some(Arc::clone(&open.registration.send_queue))
    }

    /// What comes next. After an end, nothing does.
    pub(crate) async fn next(&mut self) -> Item {
        if let Some(frame) = self.first.pop_front() {
            if self.first.is_empty() {
                // For the rest of a long life.
                self.first = VecDeque::new();
            }
            if let Some(close_reason) = frame.close_reason {
                self.first = VecDeque::new();
                self.then = Err(close_reason);
            }
            return Item::Missed(frame);
        }
        let open = match &mut self.then {
            Ok(open) => open,
            Err(close_reason) => return Item::End(*close_reason),
        };
        tokio::select! {
            // What happened comes before that nothing did.
            biased;
            next = open.registration.send_queue.next() => match next {
                Next::Send(frame) => Item::Live(frame),
                Next::End(close_reason) => {
                    self.then = Err(close_reason);
                    Item::End(close_reason)
                }
            },
            _ = open.heartbeat_timer.tick() => {
                let sequence = open.channels.hub.position().to_string();
                Item::Heartbeat(open.channels.own(&sequence).heartbeat())
            }
        }
    }
}

/// Whether it happened a moment ago, by clocks that may differ.
fn is_recent(millis: i64) -> bool {
    is_within(millis, Duration::from_secs(10))
}

/// Whether it happened within this time, by clocks that may differ.
fn is_within(millis: i64, span: Duration) -> bool {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let then = u128::try_from(millis).unwrap_or_default();
    now.as_millis().abs_diff(then) < span.as_millis()
}
