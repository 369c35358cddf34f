//! A store that an rsso with schema 2 has filled, and what a later one must find in it.

use std::time::{SystemTime, UNIX_EPOCH};

use rsso_core::login::LoginSelector;
use rsso_core::store::Outcome;
use rsso_core::{SessionId, SessionKey};

use crate::common::fixture::{HOUR, StoreClient, new_sid};
use crate::common::login_helpers::{user, with_max_logins};

/// The key of alice's first session.
pub fn first() -> SessionKey {
    key("first", 'a')
}

/// The key of alice's second session, whose id was rotated.
pub fn rotated() -> SessionKey {
    key("second", 'b')
}

/// The key that took the place of [`rotated`].
pub fn successor() -> SessionKey {
    key_of("f851dede5de3fcb596861ee88dafd530")
}

/// The key of a session without a login.
pub fn plain() -> SessionKey {
    key("plain", 'c')
}

/// The key of bob's session.
pub fn bob() -> SessionKey {
    key("bob", 'd')
}

/// The key of a session that has expired with its login.
pub fn expired() -> SessionKey {
    key("expired", 'e')
}

fn key(name: &str, filler: char) -> SessionKey {
    let filler: String = std::iter::repeat_n(filler, 32 - name.len()).collect();
    key_of(&format!("{name}{filler}"))
}

fn key_of(sid: &str) -> SessionKey {
    SessionKey::of(&SessionId::parse(sid.as_bytes()).unwrap(), true)
}

/// The statements that store it, for tables that are there.
pub fn rows() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    include_str!("../first_version/rows.sql")
        .replace("{later}", &(since + HOUR).as_secs().to_string())
        .replace("{grace}", &(since.as_secs() + 30).to_string())
}

/// Asserts that every session is there, with its login.
#[track_caller]
pub fn assert_is_what_was_stored(client: &mut StoreClient) {
    for (key, uid, data, is_rotated) in [
        (first(), "alice", "n|i:1;", false),
        (rotated(), "alice", "n|i:2;", true),
        (successor(), "alice", "n|i:3;", false),
        (bob(), "bob", "n|i:5;", false),
    ] {
        let read = client.read_unlocked(&key);
        assert_eq!(read.data.as_deref(), Some(data.as_bytes()));
        let bound = read.login.expect("it has a login");
        assert_eq!(bound.login.identity.uid, uid, "{data}");
        assert_eq!(bound.user, user(uid).key());
        assert_eq!(bound.rotated, is_rotated, "{data}");
    }
    let read = client.read_unlocked(&plain());
    assert_eq!(read.data.as_deref(), Some(&b"n|i:4;"[..]));
    assert!(read.login.is_none(), "the binding is a former session's");
    assert!(client.peek(&expired()).is_none());
    assert_eq!(client.logins(&user("alice")).len(), 2);
    assert_eq!(client.logins(&user("bob")).len(), 1);
}

/// Does everything that a session may meet, and calls `agree` after each act.
pub fn use_everything(client: &mut StoreClient, agree: &mut dyn FnMut(&str)) {
    let is_stored = |outcome| matches!(outcome, Outcome::Stored(_));
    let held = client.read_locked(&first());
    assert!(is_stored(client.write(&held, b"written")));
    let held = client.read_locked(&bob());
    assert!(is_stored(client.touch(&held, 2 * HOUR)));
    let held = client.read_locked(&rotated());
    assert!(is_stored(client.touch(&held, 2 * HOUR)));
    let left = client.read_unlocked(&rotated()).left.unwrap();
    assert!(left.as_secs() <= 30, "a rotated id is not refreshed");
    agree("writes");

    let login = client.login_of(&bob()).unwrap();
    let to = new_key();
    client
        .rotate(&bob(), &to, login)
        .expect("bob's id is rotated");
    agree("a rotation");
    assert!(client.read_unlocked(&bob()).login.unwrap().rotated);
    assert_eq!(client.login_of(&to), Some(login));
    assert!(
        client.destroy(&bob()),
        "the old id alone, or with its login"
    );
    agree("a destruction");

    let (claimed, _) = client.sign_in(&plain(), &user("carol"), with_max_logins(1));
    agree("a claim");
    let found = client.read_unlocked(&plain()).login.unwrap();
    assert_eq!(found.login.identity.login, claimed);
    assert!(client.store.sign_out(&plain(), claimed).unwrap());
    agree("a sign-out");
    assert!(client.read_unlocked(&plain()).login.is_none());

    client.sign_in(&new_key(), &user("carol"), with_max_logins(1));
    let (_, kicks) = client.sign_in(&new_key(), &user("carol"), with_max_logins(1));
    assert_eq!(kicks.len(), 1);
    agree("a claim that kicks");
    let late = client.read_locked(&first());
    assert_eq!(
        client.kick(&user("alice"), &LoginSelector::default()).len(),
        2
    );
    assert!(!is_stored(client.write(&late, b"late")));
    agree("a kick");
    for key in [first(), rotated(), successor()] {
        let read = client.read_unlocked(&key);
        assert!(read.data.is_none() && read.kick.is_some());
    }
    // A new session under the id of one that has expired does not have its login.
    let held = client.read_locked(&expired());
    assert!(is_stored(client.write(&held, b"new")));
    assert!(client.read_unlocked(&expired()).login.is_none());
    agree("a new session under an old id");
    client.store.gc(None).unwrap();
    agree("gc");
    assert_eq!(client.peek(&expired()).unwrap(), b"new");
}

fn new_key() -> SessionKey {
    SessionKey::of(&new_sid(), true)
}
