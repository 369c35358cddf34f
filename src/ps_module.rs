//! `session.save_handler=rsso`: the nine callbacks of PHP's `ps_module`.
//!
//! # Contract (ext/session, PHP 8.2 to 8.6)
//! `open` connects to nothing, sets a non-NULL `mod_data` (else PHP never calls write and close)
//! and comes a second time without a close in `session_reset()`. `read` sets a non-NULL value, ""
//! for a missing session. `destroy` succeeds on a missing one. `gc` sets the count. `create_sid`
//! may come without an open. `close` sets `mod_data` to NULL.
//!
//! open, validate, read and destroy throw if the store fails. write, touch and close come after
//! the response, where nobody catches an exception. So they warn and report success: PHP's own
//! warning would print `session.save_path`, which may hold a password.

use std::ffi::{c_char, c_void};
use std::{mem, ptr};

use ext_php_rs::exception::PhpResult;
use ext_php_rs::types::ZendStr;

use crate::callbacks::{self, SessionData};
use crate::guard::{self, OnError};
use crate::php::{self, FAILURE, SUCCESS, bytes};
use crate::worker::Caller;
use crate::{auto_claim, before_script};

/// The text that PHP lends to `open`: a string of its own since 8.6.
#[cfg(php_8_6)]
type OpenText = *mut ZendStr;
#[cfg(not(php_8_6))]
type OpenText = *const c_char;

/// PHP's `ps_module`; `src/abi.c` proves the layout.
#[repr(C)]
struct PsModule {
    name: *const c_char,
    open: unsafe extern "C" fn(*mut *mut c_void, OpenText, OpenText) -> i32,
    close: unsafe extern "C" fn(*mut *mut c_void) -> i32,
    read: unsafe extern "C" fn(*mut *mut c_void, *mut ZendStr, *mut *mut ZendStr, i64) -> i32,
    write: unsafe extern "C" fn(*mut *mut c_void, *mut ZendStr, *mut ZendStr, i64) -> i32,
    destroy: unsafe extern "C" fn(*mut *mut c_void, *mut ZendStr) -> i32,
    gc: unsafe extern "C" fn(*mut *mut c_void, i64, *mut i64) -> i64,
    create_sid: unsafe extern "C" fn(*mut *mut c_void) -> *mut ZendStr,
    validate_sid: unsafe extern "C" fn(*mut *mut c_void, *mut ZendStr) -> i32,
    update_timestamp:
        unsafe extern "C" fn(*mut *mut c_void, *mut ZendStr, *mut ZendStr, i64) -> i32,
}

// SAFETY: immutable; its pointers are to a literal and to functions.
unsafe impl Sync for PsModule {}

static MODULE: PsModule = PsModule {
    name: c"rsso".as_ptr(),
    open,
    close,
    read,
    write,
    destroy,
    gc,
    create_sid,
    validate_sid,
    update_timestamp,
};

/// What `mod_data` points to while a session is open. PHP asks only whether it is NULL.
static OPENED: u8 = 0;

/// Makes the handler known to ext/session; called in MINIT.
pub(crate) fn register() -> PhpResult<()> {
    let Some(register) = php::session_symbol(c"php_session_register_module") else {
        return Err(
            "needs PHP's session extension, which is not loaded (or load it before rsso)"
                .to_owned()
                .into(),
        );
    };
    // SAFETY: the symbol's type is proved by src/abi.c.
    let register: extern "C" fn(*const PsModule) -> i32 = unsafe { mem::transmute(register) };
    if register(&raw const MODULE) != SUCCESS {
        return Err("PHP has no room for another session save handler"
            .to_owned()
            .into());
    }
    Ok(())
}

/// A new id, as PHP makes it (`session.sid_length`, `session.sid_bits_per_character`).
pub(crate) fn new_sid() -> *mut ZendStr {
    let Some(create) = php::session_symbol(c"php_session_create_id") else {
        return ptr::null_mut();
    };
    // SAFETY: the symbol's type is proved by src/abi.c; PHP's function tolerates NULL.
    let create: extern "C" fn(*mut *mut c_void) -> *mut ZendStr = unsafe { mem::transmute(create) };
    create(ptr::null_mut())
}

/// A PHP string of the data.
///
/// The worker still owns the data if PHP's allocator does not return.
pub(crate) fn into_php_string(lent: SessionData) -> *mut ZendStr {
    // SAFETY: `lent` is the worker's scratch, untouched until `release_data`.
    let data = unsafe { std::slice::from_raw_parts(lent.bytes, lent.length) };
    let string = ZendStr::new(data, false).into_raw();
    guard::quietly(callbacks::release_data);
    string
}

fn status(done: bool) -> i32 {
    if done { SUCCESS } else { FAILURE }
}

unsafe extern "C" fn open(mod_data: *mut *mut c_void, save_path: OpenText, _name: OpenText) -> i32 {
    if before_script::has_failed() {
        return FAILURE;
    }
    let opened = guard::call(false, OnError::Throw, || {
        let save_path = if save_path.is_null() {
            &[][..]
        } else {
            // SAFETY: not NULL; PHP lends it for the length of the call.
            unsafe { open_bytes(save_path) }
        };
        callbacks::open(Caller::Native, save_path).map(|_| true.into())
    });
    if opened {
        // SAFETY: PHP lends a valid slot. It is never written through.
        unsafe { *mod_data = (&raw const OPENED).cast_mut().cast() };
    }
    status(opened)
}

/// # Safety
/// The text is PHP's, and outlives the result.
#[cfg(php_8_6)]
unsafe fn open_bytes<'a>(text: OpenText) -> &'a [u8] {
    // SAFETY: as said above.
    unsafe { bytes(text) }
}

/// # Safety
/// The text is PHP's, and outlives the result.
#[cfg(not(php_8_6))]
unsafe fn open_bytes<'a>(text: OpenText) -> &'a [u8] {
    // SAFETY: as said above; PHP ends it with a NUL.
    unsafe { std::ffi::CStr::from_ptr(text) }.to_bytes()
}

unsafe extern "C" fn close(mod_data: *mut *mut c_void) -> i32 {
    // SAFETY: PHP lends a valid slot.
    unsafe { *mod_data = ptr::null_mut() };
    guard::call((), OnError::Warn, || callbacks::close(Caller::Native));
    SUCCESS
}

unsafe extern "C" fn read(
    _mod_data: *mut *mut c_void,
    key: *mut ZendStr,
    value: *mut *mut ZendStr,
    lifetime: i64,
) -> i32 {
    let nothing = SessionData {
        bytes: ptr::null(),
        length: 0,
    };
    let lent = guard::call(nothing, OnError::Throw, || {
        // SAFETY: PHP lends a valid string for the length of the call.
        callbacks::read(Caller::Native, unsafe { bytes(key) }, lifetime)
    });
    if lent.bytes.is_null() {
        return FAILURE;
    }
    // SAFETY: PHP lends a valid slot and takes the string over.
    unsafe { *value = into_php_string(lent) };
    SUCCESS
}

unsafe extern "C" fn write(
    _mod_data: *mut *mut c_void,
    key: *mut ZendStr,
    value: *mut ZendStr,
    lifetime: i64,
) -> i32 {
    let globals = auto_claim::globals(Caller::Native);
    guard::call(false, OnError::Warn, || {
        // SAFETY: PHP lends valid strings for the length of the call.
        let (key, value) = unsafe { (bytes(key), bytes(value)) };
        callbacks::write(Caller::Native, key, value, lifetime, globals)
    });
    SUCCESS
}

unsafe extern "C" fn update_timestamp(
    _mod_data: *mut *mut c_void,
    key: *mut ZendStr,
    _value: *mut ZendStr,
    lifetime: i64,
) -> i32 {
    let globals = auto_claim::globals(Caller::Native);
    guard::call(false, OnError::Warn, || {
        // The value is not used, because another extension may not have encrypted it.
        // SAFETY: PHP lends a valid string for the length of the call.
        callbacks::touch(Caller::Native, unsafe { bytes(key) }, lifetime, globals)
    });
    SUCCESS
}

unsafe extern "C" fn destroy(_mod_data: *mut *mut c_void, key: *mut ZendStr) -> i32 {
    status(guard::call(false, OnError::Throw, || {
        // SAFETY: PHP lends a valid string for the length of the call.
        callbacks::destroy(Caller::Native, unsafe { bytes(key) })
    }))
}

unsafe extern "C" fn gc(_mod_data: *mut *mut c_void, _lifetime: i64, removed: *mut i64) -> i64 {
    let count = guard::call(-1, OnError::Warn, || callbacks::gc(Caller::Native));
    // SAFETY: PHP lends a valid slot.
    unsafe { *removed = count };
    count
}

unsafe extern "C" fn create_sid(_mod_data: *mut *mut c_void) -> *mut ZendStr {
    let sid = new_sid();
    if !sid.is_null() {
        // SAFETY: PHP made the string a moment ago.
        guard::quietly(|| callbacks::created(Caller::Native, unsafe { bytes(sid) }));
    }
    sid
}

unsafe extern "C" fn validate_sid(_mod_data: *mut *mut c_void, key: *mut ZendStr) -> i32 {
    status(guard::call(false, OnError::Throw, || {
        // SAFETY: PHP lends a valid string for the length of the call.
        callbacks::validate(Caller::Native, unsafe { bytes(key) })
    }))
}
