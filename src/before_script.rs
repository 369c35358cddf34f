//! Sessions that start before the script does: `session.auto_start`, upload progress.
//!
//! No PHP code runs then, so nobody could catch an exception. It would end the worker, and the
//! browser would get no answer.
//!
//! What always holds: if such a start fails, there is a warning, and the script runs without a
//! session. It is tried once, because a second try would wait as long as the first.

use std::cell::Cell;

use ext_php_rs::zend::ExecutorGlobals;

use crate::php;

const E_WARNING: i32 = 2;

thread_local! {
    static FAILED: Cell<bool> = const { Cell::new(false) };
    /// PHP's `error_reporting`, while its warnings are held back.
    static ERROR_REPORTING: Cell<Option<i32>> = const { Cell::new(None) };
}

/// Whether a start has failed and no script runs yet.
pub(crate) fn has_failed() -> bool {
    FAILED.get() && !php::is_code_running()
}

/// Records that a start has failed, of which a warning has told.
///
/// PHP warns as well and prints `session.save_path`. If that holds a password, PHP's warnings are
/// held back until the script begins.
pub(crate) fn record_failure() {
    FAILED.set(true);
    if php::save_path_has_password() && ERROR_REPORTING.get().is_none() {
        let mut globals = ExecutorGlobals::get_mut();
        ERROR_REPORTING.set(Some(globals.error_reporting));
        globals.error_reporting &= !E_WARNING;
    }
}

/// Ends the time before the script: PHP may warn again.
pub(crate) fn end() {
    FAILED.set(false);
    if let Some(reported) = ERROR_REPORTING.take() {
        ExecutorGlobals::get_mut().error_reporting = reported;
    }
}
