//! Times, keys and users that tests share.

use rsso_core::login::event::Moment;
use rsso_core::login::{Realm, Uid, User};
use rsso_core::{SessionId, SessionKey};

/// A moment at this time, with event ids of its own.
pub fn moment(at: i64) -> Moment {
    let mut moment = Moment::now().unwrap();
    moment.at = at;
    moment
}

pub fn keys(count: usize) -> Vec<SessionKey> {
    let key = |number| {
        let id = format!("abcdefghijklmnopqrstuvwxyz{number:06}");
        SessionKey::of(&SessionId::parse(id.as_bytes()).unwrap(), false)
    };
    (0..count).map(key).collect()
}

pub fn users() -> Vec<User> {
    let user = |realm: &str, uid: &str| User {
        realm: Realm::parse(realm).unwrap(),
        uid: Uid::parse(uid.as_bytes()).unwrap(),
    };
    vec![
        user("shop", "alice"),
        user("shop", "bob"),
        user("forum", "alice"),
    ]
}
