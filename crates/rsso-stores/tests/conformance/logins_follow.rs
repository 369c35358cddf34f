//! `rsso.auto_claim`: the login follows what stands in the session.

use rsso_core::login::{Limits, Refused};
use rsso_core::request::{Followed, Refusal, Written};

use super::ground::{Ground, HOUR, sid};
use super::php::Request;
use super::signing::{at_most, refusing, user, wish};

pub fn the_login_follows_the_data(ground: &dyn Ground) {
    let (mut other, alice, bob) = (ground.worker(), user("alice"), user("bob"));
    let id = sid();
    let key = ground.key_of(&id);
    let is = |expected: [usize; 2]| {
        let mut worker = ground.worker();
        let live = [&alice, &bob].map(|user| worker.logins(user).len());
        assert_eq!(live, expected);
    };
    // Nobody, alice, still alice, bob, nobody, still nobody.
    let wishes = [None, Some(&alice), Some(&alice), Some(&bob), None, None];
    let live = [[0, 0], [1, 0], [1, 0], [0, 1], [0, 0], [0, 0]];
    for (wished, live) in wishes.into_iter().zip(live) {
        let mut request = Request::on(ground, &id);
        let claim = wished.map(|user| wish(user, "web", at_most(1)));
        assert_eq!(request.follow(claim.as_ref()), Followed::Welcome);
        assert_eq!(request.follow(claim.as_ref()), Followed::Welcome);
        assert_eq!(request.login().is_some(), wished.is_some());
        assert_eq!(request.write(&id, b"data"), Written::Stored);
        request.end();
        is(live);
    }
    assert_eq!(other.told(&alice).len(), 2);
    assert_eq!(other.told(&bob).len(), 2);
    assert_eq!(other.peek(&key).unwrap(), b"data");
}

pub fn who_may_not_follow_is_turned_away(ground: &dyn Ground) {
    let (mut other, alice) = (ground.worker(), user("alice"));
    let holder = other.one_more(&ground.key(), &alice);
    let storm = Limits {
        storm_limit: 1,
        ..at_most(1)
    };
    for (stored, limits, refused) in [
        (true, refusing(1), Refused::Limit),
        (false, refusing(1), Refused::Limit),
        (true, storm, Refused::Storm),
    ] {
        let id = sid();
        let key = ground.key_of(&id);
        if stored {
            other.put(&key, b"secret", HOUR);
        }
        let mut holder = holder;
        if refused == Refused::Storm {
            holder = other.sign_in(&ground.key(), &alice, limits).0;
        }
        let mut request = Request::on(ground, &id);
        let claim = wish(&alice, "web", limits);
        assert_eq!(request.follow(Some(&claim)), Followed::TurnedAway);
        assert_eq!(
            request.write(&id, b"secret"),
            Written::Refused(Refusal::TurnedAway)
        );
        request.end();
        assert!(!request.state.holds_something());

        let gone = other.locked(&key);
        assert_eq!((gone.data, gone.login), (None, None));
        let kick = gone.kick.expect("word is left why");
        assert_eq!(
            (kick.reason.as_str(), kick.code.number()),
            (refused.as_str(), -4)
        );
        assert_eq!(
            (kick.identity.login, kick.identity.uid.as_str()),
            (claim.login, "alice")
        );
        other.store.release(&key, gone.token).unwrap();
        let mut next = Request::begin(ground);
        assert_eq!(next.read(&id), b"");
        assert_eq!(next.kicked(), Some(kick));
        next.end();
        assert_eq!(other.logins(&alice), [holder]);
    }
}

pub fn following_after_a_kick_brings_nothing_back(ground: &dyn Ground) {
    let (mut other, alice) = (ground.worker(), user("alice"));
    let id = sid();
    let key = ground.key_of(&id);
    other.one_more(&key, &alice);
    let mut request = Request::on(ground, &id);
    let (winner, _) = other.sign_in(&ground.key(), &alice, at_most(1));
    // The data still say who it is, and the request still believes that it has the login.
    let claim = wish(&alice, "web", at_most(1));
    assert_eq!(request.follow(Some(&claim)), Followed::Welcome);
    assert_eq!(
        request.write(&id, b"revived"),
        Written::Refused(Refusal::Kicked)
    );
    let other_device = wish(&alice, "ios", at_most(1));
    let _welcome = request.follow(Some(&other_device));
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
