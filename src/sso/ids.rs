//! Login ids: user and device in one word, for systems that address a login by it.

use std::ptr;

use ext_php_rs::ffi::zend_hash_str_update;
use ext_php_rs::types::{ZendHashTable, ZendStr, Zval};
use ext_php_rs::zend::ExecuteData;
use rsso_core::Result;
use rsso_core::login::Device;

use super::arguments::UidArgument;
use crate::guard::{self, OnError};
use crate::lent_rows::LentRows;
use crate::php::{self, arguments};
use crate::rows::Rows;
use crate::{login_objects, worker};

pub(super) extern "C" fn login_id(call: &mut ExecuteData, result: &mut Zval) {
    let mut uid: *mut Zval = ptr::null_mut();
    let mut device: *mut ZendStr = ptr::null_mut();
    if !arguments!(call, c"zS", uid, device) {
        return;
    }
    let Some(uid) = UidArgument::of(uid) else {
        return;
    };
    let lent = texts(|| {
        // SAFETY: the call's frame holds it.
        let device = Device::parse(unsafe { php::bytes(device) })?;
        let id = worker::with(|worker| {
            let logins = &worker.current_settings()?.logins;
            logins
                .device_marks
                .login_id(&uid.user(logins)?.uid, &device)
        })?;
        Ok(vec![id])
    });
    if let Some(lent) = lent {
        lent.hand_over(|rows| {
            if let Some(id) = rows.texts.first() {
                login_objects::put_text(result, id);
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
            let marks = &worker.current_settings()?.logins.device_marks;
            // SAFETY: the call's frame holds it.
            marks.parse_login_id(unsafe { php::bytes(id) })
        })?;
        let device = device.as_str().as_bytes().to_vec();
        Ok(vec![uid.as_bytes().to_vec(), device])
    });
    if let Some(lent) = lent {
        lent.hand_over(|rows| {
            result.set_hashtable(ZendHashTable::with_capacity(2));
            for (name, text) in ["uid", "device"].iter().zip(&rows.texts) {
                put_entry(result, name, text);
            }
        });
    }
}

/// Adds a text to an array that was made a moment ago.
fn put_entry(array: &mut Zval, name: &str, text: &[u8]) {
    let mut value = std::mem::ManuallyDrop::new(Zval::new());
    login_objects::put_text(&mut value, text);
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
    let Some(uid) = UidArgument::of(uid) else {
        return;
    };
    if let Some(lent) = texts(|| ids_of(uid)) {
        lent.hand_over(|rows| {
            login_objects::put_list(result, &rows.texts, |slot, text| {
                login_objects::put_text(slot, text);
            });
        });
    }
}

/// A login id for each marked device and for each device of a live login.
fn ids_of(uid: UidArgument) -> Result<Vec<Vec<u8>>> {
    worker::with(|worker| {
        let settings = &worker.current_settings()?.logins;
        let user = uid.user(settings)?;
        let marks = settings.device_marks.clone();
        let mut devices: Vec<Device> = marks.devices().cloned().collect();
        for login in worker.current_access()?.request.store.logins(&user)? {
            let device = Device::parse(login.identity.device.as_bytes())?;
            if !devices.contains(&device) {
                devices.push(device);
            }
        }
        // An older login may be on a device whose name is a mark by now. It has no id.
        let ids = devices
            .iter()
            .map(|device| marks.login_id(&user.uid, device));
        Ok(ids.filter_map(Result::ok).collect())
    })
}

/// Runs an act that returns texts.
fn texts(act: impl FnOnce() -> Result<Vec<Vec<u8>>>) -> Option<LentRows> {
    guard::call(None, OnError::Throw, || {
        Ok(Some(Rows::texts(act()?).lend()).into())
    })
}
