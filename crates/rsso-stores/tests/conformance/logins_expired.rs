//! Only live logins count: one whose session expired, was destroyed or was removed does not.

use std::thread;

use rsso_core::SessionKey;
use rsso_core::login::event::Kind;
use rsso_core::login::{Claimed, LoginId, LoginSelector, User};
use rsso_core::store::{End, Outcome, Rotation, Token};

use crate::common::fixture::{Fixture, HOUR, StoreClient};
use crate::common::login_helpers::{new_claim, refuse_above, user, with_max_logins};
use crate::common::store_client::{AFTER_SHORT, SHORT};

fn claim_with_short_lifetime(client: &mut StoreClient, key: &SessionKey, user: &User) -> LoginId {
    let held = client.read_unlocked(key);
    let claim = new_claim(user, "web", with_max_logins(0));
    let claimed = client.claim_for(&held, &claim, SHORT);
    assert!(matches!(claimed, Claimed::New(..)), "{claimed:?}");
    claim.login
}

/// Asserts that an ended login does not count, and that nobody is kicked.
fn assert_not_counted(fixture: &dyn Fixture, user: &User, ended: &SessionKey, login: LoginId) {
    let mut client = fixture.client();
    assert_eq!(client.logins(user), []);
    assert_eq!((client.login_of(ended), client.peek(ended)), (None, None));
    assert_eq!(client.store.notify(user, None, "1").unwrap(), 0);
    assert_eq!(client.kick(user, &LoginSelector::default()), []);
    let (newcomer, kicks) = client.sign_in(&fixture.new_key(), user, refuse_above(1));
    assert_eq!(kicks, []);
    assert_eq!(client.logins(user), [newcomer]);
    assert_eq!(client.logins_in_events(user, Kind::Kicked), []);
    assert_eq!(client.logins_in_events(user, Kind::Message), []);
    let ends = [Kind::Expired, Kind::Released]
        .map(|kind| client.logins_in_events(user, kind))
        .concat();
    assert!(ends.is_empty() || ends == [login], "{ends:?}");
    assert_eq!(client.read_unlocked(ended).kick, None);
}

/// Asserts the same for limits that kick: the new login replaces nobody.
fn assert_newcomer_kicks_nobody(fixture: &dyn Fixture, user: &User) {
    let mut client = fixture.client();
    let (newcomer, kicks) = client.sign_in(&fixture.new_key(), user, with_max_logins(1));
    assert_eq!(kicks, []);
    assert_eq!(client.logins(user), [newcomer]);
    assert_eq!(client.logins_in_events(user, Kind::Kicked), []);
}

pub fn an_expired_login_does_not_count(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (one, two) = (fixture.new_key(), fixture.new_key());
    let (alice, bob) = (user("alice"), user("bob"));
    let login = claim_with_short_lifetime(&mut client, &one, &alice);
    claim_with_short_lifetime(&mut client, &two, &bob);
    thread::sleep(AFTER_SHORT);
    assert_not_counted(fixture, &alice, &one, login);
    assert_newcomer_kicks_nobody(fixture, &bob);
}

pub fn a_destroyed_login_does_not_count(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (one, two) = (fixture.new_key(), fixture.new_key());
    let (alice, bob) = (user("alice"), user("bob"));
    let login = client.add_login(&one, &alice);
    client.add_login(&two, &bob);
    assert!(client.destroy(&one) && client.destroy(&two));
    assert_eq!(client.logins_in_events(&alice, Kind::Released), [login]);
    assert_not_counted(fixture, &alice, &one, login);
    assert_newcomer_kicks_nobody(fixture, &bob);
    assert_eq!(client.logins_in_events(&alice, Kind::Expired), []);
}

pub fn a_login_whose_session_was_removed_does_not_count(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (one, two) = (fixture.new_key(), fixture.new_key());
    let (alice, bob) = (user("alice"), user("bob"));
    let login = client.add_login(&one, &alice);
    client.add_login(&two, &bob);
    fixture.remove_without_rsso(&one);
    fixture.remove_without_rsso(&two);
    assert_not_counted(fixture, &alice, &one, login);
    assert_newcomer_kicks_nobody(fixture, &bob);
}

pub fn after_the_store_was_flushed_everybody_can_sign_in_again(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let users: Vec<_> = (0..3).map(|n| user(format!("user {n}"))).collect();
    for user in &users {
        client.sign_in(&fixture.new_key(), user, refuse_above(1));
    }
    fixture.remove_all_without_rsso();
    for user in &users {
        assert_eq!(client.logins(user), []);
        let (newcomer, _) = client.sign_in(&fixture.new_key(), user, refuse_above(1));
        assert_eq!(client.logins(user), [newcomer]);
        assert_eq!(client.logins_in_events(user, Kind::Kicked), []);
    }
}

pub fn a_login_whose_session_was_removed_is_reported_expired_once(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let alice = user("alice");
    let keys = [(); 3].map(|()| fixture.new_key());
    let logins = keys.each_ref().map(|key| client.add_login(key, &alice));
    fixture.remove_without_rsso(&keys[0]);
    fixture.remove_without_rsso(&keys[1]);
    for _ in 0..3 {
        assert_eq!(client.logins(&alice), [logins[2]]);
        assert_eq!(client.store.notify(&alice, None, "1").unwrap(), 1);
    }
    assert_eq!(client.logins_in_events(&alice, Kind::Expired), logins[..2]);
    let events = client.event_data(&alice, Kind::Expired);
    assert_eq!(
        (&events[0]["code"], &events[0]["reason"]),
        (&(-3).into(), &"expired".into())
    );
    assert_eq!(client.logins_in_events(&alice, Kind::Kicked), []);
}

pub fn a_new_session_under_the_id_does_not_inherit_the_login(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let ends: [fn(&dyn Fixture, &mut StoreClient, &SessionKey); 3] = [
        |_, client, key| assert!(client.destroy(key)),
        |fixture, _, key| fixture.remove_without_rsso(key),
        |fixture, _, _| fixture.remove_all_without_rsso(),
    ];
    for (number, end) in ends.into_iter().enumerate() {
        let (key, user) = (fixture.new_key(), user(number.to_string()));
        client.add_login(&key, &user);
        end(fixture, &mut client, &key);
        client.put(&key, b"anew", HOUR);
        assert_eq!(
            (client.login_of(&key), client.logins(&user)),
            (None, vec![])
        );
        assert_eq!(client.read_unlocked(&key).login, None);
        // The end of the new session does not end the login again.
        assert!(client.destroy(&key));
        assert!(client.logins_in_events(&user, Kind::Released).len() <= 1);
    }
    let (key, alice) = (fixture.new_key(), user("alice"));
    claim_with_short_lifetime(&mut client, &key, &alice);
    thread::sleep(AFTER_SHORT);
    client.put(&key, b"anew", HOUR);
    assert_eq!(
        (client.login_of(&key), client.logins(&alice)),
        (None, vec![])
    );
}

/// Otherwise one user would have two logins: the old request's and the new one.
pub fn a_late_request_does_not_revive_an_expired_login(fixture: &dyn Fixture) {
    let (mut a, mut b) = (fixture.client(), fixture.client());
    for (number, locked) in [true, false].into_iter().enumerate() {
        let (key, user) = (fixture.new_key(), user(number.to_string()));
        let login = claim_with_short_lifetime(&mut b, &key, &user);
        let held = if locked {
            a.read_locked(&key)
        } else {
            a.read_unlocked(&key)
        };
        thread::sleep(AFTER_SHORT);
        let (newcomer, kicks) = b.sign_in(&fixture.new_key(), &user, with_max_logins(1));
        // A session in use may count as live, and is kicked then.
        assert!(kicks.len() <= 1);
        let outcome = a.write(&held, b"revived");
        assert_eq!(outcome, Outcome::Gone, "locked: {locked}");
        assert_eq!((a.login_of(&key), a.peek(&key)), (None, None));
        assert_eq!(b.logins(&user), [newcomer]);
        let ends = [Kind::Expired, Kind::Kicked].map(|kind| b.logins_in_events(&user, kind));
        assert_eq!(ends.concat(), [login]);
    }
}

/// A request that takes longer than its session's remaining lifetime.
pub fn a_login_in_use_does_not_expire(fixture: &dyn Fixture) {
    let (mut a, mut b) = (fixture.client(), fixture.client());
    let (key, alice) = (fixture.new_key(), user("alice"));
    let login = claim_with_short_lifetime(&mut b, &key, &alice);
    let held = a.read_locked(&key);
    assert_eq!(held.login.as_ref().unwrap().login.identity.login, login);
    thread::sleep(AFTER_SHORT);
    b.store.gc(None).unwrap();
    assert!(matches!(a.touch(&held, HOUR), Outcome::Stored(_)));
    assert_eq!(
        (a.login_of(&key), a.logins(&alice)),
        (Some(login), vec![login])
    );
    assert_eq!(a.events_about(&alice).len(), 1);
}

/// A request that takes longer than its session's lifetime, and ends the session.
pub fn destroying_a_session_in_use_ends_its_login(fixture: &dyn Fixture) {
    let (mut a, mut b) = (fixture.client(), fixture.client());
    let (key, alice) = (fixture.new_key(), user("alice"));
    let login = claim_with_short_lifetime(&mut b, &key, &alice);
    let late = b.read_unlocked(&key);
    let held = a.read_locked(&key);
    thread::sleep(AFTER_SHORT);
    let end = End {
        seen: held.seen.map(|seen| seen.generation),
        ..End::default()
    };
    assert!(a.store.destroy(&key, Some(held.token), end).unwrap());
    assert_eq!(a.logins_in_events(&alice, Kind::Released), [login]);
    // A request without a lock that has read it cannot bring it back.
    assert_eq!(b.write(&late, b"late"), Outcome::Gone);
    assert_eq!((a.logins(&alice), a.peek(&key)), (vec![], None));
}

/// A request that takes longer than its session's lifetime, and changes the id.
pub fn a_session_in_use_is_rotated_although_its_lifetime_is_over(fixture: &dyn Fixture) {
    let (mut a, mut b) = (fixture.client(), fixture.client());
    let (key, to, alice) = (fixture.new_key(), fixture.new_key(), user("alice"));
    let login = claim_with_short_lifetime(&mut b, &key, &alice);
    let held = a.read_locked(&key);
    thread::sleep(AFTER_SHORT);
    let rotation = Rotation {
        from: &key,
        lock: Some(held.token),
        to: &to,
        login,
        token: Token::random().unwrap(),
        ttl: HOUR,
    };
    assert!(a.store.rotate(&rotation).unwrap().is_some());
    assert_eq!(a.login_of(&to), Some(login));
    assert_eq!(a.logins(&alice), [login]);
}

pub fn a_login_whose_session_expired_is_reported_once(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (ended, key, alice, bob) = (
        fixture.new_key(),
        fixture.new_key(),
        user("alice"),
        user("bob"),
    );
    let login = claim_with_short_lifetime(&mut client, &ended, &alice);
    let live = client.add_login(&key, &bob);
    thread::sleep(AFTER_SHORT);
    for _ in 0..2 {
        client.store.gc(None).unwrap();
        // A server that removes expired records itself leaves nothing to do.
        assert!(client.logins_in_events(&alice, Kind::Expired).len() <= 1);
    }
    client.sign_in(&fixture.new_key(), &alice, refuse_above(1));
    assert_eq!(client.logins_in_events(&alice, Kind::Expired), [login]);
    assert_eq!(
        (client.logins(&bob), client.login_of(&key)),
        (vec![live], Some(live))
    );
    assert_eq!(client.events_about(&bob).len(), 1);
}

pub fn a_touched_login_lives_longer(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (key, alice) = (fixture.new_key(), user("alice"));
    let login = claim_with_short_lifetime(&mut client, &key, &alice);
    let held = client.read_locked(&key);
    assert!(matches!(client.touch(&held, HOUR), Outcome::Stored(_)));
    thread::sleep(AFTER_SHORT);
    assert_eq!(client.logins(&alice), [login]);
    let outside = client.read_unlocked(&fixture.new_key());
    let claimed = client.claim(&outside, &new_claim(&alice, "web", refuse_above(1)));
    assert!(matches!(claimed, Claimed::Refused(..)), "{claimed:?}");
}

/// A late logout: the generation that it saw has ended.
pub fn a_late_destroy_does_not_end_the_next_login(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (key, alice) = (fixture.new_key(), user("alice"));
    client.add_login(&key, &alice);
    let seen = client.read_unlocked(&key).seen.map(|seen| seen.generation);
    client.destroy(&key);
    let successor = client.add_login(&key, &alice);
    let end = End {
        seen,
        ..End::default()
    };
    assert!(!client.store.destroy(&key, None, end).unwrap());
    assert_eq!(client.logins(&alice), [successor]);
    assert_eq!(client.peek(&key).unwrap(), b"data");
    assert_eq!(client.logins_in_events(&alice, Kind::Released).len(), 1);
}
