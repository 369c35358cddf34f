//! How many logins live at once, which of them makes room, and when the newcomer is turned away.

use std::time::Duration;

use rsso_core::login::event::Kind;
use rsso_core::login::{Claimed, Limits, LoginId, Refused, User, Victim};
use rsso_core::store::Outcome;

use crate::common::fixture::{Ground, HOUR, Worker};
use crate::common::login_helpers::{at_most, at_most_per_device, refusing, told_of, user, wish};

/// Signs in from one more session, and says whom that has cost a login.
fn next(
    worker: &mut Worker,
    ground: &dyn Ground,
    user: &User,
    class: &str,
    limits: Limits,
) -> (LoginId, Vec<LoginId>) {
    let (login, kicks) = worker.sign_in_on(&ground.key(), user, class, limits);
    (
        login,
        kicks.iter().map(|kick| kick.identity.login).collect(),
    )
}

pub fn so_many_logins_and_no_more(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let alice = user("alice");
    let mut all = Vec::new();
    for number in 0..8 {
        let (login, kicked) = next(&mut worker, ground, &alice, "web", at_most(3));
        let makes_room = if number < 3 {
            vec![]
        } else {
            vec![all[number - 3]]
        };
        assert_eq!(kicked, makes_room);
        all.push(login);
        assert_eq!(worker.logins(&alice), all[all.len().saturating_sub(3)..]);
    }
    assert_eq!(worker.addressees(&alice, Kind::Kicked), all[..5]);
}

pub fn each_device_has_a_limit_of_its_own(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (alice, one) = (user("alice"), at_most_per_device(1));
    let (web, _) = next(&mut worker, ground, &alice, "web", one);
    let (ios, kicked) = next(&mut worker, ground, &alice, "ios", one);
    assert_eq!(kicked, []);
    let (newer_web, kicked) = next(&mut worker, ground, &alice, "web", one);
    assert_eq!(kicked, [web]);
    let (newer_ios, kicked) = next(&mut worker, ground, &alice, "ios", one);
    assert_eq!(kicked, [ios]);
    assert_eq!(worker.logins(&alice), [newer_web, newer_ios]);
}

pub fn both_limits_hold_at_once(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let alice = user("alice");
    let both = Limits {
        max_logins_per_device: 1,
        ..at_most(2)
    };
    let (web, _) = next(&mut worker, ground, &alice, "web", both);
    let (ios, _) = next(&mut worker, ground, &alice, "ios", both);
    // Who makes room for the device makes room for the user as well.
    let (newer_ios, kicked) = next(&mut worker, ground, &alice, "ios", both);
    assert_eq!(kicked, [ios]);
    let (pc, kicked) = next(&mut worker, ground, &alice, "pc", both);
    assert_eq!(kicked, [web]);
    assert_eq!(worker.logins(&alice), [newer_ios, pc]);
}

pub fn a_lower_limit_ends_as_many_as_it_must(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let alice = user("alice");
    let all: Vec<_> = (0..6)
        .map(|_| next(&mut worker, ground, &alice, "web", at_most(0)).0)
        .collect();
    let (newcomer, kicked) = next(&mut worker, ground, &alice, "web", at_most(3));
    assert_eq!(kicked, all[..4]);
    assert_eq!(worker.logins(&alice), [all[4], all[5], newcomer]);
    assert_eq!(worker.addressees(&alice, Kind::Kicked), all[..4]);
}

pub fn zero_is_no_limit(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let alice = user("alice");
    let all: Vec<_> = (0..40)
        .map(|_| next(&mut worker, ground, &alice, "web", refusing(0)).0)
        .collect();
    assert_eq!(worker.logins(&alice), all);
}

pub fn the_idle_one_makes_room(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let alice = user("alice");
    let idle = Limits {
        victim: Victim::Idle,
        ..at_most(3)
    };
    let keys: Vec<_> = (0..3).map(|_| ground.key()).collect();
    let logins: Vec<_> = keys
        .iter()
        .map(|key| worker.one_more(key, &alice))
        .collect();
    // As if time had passed: who is refreshed later expires later.
    for (number, later) in [(0, 300), (2, 200), (1, 100)] {
        let held = worker.locked(&keys[number]);
        let ttl = HOUR + Duration::from_secs(later);
        assert!(matches!(worker.touch(&held, ttl), Outcome::Stored(_)));
    }
    for victim in [1, 2, 0] {
        let key = ground.key();
        let (_, kicks) = worker.sign_in(&key, &alice, idle);
        assert_eq!(kicks.len(), 1);
        assert_eq!(kicks[0].identity.login, logins[victim]);
        // The newcomers are the busiest.
        let held = worker.locked(&key);
        worker.touch(&held, 2 * HOUR);
    }
}

/// Clocks cannot tell those of one second apart, and ids of logins tell nothing: the user's counter does.
pub fn the_one_that_was_claimed_first_makes_room(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let alice = user("alice");
    let held: Vec<_> = (0..6).map(|_| worker.unlocked(&ground.key())).collect();
    let claims: Vec<_> = held
        .iter()
        .map(|_| wish(&alice, "web", at_most(0)))
        .collect();
    // The newest id is claimed first.
    for (held, claim) in held.iter().zip(&claims).rev() {
        assert!(matches!(worker.claim(held, claim), Claimed::New(..)));
    }
    let order: Vec<_> = claims.iter().rev().map(|claim| claim.login).collect();
    assert_eq!(worker.logins(&alice), order);
    for login in order {
        let (_, kicked) = next(&mut worker, ground, &alice, "web", at_most(6));
        assert_eq!(kicked, [login]);
    }
}

pub fn a_newcomer_is_refused(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (one, two, alice) = (ground.key(), ground.key(), user("alice"));
    let holder = worker.one_more(&one, &alice);
    worker.put(&two, b"data", HOUR);
    let held = worker.locked(&two);
    let claim = wish(&alice, "ios", refusing(1));
    for times in 1..=3 {
        let Claimed::Refused(Refused::Limit, holders) = worker.claim(&held, &claim) else {
            panic!("there is no free login");
        };
        let live = worker.store.logins(&alice).unwrap();
        assert!(holders.iter().map(told_of).eq(live.iter().map(told_of)));
        assert_eq!(holders[0].identity.login, holder);
        let told = worker.told_of(&alice, Kind::Refused);
        assert_eq!(told.len(), times);
        assert_eq!(told[0]["login"], claim.login.to_string());
        assert_eq!(
            (&told[0]["device"], &told[0]["reason"]),
            (&"ios".into(), &"limit".into())
        );
    }
    assert_eq!(worker.addressees(&alice, Kind::Claimed), [holder]);
    assert_eq!(worker.addressees(&alice, Kind::Kicked), []);
    // Nobody's session was touched.
    assert_eq!(worker.login_of(&one), Some(holder));
    assert_eq!(worker.peek(&one).unwrap(), b"data");
    assert!(matches!(
        worker.write(&held, b"anonymous"),
        Outcome::Stored(_)
    ));
    assert_eq!(
        (worker.login_of(&two), worker.peek(&two).unwrap()),
        (None, b"anonymous".to_vec())
    );
}

pub fn a_refused_claim_makes_no_session(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (key, alice) = (ground.key(), user("alice"));
    worker.one_more(&ground.key(), &alice);
    let held = worker.unlocked(&key);
    let claimed = worker.claim(&held, &wish(&alice, "web", refusing(1)));
    assert!(matches!(claimed, Claimed::Refused(..)), "{claimed:?}");
    let after = worker.unlocked(&key);
    assert_eq!((after.data, after.kick), (None, None));
}

pub fn refusing_goes_by_device_as_well(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let alice = user("alice");
    let limits = Limits {
        max_logins_per_device: 1,
        ..refusing(2)
    };
    next(&mut worker, ground, &alice, "web", limits);
    for (class, refused) in [("web", true), ("ios", false), ("ios", true), ("pc", true)] {
        let held = worker.unlocked(&ground.key());
        let claimed = worker.claim(&held, &wish(&alice, class, limits));
        assert_eq!(matches!(claimed, Claimed::Refused(..)), refused, "{class}");
        assert_eq!(matches!(claimed, Claimed::New(..)), !refused, "{class}");
    }
    assert_eq!(worker.logins(&alice).len(), 2);
}
