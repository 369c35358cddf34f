//! `rsso.max_logins_hard`: the work of a claim is bounded even without a limit.

use std::collections::HashSet;
use std::thread;

use rsso_core::login::event::Kind;
use rsso_core::login::policy::LOGINS_PER_CLAIM;
use rsso_core::login::{Limits, LoginId};

use crate::common::fixture::{Fixture, StoreClient};
use crate::common::login_helpers::{refuse_above, user, with_max_logins};

/// These limits, with at most this many logins in any case.
fn capped(max_logins_hard: u32, limits: Limits) -> Limits {
    Limits {
        max_logins_hard,
        ..limits
    }
}

fn sign_in_many(
    client: &mut StoreClient,
    fixture: &dyn Fixture,
    count: usize,
    limits: Limits,
) -> Vec<LoginId> {
    let ann = user("ann");
    let one = |_| client.sign_in(&fixture.new_key(), &ann, limits).0;
    (0..count).map(one).collect()
}

pub fn beyond_the_hard_limit_the_oldest_are_kicked(fixture: &dyn Fixture) {
    let per_device = Limits {
        max_logins_per_device: 50,
        ..with_max_logins(0)
    };
    for (number, limits) in [
        with_max_logins(0),
        refuse_above(0),
        with_max_logins(50),
        per_device,
    ]
    .into_iter()
    .enumerate()
    {
        let (mut client, ann) = (fixture.client(), user(format!("ann {number}")));
        let mut all = Vec::new();
        for claimed in 0..25 {
            let (login, kicks) = client.sign_in(&fixture.new_key(), &ann, capped(20, limits));
            let kicked: Vec<_> = kicks.iter().map(|kick| kick.identity.login).collect();
            let oldest = (claimed >= 20).then(|| all[claimed - 20]);
            assert_eq!(kicked, oldest.into_iter().collect::<Vec<_>>());
            all.push(login);
        }
        assert_eq!(client.logins(&ann), all[5..]);
        assert_eq!(client.logins_in_events(&ann, Kind::Kicked), all[..5]);
        assert_eq!(client.logins_in_events(&ann, Kind::Expired), []);
        // A session with a login may claim another device: that adds no login.
        let key = fixture.new_key();
        client.sign_in(&key, &ann, capped(20, limits));
        let (_, kicks) = client.sign_in_on_device(&key, &ann, "ios", capped(20, limits));
        assert_eq!(kicks, []);
        assert_eq!(client.logins(&ann).len(), 20);
    }
}

pub fn a_lowered_hard_limit_is_reached_over_several_claims(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let all = sign_in_many(&mut client, fixture, 60, with_max_logins(0));
    let ann = user("ann");
    let mut kicked = Vec::new();
    while client.logins(&ann).len() > 10 {
        let (_, kicks) = client.sign_in(&fixture.new_key(), &ann, capped(10, with_max_logins(0)));
        assert!(
            (1..=LOGINS_PER_CLAIM).contains(&kicks.len()),
            "{}",
            kicks.len()
        );
        kicked.extend(kicks.iter().map(|kick| kick.identity.login));
    }
    assert_eq!(
        kicked[..all.len().min(kicked.len())],
        all[..all.len().min(kicked.len())]
    );
    assert_eq!(client.logins_in_events(&ann, Kind::Kicked), kicked);
}

pub fn expired_logins_make_room_before_live_ones(fixture: &dyn Fixture) {
    let (mut client, ann) = (fixture.client(), user("ann"));
    let limits = capped(8, with_max_logins(0));
    let keys: Vec<_> = (0..8).map(|_| fixture.new_key()).collect();
    for key in &keys {
        client.sign_in(key, &ann, limits);
    }
    for key in &keys[4..] {
        fixture.remove_without_rsso(key);
    }
    for _ in 0..4 {
        let (_, kicks) = client.sign_in(&fixture.new_key(), &ann, limits);
        assert_eq!(kicks, []);
    }
    let (_, kicks) = client.sign_in(&fixture.new_key(), &ann, limits);
    assert_eq!(kicks.len(), 1);
    assert_eq!(client.logins_in_events(&ann, Kind::Expired).len(), 4);
}

pub fn without_a_limit_expired_logins_are_removed_in_slices(fixture: &dyn Fixture) {
    let (mut client, ann) = (fixture.client(), user("ann"));
    let keys: Vec<_> = (0..60).map(|_| fixture.new_key()).collect();
    let expired: HashSet<_> = keys
        .iter()
        .map(|key| client.sign_in(key, &ann, with_max_logins(0)).0)
        .collect();
    for key in &keys {
        fixture.remove_without_rsso(key);
    }
    let mut reported = 0;
    // One store checks random logins.
    for _ in 0..500 {
        client.sign_in(&fixture.new_key(), &ann, with_max_logins(0));
        let now = client.logins_in_events(&ann, Kind::Expired).len();
        assert!(now - reported <= LOGINS_PER_CLAIM, "{reported} {now}");
        reported = now;
        if reported == expired.len() {
            break;
        }
    }
    let reported = client.logins_in_events(&ann, Kind::Expired);
    assert_eq!(
        (reported.len(), reported.into_iter().collect()),
        (60, expired)
    );
}

/// Each claim checks other logins, even while the oldest are live.
pub fn without_a_limit_expired_logins_behind_live_ones_are_found(fixture: &dyn Fixture) {
    let (mut client, ann) = (fixture.client(), user("ann"));
    for _ in 0..LOGINS_PER_CLAIM {
        client.sign_in(&fixture.new_key(), &ann, with_max_logins(0));
    }
    let key = fixture.new_key();
    client.sign_in(&key, &ann, with_max_logins(0));
    fixture.remove_without_rsso(&key);
    for _ in 0..500 {
        client.sign_in(&fixture.new_key(), &ann, with_max_logins(0));
        if !client.logins_in_events(&ann, Kind::Expired).is_empty() {
            return;
        }
    }
    panic!("no claim has found it");
}

pub fn concurrent_claims_respect_the_hard_limit(fixture: &dyn Fixture) {
    let limits = capped(10, with_max_logins(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| sign_in_many(&mut fixture.client(), fixture, 10, limits));
        }
    });
    let (mut client, ann) = (fixture.client(), user("ann"));
    let live = client.logins(&ann);
    assert_eq!(live.len(), 10);
    let kicked: HashSet<_> = client
        .logins_in_events(&ann, Kind::Kicked)
        .into_iter()
        .collect();
    assert_eq!(kicked.len(), 30);
    assert!(live.iter().all(|login| !kicked.contains(login)));
}
