//! Storms: logins of one user that replace each other too fast are refused.

use rsso_core::login::event::Kind;
use rsso_core::login::{Claimed, Limits, LoginId, LoginSelector, Refused};

use crate::common::fixture::Fixture;
use crate::common::login_helpers::{assert_are_the_logins_of, new_claim, user, with_max_logins};

pub fn too_many_replacements_are_a_storm(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (alice, bob) = (user("alice"), user("bob"));
    let limits = Limits {
        storm_limit: 3,
        ..with_max_logins(1)
    };
    let mut live: Option<LoginId> = None;
    for _ in 0..4 {
        let (login, kicks) = client.sign_in(&fixture.new_key(), &alice, limits);
        assert_eq!(kicks.first().map(|kick| kick.identity.login), live);
        live = Some(login);
    }
    let mut refused = Vec::new();
    for class in ["web", "ios", "web"] {
        let held = client.read_unlocked(&fixture.new_key());
        let claim = new_claim(&alice, class, limits);
        let Claimed::Refused(Refused::Storm, holders) = client.claim(&held, &claim) else {
            panic!("the storm is over too early");
        };
        assert_are_the_logins_of(&alice, &holders, &mut client);
        refused.push(claim.login);
    }
    assert_eq!(client.logins(&alice), live.into_iter().collect::<Vec<_>>());
    assert_eq!(client.logins_in_events(&alice, Kind::Kicked).len(), 3);
    let storms = client.event_data(&alice, Kind::Storm);
    assert_eq!(storms.len(), 1, "{storms:?}");
    assert_eq!(storms[0]["reason"], "storm");
    assert_eq!(client.logins_in_events(&alice, Kind::Refused), refused);
    // Other users are not affected.
    client.sign_in(&fixture.new_key(), &bob, limits);
    client.sign_in(&fixture.new_key(), &bob, limits);
    assert_eq!(client.logins_in_events(&bob, Kind::Storm), []);
}

/// The limit per minute is not reached; `policy::storm` has its own test of the windows' ends.
pub fn too_many_replacements_within_an_hour_are_a_storm(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let alice = user("alice");
    let limits = Limits {
        storm_limit: 100,
        storm_limit_hour: 4,
        ..with_max_logins(1)
    };
    for _ in 0..5 {
        client.sign_in(&fixture.new_key(), &alice, limits);
    }
    for _ in 0..2 {
        let held = client.read_unlocked(&fixture.new_key());
        let claimed = client.claim(&held, &new_claim(&alice, "web", limits));
        assert!(
            matches!(claimed, Claimed::Refused(Refused::Storm, _)),
            "{claimed:?}"
        );
    }
    assert_eq!(client.logins_in_events(&alice, Kind::Storm).len(), 1);
    // It is no storm without the hour's limit, nor without the minute's.
    for limits in [
        Limits {
            storm_limit_hour: 0,
            ..limits
        },
        with_max_logins(1),
    ] {
        client.sign_in(&fixture.new_key(), &alice, limits);
    }
}

pub fn a_signed_in_session_continues_during_a_storm(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (key, alice) = (fixture.new_key(), user("alice"));
    let limits = Limits {
        storm_limit: 1,
        ..with_max_logins(1)
    };
    client.add_login(&fixture.new_key(), &alice);
    let (login, _) = client.sign_in(&key, &alice, limits);
    let outside = client.read_unlocked(&fixture.new_key());
    let claimed = client.claim(&outside, &new_claim(&alice, "web", limits));
    assert!(
        matches!(claimed, Claimed::Refused(Refused::Storm, _)),
        "{claimed:?}"
    );
    let inside = client.read_unlocked(&key);
    let claimed = client.claim(&inside, &new_claim(&alice, "web", limits));
    assert!(matches!(claimed, Claimed::Same(..)), "{claimed:?}");
    // An administrator's kick is not subject to the storm limit.
    assert_eq!(client.kick(&alice, &LoginSelector::default()).len(), 1);
    assert_eq!(
        client.logins_in_events(&alice, Kind::Kicked).last(),
        Some(&login)
    );
}

pub fn without_replacements_there_is_no_storm(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let alice = user("alice");
    for max_logins in [0, 30] {
        let limits = Limits {
            storm_limit: 1,
            ..with_max_logins(max_logins)
        };
        for _ in 0..15 {
            client.sign_in(&fixture.new_key(), &alice, limits);
        }
    }
    assert_eq!(client.logins(&alice).len(), 30);
    assert_eq!(client.logins_in_events(&alice, Kind::Storm), []);
}

pub fn zero_turns_storms_off(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let alice = user("alice");
    for _ in 0..25 {
        client.sign_in(&fixture.new_key(), &alice, with_max_logins(1));
    }
    assert_eq!(client.logins_in_events(&alice, Kind::Kicked).len(), 24);
    assert_eq!(client.logins_in_events(&alice, Kind::Storm), []);
}
