//! The connections of one process to one database, which share an index in SQLite.
//!
//! SQLite opens a `-shm` once for a process, however many connections it has (threads, several stores).
//! A new connection beside one that uses a removed `-shm` would use that `-shm` with another `-wal`, and damage the
//! database. So the opener first closes those.
//!
//! What always holds: all connections of a process to a database use the same files.

use std::mem;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use super::database::Database;
use super::watch::Files;

/// All slots of the process with this number.
static SLOTS: Mutex<(u32, Vec<Weak<DatabaseSlot>>)> = Mutex::new((0, Vec::new()));

/// How long the list of slots is waited for. It is held for a moment only, but a forked child may inherit it locked.
const SLOTS_LOCK_TIMEOUT: Duration = Duration::from_secs(1);

/// Where a store keeps its open database between operations.
pub(super) struct DatabaseSlot(Mutex<State>);

enum State {
    Closed,
    /// In an operation, or being opened or closed.
    Busy(Option<Files>),
    Idle(Box<Database>),
}

/// The contents of a slot, taken for an operation. If they are not put back, the slot is closed.
pub(super) struct TakenDatabase {
    slot: Arc<DatabaseSlot>,
    pub(super) database: Option<Box<Database>>,
    back: bool,
}

impl DatabaseSlot {
    pub(super) fn new() -> Arc<Self> {
        let slot = Arc::new(Self(Mutex::new(State::Closed)));
        if let Some(mut slots) = SLOTS.try_lock_for(SLOTS_LOCK_TIMEOUT) {
            let (pid, slots) = &mut *slots;
            if mem::replace(pid, rsso_core::process::process_id()) != *pid {
                slots.clear();
            }
            slots.retain(|slot| slot.strong_count() > 0);
            slots.push(Arc::downgrade(&slot));
        }
        slot
    }

    /// Takes the database out for an operation.
    pub(super) fn take(self: &Arc<Self>) -> TakenDatabase {
        let mut state = self.0.lock();
        let database = match mem::replace(&mut *state, State::Busy(None)) {
            State::Idle(database) => {
                *state = State::Busy(Some(database.files()));
                Some(database)
            }
            State::Busy(_) | State::Closed => None,
        };
        TakenDatabase {
            slot: Arc::clone(self),
            database,
            back: false,
        }
    }

    /// Whether the database is here, not in use, and passes the check.
    pub(super) fn is_idle_and(&self, check: impl FnOnce(&mut Database) -> bool) -> bool {
        match &mut *self.0.lock() {
            State::Idle(database) => check(database),
            State::Busy(_) | State::Closed => false,
        }
    }

    /// Passes to `leave` what other stores of this process have open of this database if its files were replaced.
    ///
    /// False if one of them is in use at the moment.
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

fn others(own: &DatabaseSlot) -> Vec<Arc<DatabaseSlot>> {
    let Some(slots) = SLOTS.try_lock_for(SLOTS_LOCK_TIMEOUT) else {
        return Vec::new();
    };
    let (pid, slots) = &*slots;
    // A forked child does not touch those of its parent.
    let slots = slots
        .iter()
        .filter(|_| *pid == rsso_core::process::process_id());
    slots
        .filter_map(Weak::upgrade)
        .filter(|slot| !std::ptr::eq(Arc::as_ptr(slot), own))
        .collect()
}

impl TakenDatabase {
    /// Records which files are in use; `None` while there are none.
    pub(super) fn record_files(&self, files: Option<Files>) {
        *self.slot.0.lock() = State::Busy(files);
    }

    pub(super) fn put_back(&mut self, database: Box<Database>) {
        *self.slot.0.lock() = State::Idle(database);
        self.back = true;
    }
}

impl Drop for TakenDatabase {
    fn drop(&mut self) {
        self.database = None;
        if !self.back {
            *self.slot.0.lock() = State::Closed;
        }
    }
}
