//! What happens around a fork: the parent closes what no child may inherit, and the child lets go of its
//! parent's locks before its own code runs.

use std::os::fd::RawFd;

use crate::{guard, worker};

/// Has each child that this process forks let go of what holds locks. Once, at MINIT.
pub(crate) fn watch() {
    // SAFETY: the handlers are functions of this library, which the C library forgets when the
    // library is unloaded. Where there is no memory to register it, children keep descriptors.
    let error = unsafe { libc::pthread_atfork(Some(before), None, Some(in_child)) };
    if error == 0 {
        rsso_core::process::watched();
    }
}

/// Runs in the thread that forks, before it does.
unsafe extern "C" fn before() {
    guard::quietly(worker::before_fork);
}

/// Runs inside `fork()`, so it may do what a signal handler may.
unsafe extern "C" fn in_child() {
    rsso_stores::fork::in_child(replace);
}

fn replace(held: RawFd, harmless: RawFd) {
    // SAFETY: a system call on two numbers. `held` is registered, so nobody else's descriptor can
    // have that number; if the call fails, the child keeps what it had.
    unsafe { libc::dup3(harmless, held, libc::O_CLOEXEC) };
}
