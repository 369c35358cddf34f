//! What happens around a fork.
//!
//! The parent closes what no child may inherit. The child closes the descriptors that hold its
//! parent's locks before its own code runs.

use std::os::fd::RawFd;

use crate::{guard, worker};

/// Makes forked children close descriptors that hold locks; called in MINIT.
pub(crate) fn register_handlers() {
    // SAFETY: the handlers are functions of this library, which the C library forgets when the
    // library is unloaded. If there is no memory to register them, children keep the descriptors.
    let error = unsafe { libc::pthread_atfork(Some(before), None, Some(in_child)) };
    if error == 0 {
        rsso_core::process::track_forks();
    }
}

/// Runs in the thread that forks, before it does.
unsafe extern "C" fn before() {
    guard::quietly(worker::before_fork);
}

/// Runs inside `fork()`, so it may do only what a signal handler may.
unsafe extern "C" fn in_child() {
    rsso_stores::fork::in_child(replace_descriptor);
}

fn replace_descriptor(held: RawFd, harmless: RawFd) {
    // SAFETY: a system call on two numbers. `held` is registered, so nobody else's descriptor can
    // have that number; if the call fails, the child keeps what it had.
    unsafe { libc::dup3(harmless, held, libc::O_CLOEXEC) };
}
