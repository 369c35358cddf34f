//! Fencing of kicks: a request that read its session before the kick cannot bring it back.

use rsso_core::SessionKey;
use rsso_core::login::event::Kind;
use rsso_core::login::{Claimed, LoginId, LoginSelector, User};
use rsso_core::store::{End, Outcome};

use crate::common::fixture::{Fixture, HOUR, HeldSession, StoreClient};
use crate::common::login_helpers::{new_claim, refuse_above, user, with_max_logins};

const ROUNDS: usize = 12;

/// An operation of another client that ends the login.
type Ending = fn(&mut StoreClient, &dyn Fixture, &User, &SessionKey);

const ENDINGS: [Ending; 3] = [
    |client, fixture, user, _| {
        client.sign_in(&fixture.new_key(), user, with_max_logins(1));
    },
    |client, _, user, _| assert_eq!(client.kick(user, &LoginSelector::default()).len(), 1),
    |client, _, _, key| assert!(client.destroy(key)),
];

/// Asserts that `act` changes nothing after another client has ended the login.
fn assert_cannot(
    fixture: &dyn Fixture,
    act: fn(&mut StoreClient, &dyn Fixture, &HeldSession, LoginId, &User),
) {
    let (mut a, mut b) = (fixture.client(), fixture.client());
    for round in 0..ROUNDS {
        let (key, user) = (fixture.new_key(), user(format!("user {round}")));
        let login = b.add_login(&key, &user);
        let held = if round % 2 == 0 {
            a.read_locked(&key)
        } else {
            a.read_unlocked(&key)
        };
        assert_eq!(held.login.as_ref().unwrap().login.identity.login, login);
        let ending = round % ENDINGS.len();
        ENDINGS[ending](&mut b, fixture, &user, &key);
        let (logins, kick) = (b.logins(&user), b.store.kick_of(&key).unwrap());
        assert_eq!(kick.is_some(), ending < 2, "round {round}");

        act(&mut a, fixture, &held, login, &user);
        a.store.release(&key, held.token).unwrap();

        let after = b.read_unlocked(&key);
        assert_eq!(
            (after.data, after.login, after.kick),
            (None, None, kick),
            "round {round}"
        );
        assert_eq!(b.logins(&user), logins, "round {round}");
        let [kicked, released] =
            [Kind::Kicked, Kind::Released].map(|kind| b.logins_in_events(&user, kind));
        assert_eq!([kicked, released].concat(), [login], "round {round}");
    }
}

pub fn a_kicked_request_cannot_write(fixture: &dyn Fixture) {
    assert_cannot(fixture, |client, _, held, _, _| {
        assert_eq!(client.write(held, b"revived"), Outcome::Gone);
    });
}

pub fn a_kicked_request_cannot_touch(fixture: &dyn Fixture) {
    assert_cannot(fixture, |client, _, held, _, _| {
        client.touch_without_effect(held);
    });
}

pub fn a_kicked_request_cannot_rotate(fixture: &dyn Fixture) {
    assert_cannot(fixture, |client, fixture, held, login, _| {
        let to = fixture.new_key();
        assert_eq!(client.rotate(&held.key, &to, login), None);
        assert_eq!(client.peek(&to), None);
    });
}

pub fn a_kicked_request_cannot_claim_again(fixture: &dyn Fixture) {
    assert_cannot(fixture, |client, _, held, _, user| {
        for limits in [with_max_logins(1), with_max_logins(0), refuse_above(9)] {
            for class in ["web", "ios"] {
                let claimed = client.claim(held, &new_claim(user, class, limits));
                assert_eq!(claimed, Claimed::Ended);
            }
        }
    });
}

pub fn a_request_whose_login_ended_cannot_sign_out_or_destroy(fixture: &dyn Fixture) {
    assert_cannot(fixture, |client, _, held, login, _| {
        assert!(!client.store.sign_out(&held.key, login).unwrap());
        let end = End {
            seen: held.seen.map(|seen| seen.generation),
            ..End::default()
        };
        let token = held.locked.then_some(held.token);
        assert!(!client.store.destroy(&held.key, token, end).unwrap());
    });
}

/// Without strict mode the browser keeps its id; then a request from before the kick continues.
pub fn a_kicked_request_cannot_change_the_next_session_under_its_id(fixture: &dyn Fixture) {
    let (mut a, mut b) = (fixture.client(), fixture.client());
    for round in 0..ROUNDS {
        let (key, to, user) = (
            fixture.new_key(),
            fixture.new_key(),
            user(format!("user {round}")),
        );
        let old = b.add_login(&key, &user);
        let held = a.read_unlocked(&key);
        b.kick(&user, &LoginSelector::default());
        b.put(&key, b"anew", HOUR);
        let winner = b.sign_in(&key, &user, with_max_logins(1)).0;
        let anew = b.read_unlocked(&key);

        assert_eq!(a.write(&held, b"revived"), Outcome::Gone);
        a.touch_without_effect(&held);
        assert_eq!(a.rotate(&key, &to, old), None);
        assert_eq!(
            a.claim(&held, &new_claim(&user, "web", with_max_logins(1))),
            Claimed::Ended
        );
        assert!(!a.store.sign_out(&key, old).unwrap());
        let end = End {
            seen: held.seen.map(|seen| seen.generation),
            ..End::default()
        };
        assert!(!a.store.destroy(&key, None, end).unwrap());

        let after = b.read_unlocked(&key);
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

pub fn a_released_login_cannot_be_rotated(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (key, to, alice) = (fixture.new_key(), fixture.new_key(), user("alice"));
    let login = client.add_login(&key, &alice);
    assert!(client.store.sign_out(&key, login).unwrap());
    assert_eq!(client.rotate(&key, &to, login), None);
    assert_eq!(
        (client.peek(&to), client.logins(&alice)),
        (None, Vec::new())
    );
    assert_eq!(client.peek(&key).unwrap(), b"data");
}
