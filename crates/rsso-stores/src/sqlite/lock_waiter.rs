//! Waiting in the kernel's queue for a lock, with a deadline, which the kernel does not offer.
//!
//! A thread waits in the queue; the request waits for the thread.
//!
//! What always holds: a lock that the thread gets goes to a request that waits for it, or is freed at once.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use nix::sys::signal::{SigSet, SigmaskHow};
use parking_lot::{Condvar, Mutex};

use super::lock_byte::LockByte;
use super::open_lock::Guard;
use rsso_core::deadline::Deadline;

/// The waiting thread opens a file and makes two system calls.
const STACK: usize = 64 * 1024;

/// A thread in the queue for one lock.
pub(super) struct LockWaiter(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// A request is waiting right now.
    wanted: bool,
    /// The thread has ended.
    over: bool,
    granted: Option<io::Result<Guard>>,
}

/// How the wait ended.
pub(super) enum WaitResult {
    /// The lock, or why it cannot be taken.
    Granted(io::Result<Guard>),
    /// The lock came while no request waited for it.
    TurnPassed,
    /// The deadline passed. The thread goes on waiting.
    TimedOut,
}

impl LockWaiter {
    /// Starts a thread that waits in the queue.
    pub(super) fn start(path: PathBuf, mode: u32, byte: LockByte) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        shared.state.lock().wanted = true;
        let theirs = Arc::clone(&shared);
        // PHP's signals must reach PHP's own thread.
        let mask = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK)?;
        let spawned = thread::Builder::new()
            .name("rsso-lock".to_owned())
            .stack_size(STACK)
            .spawn(move || theirs.hand_over(Guard::wait_forever(&path, mode, byte)));
        mask.thread_set_mask()?;
        spawned.map(|_| Self(shared))
    }

    /// Waits for the lock until `deadline`.
    pub(super) fn wait(&self, deadline: Deadline) -> WaitResult {
        let mut state = self.0.state.lock();
        state.wanted = true;
        while !state.over && !deadline.passed() {
            self.0.changed.wait_for(&mut state, deadline.remaining());
        }
        match state.granted.take() {
            Some(granted) => WaitResult::Granted(granted),
            None if state.over => WaitResult::TurnPassed,
            None => {
                state.wanted = false;
                WaitResult::TimedOut
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
