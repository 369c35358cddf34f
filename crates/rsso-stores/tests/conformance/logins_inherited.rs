//! Strict mode gives a kicked browser a new id, which inherits the kick: whoever asks next is told.

use std::thread;
use std::time::Duration;

use rsso_core::SessionId;
use rsso_core::login::{Claimed, KickOrder, Which};
use rsso_core::request::{Validation, Written};

use super::ground::{Ground, HOUR, sid};
use super::php::Request;
use super::signing::{at_most, user, wish};

/// The id of a session whose login was ended.
fn kicked_id(ground: &dyn Ground, name: &str) -> SessionId {
    let (mut other, user, id) = (ground.worker(), user(name), sid());
    other.one_more(&ground.key_of(&id), &user);
    assert_eq!(other.kick(&user, &Which::default()).len(), 1);
    id
}

/// A request that presents an id which is not known, and goes on with a new one.
fn with_a_new_id(
    ground: &dyn Ground,
    presented: &SessionId,
    made_here: bool,
) -> (Request, SessionId) {
    let mut request = Request::begin(ground);
    request.state.opened();
    assert!(!request.knows(presented));
    let new = sid();
    if made_here {
        request.state.created(new.clone(), false);
    }
    assert_eq!(request.read(&new), b"");
    (request, new)
}

pub fn the_new_id_of_strict_mode_inherits_the_kick(ground: &dyn Ground) {
    let mut presented = kicked_id(ground, "alice");
    // Nothing is asked, and nothing is stored.
    for _ in 0..2 {
        let (mut request, new) = with_a_new_id(ground, &presented, true);
        request.end();
        let kick = ground.worker().store.kick_of(&ground.key_of(&new)).unwrap();
        assert_eq!(kick.expect("a gateway is told").code.number(), -5);
        presented = new;
    }
    // Something is stored.
    let (mut request, new) = with_a_new_id(ground, &presented, true);
    assert_eq!(request.write(&new, b"token"), Written::Stored);
    request.end();
    for _ in 0..2 {
        let mut next = Request::begin(ground);
        assert!(next.knows(&new));
        assert_eq!(next.read(&new), b"token");
        assert_eq!(next.kicked().unwrap().identity.uid, "alice");
        assert_eq!(next.write(&new, b"token"), Written::Stored);
        next.end();
    }
}

/// Handlers that validate ids and leave it to PHP to make them; and those that never read the new one.
pub fn the_kick_is_inherited_by_ids_that_the_handler_did_not_make(ground: &dyn Ground) {
    let presented = kicked_id(ground, "alice");
    let (mut request, new) = with_a_new_id(ground, &presented, false);
    assert_eq!(request.kicked().unwrap().identity.uid, "alice");
    request.close();
    request.end();
    let (mut next, newer) = with_a_new_id(ground, &new, false);
    assert_eq!(next.write(&newer, b"x"), Written::Stored);
    next.end();
    let mut next = Request::on(ground, &newer);
    assert!(next.kicked().is_some());
    next.end();

    let mut reader = Request::on(ground, &presented);
    let new = sid();
    assert_eq!(reader.write(&new, b"x"), Written::Stored);
    reader.end();
    let mut next = Request::on(ground, &new);
    assert!(next.kicked().is_some());
    next.end();
}

pub fn who_signs_in_under_the_new_id_is_not_kicked(ground: &dyn Ground) {
    let alice = user("alice");
    let presented = kicked_id(ground, "alice");
    let (mut poll, new) = with_a_new_id(ground, &presented, true);
    assert_eq!(poll.write(&new, b"token"), Written::Stored);
    poll.end();
    let mut request = Request::on(ground, &new);
    let claimed = request.claim(&wish(&alice, "web", at_most(1)));
    assert!(matches!(claimed, Claimed::New(..)), "{claimed:?}");
    assert_eq!(request.kicked(), None);
    assert_eq!(request.write(&new, b"signed in"), Written::Stored);
    request.end();
    assert_eq!(
        ground.worker().store.kick_of(&ground.key_of(&new)).unwrap(),
        None
    );
    // Not when the login ends by itself either.
    let mut request = Request::on(ground, &new);
    assert!(request.sign_out());
    assert_eq!(request.kicked(), None);
    request.end();
}

pub fn an_inherited_kick_ends_when_the_first_one_does(ground: &dyn Ground) {
    let (mut other, alice, presented) = (ground.worker(), user("alice"), sid());
    other.one_more(&ground.key_of(&presented), &alice);
    let order = KickOrder {
        reason: "kicked".to_owned(),
        tombstone_ttl: HOUR,
    };
    other.store.kick(&alice, &Which::default(), &order).unwrap();
    thread::sleep(Duration::from_millis(2100));
    let mut request = Request::begin_with(ground, &[("tombstone_ttl", "2")]);
    request.state.opened();
    assert!(!request.knows(&presented));
    let new = sid();
    request.state.created(new.clone(), false);
    request.read(&new);
    request.end();
    assert_eq!(other.store.kick_of(&ground.key_of(&new)).unwrap(), None);
}

pub fn only_what_is_new_inherits(ground: &dyn Ground) {
    let (presented, theirs, another) =
        (kicked_id(ground, "alice"), sid(), kicked_id(ground, "bob"));
    let mut other = ground.worker();
    other.put(&ground.key_of(&theirs), b"theirs", HOUR);
    // A class that looks at one id and uses another.
    for first_asks in [true, false] {
        let mut request = Request::begin(ground);
        if first_asks {
            assert!(!request.knows(&presented));
        } else {
            request.read(&presented);
        }
        assert_eq!(request.read(&theirs), b"theirs");
        assert_eq!(request.kicked(), None);
        assert_eq!(request.write(&theirs, b"theirs"), Written::Stored);
        request.end();
        assert_eq!(other.store.kick_of(&ground.key_of(&theirs)).unwrap(), None);
    }
    // What was found with an id counts more than what it could inherit.
    let (mut request, _) = with_a_new_id(ground, &presented, true);
    request.read(&another);
    assert_eq!(request.kicked().unwrap().identity.uid, "bob");
    // A question of the application says nothing of the browser's id.
    let store = request.worker.store.as_mut();
    let known =
        (request.state).validate(store, &request.settings, &presented, Validation::Question);
    assert!(!known.unwrap());
    assert_eq!(request.kicked().unwrap().identity.uid, "bob");
    request.end();
}
