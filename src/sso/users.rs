//! What needs no session: `sso_logins()`, `sso_kick()` and `sso_notify()` of any user.

use std::ptr;

use ext_php_rs::types::{ZendHashTable, ZendStr, Zval};
use ext_php_rs::zend::ExecuteData;
use rsso_core::login::{Device, KickRequest, LoginId, LoginSelector, check_reason};
use rsso_core::{Error, RequestState, Result};

use super::arguments::{self, UidArgument};
use crate::guard::{self, OnError};
use crate::options::KickOptions;
use crate::php::arguments;
use crate::php_functions::{self, Value};
use crate::rows::{LoginRow, Rows};
use crate::{login_objects, worker};

/// The largest message, in bytes of its JSON.
const MAX_PAYLOAD: usize = 65_536;

pub(super) extern "C" fn logins(call: &mut ExecuteData, result: &mut Zval) {
    let mut uid: *mut Zval = ptr::null_mut();
    let mut device: *mut ZendStr = ptr::null_mut();
    if !arguments!(call, c"z|S!", uid, device) {
        return;
    }
    let Some(uid) = UidArgument::of(uid) else {
        return;
    };
    let lent = guard::call(None, OnError::Throw, || {
        // SAFETY: the call's frame holds it.
        let device = unsafe { arguments::device(device) }?;
        let rows = rows(uid, device.as_ref())?;
        Ok(Some(Rows::logins(rows).lend()).into())
    });
    if let Some(lent) = lent {
        lent.hand_over(|rows| {
            login_objects::put_list(result, &rows.logins, login_objects::put_login);
        });
    }
}

fn rows(uid: UidArgument, device: Option<&Device>) -> Result<Vec<LoginRow>> {
    worker::with(|worker| {
        let user = uid.user(&worker.current_settings()?.logins)?;
        let access = worker.current_access()?;
        let current = current_login(access.request.state);
        let logins = access.request.store.logins(&user)?;
        let meant = |identity: &&_| is_on_device(identity, device);
        let meant = logins.iter().filter(|login| meant(&&login.identity));
        Ok(meant.map(|login| LoginRow::of(login, current)).collect())
    })
}

pub(super) extern "C" fn kick(call: &mut ExecuteData, result: &mut Zval) {
    let mut uid: *mut Zval = ptr::null_mut();
    let mut device: *mut ZendStr = ptr::null_mut();
    let mut reason: *mut ZendStr = ptr::null_mut();
    let mut options: *mut ZendHashTable = ptr::null_mut();
    if !arguments!(call, c"z|S!Sh", uid, device, reason, options) {
        return;
    }
    let Some(uid) = UidArgument::of(uid) else {
        return;
    };
    let count = guard::call(None, OnError::Throw, || {
        uid.check()?;
        // SAFETY: the call's frame holds them; no PHP code runs while they are read.
        let (device, reason, options) = unsafe {
            (
                arguments::device(device)?,
                reason.as_ref(),
                options.as_ref(),
            )
        };
        let reason = check_reason(reason.map_or(b"kicked", |reason| reason.as_bytes()))?;
        let options = KickOptions::read(options)?;
        let kicks = worker::with(|worker| {
            let user = uid.user(&worker.current_settings()?.logins)?;
            let access = worker.current_access()?;
            let except = current_login(access.request.state).filter(|_| options.except_current);
            let which = LoginSelector {
                device,
                login: options.login,
                except,
            };
            let order = KickRequest {
                reason,
                tombstone_ttl: access.request.settings.logins.tombstone_ttl,
            };
            access.request.store.kick(&user, &which, &order)
        })?;
        Ok(Some(kicks.len()).into())
    });
    if let Some(count) = count {
        result.set_long(i64::try_from(count).unwrap_or(i64::MAX));
    }
}

pub(super) extern "C" fn notify(call: &mut ExecuteData, result: &mut Zval) {
    let mut uid: *mut Zval = ptr::null_mut();
    let mut payload: *mut Zval = ptr::null_mut();
    let mut device: *mut ZendStr = ptr::null_mut();
    if !arguments!(call, c"zz|S!", uid, payload, device) {
        return;
    }
    let Some(uid) = UidArgument::of(uid) else {
        return;
    };
    let is_sound = guard::call(false, OnError::Throw, || {
        uid.check()?;
        // SAFETY: the call's frame holds it.
        unsafe { arguments::device(device) }?;
        Ok(true.into())
    });
    if !is_sound {
        return;
    }
    // SAFETY: the call's frame holds it.
    let Some(json) = (unsafe { php_functions::json_encode(payload) }) else {
        return;
    };
    let count = guard::call(None, OnError::Throw, || {
        // SAFETY: the call's frame holds it.
        let device = unsafe { arguments::device(device) }?;
        notify_user(uid, &json, device.as_ref()).map(|count| Some(count).into())
    });
    json.release();
    if let Some(count) = count {
        result.set_long(i64::try_from(count).unwrap_or(i64::MAX));
    }
}

fn notify_user(uid: UidArgument, json: &Value, device: Option<&Device>) -> Result<u64> {
    let json = json.bytes().unwrap_or_default();
    if json.len() > MAX_PAYLOAD {
        let problem = format!(
            "must take at most {MAX_PAYLOAD} bytes as JSON, {} given",
            json.len()
        );
        return Err(Error::argument("payload", problem));
    }
    // PHP writes nothing but UTF-8.
    let json = String::from_utf8_lossy(json);
    worker::with(|worker| {
        let user = uid.user(&worker.current_settings()?.logins)?;
        let access = worker.current_access()?;
        access.request.store.notify(&user, device, &json)
    })
}

/// The login of this request's session.
pub(super) fn current_login(request: &RequestState) -> Option<LoginId> {
    request
        .login()
        .filter(|_| request.is_active())
        .map(|bound| bound.login.identity.login)
}

fn is_on_device(identity: &rsso_core::login::Identity, device: Option<&Device>) -> bool {
    device.is_none_or(|device| device.as_str() == identity.device)
}
