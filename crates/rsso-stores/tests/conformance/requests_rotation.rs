//! `session_regenerate_id()` as PHP calls the handler: the login is never lost or doubled.

use std::time::Duration;

use rsso_core::SessionId;
use rsso_core::login::event::Kind;
use rsso_core::login::{LoginId, LoginSelector};
use rsso_core::request::{Refusal, RequestState, Validation, Written};

use crate::common::fixture::{Fixture, HOUR, StoreClient, new_sid};
use crate::common::login_helpers::{new_claim, user, with_max_logins};
use crate::common::php_request::Request;

/// A session with a login of `alice`.
fn signed_in(fixture: &dyn Fixture) -> (SessionId, LoginId) {
    let id = new_sid();
    let login = fixture
        .client()
        .add_login(&fixture.key_of(&id), &user("alice"));
    (id, login)
}

fn is_free(client: &mut StoreClient, fixture: &dyn Fixture, id: &SessionId) -> bool {
    let key = fixture.key_of(id);
    match client.try_lock(&key, Duration::from_secs(5), HOUR) {
        Ok(held) => client.store.release(&key, held.token).is_ok(),
        Err(_) => false,
    }
}

pub fn the_new_id_has_the_login(fixture: &dyn Fixture) {
    let (mut other, alice) = (fixture.client(), user("alice"));
    for (delete, lock) in [(true, "1"), (false, "1"), (true, "0"), (false, "0")] {
        let (old, login) = signed_in(fixture);
        let mut request = Request::begin_with(fixture, &[("lock", lock)]);
        assert_eq!(request.read(&old), b"data");
        let new = request.regenerate(&old, delete);
        assert_eq!(request.login(), Some(login));
        assert!(!request.state.login().unwrap().rotated);
        assert!(is_free(&mut other, fixture, &old), "{delete} {lock}");
        assert_eq!(request.write(&new, b"renewed"), Written::Stored);
        request.end();

        assert_eq!(other.logins(&alice), [login]);
        let seen = other.read_unlocked(&fixture.key_of(&new));
        assert_eq!(seen.data.unwrap(), b"renewed");
        assert_eq!(seen.login.unwrap().login.identity.login, login);
        // The old id still serves requests in progress, deleted or not.
        let seen = other.read_unlocked(&fixture.key_of(&old));
        assert_eq!(seen.data.unwrap(), if delete { b"data" } else { b"left" });
        assert!(seen.login.unwrap().rotated);
        assert!(is_free(&mut other, fixture, &new));
        assert_eq!(other.kick(&alice, &LoginSelector::default()).len(), 1);
    }
    assert_eq!(other.logins_in_events(&alice, Kind::Released), []);
}

pub fn an_id_may_be_regenerated_repeatedly(fixture: &dyn Fixture) {
    let (mut other, alice) = (fixture.client(), user("alice"));
    let (old, login) = signed_in(fixture);
    let mut request = Request::reading(fixture, &old);
    let mut id = old;
    for delete in [true, false, true, true, false] {
        id = request.regenerate(&id, delete);
        assert_eq!(request.login(), Some(login));
    }
    assert_eq!(request.write(&id, b"renewed"), Written::Stored);
    request.end();
    assert_eq!(other.logins(&alice), [login]);
    assert_eq!(other.peek(&fixture.key_of(&id)).unwrap(), b"renewed");
    assert_eq!(other.events_about(&alice).len(), 1);
}

/// The usual way to sign in: a new id, then the claim; or the claim, then a new id.
pub fn a_login_may_be_claimed_before_or_after_the_new_id(fixture: &dyn Fixture) {
    let alice = user("alice");
    let mut other = fixture.client();
    for (claim_first, stored) in [(true, true), (true, false), (false, true), (false, false)] {
        let old = new_sid();
        if stored {
            other.put(&fixture.key_of(&old), b"cart", HOUR);
        }
        let mut request = Request::reading(fixture, &old);
        let claim = new_claim(&alice, "web", with_max_logins(1));
        let mut id = old.clone();
        for claims in [claim_first, !claim_first] {
            if claims {
                request.claim(&claim);
            } else {
                id = request.regenerate(&id, true);
            }
        }
        assert_eq!(request.login(), Some(claim.login));
        assert_eq!(request.write(&id, b"signed in"), Written::Stored);
        request.end();
        assert_eq!(other.logins(&alice), [claim.login]);
        assert_eq!(other.login_of(&fixture.key_of(&id)), Some(claim.login));
        assert_eq!(other.peek(&fixture.key_of(&id)).unwrap(), b"signed in");
    }
}

pub fn an_unfinished_regenerate_ends_the_login_only_if_it_deletes(fixture: &dyn Fixture) {
    let (mut other, alice) = (fixture.client(), user("alice"));
    let (old, login) = signed_in(fixture);
    let mut request = Request::reading(fixture, &old);
    request.begin_regenerate(&old, true);
    assert!(request.state.holds_something());
    request.end();
    assert!(!request.state.holds_something());
    assert_eq!(
        (other.logins(&alice), other.peek(&fixture.key_of(&old))),
        (vec![], None)
    );
    assert_eq!(other.logins_in_events(&alice, Kind::Released), [login]);
    assert!(is_free(&mut other, fixture, &old));

    let (old, login) = signed_in(fixture);
    let mut request = Request::reading(fixture, &old);
    request.begin_regenerate(&old, false);
    request.end();
    assert_eq!(other.logins(&alice), [login]);
    assert_eq!(other.peek(&fixture.key_of(&old)).unwrap(), b"left");
    assert!(
        !other
            .read_unlocked(&fixture.key_of(&old))
            .login
            .unwrap()
            .rotated
    );
    assert!(is_free(&mut other, fixture, &old));
}

/// PHP reads the old id again if there was no new one.
pub fn rereading_the_old_id_after_an_unfinished_deleting_regenerate_ends_the_login(
    fixture: &dyn Fixture,
) {
    let (mut other, alice) = (fixture.client(), user("alice"));
    let (old, login) = signed_in(fixture);
    let mut request = Request::reading(fixture, &old);
    request.begin_regenerate(&old, true);
    assert_eq!(request.read(&old), b"");
    assert_eq!(request.login(), None);
    request.end();
    assert_eq!(other.logins(&alice), []);
    assert_eq!(other.logins_in_events(&alice, Kind::Released), [login]);
    assert!(is_free(&mut other, fixture, &old));
}

pub fn a_new_id_does_not_revive_a_kicked_session(fixture: &dyn Fixture) {
    let (mut other, alice) = (fixture.client(), user("alice"));
    for delete in [true, false] {
        let (old, login) = signed_in(fixture);
        let mut request = Request::reading(fixture, &old);
        assert_eq!(other.kick(&alice, &LoginSelector::default()).len(), 1);
        let successor = request.regenerate(&old, delete);
        assert_eq!(request.login(), None);
        let claimed = request.claim(&new_claim(&alice, "web", with_max_logins(1)));
        assert_eq!(claimed, rsso_core::login::Claimed::Ended);
        assert!(is_ended(request.write(&successor, b"revived")));
        // Another new id does not help.
        let second = request.regenerate(&successor, delete);
        assert!(is_ended(request.write(&second, b"revived")));
        request.end();
        for id in [&old, &successor, &second] {
            assert_eq!(other.peek(&fixture.key_of(id)), None, "delete: {delete}");
            assert!(is_free(&mut other, fixture, id));
        }
        assert_eq!(other.logins(&alice), []);
        let kick = other.read_unlocked(&fixture.key_of(&old)).kick;
        assert_eq!(kick.unwrap().identity.login, login);
    }
}

pub fn opening_another_session_moves_no_login(fixture: &dyn Fixture) {
    let (mut other, alice) = (fixture.client(), user("alice"));
    for close in [true, false] {
        let (one, login) = signed_in(fixture);
        let two = new_sid();
        other.put(&fixture.key_of(&two), b"another", HOUR);
        let mut request = Request::reading(fixture, &one);
        if close {
            assert_eq!(request.write(&one, b"data"), Written::Stored);
            request.close();
        }
        assert_eq!(request.read(&two), b"another");
        assert_eq!(request.login(), None);
        assert_eq!(request.write(&two, b"another"), Written::Stored);
        request.end();
        assert_eq!(other.login_of(&fixture.key_of(&one)), Some(login));
        assert_eq!(other.login_of(&fixture.key_of(&two)), None);
        assert_eq!(other.logins(&alice), [login]);
        assert!(
            !other
                .read_unlocked(&fixture.key_of(&one))
                .login
                .unwrap()
                .rotated
        );
        other.kick(&alice, &LoginSelector::default());
    }
    // Nor does a logout before the next session.
    let (one, login) = signed_in(fixture);
    let mut request = Request::reading(fixture, &one);
    request.destroy(&one);
    let two = new_sid();
    request.state.created(two.clone(), false);
    request.read(&two);
    assert_eq!(request.write(&two, b"anonymous"), Written::Stored);
    request.end();
    assert_eq!(
        (other.logins(&alice), other.login_of(&fixture.key_of(&two))),
        (vec![], None)
    );
    assert_eq!(other.logins_in_events(&alice, Kind::Released), [login]);
}

/// `session_regenerate_id(false)`, and then the application removes the old session itself.
pub fn destroying_the_old_id_after_regenerating_keeps_the_login(fixture: &dyn Fixture) {
    let (mut other, alice) = (fixture.client(), user("alice"));
    let (old, login) = signed_in(fixture);
    let mut request = Request::reading(fixture, &old);
    let new = request.regenerate(&old, false);
    assert_eq!(request.write(&new, b"renewed"), Written::Stored);
    request.close();
    for read_first in [false, true] {
        if read_first {
            request.read(&old);
        }
        request.destroy(&old);
        assert_eq!(other.peek(&fixture.key_of(&old)), None);
        assert_eq!(other.logins(&alice), [login]);
    }
    request.end();
    assert_eq!(other.login_of(&fixture.key_of(&new)), Some(login));
    assert_eq!(other.events_about(&alice).len(), 1);
    // Another request's logout ends them all.
    Request::reading(fixture, &new).destroy(&new);
    assert_eq!(other.logins(&alice), []);
}

/// Tabs with one cookie regenerate it one after the other.
pub fn two_requests_may_regenerate_one_id(fixture: &dyn Fixture) {
    let (mut other, alice) = (fixture.client(), user("alice"));
    let (old, login) = signed_in(fixture);
    let mut ids = Vec::new();
    for delete in [true, true, false] {
        let mut request = Request::reading(fixture, &old);
        let new = request.regenerate(&old, delete);
        assert_eq!(request.login(), Some(login));
        assert_eq!(request.write(&new, b"renewed"), Written::Stored);
        request.end();
        ids.push(new);
    }
    for id in &ids {
        assert_eq!(other.login_of(&fixture.key_of(id)), Some(login));
    }
    assert_eq!(other.logins(&alice), [login]);
    assert_eq!(other.kick(&alice, &LoginSelector::default()).len(), 1);
    for id in ids.iter().chain([&old]) {
        assert_eq!(other.peek(&fixture.key_of(id)), None);
    }
}

/// PHP checks a generated id that is taken, and generates another one.
pub fn a_generated_id_that_is_taken_does_not_stay_locked(fixture: &dyn Fixture) {
    let mut other = fixture.client();
    let ((old, login), (taken, _)) = (signed_in(fixture), signed_in(fixture));
    let mut request = Request::reading(fixture, &old);
    request.begin_regenerate(&old, true);
    let Request {
        client,
        settings,
        state,
    } = &mut request;
    assert!(
        state
            .with(client.store.as_mut(), settings)
            .validate(&taken, Validation::Collision)
            .unwrap()
    );
    let new = new_sid();
    request.state.created(new.clone(), true);
    request.read(&new);
    assert_eq!(request.login(), Some(login));
    assert_eq!(request.write(&new, b"renewed"), Written::Stored);
    request.end();
    assert!(is_free(&mut other, fixture, &taken));
}

pub fn a_session_without_a_login_is_regenerated_too(fixture: &dyn Fixture) {
    let mut other = fixture.client();
    for delete in [true, false] {
        let old = new_sid();
        other.put(&fixture.key_of(&old), b"cart", HOUR);
        let mut request = Request::reading(fixture, &old);
        let new = request.regenerate(&old, delete);
        assert_eq!(request.write(&new, b"cart"), Written::Stored);
        request.end();
        // The deleted data are gone; an empty session remains for requests in progress.
        let left = if delete { &b""[..] } else { b"left" };
        assert_eq!(other.peek(&fixture.key_of(&old)).unwrap(), left);
        assert_eq!(other.peek(&fixture.key_of(&new)).unwrap(), b"cart");
    }
    let mut unused = RequestState::default();
    unused
        .with(other.store.as_mut(), &fixture.settings())
        .finish()
        .unwrap();
}

fn is_ended(written: Written) -> bool {
    matches!(written, Written::Refused(Refusal::Gone | Refusal::Kicked))
}
