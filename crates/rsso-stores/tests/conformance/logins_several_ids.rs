//! A login with several session ids: one of them keeps it alive, and its end ends them all.

use rsso_core::SessionKey;
use rsso_core::login::event::Kind;
use rsso_core::login::{Claimed, LoginSelector, ROTATION_GRACE, User};
use rsso_core::store::{End, Outcome};

use crate::common::fixture::{Fixture, HOUR, StoreClient};
use crate::common::login_helpers::{new_claim, user, with_max_logins};

pub fn a_login_lives_as_long_as_one_of_its_sessions(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let alice = user("alice");
    for first in [0, 1] {
        let keys = [fixture.new_key(), fixture.new_key()];
        let login = client.add_login(&keys[0], &alice);
        client.rotate(&keys[0], &keys[1], login).unwrap();
        fixture.remove_without_rsso(&keys[first]);
        assert_eq!(client.logins(&alice), [login]);
        assert_eq!(client.login_of(&keys[1 - first]), Some(login));
        fixture.remove_without_rsso(&keys[1 - first]);
        assert_eq!(client.logins(&alice), []);
    }
    assert_eq!(client.logins_in_events(&alice, Kind::Kicked), []);
}

pub fn destroying_one_session_ends_the_login_and_its_other_sessions(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let alice = user("alice");
    for destroyed in 0..3 {
        let keys = [(); 3].map(|()| fixture.new_key());
        let login = client.add_login(&keys[0], &alice);
        client.rotate(&keys[0], &keys[1], login).unwrap();
        client.rotate(&keys[1], &keys[2], login).unwrap();
        let under_way = client.read_unlocked(&keys[2 - destroyed]);
        assert!(client.destroy(&keys[destroyed]));
        assert_eq!(client.logins(&alice), []);
        for key in &keys {
            let gone = client.read_unlocked(key);
            assert_eq!((gone.data, gone.kick), (None, None));
        }
        assert_eq!(client.write(&under_way, b"revived"), Outcome::Gone);
        assert_eq!(
            client.logins_in_events(&alice, Kind::Released).last(),
            Some(&login)
        );
    }
    assert_eq!(client.logins_in_events(&alice, Kind::Released).len(), 3);
    assert_eq!(client.logins_in_events(&alice, Kind::Expired), []);
}

/// `session_regenerate_id(false)`, and then the application removes the old session.
pub fn the_old_session_may_be_destroyed_alone(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (old, new, alice) = (fixture.new_key(), fixture.new_key(), user("alice"));
    let login = client.add_login(&old, &alice);
    let events = client.events_about(&alice);
    client.rotate(&old, &new, login).unwrap();
    let end = End {
        keeps_login: true,
        ..End::default()
    };
    assert!(client.store.destroy(&old, None, end).unwrap());
    assert_eq!(
        (client.peek(&old), client.login_of(&new)),
        (None, Some(login))
    );
    assert_eq!(
        (client.logins(&alice), client.events_about(&alice)),
        (vec![login], events)
    );
    assert!(client.destroy(&new));
    assert_eq!(client.logins(&alice), []);
}

pub fn claiming_again_from_the_old_id_is_the_same_login(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (old, new, alice) = (fixture.new_key(), fixture.new_key(), user("alice"));
    let login = client.add_login(&old, &alice);
    client.rotate(&old, &new, login).unwrap();
    for (key, rotated) in [(&old, true), (&new, false)] {
        let held = client.read_unlocked(key);
        let claimed = client.claim(&held, &new_claim(&alice, "web", with_max_logins(1)));
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
    assert_eq!(client.events_about(&alice).len(), 1);
}

pub fn claiming_another_user_or_device_empties_the_old_id(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (alice, bob) = (user("alice"), user("bob"));
    for (user, class) in [(&bob, "web"), (&alice, "ios")] {
        let (old, new) = (fixture.new_key(), fixture.new_key());
        let login = client.add_login(&old, &alice);
        client.rotate(&old, &new, login).unwrap();
        let (other, kicks) = client.sign_in_on_device(&new, user, class, with_max_logins(0));
        assert_eq!(kicks, []);
        assert_eq!(
            (client.login_of(&new), client.login_of(&old)),
            (Some(other), None)
        );
        assert_eq!(
            client.peek(&old).unwrap(),
            b"",
            "empty, for requests in progress"
        );
        assert!(fixture.seconds_left(&old) <= ROTATION_GRACE.as_secs() + 1);
        assert_eq!(
            client.logins_in_events(&alice, Kind::Released).last(),
            Some(&login)
        );
    }
}

/// One of the login's ids was removed, and a new session uses it: that session has no login.
pub fn a_new_session_under_a_former_id_is_kept(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    type End = fn(&mut StoreClient, &dyn Fixture, &User, &SessionKey);
    let ends: [End; 4] = [
        |client, _, user, _| assert_eq!(client.kick(user, &LoginSelector::default()).len(), 1),
        |client, fixture, user, _| {
            client.sign_in(&fixture.new_key(), user, with_max_logins(1));
        },
        |client, _, _, key| assert!(client.destroy(key)),
        |client, _, user, key| {
            client.sign_in_on_device(key, user, "ios", with_max_logins(0));
        },
    ];
    for (number, end) in ends.into_iter().enumerate() {
        let (old, new, user) = (
            fixture.new_key(),
            fixture.new_key(),
            user(number.to_string()),
        );
        let login = client.add_login(&old, &user);
        client.rotate(&old, &new, login).unwrap();
        fixture.remove_without_rsso(&old);
        client.put(&old, b"anew", HOUR);
        let anew = client.read_unlocked(&old);
        end(&mut client, fixture, &user, &new);
        assert_ne!(client.login_of(&new), Some(login));
        let after = client.read_unlocked(&old);
        assert_eq!(
            (after.data, after.seen, after.login),
            (anew.data, anew.seen, None)
        );
        assert_eq!(client.store.kick_of(&old).unwrap(), None);
    }
}
