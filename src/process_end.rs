//! Signals while a command-line process ends.
//!
//! When a script is over, PHP removes the script's signal handlers. A signal could then kill the
//! process before its stores are closed, so that locks stay and a log is not written into its database.
//!
//! What always holds: signals are held back in php-cli only, which ends after its one request, and
//! only if there is a store to close. Each step of closing has a deadline.

use std::mem::MaybeUninit;
use std::ptr;

use crate::php::is_command_line;
use crate::worker;

/// Holds signals back until the process ends; called after the request.
///
/// Earlier would be in vain: PHP lets signals in again when it removes the script's handlers.
pub(crate) fn hold_signals_back() {
    if is_command_line() && worker::has_stores() {
        // SAFETY: the set is filled before it is used; the former mask is not needed.
        unsafe {
            let mut all = MaybeUninit::uninit();
            libc::sigfillset(all.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), ptr::null_mut());
        }
    }
}
