//! The connections of one process to one database, which SQLite makes share an index.
//!
//! SQLite opens a `-shm` once for a process, however many connections it has (threads, several stores).
//! A new connection beside one that uses a removed `-shm` would use that too, with another's `-wal`, and
//! damage the database. So those are closed first, by whoever opens: what always holds is that all
//! connections of a process to a database use the same files.

use std::mem;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use super::database::Database;
use super::watch::Files;

/// The slots of the process with this number.
static SLOTS: Mutex<(u32, Vec<Weak<Slot>>)> = Mutex::new((0, Vec::new()));

/// Nobody holds it longer than it takes to look; but a child may inherit it locked by another thread.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where a store keeps its database between acts.
pub(super) struct Slot(Mutex<State>);

enum State {
    Closed,
    /// In an act, or being opened or left.
    Busy(Option<Files>),
    Idle(Box<Database>),
}

/// What was taken out of a slot; where it is not put back, the slot is closed.
pub(super) struct Taken {
    slot: Arc<Slot>,
    pub(super) database: Option<Box<Database>>,
    back: bool,
}

impl Slot {
    pub(super) fn new() -> Arc<Self> {
        let slot = Arc::new(Self(Mutex::new(State::Closed)));
        if let Some(mut slots) = SLOTS.try_lock_for(PATIENCE) {
            let (pid, slots) = &mut *slots;
            if mem::replace(pid, rsso_core::process::process_id()) != *pid {
                slots.clear();
            }
            slots.retain(|slot| slot.strong_count() > 0);
            slots.push(Arc::downgrade(&slot));
        }
        slot
    }

    /// Takes the database out for an act.
    pub(super) fn take(self: &Arc<Self>) -> Taken {
        let mut state = self.0.lock();
        let database = match mem::replace(&mut *state, State::Busy(None)) {
            State::Idle(database) => {
                *state = State::Busy(Some(database.files()));
                Some(database)
            }
            State::Busy(_) | State::Closed => None,
        };
        Taken {
            slot: Arc::clone(self),
            database,
            back: false,
        }
    }

    /// Asks the database, if it lies here.
    pub(super) fn is_idle_and(&self, ask: impl FnOnce(&mut Database) -> bool) -> bool {
        match &mut *self.0.lock() {
            State::Idle(database) => ask(database),
            State::Busy(_) | State::Closed => false,
        }
    }

    /// Hands what other stores of this process have open of `now_there`'s database, but not in place, to `leave`.
    /// False where one of them is in use just now.
    pub(super) fn close_others(&self, now_there: Files, leave: impl Fn(Box<Database>)) -> bool {
        let misplaced = |files: Files| files.database == now_there.database && files != now_there;
        let mut done = true;
        for slot in others(self) {
            let mut state = slot.0.lock();
            match &*state {
                State::Idle(database) if misplaced(database.files()) => {
                    if let State::Idle(database) = mem::replace(&mut *state, State::Closed) {
                        leave(database);
                    }
                }
                State::Busy(Some(files)) if misplaced(*files) => done = false,
                State::Idle(_) | State::Busy(_) | State::Closed => {}
            }
        }
        done
    }
}

fn others(own: &Slot) -> Vec<Arc<Slot>> {
    let Some(slots) = SLOTS.try_lock_for(PATIENCE) else {
        return Vec::new();
    };
    let (pid, slots) = &*slots;
    // A child leaves its parent's alone.
    let slots = slots
        .iter()
        .filter(|_| *pid == rsso_core::process::process_id());
    slots
        .filter_map(Weak::upgrade)
        .filter(|slot| !std::ptr::eq(Arc::as_ptr(slot), own))
        .collect()
}

impl Taken {
    /// Says which files are in use; `None` while there are none.
    pub(super) fn uses(&self, files: Option<Files>) {
        *self.slot.0.lock() = State::Busy(files);
    }

    pub(super) fn put_back(&mut self, database: Box<Database>) {
        *self.slot.0.lock() = State::Idle(database);
        self.back = true;
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.database = None;
        if !self.back {
            *self.slot.0.lock() = State::Closed;
        }
    }
}
