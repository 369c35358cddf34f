//! Strict mode gives a kicked browser a new id, which inherits the kick.

use std::thread;
use std::time::Duration;

use rsso_core::SessionId;
use rsso_core::login::{Claimed, LoginSelector};
use rsso_core::request::{Validation, Written};

use crate::common::fixture::{Fixture, HOUR, new_sid};
use crate::common::login_helpers::{new_claim, user, with_max_logins};
use crate::common::php_request::Request;

/// The id of a session whose login was kicked.
fn kicked_id(fixture: &dyn Fixture, name: &str) -> SessionId {
    let (mut other, user, id) = (fixture.client(), user(name), new_sid());
    other.add_login(&fixture.key_of(&id), &user);
    assert_eq!(other.kick(&user, &LoginSelector::default()).len(), 1);
    id
}

/// A request that presents an unknown id and continues with a new one.
fn with_a_new_id(
    fixture: &dyn Fixture,
    presented: &SessionId,
    made_here: bool,
) -> (Request, SessionId) {
    let mut request = Request::begin(fixture);
    request.state.opened();
    assert!(!request.accepts_id(presented));
    let new = new_sid();
    if made_here {
        request.state.created(new.clone(), false);
    }
    assert_eq!(request.read(&new), b"");
    (request, new)
}

pub fn the_new_id_of_strict_mode_inherits_the_kick(fixture: &dyn Fixture) {
    let mut presented = kicked_id(fixture, "alice");
    // The request neither asks for the kick nor stores anything.
    for _ in 0..2 {
        let (mut request, new) = with_a_new_id(fixture, &presented, true);
        request.end();
        let kick = fixture
            .client()
            .store
            .kick_of(&fixture.key_of(&new))
            .unwrap();
        assert_eq!(kick.expect("a gateway finds the kick").code.number(), -5);
        presented = new;
    }
    // The request stores something.
    let (mut request, new) = with_a_new_id(fixture, &presented, true);
    assert_eq!(request.write(&new, b"token"), Written::Stored);
    request.end();
    for _ in 0..2 {
        let mut next = Request::begin(fixture);
        assert!(next.accepts_id(&new));
        assert_eq!(next.read(&new), b"token");
        assert_eq!(next.kicked().unwrap().identity.uid, "alice");
        assert_eq!(next.write(&new, b"token"), Written::Stored);
        next.end();
    }
}

/// Handler classes that leave the new id to PHP, and those that never read it.
pub fn ids_that_php_generates_inherit_the_kick(fixture: &dyn Fixture) {
    let presented = kicked_id(fixture, "alice");
    let (mut request, new) = with_a_new_id(fixture, &presented, false);
    assert_eq!(request.kicked().unwrap().identity.uid, "alice");
    request.close();
    request.end();
    let (mut next, newer) = with_a_new_id(fixture, &new, false);
    assert_eq!(next.write(&newer, b"x"), Written::Stored);
    next.end();
    let mut next = Request::reading(fixture, &newer);
    assert!(next.kicked().is_some());
    next.end();

    let mut reader = Request::reading(fixture, &presented);
    let new = new_sid();
    assert_eq!(reader.write(&new, b"x"), Written::Stored);
    reader.end();
    let mut next = Request::reading(fixture, &new);
    assert!(next.kicked().is_some());
    next.end();
}

pub fn a_sign_in_under_the_new_id_ends_the_kick(fixture: &dyn Fixture) {
    let alice = user("alice");
    let presented = kicked_id(fixture, "alice");
    let (mut poll, new) = with_a_new_id(fixture, &presented, true);
    assert_eq!(poll.write(&new, b"token"), Written::Stored);
    poll.end();
    let mut request = Request::reading(fixture, &new);
    let claimed = request.claim(&new_claim(&alice, "web", with_max_logins(1)));
    assert!(matches!(claimed, Claimed::New(..)), "{claimed:?}");
    assert_eq!(request.kicked(), None);
    assert_eq!(request.write(&new, b"signed in"), Written::Stored);
    request.end();
    assert_eq!(
        fixture
            .client()
            .store
            .kick_of(&fixture.key_of(&new))
            .unwrap(),
        None
    );
    // Nor after the login was released.
    let mut request = Request::reading(fixture, &new);
    assert!(request.sign_out());
    assert_eq!(request.kicked(), None);
    request.end();
}

pub fn a_kick_older_than_tombstone_ttl_is_not_inherited(fixture: &dyn Fixture) {
    let (mut other, alice, presented) = (fixture.client(), user("alice"), new_sid());
    other.add_login(&fixture.key_of(&presented), &alice);
    other.kick(&alice, &LoginSelector::default());
    thread::sleep(Duration::from_millis(2100));
    let mut request = Request::begin_with(fixture, &[("tombstone_ttl", "2")]);
    request.state.opened();
    assert!(!request.accepts_id(&presented));
    let new = new_sid();
    request.state.created(new.clone(), false);
    request.read(&new);
    request.end();
    assert_eq!(other.store.kick_of(&fixture.key_of(&new)).unwrap(), None);
}

pub fn only_new_sessions_inherit_a_kick(fixture: &dyn Fixture) {
    let (presented, theirs, another) = (
        kicked_id(fixture, "alice"),
        new_sid(),
        kicked_id(fixture, "bob"),
    );
    let mut other = fixture.client();
    other.put(&fixture.key_of(&theirs), b"theirs", HOUR);
    // A handler class may check one id and use another.
    for first_asks in [true, false] {
        let mut request = Request::begin(fixture);
        if first_asks {
            assert!(!request.accepts_id(&presented));
        } else {
            request.read(&presented);
        }
        assert_eq!(request.read(&theirs), b"theirs");
        assert_eq!(request.kicked(), None);
        assert_eq!(request.write(&theirs, b"theirs"), Written::Stored);
        request.end();
        assert_eq!(other.store.kick_of(&fixture.key_of(&theirs)).unwrap(), None);
    }
    // An id's own tombstone takes precedence over an inherited kick.
    let (mut request, _) = with_a_new_id(fixture, &presented, true);
    request.read(&another);
    assert_eq!(request.kicked().unwrap().identity.uid, "bob");
    // The application's question is not about the browser's id.
    let store = request.client.store.as_mut();
    let known = (request.state)
        .with(store, &request.settings)
        .validate(&presented, Validation::Question);
    assert!(!known.unwrap());
    assert_eq!(request.kicked().unwrap().identity.uid, "bob");
    request.end();
}
