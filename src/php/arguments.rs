//! The arguments of a call, and what is said of wrong ones.

use std::ffi::{CStr, c_char, c_int};

use ext_php_rs::types::{ZendStr, Zval};

// SAFETY: declared as in PHP's headers (Zend/zend_API.h), the same in 8.1 to 8.5.
unsafe extern "C" {
    pub(crate) fn zend_parse_parameters(count: u32, spec: *const c_char, ...) -> c_int;
    fn get_active_function_arg_name(number: u32) -> *const c_char;
    fn zend_argument_value_error(number: u32, format: *const c_char, ...);
    fn zend_argument_type_error(number: u32, format: *const c_char, ...);
    fn zend_value_error(format: *const c_char, ...);
    fn zend_zval_type_name(value: *const Zval) -> *const c_char;
}

/// Parses the arguments of a call by PHP's rules; false if PHP has thrown.
macro_rules! arguments {
    ($call:expr, $spec:literal $(, $slot:expr)*) => {
        // SAFETY: the slots are of the types that the specification names, and live here; PHP has
        // put the number of arguments beside `This`.
        unsafe {
            $crate::php::zend_parse_parameters(
                $call.This.u2.num_args, ($spec as &std::ffi::CStr).as_ptr() $(, &raw mut $slot)*
            )
        } == 0
    };
}
pub(crate) use arguments;

/// The bytes of a string that PHP lends for a call.
///
/// # Safety
/// `string` is a valid `zend_string` that outlives the result.
pub(crate) unsafe fn bytes<'a>(string: *const ZendStr) -> &'a [u8] {
    // SAFETY: the caller's promise.
    unsafe { (*string).as_bytes() }
}

/// The position of this parameter, from 1, in the function that is running.
pub(crate) fn position_of_parameter(name: &str) -> Option<u32> {
    for number in 1.. {
        // SAFETY: PHP answers NULL where there is no such parameter, or no function.
        let found = unsafe { get_active_function_arg_name(number) };
        if found.is_null() {
            return None;
        }
        // SAFETY: not NULL; a name that lives as long as the function.
        if unsafe { CStr::from_ptr(found) }.to_bytes() == name.as_bytes() {
            return Some(number);
        }
    }
    None
}

/// Throws `\ValueError` about an argument of the running function; 0 means none.
///
/// # Safety
/// `text` is a C string; nothing with a destructor is alive.
pub(crate) unsafe fn throw_value_error(number: u32, text: *const c_char) {
    // SAFETY: the caller's promise; the text is an argument, not a format.
    unsafe {
        match number {
            0 => zend_value_error(c"%s".as_ptr(), text),
            _ => zend_argument_value_error(number, c"%s".as_ptr(), text),
        }
    }
}

/// Throws `\TypeError`: the first argument is not what is `accepted`.
///
/// # Safety
/// `given` is a valid value; nothing with a destructor is alive.
pub(crate) unsafe fn throw_type_error(accepted: &CStr, given: *const Zval) {
    // SAFETY: the caller's promise; both texts are C strings and arguments, not formats.
    unsafe {
        let given = zend_zval_type_name(given);
        let format = c"must be of type %s, %s given";
        zend_argument_type_error(1, format.as_ptr(), accepted.as_ptr(), given);
    }
}
