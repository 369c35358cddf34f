//! Claims, releases and kicks as a PHP request uses them.

use std::time::Duration;

use rsso_core::login::event::Kind;
use rsso_core::login::{Claimed, LoginSelector};
use rsso_core::request::{Refusal, Validation, Written};

use crate::common::fixture::{Fixture, HOUR, new_sid};
use crate::common::login_helpers::{new_claim, user, with_max_logins};
use crate::common::php_request::Request;

pub fn a_request_claims_for_the_session_it_has_read(fixture: &dyn Fixture) {
    let (mut other, alice) = (fixture.client(), user("alice"));
    for (stored, ours, lock) in [
        (true, false, "1"),
        (false, false, "1"),
        (false, true, "1"),
        (true, false, "0"),
        (false, true, "0"),
    ] {
        let id = new_sid();
        let key = fixture.key_of(&id);
        if stored {
            other.put(&key, b"cart", HOUR);
        }
        let mut request = Request::begin_with(fixture, &[("lock", lock)]);
        if ours {
            request.state.created(id.clone(), false);
        }
        request.read(&id);
        assert!(request.state.is_active());
        let claim = new_claim(&alice, "web", with_max_logins(1));
        assert!(matches!(request.claim(&claim), Claimed::New(..)));
        assert_eq!(request.login(), Some(claim.login));
        assert!(request.state.login_if_of(&alice, "web").is_some());
        assert!(request.state.login_if_of(&alice, "ios").is_none());
        assert!(request.state.login_if_of(&user("bob"), "web").is_none());
        assert!(matches!(request.claim(&claim), Claimed::Same(..)));
        assert_eq!(request.write(&id, b"signed in"), Written::Stored);
        // A class may write more than once.
        assert_eq!(request.write(&id, b"signed in, twice"), Written::Stored);
        request.end();
        assert!(!request.state.is_active());
        assert_eq!(other.logins(&alice), [claim.login]);
        assert_eq!(other.peek(&key).unwrap(), b"signed in, twice");
        let next = Request::reading(fixture, &id);
        assert_eq!(
            next.state.login(),
            other.store.login_of(&key).unwrap().as_ref()
        );
        drop(next);
        assert!(other.try_lock(&key, Duration::from_secs(5), HOUR).is_ok());
    }
}

pub fn a_claim_for_an_ended_session_creates_no_login(fixture: &dyn Fixture) {
    let (mut other, alice) = (fixture.client(), user("alice"));
    for kicked in [true, false] {
        let id = new_sid();
        let key = fixture.key_of(&id);
        other.put(&key, b"data", HOUR);
        if kicked {
            other.sign_in(&key, &alice, with_max_logins(1));
        }
        let mut request = Request::reading(fixture, &id);
        match kicked {
            true => assert_eq!(other.kick(&alice, &LoginSelector::default()).len(), 1),
            false => assert!(other.destroy(&key)),
        }
        for _ in 0..2 {
            assert_eq!(
                request.claim(&new_claim(&alice, "ios", with_max_logins(1))),
                Claimed::Ended
            );
        }
        let why = if kicked {
            Refusal::Kicked
        } else {
            Refusal::Gone
        };
        assert_eq!(request.write(&id, b"revived"), Written::Refused(why));
        let successor = request.regenerate(&id, true);
        assert_eq!(
            request.write(&successor, b"revived"),
            Written::Refused(Refusal::Gone)
        );
        request.end();
        assert_eq!((other.peek(&key), other.logins(&alice)), (None, vec![]));
    }
}

pub fn a_claim_without_an_open_writable_session_creates_no_login(fixture: &dyn Fixture) {
    let (mut other, alice) = (fixture.client(), user("alice"));
    let id = new_sid();
    let key = fixture.key_of(&id);
    other.put(&key, b"data", HOUR);
    let claim = new_claim(&alice, "web", with_max_logins(1));
    assert_eq!(Request::begin(fixture).claim(&claim), Claimed::Ended);
    let mut closed = Request::reading(fixture, &id);
    closed.close();
    assert_eq!(closed.claim(&claim), Claimed::Ended);
    // Read without its lock, because another request holds it.
    let held = other.read_locked(&key);
    let directives = [("lock_wait", "0.1"), ("lock_failure", "readonly")];
    let mut readonly = Request::begin_with(fixture, &directives);
    assert_eq!(readonly.read(&id), b"data");
    assert_eq!(readonly.claim(&claim), Claimed::Ended);
    assert_eq!(
        readonly.write(&id, b"x"),
        Written::Refused(Refusal::ReadOnly)
    );
    readonly.end();
    other.store.release(&key, held.token).unwrap();
    assert_eq!(
        (other.login_of(&key), other.events_about(&alice).len()),
        (None, 0)
    );
}

pub fn a_request_may_sign_out_and_continue(fixture: &dyn Fixture) {
    let (mut other, alice) = (fixture.client(), user("alice"));
    for lock in ["1", "0"] {
        let id = new_sid();
        let key = fixture.key_of(&id);
        let login = other.add_login(&key, &alice);
        let mut request = Request::begin_with(fixture, &[("lock", lock)]);
        request.read(&id);
        assert_eq!(request.login(), Some(login));
        assert!(request.sign_out());
        assert!(!request.sign_out());
        assert_eq!(request.login(), None);
        assert_eq!(request.write(&id, b"anonymous"), Written::Stored);
        request.end();
        assert_eq!(other.peek(&key).unwrap(), b"anonymous");
        assert_eq!((other.login_of(&key), other.logins(&alice)), (None, vec![]));
    }
    assert!(!Request::begin(fixture).sign_out());
}

pub fn a_logout_ends_the_login(fixture: &dyn Fixture) {
    let (mut other, alice) = (fixture.client(), user("alice"));
    for claims_itself in [true, false] {
        let id = new_sid();
        let key = fixture.key_of(&id);
        let mut request = Request::begin(fixture);
        let login = if claims_itself {
            request.state.created(id.clone(), false);
            request.read(&id);
            let claim = new_claim(&alice, "web", with_max_logins(1));
            request.claim(&claim);
            claim.login
        } else {
            let login = other.add_login(&key, &alice);
            request.read(&id);
            login
        };
        request.destroy(&id);
        request.end();
        assert_eq!((other.logins(&alice), other.peek(&key)), (vec![], None));
        assert_eq!(
            other.logins_in_events(&alice, Kind::Released).last(),
            Some(&login)
        );
        assert_eq!(other.read_unlocked(&key).kick, None);
    }
}

/// The logout comes when the next login has its session under the same id.
pub fn a_late_sign_out_or_destroy_after_a_kick_changes_nothing(fixture: &dyn Fixture) {
    let (mut other, alice) = (fixture.client(), user("alice"));
    for locked in ["1", "0"] {
        let id = new_sid();
        let key = fixture.key_of(&id);
        other.add_login(&key, &alice);
        let mut late = Request::begin_with(fixture, &[("lock", locked)]);
        late.read(&id);
        other.kick(&alice, &LoginSelector::default());
        let (winner, _) = other.sign_in(&key, &alice, with_max_logins(1));
        assert!(!late.sign_out());
        late.destroy(&id);
        late.end();
        assert_eq!(
            (other.login_of(&key), other.logins(&alice)),
            (Some(winner), vec![winner])
        );
        assert!(other.destroy(&key));
    }
}

pub fn a_kicked_browser_learns_of_its_kick(fixture: &dyn Fixture) {
    let (mut other, alice) = (fixture.client(), user("alice"));
    let id = new_sid();
    let key = fixture.key_of(&id);
    let login = other.add_login(&key, &alice);
    let (winner, _) = other.sign_in(&fixture.new_key(), &alice, with_max_logins(1));
    let mut request = Request::begin(fixture);
    assert_eq!(request.read(&id), b"");
    let kick = request.kicked().unwrap();
    assert_eq!(
        (kick.identity.login, kick.by.unwrap().login),
        (login, winner)
    );
    assert_eq!((kick.reason.as_str(), kick.code.number()), ("replaced", -4));
    // Without strict mode it continues under its id.
    assert_eq!(request.write(&id, b"anonymous"), Written::Stored);
    request.end();
    let mut next = Request::begin(fixture);
    assert_eq!(next.read(&id), b"anonymous");
    assert!(next.kicked().is_some());
    // A new sign-in ends the kick.
    assert!(matches!(
        next.claim(&new_claim(&alice, "web", with_max_logins(1))),
        Claimed::New(..)
    ));
    assert_eq!(next.kicked(), None);
    next.end();
    // In strict mode the id is only checked, and found to be gone.
    let gone = new_sid();
    other.add_login(&fixture.key_of(&gone), &alice);
    other.kick(&alice, &LoginSelector::default());
    let mut strict = Request::begin(fixture);
    let (store, state) = (strict.client.store.as_mut(), &mut strict.state);
    assert!(
        !state
            .with(store, &strict.settings)
            .validate(&gone, Validation::Start)
            .unwrap()
    );
    let new = new_sid();
    state.created(new.clone(), false);
    strict.read(&new);
    assert_eq!(strict.kicked().expect("it was presented").code.number(), -5);
}
