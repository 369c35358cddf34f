//! Login ids: user and device in one word, for systems that address a login by it.

use std::ptr;

use ext_php_rs::ffi::zend_hash_str_update;
use ext_php_rs::types::{ZendHashTable, ZendStr, Zval};
use ext_php_rs::zend::ExecuteData;
use rsso_core::Result;
use rsso_core::login::Device;

use super::arguments::GivenUid;
use crate::answers::Answer;
use crate::guard::{self, OnError};
use crate::lending::Lent;
use crate::php::{self, arguments};
use crate::{login, worker};

pub(super) extern "C" fn login_id(call: &mut ExecuteData, result: &mut Zval) {
    let mut uid: *mut Zval = ptr::null_mut();
    let mut device: *mut ZendStr = ptr::null_mut();
    if !arguments!(call, c"zS", uid, device) {
        return;
    }
    let Some(uid) = GivenUid::of(uid) else { return };
    let lent = texts(|| {
        // SAFETY: the call's frame holds it.
        let device = Device::parse(unsafe { php::bytes(device) })?;
        let id = worker::with(|worker| {
            let logins = &worker.any_settings()?.logins;
            logins.marks.login_id(&uid.user(logins)?.uid, &device)
        })?;
        Ok(vec![id])
    });
    if let Some(lent) = lent {
        lent.hand_over(|answer| {
            if let Some(id) = answer.texts.first() {
                login::put_text(result, id);
            }
        });
    }
}

pub(super) extern "C" fn parse_login_id(call: &mut ExecuteData, result: &mut Zval) {
    let mut id: *mut ZendStr = ptr::null_mut();
    if !arguments!(call, c"S", id) {
        return;
    }
    let lent = texts(|| {
        let (uid, device) = worker::with(|worker| {
            let marks = &worker.any_settings()?.logins.marks;
            // SAFETY: the call's frame holds it.
            marks.parse_login_id(unsafe { php::bytes(id) })
        })?;
        let device = device.as_str().as_bytes().to_vec();
        Ok(vec![uid.as_bytes().to_vec(), device])
    });
    if let Some(lent) = lent {
        lent.hand_over(|answer| {
            result.set_hashtable(ZendHashTable::with_capacity(2));
            for (name, text) in ["uid", "device"].iter().zip(&answer.texts) {
                put_entry(result, name, text);
            }
        });
    }
}

/// Puts a text into an array that was made a moment ago.
fn put_entry(array: &mut Zval, name: &str, text: &[u8]) {
    let mut value = std::mem::ManuallyDrop::new(Zval::new());
    login::put_text(&mut value, text);
    // SAFETY: an array of ours that nobody else knows; it takes over the value.
    unsafe {
        let name = (name.as_ptr().cast(), name.len());
        zend_hash_str_update(array.value.arr, name.0, name.1, &raw mut *value);
    }
}

pub(super) extern "C" fn login_ids(call: &mut ExecuteData, result: &mut Zval) {
    let mut uid: *mut Zval = ptr::null_mut();
    if !arguments!(call, c"z", uid) {
        return;
    }
    let Some(uid) = GivenUid::of(uid) else { return };
    if let Some(lent) = texts(|| ids_of(uid)) {
        lent.hand_over(|answer| {
            login::put_list(result, &answer.texts, |slot, text| {
                login::put_text(slot, text);
            });
        });
    }
}

/// One for each device that has a mark, and for each device of a live login that has none.
fn ids_of(uid: GivenUid) -> Result<Vec<Vec<u8>>> {
    worker::with(|worker| {
        let settings = &worker.any_settings()?.logins;
        let user = uid.user(settings)?;
        let marks = settings.marks.clone();
        let mut devices: Vec<Device> = marks.devices().cloned().collect();
        for login in worker.any_access()?.request.store.logins(&user)? {
            let device = Device::parse(login.identity.device.as_bytes())?;
            if !devices.contains(&device) {
                devices.push(device);
            }
        }
        // A login from before the marks, on a device that is called as a mark is now, has no id.
        let ids = devices
            .iter()
            .map(|device| marks.login_id(&user.uid, device));
        Ok(ids.filter_map(Result::ok).collect())
    })
}

/// Runs an act that gives texts.
fn texts(act: impl FnOnce() -> Result<Vec<Vec<u8>>>) -> Option<Lent> {
    guard::call(None, OnError::Throw, || {
        Ok(Some(Answer::texts(act()?).lend()).into())
    })
}
