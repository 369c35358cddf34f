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

use super::browser_event::{Entry, Frame};
use super::close_reason::Ending;
use super::history::History;
use super::send_queue::Outlet;

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
    seats: HashMap<LoginId, Seats>,
    connections: usize,
    draining: bool,
}

/// The connections of one login.
#[derive(Debug)]
struct Seats {
    user: Arc<User>,
    outlets: Vec<Arc<Outlet>>,
}

/// A connection's place, given up when it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    hub: Arc<Hub>,
    login: LoginId,
    pub(crate) outlet: Arc<Outlet>,
}

/// What a connection begins with.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) seat: Seat,
    /// What it missed, in order.
    pub(crate) missed: Vec<Arc<Frame>>,
    /// The position it presented is not known: more may have been missed.
    pub(crate) gap: bool,
    /// Where it stands then.
    pub(crate) position: Position,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoSeat {
    /// The login has as many connections as one may have.
    TooMany,
    /// The gateway stops.
    Draining,
}

/// What a kicked session's browser still has to be told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Obituary {
    /// It has seen the event.
    Told,
    /// The event as it stands in the outbox.
    Event(Arc<Frame>),
    /// The outbox has forgotten it; the position is where a browser stands that knows.
    Forgotten(Position),
}

impl Hub {
    pub(crate) fn new(max_per_login: usize) -> Self {
        Self {
            state: Mutex::new(State {
                history: History::new(MAX_EVENTS, MAX_BYTES),
                seats: HashMap::new(),
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
    ) -> Result<Subscription, NoSeat> {
        let mut state = self.state.lock();
        if state.draining {
            return Err(NoSeat::Draining);
        }
        let (missed, gap) = state.missed(login, after);
        let position = state.history.newest().clone();
        let seats = state.seats.entry(login).or_insert_with(|| Seats {
            user: Arc::clone(user),
            outlets: Vec::new(),
        });
        if seats.outlets.len() >= self.max_per_login {
            return Err(NoSeat::TooMany);
        }
        let outlet = Arc::new(Outlet::default());
        seats.outlets.push(Arc::clone(&outlet));
        state.connections += 1;
        drop(state);
        Ok(Subscription {
            seat: Seat {
                hub: Arc::clone(self),
                login,
                outlet,
            },
            missed,
            gap,
            position,
        })
    }

    /// Remembers what the outbox says and hands it to whom it is addressed.
    pub(crate) fn publish(&self, entries: &[Entry]) {
        let mut state = self.state.lock();
        for entry in entries {
            state.history.add(entry);
            let addressed = entry.addressed.as_ref();
            if let Some((seats, frame)) =
                addressed.and_then(|(login, frame)| Some((state.seats.get(login)?, frame)))
            {
                seats.outlets.iter().for_each(|outlet| outlet.push(frame));
            }
        }
    }

    /// What the browser of a kicked session has to be told. `settled`: the outbox has been read beyond
    /// the kick for certain.
    pub(crate) fn obituary(
        &self,
        kick: &Kick,
        after: Option<&Result<Position, ()>>,
        settled: bool,
    ) -> Obituary {
        let state = self.state.lock();
        let history = &state.history;
        let after = after.and_then(|after| after.as_ref().ok());
        match history.end_of(kick.identity.login) {
            Some((at, _)) if after.is_some_and(|after| after >= at) => Obituary::Told,
            Some((_, frame)) => Obituary::Event(Arc::clone(frame)),
            // Older than all that is known here, and the browser has seen what is known.
            None if settled && after.is_some_and(|p| *p != Position::START && history.knows(p)) => {
                Obituary::Told
            }
            None => Obituary::Forgotten(history.newest().clone()),
        }
    }

    /// How a login ended and when, in milliseconds since 1970, where the outbox tells of it.
    pub(crate) fn end_of(&self, login: LoginId) -> Option<(Ending, Option<i64>)> {
        let state = self.state.lock();
        let (_, frame) = state.history.end_of(login)?;
        Some((frame.ending?, frame.at))
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
        for (login, seats) in &state.seats {
            let logins = users.entry(Arc::clone(&seats.user)).or_default();
            logins.push(*login);
        }
        users
    }

    /// Ends the connections of a login that is dead without an event.
    pub(crate) fn end(&self, login: LoginId, ending: Ending) {
        if let Some(seats) = self.state.lock().seats.get(&login) {
            seats.outlets.iter().for_each(|outlet| outlet.end(ending));
        }
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.state.lock().draining
    }

    /// Lets nobody in any more; who is here and has to be told to come back elsewhere.
    pub(crate) fn drain(&self) -> Vec<Arc<Outlet>> {
        let mut state = self.state.lock();
        state.draining = true;
        let seats = state.seats.values();
        seats.flat_map(|s| s.outlets.iter().cloned()).collect()
    }
}

impl State {
    fn missed(
        &self,
        login: LoginId,
        after: Option<&Result<Position, ()>>,
    ) -> (Vec<Arc<Frame>>, bool) {
        match after {
            Some(Ok(position)) if self.history.knows(position) => {
                (self.history.behind(login, position), false)
            }
            // All there is: the client knows by their ids what it has seen.
            Some(_) => (self.history.behind(login, &Position::START), true),
            // It may have ended since the store was asked about it.
            None => {
                let end = self.history.end_of(login).map(|(_, f)| Arc::clone(f));
                (end.into_iter().collect(), false)
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.hub.state.lock();
        state.connections -= 1;
        let Some(seats) = state.seats.get_mut(&self.login) else {
            return;
        };
        seats.outlets.retain(|o| !Arc::ptr_eq(o, &self.outlet));
        if seats.outlets.is_empty() {
            state.seats.remove(&self.login);
        }
    }
}
