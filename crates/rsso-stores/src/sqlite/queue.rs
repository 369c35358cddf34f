//! A place in the kernel's queue for a lock, with the deadline that the kernel does not offer.
//!
//! A thread waits in the queue; the request waits for the thread. What always holds: a lock that
//! the thread gets is either handed to a request that is waiting for it or freed at once.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use nix::sys::signal::{SigSet, SigmaskHow};
use parking_lot::{Condvar, Mutex};

use super::open_lock::Guard;
use super::range::Range;
use rsso_core::deadline::Deadline;

/// The waiting thread opens a file and makes two system calls.
const STACK: usize = 64 * 1024;

/// A place in the queue for one lock.
pub(super) struct Place(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// A request is waiting right now.
    wanted: bool,
    /// The thread is through.
    over: bool,
    granted: Option<io::Result<Guard>>,
}

/// What waiting came to.
pub(super) enum Answer {
    /// The lock, or why it cannot be had.
    Granted(io::Result<Guard>),
    /// The turn came while nobody wanted it.
    GivenAway,
    /// The deadline passed; the place is kept.
    NotYet,
}

impl Place {
    /// Queues up.
    pub(super) fn take(path: PathBuf, mode: u32, range: Range) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        shared.state.lock().wanted = true;
        let theirs = Arc::clone(&shared);
        // PHP's signals are for PHP's thread.
        let mask = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK)?;
        let spawned = thread::Builder::new()
            .name("rsso-lock".to_owned())
            .stack_size(STACK)
            .spawn(move || theirs.hand_over(Guard::wait_forever(&path, mode, range)));
        mask.thread_set_mask()?;
        spawned.map(|_| Self(shared))
    }

    /// Waits for the turn until `deadline`.
    pub(super) fn wait(&self, deadline: Deadline) -> Answer {
        let mut state = self.0.state.lock();
        state.wanted = true;
        while !state.over && !deadline.passed() {
            self.0.changed.wait_for(&mut state, deadline.remaining());
        }
        match state.granted.take() {
            Some(granted) => Answer::Granted(granted),
            None if state.over => Answer::GivenAway,
            None => {
                state.wanted = false;
                Answer::NotYet
            }
        }
    }

    /// True once the thread has ended.
    pub(super) fn is_over(&self) -> bool {
        self.0.state.lock().over
    }
}

impl Shared {
    fn hand_over(&self, granted: io::Result<Guard>) {
        let mut state = self.state.lock();
        state.over = true;
        if state.wanted {
            state.granted = Some(granted);
            self.changed.notify_one();
        }
        // Else the guard is dropped here, and the lock is free.
    }
}
