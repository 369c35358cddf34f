//! Whom a browser's session cookie stands for.

use std::sync::Arc;

use rsso_core::login::{Identity, Kick, Realm, Uid, User};
use rsso_core::store::Store;
use rsso_core::{Result, SessionKey};

/// Whom a session id stands for.
#[derive(Debug)]
pub(crate) enum Principal {
    /// A login, and its user.
    LoggedIn(Box<Identity>, Arc<User>),
    /// A login that was ended, as its session's tombstone says.
    Kicked(Box<Kick>),
    Nobody,
}

/// Finds the first session with a login, or else the first with a tombstone.
pub(crate) fn find(store: &mut dyn Store, keys: &[SessionKey], realm: &Realm) -> Result<Principal> {
    for key in keys {
        if let Some(logged_in) = logged_in(store, key, realm)? {
            return Ok(logged_in);
        }
    }
    for key in keys {
        if let Some(kick) = store.kick_of(key)? {
            return Ok(Principal::Kicked(Box::new(kick)));
        }
    }
    Ok(Principal::Nobody)
}

fn logged_in(store: &mut dyn Store, key: &SessionKey, realm: &Realm) -> Result<Option<Principal>> {
    let Some(bound) = store.login_of(key)? else {
        return Ok(None);
    };
    let identity = bound.login.identity;
    let user = User {
        realm: realm.clone(),
        uid: Uid::parse(&identity.uid_bytes())?,
    };
    // A user of another realm gets events from that realm's gateway.
    let is_of_realm = user.key() == bound.user;
    Ok(is_of_realm.then(|| Principal::LoggedIn(Box::new(identity), Arc::new(user))))
}
