//! Limits: how many logins a user may have, which one makes room, and when a claim is refused.

use std::time::Duration;

use rsso_core::login::event::Kind;
use rsso_core::login::{Claimed, Limits, LoginId, Refused, User, Victim};
use rsso_core::store::Outcome;

use crate::common::fixture::{Fixture, HOUR, StoreClient};
use crate::common::login_helpers::{
    assert_are_the_logins_of, at_most_per_device, new_claim, refuse_above, user, with_max_logins,
};

/// Signs in from a new session; returns the login and those that made room.
fn sign_in_once_more(
    client: &mut StoreClient,
    fixture: &dyn Fixture,
    user: &User,
    class: &str,
    limits: Limits,
) -> (LoginId, Vec<LoginId>) {
    let (login, kicks) = client.sign_in_on_device(&fixture.new_key(), user, class, limits);
    (
        login,
        kicks.iter().map(|kick| kick.identity.login).collect(),
    )
}

pub fn beyond_the_limit_the_oldest_login_makes_room(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let alice = user("alice");
    let mut all = Vec::new();
    for number in 0..8 {
        let (login, kicked) =
            sign_in_once_more(&mut client, fixture, &alice, "web", with_max_logins(3));
        let makes_room = if number < 3 {
            vec![]
        } else {
            vec![all[number - 3]]
        };
        assert_eq!(kicked, makes_room);
        all.push(login);
        assert_eq!(client.logins(&alice), all[all.len().saturating_sub(3)..]);
    }
    assert_eq!(client.logins_in_events(&alice, Kind::Kicked), all[..5]);
}

pub fn each_device_has_a_limit_of_its_own(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (alice, one) = (user("alice"), at_most_per_device(1));
    let (web, _) = sign_in_once_more(&mut client, fixture, &alice, "web", one);
    let (ios, kicked) = sign_in_once_more(&mut client, fixture, &alice, "ios", one);
    assert_eq!(kicked, []);
    let (newer_web, kicked) = sign_in_once_more(&mut client, fixture, &alice, "web", one);
    assert_eq!(kicked, [web]);
    let (newer_ios, kicked) = sign_in_once_more(&mut client, fixture, &alice, "ios", one);
    assert_eq!(kicked, [ios]);
    assert_eq!(client.logins(&alice), [newer_web, newer_ios]);
}

pub fn both_limits_apply_together(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let alice = user("alice");
    let both = Limits {
        max_logins_per_device: 1,
        ..with_max_logins(2)
    };
    let (web, _) = sign_in_once_more(&mut client, fixture, &alice, "web", both);
    let (ios, _) = sign_in_once_more(&mut client, fixture, &alice, "ios", both);
    // The login that makes room for the device makes room for the user as well.
    let (newer_ios, kicked) = sign_in_once_more(&mut client, fixture, &alice, "ios", both);
    assert_eq!(kicked, [ios]);
    let (pc, kicked) = sign_in_once_more(&mut client, fixture, &alice, "pc", both);
    assert_eq!(kicked, [web]);
    assert_eq!(client.logins(&alice), [newer_ios, pc]);
}

pub fn a_lowered_limit_kicks_as_many_as_needed(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let alice = user("alice");
    let all: Vec<_> = (0..6)
        .map(|_| sign_in_once_more(&mut client, fixture, &alice, "web", with_max_logins(0)).0)
        .collect();
    let (newcomer, kicked) =
        sign_in_once_more(&mut client, fixture, &alice, "web", with_max_logins(3));
    assert_eq!(kicked, all[..4]);
    assert_eq!(client.logins(&alice), [all[4], all[5], newcomer]);
    assert_eq!(client.logins_in_events(&alice, Kind::Kicked), all[..4]);
}

pub fn zero_means_no_limit(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let alice = user("alice");
    let all: Vec<_> = (0..40)
        .map(|_| sign_in_once_more(&mut client, fixture, &alice, "web", refuse_above(0)).0)
        .collect();
    assert_eq!(client.logins(&alice), all);
}

pub fn with_victim_idle_the_least_recently_used_login_makes_room(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let alice = user("alice");
    let idle = Limits {
        victim: Victim::Idle,
        ..with_max_logins(3)
    };
    let keys: Vec<_> = (0..3).map(|_| fixture.new_key()).collect();
    let logins: Vec<_> = keys
        .iter()
        .map(|key| client.add_login(key, &alice))
        .collect();
    // As if time had passed: a login that was touched later expires later.
    for (number, later) in [(0, 300), (2, 200), (1, 100)] {
        let held = client.read_locked(&keys[number]);
        let ttl = HOUR + Duration::from_secs(later);
        assert!(matches!(client.touch(&held, ttl), Outcome::Stored(_)));
    }
    for victim in [1, 2, 0] {
        let key = fixture.new_key();
        let (_, kicks) = client.sign_in(&key, &alice, idle);
        assert_eq!(kicks.len(), 1);
        assert_eq!(kicks[0].identity.login, logins[victim]);
        // The new login was used last.
        let held = client.read_locked(&key);
        client.touch(&held, 2 * HOUR);
    }
}

/// The user's counter decides, because clocks are too coarse and login ids have no order.
pub fn age_is_the_order_of_claims_not_of_login_ids(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let alice = user("alice");
    let held: Vec<_> = (0..6)
        .map(|_| client.read_unlocked(&fixture.new_key()))
        .collect();
    let claims: Vec<_> = held
        .iter()
        .map(|_| new_claim(&alice, "web", with_max_logins(0)))
        .collect();
    // The newest id is claimed first.
    for (held, claim) in held.iter().zip(&claims).rev() {
        assert!(matches!(client.claim(held, claim), Claimed::New(..)));
    }
    let order: Vec<_> = claims.iter().rev().map(|claim| claim.login).collect();
    assert_eq!(client.logins(&alice), order);
    for login in order {
        let (_, kicked) =
            sign_in_once_more(&mut client, fixture, &alice, "web", with_max_logins(6));
        assert_eq!(kicked, [login]);
    }
}

pub fn with_on_conflict_refuse_a_claim_beyond_the_limit_is_refused(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (one, two, alice) = (fixture.new_key(), fixture.new_key(), user("alice"));
    let holder = client.add_login(&one, &alice);
    client.put(&two, b"data", HOUR);
    let held = client.read_locked(&two);
    let claim = new_claim(&alice, "ios", refuse_above(1));
    for times in 1..=3 {
        let Claimed::Refused(Refused::Limit, holders) = client.claim(&held, &claim) else {
            panic!("there is no free login");
        };
        assert_are_the_logins_of(&alice, &holders, &mut client);
        assert_eq!(holders[0].identity.login, holder);
        let events = client.event_data(&alice, Kind::Refused);
        assert_eq!(events.len(), times);
        assert_eq!(events[0]["login"], claim.login.to_string());
        assert_eq!(
            (&events[0]["device"], &events[0]["reason"]),
            (&"ios".into(), &"limit".into())
        );
    }
    assert_eq!(client.logins_in_events(&alice, Kind::Claimed), [holder]);
    assert_eq!(client.logins_in_events(&alice, Kind::Kicked), []);
    // No session has changed.
    assert_eq!(client.login_of(&one), Some(holder));
    assert_eq!(client.peek(&one).unwrap(), b"data");
    assert!(matches!(
        client.write(&held, b"anonymous"),
        Outcome::Stored(_)
    ));
    assert_eq!(
        (client.login_of(&two), client.peek(&two).unwrap()),
        (None, b"anonymous".to_vec())
    );
}

pub fn a_refused_claim_creates_no_session(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (key, alice) = (fixture.new_key(), user("alice"));
    client.add_login(&fixture.new_key(), &alice);
    let held = client.read_unlocked(&key);
    let claimed = client.claim(&held, &new_claim(&alice, "web", refuse_above(1)));
    assert!(matches!(claimed, Claimed::Refused(..)), "{claimed:?}");
    let after = client.read_unlocked(&key);
    assert_eq!((after.data, after.kick), (None, None));
}

pub fn refusing_applies_per_device_too(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let alice = user("alice");
    let limits = Limits {
        max_logins_per_device: 1,
        ..refuse_above(2)
    };
    sign_in_once_more(&mut client, fixture, &alice, "web", limits);
    for (class, refused) in [("web", true), ("ios", false), ("ios", true), ("pc", true)] {
        let held = client.read_unlocked(&fixture.new_key());
        let claimed = client.claim(&held, &new_claim(&alice, class, limits));
        assert_eq!(matches!(claimed, Claimed::Refused(..)), refused, "{class}");
        assert_eq!(matches!(claimed, Claimed::New(..)), !refused, "{class}");
    }
    assert_eq!(client.logins(&alice).len(), 2);
}
