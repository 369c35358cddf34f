//! What ext/session exports, looked up by name.

use std::ffi::{CStr, c_void};

use ext_php_rs::zend::ClassEntry;

/// A function or variable that ext/session exports.
///
/// It is looked up at run time, so that a missing ext/session is a clear error and not a library
/// that does not load.
pub(crate) fn session_symbol(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: `name` is NUL-terminated; RTLD_DEFAULT searches what is loaded already.
    let symbol = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!symbol.is_null()).then_some(symbol)
}

/// A class entry that PHP or ext/session keeps in a global variable.
pub(crate) fn class_in_variable(name: &CStr) -> Option<&'static ClassEntry> {
    let variable = session_symbol(name)?.cast::<*const ClassEntry>();
    // SAFETY: the symbols asked for are `extern PHPAPI zend_class_entry *`, set in session's MINIT
    // to classes that live as long as the process.
    unsafe { (*variable).as_ref() }
}
