//! What PHP is doing at this moment.

use std::ffi::{CStr, c_char, c_int};

use ext_php_rs::zend::{ExecutorGlobals, SapiModule};

use super::arguments::bytes;

/// PHP's `ZEND_INTERNAL_FUNCTION`: a function of PHP or an extension, not of a script.
const INTERNAL_FUNCTION: u8 = 1;

// SAFETY: declared as in PHP's headers (main/php_output.h), the same in 8.1 to 8.5.
unsafe extern "C" {
    fn php_output_get_start_filename() -> *const c_char;
    fn php_output_get_start_lineno() -> c_int;
}

/// Whether PHP code is running, which can catch an exception.
pub(crate) fn is_code_running() -> bool {
    !ExecutorGlobals::get().current_execute_data.is_null()
}

/// Where the output began that made PHP send the headers. Valid until PHP code runs again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OutputStart {
    pub(crate) file: &'static CStr,
    pub(crate) line: i32,
}

/// Where the output began; `None` if PHP cannot tell.
pub(crate) fn output_start() -> Option<OutputStart> {
    // SAFETY: PHP's own answers; the name is NULL or a C string that lives until the request ends,
    // and nobody keeps it for longer than a message.
    unsafe {
        let file = php_output_get_start_filename();
        (!file.is_null()).then(|| OutputStart {
            file: CStr::from_ptr(file),
            line: php_output_get_start_lineno(),
        })
    }
}

/// Whether one of these functions is running; `None` if no function is.
///
/// ext/session does not tell its module which of its functions calls.
pub(crate) fn is_any_running(functions: &[&str]) -> Option<bool> {
    let mut frame = ExecutorGlobals::get().current_execute_data;
    if frame.is_null() {
        return None;
    }
    while !frame.is_null() {
        // SAFETY: PHP's own chain of calls; each function and its name outlive their call.
        unsafe {
            let called = (*frame).func;
            if !called.is_null() && (*called).type_ == INTERNAL_FUNCTION {
                let name = (*called).common.function_name;
                if !name.is_null() && functions.iter().any(|f| bytes(name) == f.as_bytes()) {
                    return Some(true);
                }
            }
            frame = (*frame).prev_execute_data;
        }
    }
    Some(false)
}

/// Whether this is php-cli, which ends after its one request.
pub(crate) fn is_command_line() -> bool {
    let name = SapiModule::get().name;
    // SAFETY: NULL or PHP's literal.
    !name.is_null() && unsafe { CStr::from_ptr(name) } == c"cli"
}
