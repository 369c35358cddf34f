//! Which process this is, told apart from the one that it was forked from.
//!
//! What always holds: if forks are tracked ([`track_forks`]), the system is asked for the number once a process.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Whether [`reset_in_child`] runs in each forked child.
static IS_WATCHED: AtomicBool = AtomicBool::new(false);

/// This process' number; 0 where nobody has asked yet.
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// How many forks lie between this process and the first.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// From now on [`reset_in_child`] runs in each forked child.
pub fn track_forks() {
    IS_WATCHED.store(true, Ordering::Relaxed);
}

/// Forgets the parent's number, in a forked child. Async-signal-safe.
pub fn reset_in_child() {
    PROCESS.store(0, Ordering::Relaxed);
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// The number of this process. A session is looked at ten times in a request, and if forks are tracked, only
/// the first look asks the system.
#[must_use]
pub fn process_id() -> u32 {
    if !IS_WATCHED.load(Ordering::Relaxed) {
        return std::process::id();
    }
    match PROCESS.load(Ordering::Relaxed) {
        0 => {
            let process = std::process::id();
            PROCESS.store(process, Ordering::Relaxed);
            process
        }
        process => process,
    }
}

/// Tells a forked child from its parent: the process' number and the count of forks. Another pid namespace may give
/// a number once more, which is why both count.
#[must_use]
pub fn identity() -> (u32, u32) {
    (process_id(), FORKS.load(Ordering::Relaxed))
}
