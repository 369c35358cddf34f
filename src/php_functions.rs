//! Calls of PHP's own functions, and PHP values without a destructor.
//!
//! User code may run inside such a call, and may leave it by `longjmp`. So a caller has nothing
//! alive but plain memory. PHP frees with the request what is left behind.

use std::ffi::{CStr, c_char, c_int};
use std::mem::ManuallyDrop;
use std::ptr;

use ext_php_rs::ffi::{zend_call_known_function, zend_fetch_function_str};
use ext_php_rs::types::Zval;
use ext_php_rs::zend::ExecutorGlobals;

use crate::exceptions::ExceptionClass;
use crate::guard;

/// PHP's flags of `json_encode()`.
const JSON_UNESCAPED_SLASHES: i64 = 1 << 6;
const JSON_UNESCAPED_UNICODE: i64 = 1 << 8;
const JSON_PRESERVE_ZERO_FRACTION: i64 = 1 << 10;
const JSON_THROW_ON_ERROR: i64 = 1 << 22;

/// PHP's `PHP_JSON_OBJECT_AS_ARRAY`.
const OBJECT_AS_ARRAY: i64 = 1;

/// How deep JSON may be nested: deeper than `json_encode()` writes it.
const JSON_DEPTH: i64 = 1024;

// SAFETY: declared as in PHP's headers (ext/json/php_json.h), the same in 8.1 to 8.5.
unsafe extern "C" {
    fn php_json_decode_ex(
        result: *mut Zval,
        text: *const c_char,
        length: usize,
        options: i64,
        depth: i64,
    ) -> c_int;
}

/// A value that is released by hand.
#[repr(transparent)]
pub(crate) struct Value(ManuallyDrop<Zval>);

impl Value {
    pub(crate) const fn null() -> Self {
        Self(ManuallyDrop::new(Zval::new()))
    }

    fn bool(value: bool) -> Self {
        let mut zval = Self::null();
        zval.0.set_bool(value);
        zval
    }

    fn long(value: i64) -> Self {
        let mut zval = Self::null();
        zval.0.set_long(value);
        zval
    }

    /// A value that somebody else owns, for the length of a call.
    ///
    /// # Safety
    /// `value` is valid.
    unsafe fn borrowed(value: *const Zval) -> Self {
        // SAFETY: the caller's promise; a copy without a reference of its own, never dropped.
        Self(ManuallyDrop::new(unsafe { ptr::read(value) }))
    }

    /// The bytes of a string.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        self.0.zend_str().map(|text| text.as_bytes())
    }

    /// Frees the value. Only for strings and plain values, whose end runs no code.
    pub(crate) fn release(mut self) {
        // SAFETY: moved in, and so used for the last time.
        unsafe { ManuallyDrop::drop(&mut self.0) };
    }
}

/// Calls one of PHP's functions; `None` if it has thrown.
fn call<const N: usize>(name: &str, mut parameters: [Value; N]) -> Option<Value> {
    // SAFETY: the name is a text with its length; PHP looks it up.
    let function = unsafe { zend_fetch_function_str(name.as_ptr().cast::<c_char>(), name.len()) };
    if function.is_null() {
        let text = format_args!("needs PHP's {name}(), which is disabled (disable_functions)");
        guard::throw(ExceptionClass::Rsso, &text);
        return None;
    }
    let mut result = Value::null();
    // SAFETY: a function of the engine's table; the parameters lie side by side, because `Value` is
    // nothing but a `Zval`, and PHP takes references of its own to them.
    unsafe {
        zend_call_known_function(
            function,
            ptr::null_mut(),
            ptr::null_mut(),
            (&raw mut result).cast::<Zval>(),
            u32::try_from(N).unwrap_or(0),
            parameters.as_mut_ptr().cast::<Zval>(),
            ptr::null_mut(),
        );
    }
    if ExecutorGlobals::has_exception() {
        return None;
    }
    Some(result)
}

/// `json_encode()`, which may run user code; `None` if it has thrown.
///
/// # Safety
/// `value` is valid, and something else holds it while user code runs.
pub(crate) unsafe fn json_encode(value: *const Zval) -> Option<Value> {
    let flags = JSON_THROW_ON_ERROR
        | JSON_UNESCAPED_SLASHES
        | JSON_UNESCAPED_UNICODE
        | JSON_PRESERVE_ZERO_FRACTION;
    // SAFETY: the caller's promise.
    let value = unsafe { Value::borrowed(value) };
    call("json_encode", [value, Value::long(flags)])
}

/// Decodes the JSON of an array into `slot`. Other values become an empty array.
pub(crate) fn json_decode(json: &CStr, slot: &mut Zval) {
    // SAFETY: a slot of our own, and a text with its length, behind which PHP's scanner needs a
    // NUL. PHP makes arrays and plain values only, so no user code runs.
    unsafe {
        php_json_decode_ex(
            slot,
            json.as_ptr(),
            json.count_bytes(),
            OBJECT_AS_ARRAY,
            JSON_DEPTH,
        );
    }
    if !slot.is_array() {
        slot.set_hashtable(ext_php_rs::types::ZendHashTable::new());
    }
}

/// `session_regenerate_id(true)`, which runs the methods of user handlers.
///
/// False if PHP has warned instead; `None` if it has thrown.
pub(crate) fn session_regenerate_id() -> Option<bool> {
    let done = call("session_regenerate_id", [Value::bool(true)])?;
    Some(done.0.is_true())
}

/// `session_id()`; `None` if it has thrown.
pub(crate) fn session_id() -> Option<Value> {
    call("session_id", [])
}
