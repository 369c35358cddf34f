//! Logins of one user that replace each other too fast: a shared account, or a loop.

use rsso_core::login::event::Kind;
use rsso_core::login::{Claimed, Limits, LoginId, Refused, Which};

use crate::common::fixture::Ground;
use crate::common::login_helpers::{at_most, told_of, user, wish};

pub fn too_many_replacements_are_a_storm(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (alice, bob) = (user("alice"), user("bob"));
    let limits = Limits {
        storm_limit: 3,
        ..at_most(1)
    };
    let mut live: Option<LoginId> = None;
    for _ in 0..4 {
        let (login, kicks) = worker.sign_in(&ground.key(), &alice, limits);
        assert_eq!(kicks.first().map(|kick| kick.identity.login), live);
        live = Some(login);
    }
    let mut refused = Vec::new();
    for class in ["web", "ios", "web"] {
        let held = worker.unlocked(&ground.key());
        let claim = wish(&alice, class, limits);
        let Claimed::Refused(Refused::Storm, holders) = worker.claim(&held, &claim) else {
            panic!("the storm is over too early");
        };
        let live = worker.store.logins(&alice).unwrap();
        assert!(holders.iter().map(told_of).eq(live.iter().map(told_of)));
        refused.push(claim.login);
    }
    assert_eq!(worker.logins(&alice), live.into_iter().collect::<Vec<_>>());
    assert_eq!(worker.addressees(&alice, Kind::Kicked).len(), 3);
    let storms = worker.told_of(&alice, Kind::Storm);
    assert_eq!(storms.len(), 1, "{storms:?}");
    assert_eq!(storms[0]["reason"], "storm");
    assert_eq!(worker.addressees(&alice, Kind::Refused), refused);
    // It is the weather of one user.
    worker.sign_in(&ground.key(), &bob, limits);
    worker.sign_in(&ground.key(), &bob, limits);
    assert_eq!(worker.addressees(&bob, Kind::Storm), []);
}

/// The minute's limit is not passed; how the windows end is `policy::storm`'s own test.
pub fn too_many_replacements_within_an_hour_are_a_storm(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let alice = user("alice");
    let limits = Limits {
        storm_limit: 100,
        storm_limit_hour: 4,
        ..at_most(1)
    };
    for _ in 0..5 {
        worker.sign_in(&ground.key(), &alice, limits);
    }
    for _ in 0..2 {
        let held = worker.unlocked(&ground.key());
        let claimed = worker.claim(&held, &wish(&alice, "web", limits));
        assert!(
            matches!(claimed, Claimed::Refused(Refused::Storm, _)),
            "{claimed:?}"
        );
    }
    assert_eq!(worker.addressees(&alice, Kind::Storm).len(), 1);
    // Without the hour's limit it is none, nor without the minute's.
    for limits in [
        Limits {
            storm_limit_hour: 0,
            ..limits
        },
        at_most(1),
    ] {
        worker.sign_in(&ground.key(), &alice, limits);
    }
}

pub fn who_is_in_may_go_on_in_a_storm(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (key, alice) = (ground.key(), user("alice"));
    let limits = Limits {
        storm_limit: 1,
        ..at_most(1)
    };
    worker.one_more(&ground.key(), &alice);
    let (login, _) = worker.sign_in(&key, &alice, limits);
    let outside = worker.unlocked(&ground.key());
    let claimed = worker.claim(&outside, &wish(&alice, "web", limits));
    assert!(
        matches!(claimed, Claimed::Refused(Refused::Storm, _)),
        "{claimed:?}"
    );
    let inside = worker.unlocked(&key);
    let claimed = worker.claim(&inside, &wish(&alice, "web", limits));
    assert!(matches!(claimed, Claimed::Same(..)), "{claimed:?}");
    // An administrator's order is not weather.
    assert_eq!(worker.kick(&alice, &Which::default()).len(), 1);
    assert_eq!(worker.addressees(&alice, Kind::Kicked).last(), Some(&login));
}

pub fn where_nothing_is_replaced_there_is_no_storm(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let alice = user("alice");
    for max_logins in [0, 30] {
        let limits = Limits {
            storm_limit: 1,
            ..at_most(max_logins)
        };
        for _ in 0..15 {
            worker.sign_in(&ground.key(), &alice, limits);
        }
    }
    assert_eq!(worker.logins(&alice).len(), 30);
    assert_eq!(worker.addressees(&alice, Kind::Storm), []);
}

pub fn zero_never_storms(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let alice = user("alice");
    for _ in 0..25 {
        worker.sign_in(&ground.key(), &alice, at_most(1));
    }
    assert_eq!(worker.addressees(&alice, Kind::Kicked).len(), 24);
    assert_eq!(worker.addressees(&alice, Kind::Storm), []);
}
