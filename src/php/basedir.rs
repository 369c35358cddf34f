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
    /// Whether PHP has aborted this request in the middle of our work.
    static BAILED_OUT: Cell<bool> = const { Cell::new(false) };
}

/// Whether `open_basedir` lets a script use this path.
///
/// PHP copies that directive, and may have no memory for it. Its `longjmp` would leave the worker
/// borrowed for good, so it is caught here, and the answer is no. [`resume_bailout`] lets it go on
/// when nothing of ours is alive.
pub(crate) fn basedir_allows(path: &std::path::Path) -> bool {
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

/// Whether PHP has aborted this request meanwhile.
///
/// Then [`resume_bailout`] is all that may be done.
pub(crate) fn has_bailed_out() -> bool {
    BAILED_OUT.get()
}

/// Lets PHP abort the request, if [`basedir_allows`] has caught that.
///
/// Nothing with a destructor may be alive.
pub(crate) fn resume_bailout() {
    if BAILED_OUT.take() {
        // SAFETY: PHP was on its way out of this request, and the caller has nothing to lose.
        unsafe { bailout() }
    }
}
