//! A session that has a login: it claims another user or device, signs out, writes.

use rsso_core::login::event::Kind;
use rsso_core::login::{Claimed, LoginId, Refused};
use rsso_core::store::Outcome;

use crate::common::fixture::{Fixture, HOUR};
use crate::common::login_helpers::{
    at_most_per_device, new_claim, refuse_above, user, with_max_logins,
};

pub fn claiming_another_user_releases_the_first_login(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (key, alice, bob) = (fixture.new_key(), user("alice"), user("bob"));
    let first = client.add_login(&key, &alice);
    let before = client.read_unlocked(&key);
    let (second, kicks) = client.sign_in(&key, &bob, with_max_logins(1));
    assert_eq!(kicks, []);
    assert_eq!(
        (client.logins(&alice), client.logins(&bob)),
        (vec![], vec![second])
    );
    let after = client.read_unlocked(&key);
    assert_eq!(after.data.unwrap(), b"data");
    assert_eq!(
        after.seen.unwrap().generation,
        before.seen.unwrap().generation
    );
    assert_eq!(after.login.unwrap().user, bob.key());
    assert_eq!(client.logins_in_events(&alice, Kind::Released), [first]);
    assert_eq!(client.logins_in_events(&alice, Kind::Kicked), []);
    assert_eq!(client.logins_in_events(&bob, Kind::Claimed), [second]);
    // A release of the former login does nothing.
    assert!(!client.store.sign_out(&key, first).unwrap());
    assert_eq!(client.login_of(&key), Some(second));
}

pub fn claiming_another_device_replaces_the_sessions_own_login(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let alice = user("alice");
    for limits in [
        with_max_logins(1),
        refuse_above(1),
        at_most_per_device(1),
        with_max_logins(0),
    ] {
        let key = fixture.new_key();
        let first = client.add_login(&key, &alice);
        let (second, kicks) = client.sign_in_on_device(&key, &alice, "ios", limits);
        assert_eq!(kicks, [], "the own login does not count");
        assert_eq!(client.logins(&alice), [second]);
        assert_eq!(client.login_of(&key), Some(second));
        assert_eq!(client.peek(&key).unwrap(), b"data");
        assert!(
            client
                .logins_in_events(&alice, Kind::Released)
                .contains(&first)
        );
        assert!(client.destroy(&key));
    }
    assert_eq!(client.logins_in_events(&alice, Kind::Kicked), []);
    assert_eq!(client.logins_in_events(&alice, Kind::Refused), []);
}

pub fn a_refused_claim_keeps_the_sessions_own_login(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (key, other, alice, bob) = (
        fixture.new_key(),
        fixture.new_key(),
        user("alice"),
        user("bob"),
    );
    let own = client.add_login(&key, &alice);
    let holder = client.add_login(&other, &bob);
    let (before, events) = (client.read_unlocked(&key), client.events_about(&alice));
    let claimed = client.claim(&before, &new_claim(&bob, "web", refuse_above(1)));
    assert!(
        matches!(claimed, Claimed::Refused(Refused::Limit, _)),
        "{claimed:?}"
    );
    let after = client.read_unlocked(&key);
    assert_eq!((after.seen, after.login), (before.seen, before.login));
    assert_eq!(
        (client.logins(&alice), client.logins(&bob)),
        (vec![own], vec![holder])
    );
    assert_eq!(client.events_about(&alice), events);
}

pub fn signing_out_keeps_the_session(fixture: &dyn Fixture) {
    let (mut a, mut b) = (fixture.client(), fixture.client());
    for locked in [true, false] {
        let (key, alice) = (fixture.new_key(), user(format!("alice {locked}")));
        let login = b.add_login(&key, &alice);
        let held = if locked {
            a.read_locked(&key)
        } else {
            a.read_unlocked(&key)
        };
        let stranger = LoginId::new().unwrap();
        assert!(!b.store.sign_out(&key, stranger).unwrap());
        assert!(!b.store.sign_out(&fixture.new_key(), login).unwrap());
        assert_eq!(b.login_of(&key), Some(login));

        assert!(b.store.sign_out(&key, login).unwrap());
        assert!(!b.store.sign_out(&key, login).unwrap());
        let after = b.read_unlocked(&key);
        assert_eq!(
            (after.seen, after.login, after.kick),
            (held.seen, None, None)
        );
        assert_eq!(b.logins(&alice), []);
        assert_eq!(b.logins_in_events(&alice, Kind::Released), [login]);
        // The version that was read before is still the current one.
        assert!(matches!(a.write(&held, b"kept"), Outcome::Stored(_)));
        assert_eq!(b.peek(&key).unwrap(), b"kept");
    }
}

pub fn a_session_may_sign_in_again_after_signing_out(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (key, alice) = (fixture.new_key(), user("alice"));
    let first = client.add_login(&key, &alice);
    client.store.sign_out(&key, first).unwrap();
    let (second, kicks) = client.sign_in(&key, &alice, refuse_above(1));
    assert_eq!(kicks, []);
    assert_eq!(client.logins(&alice), [second]);
    // A late release of the first login does not end the second.
    assert!(!client.store.sign_out(&key, first).unwrap());
    assert_eq!(client.login_of(&key), Some(second));
    assert_eq!(client.logins_in_events(&alice, Kind::Released), [first]);
}

pub fn a_write_and_a_touch_keep_the_login(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (key, alice) = (fixture.new_key(), user("alice"));
    let login = client.add_login(&key, &alice);
    let events = client.events_about(&alice);
    for _ in 0..3 {
        let held = client.read_locked(&key);
        assert!(matches!(client.write(&held, b"more"), Outcome::Stored(_)));
        let held = client.read_locked(&key);
        assert!(matches!(client.touch(&held, HOUR), Outcome::Stored(_)));
        assert_eq!(client.login_of(&key), Some(login));
    }
    assert_eq!(client.logins(&alice), [login]);
    assert_eq!(client.events_about(&alice), events);
}
