//! What a session does with the login that it has: another user's claim, another device's, an end.

use rsso_core::login::event::Kind;
use rsso_core::login::{Claimed, LoginId, Refused};
use rsso_core::store::Outcome;

use crate::common::fixture::{Ground, HOUR};
use crate::common::login_helpers::{at_most, at_most_per_device, refusing, user, wish};

pub fn claiming_another_user_releases_the_first(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (key, alice, bob) = (ground.key(), user("alice"), user("bob"));
    let first = worker.one_more(&key, &alice);
    let before = worker.unlocked(&key);
    let (second, kicks) = worker.sign_in(&key, &bob, at_most(1));
    assert_eq!(kicks, []);
    assert_eq!(
        (worker.logins(&alice), worker.logins(&bob)),
        (vec![], vec![second])
    );
    let after = worker.unlocked(&key);
    assert_eq!(after.data.unwrap(), b"data");
    assert_eq!(
        after.seen.unwrap().generation,
        before.seen.unwrap().generation
    );
    assert_eq!(after.login.unwrap().user, bob.key());
    assert_eq!(worker.addressees(&alice, Kind::Released), [first]);
    assert_eq!(worker.addressees(&alice, Kind::Kicked), []);
    assert_eq!(worker.addressees(&bob, Kind::Claimed), [second]);
    // The session's former login ends nothing any more.
    assert!(!worker.store.sign_out(&key, first).unwrap());
    assert_eq!(worker.login_of(&key), Some(second));
}

pub fn another_device_of_the_user_replaces_the_own_login(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let alice = user("alice");
    for limits in [at_most(1), refusing(1), at_most_per_device(1), at_most(0)] {
        let key = ground.key();
        let first = worker.one_more(&key, &alice);
        let (second, kicks) = worker.sign_in_on(&key, &alice, "ios", limits);
        assert_eq!(kicks, [], "the own login does not count");
        assert_eq!(worker.logins(&alice), [second]);
        assert_eq!(worker.login_of(&key), Some(second));
        assert_eq!(worker.peek(&key).unwrap(), b"data");
        assert!(worker.addressees(&alice, Kind::Released).contains(&first));
        assert!(worker.destroy(&key));
    }
    assert_eq!(worker.addressees(&alice, Kind::Kicked), []);
    assert_eq!(worker.addressees(&alice, Kind::Refused), []);
}

pub fn a_refused_claim_leaves_the_own_login(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (key, other, alice, bob) = (ground.key(), ground.key(), user("alice"), user("bob"));
    let own = worker.one_more(&key, &alice);
    let holder = worker.one_more(&other, &bob);
    let (before, told) = (worker.unlocked(&key), worker.told(&alice));
    let claimed = worker.claim(&before, &wish(&bob, "web", refusing(1)));
    assert!(
        matches!(claimed, Claimed::Refused(Refused::Limit, _)),
        "{claimed:?}"
    );
    let after = worker.unlocked(&key);
    assert_eq!((after.seen, after.login), (before.seen, before.login));
    assert_eq!(
        (worker.logins(&alice), worker.logins(&bob)),
        (vec![own], vec![holder])
    );
    assert_eq!(worker.told(&alice), told);
}

pub fn signing_out_keeps_the_session(ground: &dyn Ground) {
    let (mut a, mut b) = (ground.worker(), ground.worker());
    for locked in [true, false] {
        let (key, alice) = (ground.key(), user(format!("alice {locked}")));
        let login = b.one_more(&key, &alice);
        let held = if locked {
            a.locked(&key)
        } else {
            a.unlocked(&key)
        };
        let stranger = LoginId::new().unwrap();
        assert!(!b.store.sign_out(&key, stranger).unwrap());
        assert!(!b.store.sign_out(&ground.key(), login).unwrap());
        assert_eq!(b.login_of(&key), Some(login));

        assert!(b.store.sign_out(&key, login).unwrap());
        assert!(!b.store.sign_out(&key, login).unwrap());
        let after = b.unlocked(&key);
        assert_eq!(
            (after.seen, after.login, after.kick),
            (held.seen, None, None)
        );
        assert_eq!(b.logins(&alice), []);
        assert_eq!(b.addressees(&alice, Kind::Released), [login]);
        // What was read before is still what is stored.
        assert!(matches!(a.write(&held, b"kept"), Outcome::Stored(_)));
        assert_eq!(b.peek(&key).unwrap(), b"kept");
    }
}

pub fn a_session_may_sign_in_again_after_signing_out(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (key, alice) = (ground.key(), user("alice"));
    let first = worker.one_more(&key, &alice);
    worker.store.sign_out(&key, first).unwrap();
    let (second, kicks) = worker.sign_in(&key, &alice, refusing(1));
    assert_eq!(kicks, []);
    assert_eq!(worker.logins(&alice), [second]);
    // The first one's late end touches nothing of the second.
    assert!(!worker.store.sign_out(&key, first).unwrap());
    assert_eq!(worker.login_of(&key), Some(second));
    assert_eq!(worker.addressees(&alice, Kind::Released), [first]);
}

pub fn a_write_and_a_touch_keep_the_login(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (key, alice) = (ground.key(), user("alice"));
    let login = worker.one_more(&key, &alice);
    let told = worker.told(&alice);
    for _ in 0..3 {
        let held = worker.locked(&key);
        assert!(matches!(worker.write(&held, b"more"), Outcome::Stored(_)));
        let held = worker.locked(&key);
        assert!(matches!(worker.touch(&held, HOUR), Outcome::Stored(_)));
        assert_eq!(worker.login_of(&key), Some(login));
    }
    assert_eq!(worker.logins(&alice), [login]);
    assert_eq!(worker.told(&alice), told);
}
