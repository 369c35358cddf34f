//! `session_regenerate_id()` as PHP calls it: several calls, and the login is never lost or doubled.

use std::time::Duration;

use rsso_core::SessionId;
use rsso_core::login::event::Kind;
use rsso_core::login::{LoginId, Which};
use rsso_core::request::{Refusal, RequestState, Validation, Written};

use crate::common::fixture::{Ground, HOUR, Worker, sid};
use crate::common::login_helpers::{at_most, user, wish};
use crate::common::php_request::Request;

/// A session with a login of `alice`.
fn signed_in(ground: &dyn Ground) -> (SessionId, LoginId) {
    let id = sid();
    let login = ground
        .worker()
        .one_more(&ground.key_of(&id), &user("alice"));
    (id, login)
}

fn is_free(worker: &mut Worker, ground: &dyn Ground, id: &SessionId) -> bool {
    let key = ground.key_of(id);
    match worker.try_lock(&key, Duration::from_secs(5), HOUR) {
        Ok(held) => worker.store.release(&key, held.token).is_ok(),
        Err(_) => false,
    }
}

pub fn a_new_id_carries_the_login(ground: &dyn Ground) {
    let (mut other, alice) = (ground.worker(), user("alice"));
    for (delete, lock) in [(true, "1"), (false, "1"), (true, "0"), (false, "0")] {
        let (old, login) = signed_in(ground);
        let mut request = Request::begin_with(ground, &[("lock", lock)]);
        assert_eq!(request.read(&old), b"data");
        let new = request.regenerate(&old, delete);
        assert_eq!(request.login(), Some(login));
        assert!(!request.state.login().unwrap().rotated);
        assert!(is_free(&mut other, ground, &old), "{delete} {lock}");
        assert_eq!(request.write(&new, b"renewed"), Written::Stored);
        request.end();

        assert_eq!(other.logins(&alice), [login]);
        let seen = other.unlocked(&ground.key_of(&new));
        assert_eq!(seen.data.unwrap(), b"renewed");
        assert_eq!(seen.login.unwrap().login.identity.login, login);
        // The old id serves what is under way, whichever way PHP was asked.
        let seen = other.unlocked(&ground.key_of(&old));
        assert_eq!(seen.data.unwrap(), if delete { b"data" } else { b"left" });
        assert!(seen.login.unwrap().rotated);
        assert!(is_free(&mut other, ground, &new));
        assert_eq!(other.kick(&alice, &Which::default()).len(), 1);
    }
    assert_eq!(other.addressees(&alice, Kind::Released), []);
}

pub fn an_id_may_be_renewed_again_and_again(ground: &dyn Ground) {
    let (mut other, alice) = (ground.worker(), user("alice"));
    let (old, login) = signed_in(ground);
    let mut request = Request::on(ground, &old);
    let mut id = old;
    for delete in [true, false, true, true, false] {
        id = request.regenerate(&id, delete);
        assert_eq!(request.login(), Some(login));
    }
    assert_eq!(request.write(&id, b"renewed"), Written::Stored);
    request.end();
    assert_eq!(other.logins(&alice), [login]);
    assert_eq!(other.peek(&ground.key_of(&id)).unwrap(), b"renewed");
    assert_eq!(other.told(&alice).len(), 1);
}

/// The usual way to sign in: a new id, then the claim; or the claim, then a new id.
pub fn a_login_may_be_claimed_before_or_after_the_new_id(ground: &dyn Ground) {
    let alice = user("alice");
    let mut other = ground.worker();
    for (claim_first, stored) in [(true, true), (true, false), (false, true), (false, false)] {
        let old = sid();
        if stored {
            other.put(&ground.key_of(&old), b"cart", HOUR);
        }
        let mut request = Request::on(ground, &old);
        let claim = wish(&alice, "web", at_most(1));
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
        assert_eq!(other.login_of(&ground.key_of(&id)), Some(claim.login));
        assert_eq!(other.peek(&ground.key_of(&id)).unwrap(), b"signed in");
    }
}

pub fn a_new_id_that_never_came_ends_what_was_deleted(ground: &dyn Ground) {
    let (mut other, alice) = (ground.worker(), user("alice"));
    let (old, login) = signed_in(ground);
    let mut request = Request::on(ground, &old);
    request.leave(&old, true);
    assert!(request.state.holds_something());
    request.end();
    assert!(!request.state.holds_something());
    assert_eq!(
        (other.logins(&alice), other.peek(&ground.key_of(&old))),
        (vec![], None)
    );
    assert_eq!(other.addressees(&alice, Kind::Released), [login]);
    assert!(is_free(&mut other, ground, &old));

    let (old, login) = signed_in(ground);
    let mut request = Request::on(ground, &old);
    request.leave(&old, false);
    request.end();
    assert_eq!(other.logins(&alice), [login]);
    assert_eq!(other.peek(&ground.key_of(&old)).unwrap(), b"left");
    assert!(!other.unlocked(&ground.key_of(&old)).login.unwrap().rotated);
    assert!(is_free(&mut other, ground, &old));
}

/// PHP reads the old id once more: there was no new one.
pub fn reading_the_old_id_again_ends_what_was_deleted(ground: &dyn Ground) {
    let (mut other, alice) = (ground.worker(), user("alice"));
    let (old, login) = signed_in(ground);
    let mut request = Request::on(ground, &old);
    request.leave(&old, true);
    assert_eq!(request.read(&old), b"");
    assert_eq!(request.login(), None);
    request.end();
    assert_eq!(other.logins(&alice), []);
    assert_eq!(other.addressees(&alice, Kind::Released), [login]);
    assert!(is_free(&mut other, ground, &old));
}

pub fn a_kicked_session_has_no_heir(ground: &dyn Ground) {
    let (mut other, alice) = (ground.worker(), user("alice"));
    for delete in [true, false] {
        let (old, login) = signed_in(ground);
        let mut request = Request::on(ground, &old);
        assert_eq!(other.kick(&alice, &Which::default()).len(), 1);
        let heir = request.regenerate(&old, delete);
        assert_eq!(request.login(), None);
        let claimed = request.claim(&wish(&alice, "web", at_most(1)));
        assert_eq!(claimed, rsso_core::login::Claimed::Ended);
        assert!(is_ended(request.write(&heir, b"revived")));
        // Nor by another new id.
        let second = request.regenerate(&heir, delete);
        assert!(is_ended(request.write(&second, b"revived")));
        request.end();
        for id in [&old, &heir, &second] {
            assert_eq!(other.peek(&ground.key_of(id)), None, "delete: {delete}");
            assert!(is_free(&mut other, ground, id));
        }
        assert_eq!(other.logins(&alice), []);
        let kick = other.unlocked(&ground.key_of(&old)).kick;
        assert_eq!(kick.unwrap().identity.login, login);
    }
}

pub fn going_on_with_another_session_moves_nothing(ground: &dyn Ground) {
    let (mut other, alice) = (ground.worker(), user("alice"));
    for close in [true, false] {
        let (one, login) = signed_in(ground);
        let two = sid();
        other.put(&ground.key_of(&two), b"another", HOUR);
        let mut request = Request::on(ground, &one);
        if close {
            assert_eq!(request.write(&one, b"data"), Written::Stored);
            request.close();
        }
        assert_eq!(request.read(&two), b"another");
        assert_eq!(request.login(), None);
        assert_eq!(request.write(&two, b"another"), Written::Stored);
        request.end();
        assert_eq!(other.login_of(&ground.key_of(&one)), Some(login));
        assert_eq!(other.login_of(&ground.key_of(&two)), None);
        assert_eq!(other.logins(&alice), [login]);
        assert!(!other.unlocked(&ground.key_of(&one)).login.unwrap().rotated);
        other.kick(&alice, &Which::default());
    }
    // Nor does logging out and going on.
    let (one, login) = signed_in(ground);
    let mut request = Request::on(ground, &one);
    request.destroy(&one);
    let two = sid();
    request.state.created(two.clone(), false);
    request.read(&two);
    assert_eq!(request.write(&two, b"anonymous"), Written::Stored);
    request.end();
    assert_eq!(
        (other.logins(&alice), other.login_of(&ground.key_of(&two))),
        (vec![], None)
    );
    assert_eq!(other.addressees(&alice, Kind::Released), [login]);
}

/// `session_regenerate_id(false)`, and then the application removes the old session itself.
pub fn who_left_an_id_may_destroy_it_alone(ground: &dyn Ground) {
    let (mut other, alice) = (ground.worker(), user("alice"));
    let (old, login) = signed_in(ground);
    let mut request = Request::on(ground, &old);
    let new = request.regenerate(&old, false);
    assert_eq!(request.write(&new, b"renewed"), Written::Stored);
    request.close();
    for read_first in [false, true] {
        if read_first {
            request.read(&old);
        }
        request.destroy(&old);
        assert_eq!(other.peek(&ground.key_of(&old)), None);
        assert_eq!(other.logins(&alice), [login]);
    }
    request.end();
    assert_eq!(other.login_of(&ground.key_of(&new)), Some(login));
    assert_eq!(other.told(&alice).len(), 1);
    // Another request's logout ends them all.
    Request::on(ground, &new).destroy(&new);
    assert_eq!(other.logins(&alice), []);
}

/// Two tabs with one cookie, both at it.
pub fn two_requests_may_renew_one_id(ground: &dyn Ground) {
    let (mut other, alice) = (ground.worker(), user("alice"));
    let (old, login) = signed_in(ground);
    let mut ids = Vec::new();
    for delete in [true, true, false] {
        let mut request = Request::on(ground, &old);
        let new = request.regenerate(&old, delete);
        assert_eq!(request.login(), Some(login));
        assert_eq!(request.write(&new, b"renewed"), Written::Stored);
        request.end();
        ids.push(new);
    }
    for id in &ids {
        assert_eq!(other.login_of(&ground.key_of(id)), Some(login));
    }
    assert_eq!(other.logins(&alice), [login]);
    assert_eq!(other.kick(&alice, &Which::default()).len(), 1);
    for id in ids.iter().chain([&old]) {
        assert_eq!(other.peek(&ground.key_of(id)), None);
    }
}

/// An id that collides is looked at, and another one is made.
pub fn an_id_that_was_only_looked_at_on_the_way_is_not_locked(ground: &dyn Ground) {
    let mut other = ground.worker();
    let ((old, login), (taken, _)) = (signed_in(ground), signed_in(ground));
    let mut request = Request::on(ground, &old);
    request.leave(&old, true);
    let Request {
        worker,
        settings,
        state,
    } = &mut request;
    assert!(
        state
            .validate(
                worker.store.as_mut(),
                settings,
                &taken,
                Validation::Collision
            )
            .unwrap()
    );
    let new = sid();
    request.state.created(new.clone(), true);
    request.read(&new);
    assert_eq!(request.login(), Some(login));
    assert_eq!(request.write(&new, b"renewed"), Written::Stored);
    request.end();
    assert!(is_free(&mut other, ground, &taken));
}

pub fn a_session_without_a_login_is_renewed_as_ever(ground: &dyn Ground) {
    let mut other = ground.worker();
    for delete in [true, false] {
        let old = sid();
        other.put(&ground.key_of(&old), b"cart", HOUR);
        let mut request = Request::on(ground, &old);
        let new = request.regenerate(&old, delete);
        assert_eq!(request.write(&new, b"cart"), Written::Stored);
        request.end();
        // What was deleted is gone; its id stays for the requests under way, as nobody's.
        let left = if delete { &b""[..] } else { b"left" };
        assert_eq!(other.peek(&ground.key_of(&old)).unwrap(), left);
        assert_eq!(other.peek(&ground.key_of(&new)).unwrap(), b"cart");
    }
    let mut unused = RequestState::default();
    unused.finish(other.store.as_mut()).unwrap();
}

fn is_ended(written: Written) -> bool {
    matches!(written, Written::Refused(Refusal::Gone | Refusal::Kicked))
}
