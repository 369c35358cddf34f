//! The methods of `Rsso\SessionHandler`.

use std::ptr;

use ext_php_rs::types::{ZendStr, Zval};
use ext_php_rs::zend::ExecuteData;
use rsso_core::Result;

use crate::auto_claim;
use crate::callbacks::{self, SessionData};
use crate::guard::{self, OnError};
use crate::php::{self, arguments, bytes};
use crate::ps_module::{into_php_string, new_sid};
use crate::worker::Caller;

pub(super) extern "C" fn open(call: &mut ExecuteData, result: &mut Zval) {
    let (mut path, mut name): (*mut ZendStr, *mut ZendStr) = (ptr::null_mut(), ptr::null_mut());
    if arguments!(call, c"SS", path, name) {
        return_bool(call, result, OnError::Throw, |caller| {
            // SAFETY: parsed above; PHP lends it for the length of the call.
            callbacks::open(caller, unsafe { bytes(path) }).map(|_| true.into())
        });
    }
}

pub(super) extern "C" fn close(call: &mut ExecuteData, result: &mut Zval) {
    if arguments!(call, c"") {
        return_bool(call, result, OnError::Warn, |caller| {
            callbacks::close(caller).map(|_| true.into())
        });
    }
}

pub(super) extern "C" fn read(call: &mut ExecuteData, result: &mut Zval) {
    let mut id: *mut ZendStr = ptr::null_mut();
    if !arguments!(call, c"S", id) {
        return;
    }
    let Some(handle) = handle(call) else { return };
    let lifetime = php::ini_long(c"session.gc_maxlifetime");
    let nothing = SessionData {
        bytes: ptr::null(),
        length: 0,
    };
    let lent = guard::call(nothing, OnError::Throw, || {
        // SAFETY: parsed above; PHP lends it for the length of the call.
        callbacks::read(Caller::Object(handle), unsafe { bytes(id) }, lifetime)
    });
    if lent.bytes.is_null() {
        result.set_bool(false);
    } else {
        return_string(result, into_php_string(lent));
    }
}

pub(super) extern "C" fn write(call: &mut ExecuteData, result: &mut Zval) {
    let (mut id, mut data): (*mut ZendStr, *mut ZendStr) = (ptr::null_mut(), ptr::null_mut());
    if arguments!(call, c"SS", id, data) {
        let lifetime = php::ini_long(c"session.gc_maxlifetime");
        let globals = handle(call).and_then(|handle| auto_claim::globals(Caller::Object(handle)));
        return_bool(call, result, OnError::Warn, |caller| {
            // SAFETY: parsed above; PHP lends them for the length of the call.
            let (id, data) = unsafe { (bytes(id), bytes(data)) };
            callbacks::write(caller, id, data, lifetime, globals)
        });
    }
}

pub(super) extern "C" fn touch(call: &mut ExecuteData, result: &mut Zval) {
    let (mut id, mut data): (*mut ZendStr, *mut ZendStr) = (ptr::null_mut(), ptr::null_mut());
    if arguments!(call, c"SS", id, data) {
        let lifetime = php::ini_long(c"session.gc_maxlifetime");
        let globals = handle(call).and_then(|handle| auto_claim::globals(Caller::Object(handle)));
        return_bool(call, result, OnError::Warn, |caller| {
            // SAFETY: parsed above; PHP lends it for the length of the call.
            callbacks::touch(caller, unsafe { bytes(id) }, lifetime, globals)
        });
    }
}

pub(super) extern "C" fn destroy(call: &mut ExecuteData, result: &mut Zval) {
    let mut id: *mut ZendStr = ptr::null_mut();
    if arguments!(call, c"S", id) {
        return_bool(call, result, OnError::Throw, |caller| {
            // SAFETY: parsed above; PHP lends it for the length of the call.
            callbacks::destroy(caller, unsafe { bytes(id) })
        });
    }
}

pub(super) extern "C" fn validate(call: &mut ExecuteData, result: &mut Zval) {
    let mut id: *mut ZendStr = ptr::null_mut();
    if arguments!(call, c"S", id) {
        return_bool(call, result, OnError::Throw, |caller| {
            // SAFETY: parsed above; PHP lends it for the length of the call.
            callbacks::validate(caller, unsafe { bytes(id) })
        });
    }
}

pub(super) extern "C" fn gc(call: &mut ExecuteData, result: &mut Zval) {
    let mut lifetime: i64 = 0;
    if !arguments!(call, c"l", lifetime) {
        return;
    }
    if let Some(handle) = handle(call) {
        match guard::call(-1, OnError::Throw, || callbacks::gc(Caller::Object(handle))) {
            -1 => result.set_bool(false),
            removed => result.set_long(removed),
        }
    }
}

pub(super) extern "C" fn create_sid(call: &mut ExecuteData, result: &mut Zval) {
    if !arguments!(call, c"") {
        return;
    }
    let Some(handle) = handle(call) else { return };
    let sid = new_sid();
    if !sid.is_null() {
        // SAFETY: PHP made the string a moment ago.
        guard::quietly(|| callbacks::created(Caller::Object(handle), unsafe { bytes(sid) }));
        return_string(result, sid);
    }
}

/// Runs `act` for the object and returns its boolean.
fn return_bool(
    call: &mut ExecuteData,
    result: &mut Zval,
    on_error: OnError,
    act: impl FnOnce(Caller) -> Result<guard::Completed<bool>>,
) {
    if let Some(handle) = handle(call) {
        result.set_bool(guard::call(false, on_error, || act(Caller::Object(handle))));
    }
}

/// The object's handle, PHP's number for it.
pub(super) fn handle(call: &mut ExecuteData) -> Option<u32> {
    call.get_self().map(|object| object.handle)
}

/// Returns a string, which PHP takes over.
fn return_string(result: &mut Zval, string: *mut ZendStr) {
    // SAFETY: a string that we own, made by PHP's allocator.
    unsafe { result.set_zend_string(ext_php_rs::boxed::ZBox::from_raw(string)) };
}
