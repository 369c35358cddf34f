//! What one connection has to say, one after the other: the same for WebSocket and event stream.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rsso_core::login::event::Position;
use rsso_core::login::{Identity, Kick, LoginId, Realm, User};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep};

use super::browser_event::{Frame, Own};
use super::close_reason::Ending;
use super::feed::Status;
use super::hub::{Hub, NoSeat, Obituary, Seat};
use super::metrics;
use super::receipts::Receipts;
use super::send_queue::{Next, Outlet};
use super::store_pool::Bearer;

/// How far the feed may lag behind what a client knows already.
const CATCH_UP: Duration = Duration::from_secs(1);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// How long the answer with the cookie of a new login may take to the browser.
const COOKIE_COMES: Duration = Duration::from_secs(30);

/// What comes next on a connection.
#[derive(Debug)]
pub(crate) enum Item {
    /// What the client missed.
    Missed(Arc<Frame>),
    Frame(Arc<Frame>),
    /// Nothing happened for a while.
    Beat(Arc<Frame>),
    End(Ending),
}

/// What connections have in common.
#[derive(Debug)]
pub(crate) struct Channels {
    pub(crate) hub: Arc<Hub>,
    pub(crate) realm: Realm,
    pub(crate) heartbeat: Duration,
    pub(crate) receipts: Receipts,
    pub(crate) status: Arc<Status>,
}

/// What one connection has to say.
#[derive(Debug)]
pub(crate) struct Channel {
    first: VecDeque<Arc<Frame>>,
    /// What comes after `first`: the login's events, or the end.
    then: Result<Open, Ending>,
}

#[derive(Debug)]
struct Open {
    seat: Seat,
    beat: Interval,
    channels: Arc<Channels>,
}

impl Channels {
    /// Waits until the outbox is read as far as the client has seen it at another gateway, and as far
    /// as the kick that the store told of. A moment, if at all.
    pub(crate) async fn catch_up(&self, bearer: &Bearer, after: Option<&Result<Position, ()>>) {
        let deadline = Instant::now() + CATCH_UP;
        while Instant::now() < deadline {
            let behind = match (bearer, after) {
                (Bearer::Kicked(kick), _) => {
                    is_recent(kick.at)
                        && matches!(self.obituary(kick, after), Obituary::Forgotten(_))
                }
                (Bearer::LoggedIn(..), Some(Ok(position))) => {
                    *position > self.hub.position() && self.hub.position() != Position::START
                }
                _ => false,
            };
            if !behind {
                return;
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    /// The channel of somebody who is logged in.
    pub(crate) fn open(
        self: &Arc<Self>,
        identity: &Identity,
        user: &Arc<User>,
        after: Option<&Result<Position, ()>>,
    ) -> Result<Channel, NoSeat> {
        let subscription = self.hub.subscribe(identity.login, user, after)?;
        let sequence = subscription.position.to_string();
        let mut first = VecDeque::with_capacity(1);
        if subscription.gap {
            first.push_back(self.own("").gap());
        }
        let ended = subscription.missed.iter().any(|f| f.ending.is_some());
        first.extend(subscription.missed);
        if !ended {
            let heartbeat = self.heartbeat.as_secs();
            first.push_back(self.own(&sequence).connected(identity, heartbeat));
        }
        let mut beat = interval_at(Instant::now() + self.heartbeat, self.heartbeat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Channel {
            first,
            then: Ok(Open {
                seat: subscription.seat,
                beat,
                channels: Arc::clone(self),
            }),
        })
    }

    /// The channel of a kicked session; `None` where it has been told.
    pub(crate) fn last_words(
        &self,
        kick: &Kick,
        after: Option<&Result<Position, ()>>,
    ) -> Option<Channel> {
        let frame = match self.obituary(kick, after) {
            Obituary::Told => return None,
            Obituary::Event(frame) => frame,
            Obituary::Forgotten(position) => self.own(&position.to_string()).kicked(kick),
        };
        Some(Channel {
            then: Err(Ending::of_kick(Some(kick.code.number()))),
            first: [frame].into(),
        })
    }

    /// How the login ended that a browser had, whose cookie stands for nobody now. `newest` is where
    /// the outbox ends: the end may be written there and not read yet.
    pub(crate) async fn end_of(&self, login: LoginId, newest: &Position) -> Ending {
        let deadline = Instant::now() + CATCH_UP;
        while self.hub.position() < *newest && Instant::now() < deadline {
            sleep(LOOK_AGAIN).await;
        }
        match self.hub.end_of(login) {
            // The cookie of the login that came after it may be on its way to the browser.
            Some((Ending::Reclaimed, at)) if at.is_some_and(|at| is_within(at, COOKIE_COMES)) => {
                Ending::Reclaimed
            }
            Some((ending, _)) if ending != Ending::Reclaimed => ending,
            _ => Ending::Expired,
        }
    }

    /// A channel that only says why it ends.
    pub(crate) fn closed(ending: Ending) -> Channel {
        Channel {
            first: VecDeque::new(),
            then: Err(ending),
        }
    }

    fn obituary(&self, kick: &Kick, after: Option<&Result<Position, ()>>) -> Obituary {
        let settled = self.status.is_ready() && !is_recent(kick.at);
        self.hub.obituary(kick, after, settled)
    }

    /// What was sent to somebody who was waiting for it.
    pub(crate) fn sent(&self, frame: &Frame) {
        metrics::delivered_live(frame);
        if let Some(login) = frame.kicked {
            self.receipts.delivered(login);
        }
    }

    fn own<'a>(&'a self, sequence: &'a str) -> Own<'a> {
        Own {
            realm: &self.realm,
            sequence,
        }
    }
}

impl Channel {
    /// The queue behind it, if there is one.
    pub(crate) fn outlet(&self) -> Option<Arc<Outlet>> {
        let open = self.then.as_ref().ok()?;
        Some(Arc::clone(&open.seat.outlet))
    }

    /// What comes next. After an end, nothing does.
    pub(crate) async fn next(&mut self) -> Item {
        if let Some(frame) = self.first.pop_front() {
            if self.first.is_empty() {
                // For the rest of a long life.
                self.first = VecDeque::new();
            }
            if let Some(ending) = frame.ending {
                self.first = VecDeque::new();
                self.then = Err(ending);
            }
            return Item::Missed(frame);
        }
        let open = match &mut self.then {
            Ok(open) => open,
            Err(ending) => return Item::End(*ending),
        };
        tokio::select! {
            // What happened comes before that nothing did.
            biased;
            next = open.seat.outlet.next() => match next {
                Next::Send(frame) => Item::Frame(frame),
                Next::End(ending) => {
                    self.then = Err(ending);
                    Item::End(ending)
                }
            },
            _ = open.beat.tick() => {
                let sequence = open.channels.hub.position().to_string();
                Item::Beat(open.channels.own(&sequence).heartbeat())
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
