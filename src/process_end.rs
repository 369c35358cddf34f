//! Signals while a command-line process ends.
//!
//! When a script is over PHP takes its signal handlers down, and a signal that the script has
//! handled until then would kill the process before its stores are closed: locks given back, a log
//! brought into its database. What always holds: only php-cli's signals are held back, because
//! after its one request nothing but the end of the process follows; and only where there is a
//! store to close, each step of which has a deadline.

use std::mem::MaybeUninit;
use std::ptr;

use ext_php_rs::zend::SapiModule;

use crate::worker;

/// Called after the request. Earlier would be in vain: PHP lets its script's signals in again when it
/// takes their handlers down, which leaves them a moment of its own.
pub(crate) fn hold_signals_back() {
    if is_command_line() && worker::has_stores() {
        // SAFETY: the set is filled before it is used; the former mask is not asked for.
        unsafe {
            let mut all = MaybeUninit::uninit();
            libc::sigfillset(all.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), ptr::null_mut());
        }
    }
}

fn is_command_line() -> bool {
    let name = SapiModule::get().name;
    // SAFETY: NULL or PHP's literal.
    !name.is_null() && unsafe { std::ffi::CStr::from_ptr(name) } == c"cli"
}
