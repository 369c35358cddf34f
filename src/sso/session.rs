//! What a request asks about its own session: `sso_release()`, `sso_current()`, `sso_kicked()`.

use ext_php_rs::types::Zval;
use ext_php_rs::zend::ExecuteData;
use rsso_core::Result;

use super::arguments::throw_no_session;
use crate::guard::{self, OnError};
use crate::login_objects;
use crate::php::arguments;
use crate::rows::{KickRow, LoginRow, Rows};
use crate::worker::{self, Access};

/// The result of an act on the session in use.
#[derive(Debug, Clone, Copy)]
enum Found<T: Copy> {
    NoSession,
    /// PHP has an exception.
    Thrown,
    This(T),
}

/// Runs `act` on the session in use, and makes plain memory of its result.
///
/// `None` if there is no session or the act has failed. PHP has an exception then.
fn in_session<R, T: Copy>(
    function: &str,
    act: impl FnOnce(Access<'_>) -> Result<R>,
    plain: impl FnOnce(R) -> T,
) -> Option<T> {
    let found = guard::call(Found::Thrown, OnError::Throw, || {
        let given = worker::with(|worker| match worker.active_caller() {
            None => worker.check_directives().map(|()| None),
            Some(caller) => worker.access(caller).and_then(act).map(Some),
        })?;
        Ok(given
            .map_or(Found::NoSession, |given| Found::This(plain(given)))
            .into())
    });
    match found {
        Found::This(value) => Some(value),
        Found::Thrown => None,
        Found::NoSession => {
            throw_no_session(function);
            None
        }
    }
}

pub(super) extern "C" fn release(call: &mut ExecuteData, result: &mut Zval) {
    if !arguments!(call, c"") {
        return;
    }
    let act = |mut access: Access<'_>| access.request.sign_out();
    if let Some(done) = in_session("sso_release", act, |done| done) {
        result.set_bool(done);
    }
}

pub(super) extern "C" fn current(call: &mut ExecuteData, result: &mut Zval) {
    if !arguments!(call, c"") {
        return;
    }
    let act = |access: Access<'_>| Ok(access.request.state.login().map(LoginRow::current));
    let found = in_session("sso_current", act, |row| {
        row.map(|row| Rows::login(row).lend())
    });
    if let Some(Some(lent)) = found {
        lent.hand_over(|rows| {
            if let Some(row) = rows.logins.first() {
                login_objects::put_login(result, row);
            }
        });
    }
}

pub(super) extern "C" fn kicked(call: &mut ExecuteData, result: &mut Zval) {
    if !arguments!(call, c"") {
        return;
    }
    let act = |mut access: Access<'_>| access.request.kicked();
    let found = in_session("sso_kicked", act, |kick| {
        kick.map(|kick| Rows::kick(KickRow::of(&kick)).lend())
    });
    if let Some(Some(lent)) = found {
        lent.hand_over(|rows| {
            if let Some(row) = rows.kicks.first() {
                login_objects::put_kick(result, row);
            }
        });
    }
}
