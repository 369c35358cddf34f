//! Which process this is, told apart from the one that it was forked from.
//!
//! What always holds: where forks are [`watched`], the system is asked for the number once a process.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Whether [`forked`] runs in each forked child.
static IS_WATCHED: AtomicBool = AtomicBool::new(false);

/// This process' number; 0 where nobody has asked yet.
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// How many forks lie between this process and the first.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// From now on [`forked`] runs in each forked child.
pub fn watched() {
    IS_WATCHED.store(true, Ordering::Relaxed);
}

/// Forgets the parent's number, in a forked child. Async-signal-safe.
pub fn forked() {
    PROCESS.store(0, Ordering::Relaxed);
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// The number of this process. A session is looked at ten times in a request, and where forks are watched only
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
