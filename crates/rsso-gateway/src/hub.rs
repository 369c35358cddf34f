//! Who is connected, and what the outbox said last.
//!
//! What always holds: subscribing and looking up what was missed are one step, and so are
//! remembering an event and handing it out. Whatever the order of the two, a client gets each
//! event once.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use rsso_core::login::event::Position;
use rsso_core::login::{Kick, LoginId, User};

use super::browser_event::{BrowserEvent, OutboxEntry};
use super::close_reason::CloseReason;
use super::history::History;
use super::send_queue::SendQueue;

/// The newest events that are kept in memory.
const MAX_EVENTS: usize = 20_000;
const MAX_BYTES: usize = 64 << 20;

/// Who is connected.
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

/// A connection's place, given up when it is dropped.
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
    /// What it missed, in order.
    pub(crate) missed: Vec<Arc<BrowserEvent>>,
    /// The position it presented is not known: more may have been missed.
    pub(crate) gap: bool,
    /// Where it stands then.
    pub(crate) position: Position,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SubscribeError {
    /// The login has as many connections as one may have.
    TooMany,
    /// The gateway stops.
    Draining,
}

/// What a kicked session's browser still has to be told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TombstoneNotice {
    /// It has seen the event.
    AlreadySeen,
    /// The event as it stands in the outbox.
    Event(Arc<BrowserEvent>),
    /// The outbox has forgotten it; the position is where a browser stands that covers.
    NotInHistory(Position),
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

    /// Takes a place for a connection of a login; `after` is what the client saw last.
    pub(crate) fn subscribe(
        self: &Arc<Self>,
        login: LoginId,
        user: &Arc<User>,
        after: Option<&Result<Position, ()>>,
    ) -> Result<Subscription, SubscribeError> {
        let mut state = self.state.lock();
        if state.draining {
            return Err(SubscribeError::Draining);
        }
        let (missed, gap) = state.missed(login, after);
        let position = state.history.newest().clone();
        let login_connections = state
            .by_login
            .entry(login)
            .or_insert_with(|| LoginConnections {
                user: Arc::clone(user),
                send_queues: Vec::new(),
            });
        if login_connections.send_queues.len() >= self.max_per_login {
            return Err(SubscribeError::TooMany);
        }
        let send_queue = Arc::new(SendQueue::default());
        login_connections.send_queues.push(Arc::clone(&send_queue));
        state.connections += 1;
        drop(state);
        Ok(Subscription {
            registration: Registration {
                hub: Arc::clone(self),
                login,
                send_queue,
            },
            missed,
            gap,
            position,
        })
    }

    /// Remembers what the outbox says and hands it to whom it is addressed.
    pub(crate) fn publish(&self, entries: &[OutboxEntry]) {
        let mut state = self.state.lock();
        for entry in entries {
            state.history.add(entry);
            let addressed = entry.addressed.as_ref();
            if let Some((login_connections, frame)) =
                addressed.and_then(|(login, frame)| Some((state.by_login.get(login)?, frame)))
            {
                login_connections
                    .send_queues
                    .iter()
                    .for_each(|send_queue| send_queue.push(frame));
            }
        }
    }

    /// What the browser of a kicked session has to be told. `settled`: the outbox has been read beyond
    /// the kick for certain.
    pub(crate) fn tombstone_notice(
        &self,
        kick: &Kick,
        after: Option<&Result<Position, ()>>,
        settled: bool,
    ) -> TombstoneNotice {
        let state = self.state.lock();
        let history = &state.history;
        let after = after.and_then(|after| after.as_ref().ok());
        match history.end_of(kick.identity.login) {
            Some((at, _)) if after.is_some_and(|after| after >= at) => TombstoneNotice::AlreadySeen,
            Some((_, frame)) => TombstoneNotice::Event(Arc::clone(frame)),
            // Older than all that is known here, and the browser has seen what is known.
            None if settled
                && after.is_some_and(|p| *p != Position::START && history.covers(p)) =>
            {
                TombstoneNotice::AlreadySeen
            }
            None => TombstoneNotice::NotInHistory(history.newest().clone()),
        }
    }

    /// How a login ended and when, in milliseconds since 1970, where the outbox tells of it.
    pub(crate) fn end_of(&self, login: LoginId) -> Option<(CloseReason, Option<i64>)> {
        let state = self.state.lock();
        let (_, frame) = state.history.end_of(login)?;
        Some((frame.close_reason?, frame.at))
    }

    /// How far the outbox has been read.
    pub(crate) fn position(&self) -> Position {
        self.state.lock().history.newest().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.lock().connections
    }

    /// The users who are connected, and their logins that are.
    pub(crate) fn users(&self) -> HashMap<Arc<User>, Vec<LoginId>> {
        let state = self.state.lock();
        let mut users = HashMap::<_, Vec<_>>::new();
        for (login, login_connections) in &state.by_login {
            let logins = users
                .entry(Arc::clone(&login_connections.user))
                .or_default();
            logins.push(*login);
        }
        users
    }

    /// Ends the connections of a login that is dead without an event.
    pub(crate) fn end(&self, login: LoginId, close_reason: CloseReason) {
        if let Some(login_connections) = self.state.lock().by_login.get(&login) {
            login_connections
                .send_queues
                .iter()
                .for_each(|send_queue| send_queue.end(close_reason));
        }
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.state.lock().draining
    }

    /// Lets nobody in any more; who is here and has to be told to come back elsewhere.
    pub(crate) fn drain(&self) -> Vec<Arc<SendQueue>> {
        let mut state = self.state.lock();
        state.draining = true;
        let login_connections = state.by_login.values();
        login_connections
            .flat_map(|s| s.send_queues.iter().cloned())
            .collect()
    }
}

impl State {
    fn missed(
        &self,
        login: LoginId,
        after: Option<&Result<Position, ()>>,
    ) -> (Vec<Arc<BrowserEvent>>, bool) {
        match after {
            Some(Ok(position)) if self.history.covers(position) => {
                (self.history.after(login, position), false)
            }
            // All there is: the client covers by their ids what it has seen.
            Some(_) => (self.history.after(login, &Position::START), true),
            // It may have ended since the store was asked about it.
            None => {
                let end = self.history.end_of(login).map(|(_, f)| Arc::clone(f));
                (end.into_iter().collect(), false)
            }
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut state = self.hub.state.lock();
        state.connections -= 1;
        let Some(login_connections) = state.by_login.get_mut(&self.login) else {
            return;
        };
        login_connections
            .send_queues
            .retain(|o| !Arc::ptr_eq(o, &self.send_queue));
        if login_connections.send_queues.is_empty() {
            state.by_login.remove(&self.login);
        }
    }
}
