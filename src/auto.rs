//! `rsso.auto_claim`: logins for applications that cannot be edited. Whenever PHP stores a session,
//! its login follows the user that stands in `$_SESSION`.
//!
//! No PHP code runs here: `$_SESSION` is looked at as it lies in memory.

use std::time::Duration;

use ext_php_rs::types::{ZendHashTable, Zval};
use rsso_core::login::{Claim, Device, KeyPattern, LoginId, Uid, User, device_of_user_agent};
use rsso_core::request::{Followed, Refusal};
use rsso_core::settings::LoginSettings;
use rsso_core::{Result, SessionId};

use crate::guard;
use crate::superglobals::{self, Array};
use crate::worker::{self, Access, Caller};

const TOO_LONG: &str =
    "rsso.auto_claim: the user in $_SESSION is longer than 255 bytes, and is not logged in by rsso";

/// Where the login is looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Globals {
    session: Array,
    server: Option<Array>,
}

/// `None` where the login of `caller` follows nothing. PHP may have to make `$_SERVER`: nothing
/// with a destructor may be alive.
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

/// Lets the login follow. What comes back is what to warn of, or why the session may not be stored.
pub(crate) fn follow(
    access: &mut Access<'_>,
    sid: &SessionId,
    globals: Option<Globals>,
    ttl: Duration,
) -> Result<Result<Option<&'static str>, Refusal>> {
    let Some(globals) = globals else {
        return Ok(Ok(None));
    };
    let Access {
        request,
        store,
        settings,
    } = access;
    // What a script writes by hand is not the session that $_SESSION belongs to.
    if !request.take_up(*store, settings, sid, ttl)? {
        return Ok(Ok(None));
    }
    // SAFETY: asked for a moment ago, in the same callback of PHP's.
    let (session, server) = unsafe { (globals.session.get(), globals.server.map(|s| s.get())) };
    let (wish, warning) = match user_in(session, &settings.logins) {
        None => (None, None),
        Some(uid) => match Uid::parse(&uid) {
            Ok(uid) => (Some(claim(uid, server, &settings.logins)?), None),
            Err(_) => (None, Some(TOO_LONG)),
        },
    };
    Ok(
        match request.follow(*store, settings, wish.as_ref(), ttl)? {
            Followed::Welcome => Ok(warning),
            Followed::TurnedAway => Err(Refusal::TurnedAway),
        },
    )
}

fn claim(uid: Uid, server: Option<&ZendHashTable>, settings: &LoginSettings) -> Result<Claim> {
    Ok(Claim {
        user: User {
            realm: settings.realm.clone(),
            uid,
        },
        login: LoginId::new()?,
        device: device(server, &settings.auto_claim_device),
        label: None,
        meta: None,
        ip: superglobals::address(server),
        limits: settings.limits,
        tombstone_ttl: settings.tombstone_ttl,
    })
}

/// The device class that `rsso.auto_claim_device` finds; `web` where there is none.
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

/// What the first path that leads to a value finds.
fn user_in(session: &ZendHashTable, settings: &LoginSettings) -> Option<Vec<u8>> {
    let mut paths = settings.auto_claim.paths().iter();
    paths.find_map(|path| walk(session, path))
}

fn walk(array: &ZendHashTable, path: &[KeyPattern]) -> Option<Vec<u8>> {
    let (key, rest) = path.split_first()?;
    if let Some(key) = key.exact() {
        // PHP keeps "12" under the number 12; so does this look-up.
        return step(array.get(key)?, rest);
    }
    let mut entries = array.iter();
    while let Some((name, value)) = entries.next_zval() {
        let fits = match (name.long(), name.zend_str()) {
            (Some(number), _) => key.fits(number.to_string().as_bytes()),
            (_, Some(name)) => key.fits(name.as_bytes()),
            _ => false,
        };
        if fits && let Some(found) = step(value, rest) {
            return Some(found);
        }
    }
    None
}

/// The value at the end of a path: text that is not empty, or a whole number.
fn step(value: &Zval, rest: &[KeyPattern]) -> Option<Vec<u8>> {
    let value = value.dereference();
    if !rest.is_empty() {
        return walk(value.array()?, rest);
    }
    if let Some(number) = value.long() {
        return Some(number.to_string().into_bytes());
    }
    let text = value.zend_str()?.as_bytes();
    (!text.is_empty()).then(|| text.to_vec())
}
