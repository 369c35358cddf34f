//! `rsso.auto_claim`: the login follows the user in the session's data.

use rsso_core::login::{Limits, Refused};
use rsso_core::request::{AutoClaimOutcome, Refusal, Written};

use crate::common::fixture::{Fixture, HOUR, new_sid};
use crate::common::login_helpers::{new_claim, refuse_above, user, with_max_logins};
use crate::common::php_request::Request;

pub fn the_login_follows_the_data(fixture: &dyn Fixture) {
    let (mut other, alice, bob) = (fixture.client(), user("alice"), user("bob"));
    let id = new_sid();
    let key = fixture.key_of(&id);
    let assert_live = |expected: [usize; 2]| {
        let mut client = fixture.client();
        let live = [&alice, &bob].map(|user| client.logins(user).len());
        assert_eq!(live, expected);
    };
    // Nobody, alice, still alice, bob, nobody, still nobody.
    let users_in_data = [None, Some(&alice), Some(&alice), Some(&bob), None, None];
    let live = [[0, 0], [1, 0], [1, 0], [0, 1], [0, 0], [0, 0]];
    for (user_in_data, live) in users_in_data.into_iter().zip(live) {
        let mut request = Request::reading(fixture, &id);
        let claim = user_in_data.map(|user| new_claim(user, "web", with_max_logins(1)));
        assert_eq!(
            request.apply_auto_claim(claim.as_ref()),
            AutoClaimOutcome::Allowed
        );
        assert_eq!(
            request.apply_auto_claim(claim.as_ref()),
            AutoClaimOutcome::Allowed
        );
        assert_eq!(request.login().is_some(), user_in_data.is_some());
        assert_eq!(request.write(&id, b"data"), Written::Stored);
        request.end();
        assert_live(live);
    }
    assert_eq!(other.events_about(&alice).len(), 2);
    assert_eq!(other.events_about(&bob).len(), 2);
    assert_eq!(other.peek(&key).unwrap(), b"data");
}

pub fn a_refused_automatic_claim_ends_the_session_with_a_tombstone(fixture: &dyn Fixture) {
    let (mut other, alice) = (fixture.client(), user("alice"));
    let holder = other.add_login(&fixture.new_key(), &alice);
    let storm = Limits {
        storm_limit: 1,
        ..with_max_logins(1)
    };
    for (stored, limits, refused) in [
        (true, refuse_above(1), Refused::Limit),
        (false, refuse_above(1), Refused::Limit),
        (true, storm, Refused::Storm),
    ] {
        let id = new_sid();
        let key = fixture.key_of(&id);
        if stored {
            other.put(&key, b"secret", HOUR);
        }
        let mut holder = holder;
        if refused == Refused::Storm {
            holder = other.sign_in(&fixture.new_key(), &alice, limits).0;
        }
        let mut request = Request::reading(fixture, &id);
        let claim = new_claim(&alice, "web", limits);
        assert_eq!(
            request.apply_auto_claim(Some(&claim)),
            AutoClaimOutcome::Refused
        );
        assert_eq!(
            request.write(&id, b"secret"),
            Written::Refused(Refusal::LoginRefused)
        );
        request.end();
        assert!(!request.state.holds_something());

        let gone = other.read_locked(&key);
        assert_eq!((gone.data, gone.login), (None, None));
        let kick = gone.kick.expect("a tombstone gives the reason");
        assert_eq!(
            (kick.reason.as_str(), kick.code.number()),
            (refused.as_str(), -4)
        );
        assert_eq!(
            (kick.identity.login, kick.identity.uid.as_str()),
            (claim.login, "alice")
        );
        other.store.release(&key, gone.token).unwrap();
        let mut next = Request::begin(fixture);
        assert_eq!(next.read(&id), b"");
        assert_eq!(next.kicked(), Some(kick));
        next.end();
        assert_eq!(other.logins(&alice), [holder]);
    }
}

pub fn an_automatic_claim_after_a_kick_revives_nothing(fixture: &dyn Fixture) {
    let (mut other, alice) = (fixture.client(), user("alice"));
    let id = new_sid();
    let key = fixture.key_of(&id);
    other.add_login(&key, &alice);
    let mut request = Request::reading(fixture, &id);
    let (winner, _) = other.sign_in(&fixture.new_key(), &alice, with_max_logins(1));
    // The data still name the user, and the request still believes that it has the login.
    let claim = new_claim(&alice, "web", with_max_logins(1));
    assert_eq!(
        request.apply_auto_claim(Some(&claim)),
        AutoClaimOutcome::Allowed
    );
    assert_eq!(
        request.write(&id, b"revived"),
        Written::Refused(Refusal::Kicked)
    );
    let other_device = new_claim(&alice, "ios", with_max_logins(1));
    let _welcome = request.apply_auto_claim(Some(&other_device));
    assert_eq!(
        request.write(&id, b"revived"),
        Written::Refused(Refusal::Kicked)
    );
    request.end();
    assert_eq!(
        (other.peek(&key), other.logins(&alice)),
        (None, vec![winner])
    );
}
