//! What happens in a forked child before its own code runs: its parent's locks are let go of.

use std::os::fd::RawFd;

/// Has each child that this process forks let go of what holds locks. Once, at MINIT.
pub(crate) fn watch() {
    // SAFETY: the handler is a function of this library, which the C library forgets when the
    // library is unloaded. Where there is no memory to register it, children keep descriptors.
    let _error = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
}

/// Runs inside `fork()`, so it may do what a signal handler may.
unsafe extern "C" fn in_child() {
    rsso_core::fork::in_child(replace);
}

fn replace(held: RawFd, harmless: RawFd) {
    // SAFETY: a system call on two numbers. `held` is registered, so nobody else's descriptor can
    // have that number; if the call fails, the child keeps what it had.
    unsafe { libc::dup3(harmless, held, libc::O_CLOEXEC) };
}
