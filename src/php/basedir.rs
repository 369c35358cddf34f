//! `open_basedir`, and PHP's way out of a request that it may take when asked.

use std::cell::Cell;
use std::ffi::{c_char, c_int};
use std::panic::AssertUnwindSafe;

use ext_php_rs::zend::{bailout, try_catch};

// SAFETY: declared as in PHP's headers (main/fopen_wrappers.h), the same in 8.1 to 8.5.
unsafe extern "C" {
    fn php_check_open_basedir_ex(path: *const c_char, warn: c_int) -> c_int;
}

thread_local! {
    /// Whether PHP has given up this request in the middle of one of our acts.
    static BAILED_OUT: Cell<bool> = const { Cell::new(false) };
}

/// Whether a script may use this path (`open_basedir`); what is set in php.ini always may.
///
/// PHP copies the directive for it, and may have no memory for that. Its `longjmp` would skip the
/// end of a borrow of the worker, for good: it is caught here, the answer is no, and
/// [`go_on_bailing_out`] lets it go on where nothing of ours is alive.
pub(crate) fn may_use(path: &std::path::Path) -> bool {
    let Ok(path) = std::ffi::CString::new(path.as_os_str().as_encoded_bytes()) else {
        return false;
    };
    let path = path.as_ptr();
    let ask = AssertUnwindSafe(|| {
        // SAFETY: a C string; 0 asks PHP not to warn, so no PHP code runs. Nothing with a destructor
        // lives in here.
        unsafe { php_check_open_basedir_ex(path, 0) == 0 }
    });
    try_catch(ask).unwrap_or_else(|_| {
        BAILED_OUT.set(true);
        false
    })
}

/// Whether PHP has given up this request meanwhile: then nothing but [`go_on_bailing_out`] is to be
/// done.
pub(crate) fn has_bailed_out() -> bool {
    BAILED_OUT.get()
}

/// Lets PHP go on to the end of the request where [`may_use`] has kept it. Nothing with a
/// destructor may be alive.
pub(crate) fn go_on_bailing_out() {
    if BAILED_OUT.take() {
        // SAFETY: PHP was on its way out of this request, and the caller has nothing to lose.
        unsafe { bailout() }
    }
}
