//! What a forked child must let go of: descriptors that keep its parent's locks alive.
//!
//! A lock of a file description, or of a server's connection, lasts as long as any process has a
//! descriptor of it. A child that never calls rsso would keep the lock of a parent that was killed.
//! So whoever holds such a descriptor registers it with [`hold`], and the extension has
//! [`in_child`] run in each forked child, before any other code of the child.
//!
//! What always holds: a registered descriptor is open, so its number belongs to whoever
//! registered it. The child does not close it but has the end of a dead pipe put in its place:
//! the number stays taken, so that its owner may still close it, and use of it can only fail.
//! Letting go takes nothing from a living parent, whose own descriptor is another one. What runs in
//! the child is async-signal-safe: atomics, and the one system call of the caller.

use std::os::fd::{AsRawFd as _, OwnedFd, RawFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering};

use nix::fcntl::OFlag;
use rsso_core::process;

/// Descriptors that a process can register: stores of all threads, and requests that wait.
const SLOTS: usize = 1024;

/// Registered descriptors, each plus one; 0 is a free slot.
static HELD: [AtomicI32; SLOTS] = [const { AtomicI32::new(0) }; SLOTS];

/// The reading end of a pipe that nobody writes to, made with the first registration.
static DEAD_END: OnceLock<OwnedFd> = OnceLock::new();

/// A registered descriptor. Drop it before the descriptor is closed: in a struct, declare it first.
#[derive(Debug)]
#[must_use = "dropping it ends the registration"]
pub struct Held {
    slot: Option<&'static AtomicI32>,
    entry: i32,
}

/// Registers an open descriptor that holds locks, or soon will.
///
/// Where the table is full, or the system has no descriptor left, the child keeps it.
pub fn hold(fd: RawFd) -> Held {
    let entry = fd.saturating_add(1);
    let free = |slot: &&AtomicI32| {
        slot.compare_exchange(0, entry, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    };
    let slot = if is_prepared() {
        HELD.iter().find(free)
    } else {
        None
    };
    Held { slot, entry }
}

/// Lets go of all registered descriptors, and of the parent's number, in a forked child. `replace` is `dup3(2)`: it makes its
/// first argument a copy of its second, which is closed on exec.
pub fn in_child(replace: impl Fn(RawFd, RawFd)) {
    process::reset_in_child();
    let Some(dead_end) = DEAD_END.get() else {
        return;
    };
    for slot in &HELD {
        let entry = slot.swap(0, Ordering::Relaxed);
        if entry != 0 {
            replace(entry - 1, dead_end.as_raw_fd());
        }
    }
}

fn is_prepared() -> bool {
    if DEAD_END.get().is_none()
        && let Ok((reading, _closed)) = nix::unistd::pipe2(OFlag::O_CLOEXEC)
    {
        // Another thread may have been first: one is enough.
        let _second = DEAD_END.set(reading);
    }
    DEAD_END.get().is_some()
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(slot) = self.slot {
            // In a child the slot may be another's by now; but no other has this number.
            let _taken = slot.compare_exchange(self.entry, 0, Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::fs::File;

    use super::*;

    fn replaced() -> Vec<RawFd> {
        let seen = RefCell::new(Vec::new());
        in_child(|held, _| seen.borrow_mut().push(held));
        seen.into_inner()
    }

    /// One test, because the table is the process'.
    #[test]
    fn what_is_held_is_replaced_once_and_what_is_not_is_left_alone() {
        let (kept, given_up) = (
            File::open("/dev/null").unwrap(),
            File::open("/dev/null").unwrap(),
        );
        let held = hold(kept.as_raw_fd());
        drop(hold(given_up.as_raw_fd()));
        let first = replaced();
        assert!(first.contains(&kept.as_raw_fd()), "{first:?}");
        assert!(!first.contains(&given_up.as_raw_fd()), "{first:?}");
        assert!(!replaced().contains(&kept.as_raw_fd()));
        // What the child registers is not unregistered by what its parent had.
        let own = hold(given_up.as_raw_fd());
        drop(held);
        assert!(replaced().contains(&given_up.as_raw_fd()));
        drop(own);
    }
}
