//! Who is connected, and the newest events.
//!
//! What always holds: subscribing and looking up what was missed are one step; so are adding an event to the
//! history and sending it. So a client gets each event once, whether it
//! subscribes before or after the event is published.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use rsso_core::login::event::Position;
use rsso_core::login::{Kick, LoginId, User};

use super::browser_event::BrowserEvent;
use super::close_reason::CloseReason;
use super::history::History;
use super::outbox_entry::OutboxEntry;
use super::resume::Resume;
use super::send_queue::SendQueue;

/// The newest events that are kept in memory.
const MAX_EVENTS: usize = 20_000;
const MAX_BYTES: usize = 64 << 20;

/// Sends events to the connections of their login.
#[derive(Debug)]
pub(crate) struct Hub {
    state: Mutex<State>,
    max_per_login: usize,
}

#[derive(Debug)]
struct State {
    history: History,
    by_login: HashMap<LoginId, LoginConnections>,
    connections: usize,
    draining: bool,
}

/// The connections of one login.
#[derive(Debug)]
struct LoginConnections {
    user: Arc<User>,
    send_queues: Vec<Arc<SendQueue>>,
}

/// A connection that gets its login's events until this is dropped.
#[derive(Debug)]
pub(crate) struct Registration {
    hub: Arc<Hub>,
    login: LoginId,
    pub(crate) send_queue: Arc<SendQueue>,
}

/// What a connection begins with.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) registration: Registration,
    pub(crate) missed: Missed,
    /// The position after what was missed.
    pub(crate) position: Position,
}

/// What a client has missed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Missed {
    /// In order.
    pub(crate) events: Vec<Arc<BrowserEvent>>,
    /// More may have been missed, because the presented position is not known.
    pub(crate) gap: bool,
}

/// Why a connection is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SubscribeError {
    /// The login has as many connections as one may have.
    TooMany,
    /// The gateway stops.
    Draining,
}

/// What the browser of a kicked session has yet to be told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TombstoneNotice {
    /// Nothing: it has seen the event.
    AlreadySeen,
    /// The event, as it is in the outbox.
    Event(Arc<BrowserEvent>),
    /// The kick without its event, which is not in the history. The position is that of the newest event in the history.
    NotInHistory(Position),
}

/// How and when a login ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LoginEnd {
    pub(crate) reason: CloseReason,
    /// In milliseconds since 1970.
    pub(crate) at: Option<i64>,
}

impl Hub {
    pub(crate) fn new(max_per_login: usize) -> Self {
        Self {
            state: Mutex::new(State {
                history: History::new(MAX_EVENTS, MAX_BYTES),
                by_login: HashMap::new(),
                connections: 0,
                draining: false,
            }),
            max_per_login,
        }
    }

    /// Registers a connection of a login, and finds what its client has missed.
    pub(crate) fn subscribe(
        self: &Arc<Self>,
        login: LoginId,
        user: &Arc<User>,
        resume: &Resume,
    ) -> Result<Subscription, SubscribeError> {
        let mut state = self.state.lock();
        if state.draining {
            return Err(SubscribeError::Draining);
        }
        let missed = state.missed(login, resume);
        let position = state.history.newest().clone();
        let connections = state
            .by_login
            .entry(login)
            .or_insert_with(|| LoginConnections {
                user: Arc::clone(user),
                send_queues: Vec::new(),
            });
        if connections.send_queues.len() >= self.max_per_login {
            return Err(SubscribeError::TooMany);
        }
        let send_queue = Arc::new(SendQueue::default());
        connections.send_queues.push(Arc::clone(&send_queue));
        state.connections += 1;
        drop(state);
        Ok(Subscription {
            registration: Registration {
                hub: Arc::clone(self),
                login,
                send_queue,
            },
            missed,
            position,
        })
    }

    /// Adds entries of the outbox to the history, and sends their events.
    pub(crate) fn publish(&self, entries: &[OutboxEntry]) {
        let mut state = self.state.lock();
        for entry in entries {
            state.history.add(entry);
            if let Some(addressed) = &entry.addressed
                && let Some(connections) = state.by_login.get(&addressed.login)
            {
                let queues = connections.send_queues.iter();
                queues.for_each(|queue| queue.push(&addressed.event));
            }
        }
    }

    /// What the browser of a kicked session has yet to be told.
    ///
    /// `read_past`: the outbox has certainly been read past the kick.
    pub(crate) fn tombstone_notice(
        &self,
        kick: &Kick,
        resume: &Resume,
        read_past: bool,
    ) -> TombstoneNotice {
        let state = self.state.lock();
        let history = &state.history;
        match history.end_of(kick.identity.login) {
            Some(end) if resume.requested().is_some_and(|p| *p >= end.position) => {
                TombstoneNotice::AlreadySeen
            }
            Some(end) => TombstoneNotice::Event(Arc::clone(&end.event)),
            // The kick is older than the history, and the browser's position is within the history.
            None if read_past && resume.last_seen().is_some_and(|p| history.covers(p)) => {
                TombstoneNotice::AlreadySeen
            }
            None => TombstoneNotice::NotInHistory(history.newest().clone()),
        }
    }

    /// How a login ended, if its end is in the history.
    pub(crate) fn end_of(&self, login: LoginId) -> Option<LoginEnd> {
        let state = self.state.lock();
        let event = &state.history.end_of(login)?.event;
        Some(LoginEnd {
            reason: event.close_reason?,
            at: event.at,
        })
    }

    /// How far the outbox has been read.
    pub(crate) fn position(&self) -> Position {
        self.state.lock().history.newest().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.lock().connections
    }

    /// The connected users, each with the connected logins.
    pub(crate) fn users(&self) -> HashMap<Arc<User>, Vec<LoginId>> {
        let state = self.state.lock();
        let mut users = HashMap::<_, Vec<_>>::new();
        for (login, connections) in &state.by_login {
            let logins = users.entry(Arc::clone(&connections.user)).or_default();
            logins.push(*login);
        }
        users
    }

    /// Closes the connections of a login that ended without an event.
    pub(crate) fn close(&self, login: LoginId, reason: CloseReason) {
        if let Some(connections) = self.state.lock().by_login.get(&login) {
            let queues = connections.send_queues.iter();
            queues.for_each(|queue| queue.close(reason));
        }
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.state.lock().draining
    }

    /// Accepts no more connections. Returns the queues of those that are left.
    pub(crate) fn drain(&self) -> Vec<Arc<SendQueue>> {
        let mut state = self.state.lock();
        state.draining = true;
        let logins = state.by_login.values();
        logins
            .flat_map(|connections| connections.send_queues.iter().cloned())
            .collect()
    }
}

impl State {
    fn missed(&self, login: LoginId, resume: &Resume) -> Missed {
        let history = &self.history;
        match resume {
            Resume::After(position) if history.covers(position) => Missed {
                events: history.after(login, position),
                gap: false,
            },
            // Everything that is kept: the client knows by their ids which ones it has seen.
            Resume::After(_) | Resume::Unknown => Missed {
                events: history.after(login, &Position::START),
                gap: true,
            },
            // The login may have ended after the store was queried.
            Resume::Live => {
                let end = history.end_of(login).map(|end| Arc::clone(&end.event));
                Missed {
                    events: end.into_iter().collect(),
                    gap: false,
                }
            }
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut state = self.hub.state.lock();
        state.connections -= 1;
        let Some(connections) = state.by_login.get_mut(&self.login) else {
            return;
        };
        let queues = &mut connections.send_queues;
        queues.retain(|queue| !Arc::ptr_eq(queue, &self.send_queue));
        if queues.is_empty() {
            state.by_login.remove(&self.login);
        }
    }
}
