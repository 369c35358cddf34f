//! `rsso.auto_claim`: logins for applications that cannot be edited.
//!
//! Whenever PHP stores a session, its login follows the user that is in `$_SESSION`. No PHP code
//! runs here, because `$_SESSION` is read as it lies in memory.

use std::time::Duration;

use ext_php_rs::types::{ZendHashTable, Zval};
use rsso_core::login::{Claim, Device, LoginId, User, device_of_user_agent};
use rsso_core::request::{AutoClaimOutcome, Refusal};
use rsso_core::settings::LoginSettings;
use rsso_core::{Result, SessionId};

use crate::superglobals::{self, PhpArray};
use crate::worker::{self, Access, Caller};
use crate::{guard, session_paths};

const UID_TOO_LONG: &str =
    "rsso.auto_claim: the user in $_SESSION is longer than 255 bytes, and is not logged in by rsso";

/// The superglobals in which the user and the device are looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Globals {
    session: PhpArray,
    server: Option<PhpArray>,
}

/// What the login of `caller` follows; `None` if `rsso.auto_claim` is off.
///
/// PHP may have to make `$_SERVER`, so nothing with a destructor may be alive.
pub(crate) fn globals(caller: Caller) -> Option<Globals> {
    let mut is_on = false;
    guard::quietly(|| {
        is_on = worker::with(|worker| !worker.settings_of(caller).logins.auto_claim.is_off());
    });
    if !is_on {
        return None;
    }
    Some(Globals {
        // A script that has unset it has not changed what PHP stores.
        session: superglobals::session()?,
        server: superglobals::server(),
    })
}

/// Whether the session may be stored once its login has followed.
pub(crate) enum Decision {
    Store { warning: Option<&'static str> },
    Refuse(Refusal),
}

impl Decision {
    const STORE: Self = Self::Store { warning: None };
}

/// Makes the session's login follow the user in `$_SESSION`.
pub(crate) fn follow(
    access: &mut Access<'_>,
    sid: &SessionId,
    globals: Option<Globals>,
    ttl: Duration,
) -> Result<Decision> {
    let Some(globals) = globals else {
        return Ok(Decision::STORE);
    };
    let request = &mut access.request;
    let settings = &request.settings.logins;
    // SAFETY: obtained a moment ago, in the same callback of PHP's.
    let (session, server) = unsafe { (globals.session.get(), globals.server.map(|s| s.get())) };
    // A script may write another session by hand than the one that $_SESSION belongs to.
    if is_suspended(session, settings) || !request.switch_to_created(sid, ttl)? {
        return Ok(Decision::STORE);
    }
    let (wish, warning) = match user_in(session, settings) {
        None => (None, None),
        Some(uid) => match settings.user(&uid) {
            Ok(user) => (Some(claim(user, server, settings)?), None),
            Err(_) => (None, Some(UID_TOO_LONG)),
        },
    };
    let before = request
        .state
        .login()
        .map(|bound| bound.login.identity.login);
    let followed = request.apply_auto_claim(wish.as_ref(), ttl)?;
    let now = request
        .state
        .login()
        .map(|bound| bound.login.identity.login);
    if now.is_some() && now != before {
        access.record_site();
    }
    Ok(match followed {
        AutoClaimOutcome::Allowed => Decision::Store { warning },
        AutoClaimOutcome::Refused => Decision::Refuse(Refusal::LoginRefused),
    })
}

fn claim(user: User, server: Option<&ZendHashTable>, settings: &LoginSettings) -> Result<Claim> {
    Ok(Claim {
        user,
        login: LoginId::new()?,
        device: device(server, &settings.auto_claim_device),
        label: None,
        meta: None,
        client: superglobals::client(server, settings.login_details),
        claimed_from: None,
        limits: settings.limits,
        notify_others: settings.notify_other_logins,
        tombstone_ttl: settings.tombstone_ttl,
    })
}

/// The device class that `rsso.auto_claim_device` finds, else `web`.
fn device(server: Option<&ZendHashTable>, setting: &str) -> Device {
    let name = match setting {
        "" => None,
        "user-agent" => superglobals::entry(server, "HTTP_USER_AGENT")
            .map(|agent| device_of_user_agent(agent).as_bytes().to_vec()),
        entry => superglobals::entry(server, entry).map(<[u8]>::to_ascii_lowercase),
    };
    name.and_then(|name| Device::parse(&name).ok())
        .unwrap_or_default()
}

/// The user that the first of the paths leads to.
fn user_in(session: &ZendHashTable, settings: &LoginSettings) -> Option<Vec<u8>> {
    let is_user = |uid: &Vec<u8>| !settings.is_excepted(uid);
    let take = |value: &Zval| user(value).filter(is_user);
    let mut paths = settings.auto_claim.paths().iter();
    paths.find_map(|path| session_paths::find(session, path, &take))
}

/// A user is text or a whole number; "", "0" and 0 mean that nobody is signed in.
fn user(value: &Zval) -> Option<Vec<u8>> {
    if let Some(number) = value.long() {
        return (number != 0).then(|| number.to_string().into_bytes());
    }
    let text = value.zend_str()?.as_bytes();
    (!matches!(text, b"" | b"0")).then(|| text.to_vec())
}

/// Whether `rsso.auto_claim_unless` leads to a value that PHP takes for true.
fn is_suspended(session: &ZendHashTable, settings: &LoginSettings) -> bool {
    let set = |value: &Zval| {
        let is_set = match value.array() {
            Some(array) => !array.is_empty(),
            None => {
                value.is_object()
                    || value.is_true()
                    || value.double().is_some_and(|number| number != 0.0)
                    || user(value).is_some()
            }
        };
        is_set.then_some(())
    };
    let mut paths = settings.auto_claim_unless.paths().iter();
    paths.any(|path| session_paths::find(session, path, &set).is_some())
}
