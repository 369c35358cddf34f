//! Kicked in flight: a request that has read the session before its kick cannot bring it back.

use rsso_core::SessionKey;
use rsso_core::login::event::Kind;
use rsso_core::login::{Claimed, LoginId, User, Which};
use rsso_core::store::{End, Outcome};

use crate::common::fixture::{Ground, HOUR, Held, Worker};
use crate::common::login_helpers::{at_most, refusing, user, wish};

const ROUNDS: usize = 12;

/// What ends a login from elsewhere.
type Blow = fn(&mut Worker, &dyn Ground, &User, &SessionKey);

const BLOWS: [Blow; 3] = [
    |worker, ground, user, _| {
        worker.sign_in(&ground.key(), user, at_most(1));
    },
    |worker, _, user, _| assert_eq!(worker.kick(user, &Which::default()).len(), 1),
    |worker, _, _, key| assert!(worker.destroy(key)),
];

/// A request has read a session with a login; then it loses that login, and acts.
fn cannot(ground: &dyn Ground, act: fn(&mut Worker, &dyn Ground, &Held, LoginId, &User)) {
    let (mut a, mut b) = (ground.worker(), ground.worker());
    for round in 0..ROUNDS {
        let (key, user) = (ground.key(), user(format!("user {round}")));
        let login = b.one_more(&key, &user);
        let held = if round % 2 == 0 {
            a.locked(&key)
        } else {
            a.unlocked(&key)
        };
        assert_eq!(held.login.as_ref().unwrap().login.identity.login, login);
        let blow = round % BLOWS.len();
        BLOWS[blow](&mut b, ground, &user, &key);
        let (logins, kick) = (b.logins(&user), b.store.kick_of(&key).unwrap());
        assert_eq!(kick.is_some(), blow < 2, "round {round}");

        act(&mut a, ground, &held, login, &user);
        a.store.release(&key, held.token).unwrap();

        let after = b.unlocked(&key);
        assert_eq!(
            (after.data, after.login, after.kick),
            (None, None, kick),
            "round {round}"
        );
        assert_eq!(b.logins(&user), logins, "round {round}");
        let [kicked, released] =
            [Kind::Kicked, Kind::Released].map(|kind| b.addressees(&user, kind));
        assert_eq!([kicked, released].concat(), [login], "round {round}");
    }
}

pub fn a_kicked_request_cannot_write(ground: &dyn Ground) {
    cannot(ground, |worker, _, held, _, _| {
        assert_eq!(worker.write(held, b"revived"), Outcome::Gone);
    });
}

pub fn a_kicked_request_cannot_touch(ground: &dyn Ground) {
    cannot(ground, |worker, _, held, _, _| {
        worker.touch_in_vain(held);
    });
}

pub fn a_kicked_request_cannot_rotate(ground: &dyn Ground) {
    cannot(ground, |worker, ground, held, login, _| {
        let to = ground.key();
        assert_eq!(worker.rotate(&held.key, &to, login), None);
        assert_eq!(worker.peek(&to), None);
    });
}

pub fn a_kicked_request_cannot_claim_its_way_back(ground: &dyn Ground) {
    cannot(ground, |worker, _, held, _, user| {
        for limits in [at_most(1), at_most(0), refusing(9)] {
            for class in ["web", "ios"] {
                let claimed = worker.claim(held, &wish(user, class, limits));
                assert_eq!(claimed, Claimed::Ended);
            }
        }
    });
}

pub fn a_kicked_request_has_nothing_to_end(ground: &dyn Ground) {
    cannot(ground, |worker, _, held, login, _| {
        assert!(!worker.store.sign_out(&held.key, login).unwrap());
        let end = End {
            seen: held.seen.map(|seen| seen.generation),
            ..End::default()
        };
        let token = held.locked.then_some(held.token);
        assert!(!worker.store.destroy(&held.key, token, end).unwrap());
    });
}

/// The browser goes on under its old id, without strict mode; a request of before its kick wakes up.
pub fn a_kicked_request_leaves_the_next_session_under_its_id_alone(ground: &dyn Ground) {
    let (mut a, mut b) = (ground.worker(), ground.worker());
    for round in 0..ROUNDS {
        let (key, to, user) = (ground.key(), ground.key(), user(format!("user {round}")));
        let old = b.one_more(&key, &user);
        let held = a.unlocked(&key);
        b.kick(&user, &Which::default());
        b.put(&key, b"anew", HOUR);
        let winner = b.sign_in(&key, &user, at_most(1)).0;
        let anew = b.unlocked(&key);

        assert_eq!(a.write(&held, b"revived"), Outcome::Gone);
        a.touch_in_vain(&held);
        assert_eq!(a.rotate(&key, &to, old), None);
        assert_eq!(
            a.claim(&held, &wish(&user, "web", at_most(1))),
            Claimed::Ended
        );
        assert!(!a.store.sign_out(&key, old).unwrap());
        let end = End {
            seen: held.seen.map(|seen| seen.generation),
            ..End::default()
        };
        assert!(!a.store.destroy(&key, None, end).unwrap());

        let after = b.unlocked(&key);
        assert_eq!(
            (after.data, after.seen),
            (anew.data, anew.seen),
            "round {round}"
        );
        assert_eq!(after.login, anew.login);
        assert_eq!(b.logins(&user), [winner]);
        assert_eq!(b.peek(&to), None);
    }
}

pub fn a_login_that_was_signed_out_cannot_be_rotated(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (key, to, alice) = (ground.key(), ground.key(), user("alice"));
    let login = worker.one_more(&key, &alice);
    assert!(worker.store.sign_out(&key, login).unwrap());
    assert_eq!(worker.rotate(&key, &to, login), None);
    assert_eq!(
        (worker.peek(&to), worker.logins(&alice)),
        (None, Vec::new())
    );
    assert_eq!(worker.peek(&key).unwrap(), b"data");
}
