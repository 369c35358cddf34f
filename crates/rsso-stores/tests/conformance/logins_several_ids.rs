//! A login with several session ids: it lives on any of them, and ends on all of them.

use rsso_core::SessionKey;
use rsso_core::login::event::Kind;
use rsso_core::login::{Claimed, ROTATION_GRACE, User, Which};
use rsso_core::store::{End, Outcome};

use crate::common::fixture::{Ground, HOUR, Worker};
use crate::common::login_helpers::{at_most, user, wish};

pub fn a_login_lives_as_long_as_one_of_its_sessions(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let alice = user("alice");
    for first in [0, 1] {
        let keys = [ground.key(), ground.key()];
        let login = worker.one_more(&keys[0], &alice);
        worker.rotate(&keys[0], &keys[1], login).unwrap();
        ground.remove_behind_its_back(&keys[first]);
        assert_eq!(worker.logins(&alice), [login]);
        assert_eq!(worker.login_of(&keys[1 - first]), Some(login));
        ground.remove_behind_its_back(&keys[1 - first]);
        assert_eq!(worker.logins(&alice), []);
    }
    assert_eq!(worker.addressees(&alice, Kind::Kicked), []);
}

pub fn destroying_one_session_ends_the_login_with_all_of_them(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let alice = user("alice");
    for destroyed in 0..3 {
        let keys = [(); 3].map(|()| ground.key());
        let login = worker.one_more(&keys[0], &alice);
        worker.rotate(&keys[0], &keys[1], login).unwrap();
        worker.rotate(&keys[1], &keys[2], login).unwrap();
        let under_way = worker.unlocked(&keys[2 - destroyed]);
        assert!(worker.destroy(&keys[destroyed]));
        assert_eq!(worker.logins(&alice), []);
        for key in &keys {
            let gone = worker.unlocked(key);
            assert_eq!((gone.data, gone.kick), (None, None));
        }
        assert_eq!(worker.write(&under_way, b"revived"), Outcome::Gone);
        assert_eq!(
            worker.addressees(&alice, Kind::Released).last(),
            Some(&login)
        );
    }
    assert_eq!(worker.addressees(&alice, Kind::Released).len(), 3);
    assert_eq!(worker.addressees(&alice, Kind::Expired), []);
}

/// `session_regenerate_id(false)`, and then the application removes the old session.
pub fn the_old_session_may_be_destroyed_alone(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (old, new, alice) = (ground.key(), ground.key(), user("alice"));
    let login = worker.one_more(&old, &alice);
    let told = worker.told(&alice);
    worker.rotate(&old, &new, login).unwrap();
    let end = End {
        alone: true,
        ..End::default()
    };
    assert!(worker.store.destroy(&old, None, end).unwrap());
    assert_eq!(
        (worker.peek(&old), worker.login_of(&new)),
        (None, Some(login))
    );
    assert_eq!(
        (worker.logins(&alice), worker.told(&alice)),
        (vec![login], told)
    );
    assert!(worker.destroy(&new));
    assert_eq!(worker.logins(&alice), []);
}

pub fn claiming_again_from_the_old_id_is_the_same_login(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (old, new, alice) = (ground.key(), ground.key(), user("alice"));
    let login = worker.one_more(&old, &alice);
    worker.rotate(&old, &new, login).unwrap();
    for (key, rotated) in [(&old, true), (&new, false)] {
        let held = worker.unlocked(key);
        let claimed = worker.claim(&held, &wish(&alice, "web", at_most(1)));
        let Claimed::Same(version, bound) = claimed else {
            panic!("{claimed:?}");
        };
        assert_eq!(
            (Some(version), Some(&bound)),
            (held.seen, held.login.as_ref())
        );
        assert_eq!(
            (bound.login.identity.login, bound.rotated),
            (login, rotated)
        );
    }
    assert_eq!(worker.told(&alice).len(), 1);
}

pub fn claiming_otherwise_ends_the_login_on_its_other_ids(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (alice, bob) = (user("alice"), user("bob"));
    for (user, class) in [(&bob, "web"), (&alice, "ios")] {
        let (old, new) = (ground.key(), ground.key());
        let login = worker.one_more(&old, &alice);
        worker.rotate(&old, &new, login).unwrap();
        let (other, kicks) = worker.sign_in_on(&new, user, class, at_most(0));
        assert_eq!(kicks, []);
        assert_eq!(
            (worker.login_of(&new), worker.login_of(&old)),
            (Some(other), None)
        );
        assert_eq!(
            worker.peek(&old).unwrap(),
            b"",
            "nobody's, for requests under way"
        );
        assert!(ground.seconds_left(&old) <= ROTATION_GRACE.as_secs() + 1);
        assert_eq!(
            worker.addressees(&alice, Kind::Released).last(),
            Some(&login)
        );
    }
}

/// One of its ids was removed, and somebody has begun anew under it: that session is not the login's.
pub fn what_has_begun_anew_under_an_id_is_spared(ground: &dyn Ground) {
    let mut worker = ground.worker();
    type End = fn(&mut Worker, &dyn Ground, &User, &SessionKey);
    let ends: [End; 4] = [
        |worker, _, user, _| assert_eq!(worker.kick(user, &Which::default()).len(), 1),
        |worker, ground, user, _| {
            worker.sign_in(&ground.key(), user, at_most(1));
        },
        |worker, _, _, key| assert!(worker.destroy(key)),
        |worker, _, user, key| {
            worker.sign_in_on(key, user, "ios", at_most(0));
        },
    ];
    for (number, end) in ends.into_iter().enumerate() {
        let (old, new, user) = (ground.key(), ground.key(), user(number.to_string()));
        let login = worker.one_more(&old, &user);
        worker.rotate(&old, &new, login).unwrap();
        ground.remove_behind_its_back(&old);
        worker.put(&old, b"anew", HOUR);
        let anew = worker.unlocked(&old);
        end(&mut worker, ground, &user, &new);
        assert_ne!(worker.login_of(&new), Some(login));
        let after = worker.unlocked(&old);
        assert_eq!(
            (after.data, after.seen, after.login),
            (anew.data, anew.seen, None)
        );
        assert_eq!(worker.store.kick_of(&old).unwrap(), None);
    }
}
