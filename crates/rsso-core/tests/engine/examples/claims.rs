//! Ties, bounds and exact times of claims.

use std::time::Duration;

use rsso_core::engine::{
    Act as _, Change, ClaimSession, KnownLogins, LoginReads, SessionState, Snapshot, UserState,
    decide,
};
use rsso_core::login::event::LoginEvent;
use rsso_core::login::{Claim, ClaimBasis, Claimed, ClaimedFrom, Limits, Victim};
use rsso_core::record::{Generation, Token, Version};

use super::helpers::{NOW, claim, claim_beside, kicked, login, logins, session};
use crate::store::stored_key;
use crate::values::{keys, moment, users};

fn idle_first() -> Limits {
    Limits {
        max_logins: 2,
        victim: Victim::Idle,
        ..Limits::default()
    }
}

#[test]
fn the_idle_are_told_apart_within_a_second() {
    let user = &users()[0];
    let live = logins(user, &[NOW + 5_900, NOW + 5_100]);
    let plan = claim_beside(
        &claim(user, NOW, 9, idle_first()),
        KnownLogins::all(live.clone()),
    );
    assert_eq!(kicked(&plan), [live[1].id]);
}

#[test]
fn of_two_that_are_idle_since_one_moment_the_older_makes_room() {
    let user = &users()[0];
    let live = logins(user, &[NOW + 5_000, NOW + 5_000]);
    let mixed = KnownLogins::all(vec![live[1].clone(), live[0].clone()]);
    let plan = claim_beside(&claim(user, NOW, 9, idle_first()), mixed);
    assert_eq!(kicked(&plan), [live[0].id]);
}

#[test]
fn a_login_is_as_idle_as_the_session_that_was_used_last() {
    let user = &users()[0];
    let mut live = logins(user, &[NOW + 9_000, NOW + 5_000]);
    let key = &keys(3)[2];
    live[0]
        .sessions
        .push(session(key, 9, Some(NOW + 1_000), true));
    let plan = claim_beside(
        &claim(user, NOW, 9, idle_first()),
        KnownLogins::all(live.clone()),
    );
    assert_eq!(kicked(&plan), [live[1].id]);
}

#[test]
fn a_device_that_makes_room_makes_room_for_the_user_as_well() {
    let user = &users()[0];
    let mut live = logins(user, &[NOW + 1_000; 3]);
    live[0].device = "ios".to_owned();
    let limits = Limits {
        max_logins: 3,
        max_logins_per_device: 2,
        ..Limits::default()
    };
    let plan = claim_beside(&claim(user, NOW, 9, limits), KnownLogins::all(live.clone()));
    assert_eq!(kicked(&plan), [live[1].id]);
}

#[test]
fn a_claim_is_repeated_for_less_than_thirty_seconds() {
    let user = &users()[0];
    let limits = Limits {
        max_logins: 0,
        ..Limits::default()
    };
    for (age, is_repeated) in [
        (29_999, true),
        (30_000, false),
        (-29_999, true),
        (-30_000, false),
    ] {
        let mut first = claim(user, NOW - age, 1, limits);
        first.claimed_from = Some(ClaimedFrom::session(&keys(1)[0]));
        let second = Claim {
            login: claim(user, NOW, 2, limits).login,
            ..first.clone()
        };
        let sessions = vec![session(&keys(1)[0], 1, Some(NOW + 1_000), false)];
        let known = KnownLogins::all(vec![login(&first, 1, sessions)]);
        let plan = claim_beside(&second, known);
        let ends = Change::RemoveLogin(user.key(), first.login);
        assert_eq!(plan.changes.contains(&ends), is_repeated, "{age}");
    }
}

#[test]
fn without_a_limit_the_work_of_a_claim_is_the_same_whatever_a_user_has() {
    let user = &users()[0];
    let limits = Limits {
        max_logins: 0,
        max_logins_hard: 20,
        ..Limits::default()
    };
    let claim = claim(user, NOW, 9, limits);
    let work = |total: usize| {
        let all = logins(user, &vec![NOW + 1_000; total]);
        let (oldest, newest) = (all[..10].to_vec(), all[total - 8..].to_vec());
        let plan = claim_beside(&claim, KnownLogins::sample(total, oldest, newest));
        let kicked = kicked(&plan);
        assert_eq!(
            kicked,
            all[..8].iter().map(|login| login.id).collect::<Vec<_>>()
        );
        (plan.changes.len(), plan.events.len())
    };
    assert_eq!(work(60), work(900));
    let session = keys(1).pop().unwrap();
    let act = ClaimSession {
        session: &session,
        basis: ClaimBasis {
            seen: None,
            token: Token::random().unwrap(),
            ttl: Duration::ZERO,
        },
        claim: &claim,
        generation: Generation(7),
    };
    let LoginReads::Sample(size) = act.reads().logins else {
        panic!("all logins are read");
    };
    assert_eq!(
        (size.newest, size.any, size.oldest, size.oldest_from),
        (8, 8, 10, 20)
    );
}

#[test]
fn below_the_hard_limit_nobody_goes() {
    let user = &users()[0];
    let limits = Limits {
        max_logins: 0,
        max_logins_hard: 5,
        ..Limits::default()
    };
    for (live, gone) in [(4, 0), (5, 1), (6, 2), (20, 8)] {
        let all = logins(user, &vec![NOW + 1_000; live]);
        let oldest = all.iter().take(10).cloned().collect();
        let plan = claim_beside(
            &claim(user, NOW, 9, limits),
            KnownLogins::sample(live, oldest, all),
        );
        assert_eq!(kicked(&plan).len(), gone, "{live}");
    }
}

#[test]
fn a_login_of_another_user_ends_in_the_outbox_of_that_user() {
    let users = users();
    let (shop, forum) = (&users[0], &users[2]);
    let first = claim(forum, NOW, 1, Limits::default());
    let key = keys(1).remove(0);
    let version = Version {
        generation: Generation(1),
        revision: Token::random().unwrap().into(),
    };
    let sessions = vec![session(&key, 1, Some(NOW + 1_000), false)];
    let second = claim(shop, NOW, 2, Limits::default());
    let act = ClaimSession {
        session: &key,
        basis: ClaimBasis {
            seen: Some(version),
            token: Token::random().unwrap(),
            ttl: Duration::from_secs(60),
        },
        claim: &second,
        generation: Generation(7),
    };
    let snapshot = Snapshot {
        now: NOW,
        session: Some(SessionState {
            key: stored_key(&key),
            version: Some(version),
            login: Some((UserState::new(forum), login(&first, 1, sessions))),
        }),
        ..Snapshot::default()
    };
    let plan = decide(&snapshot, &act, &moment(NOW));
    assert_eq!(plan.answer, Claimed::New(version, Vec::new()));
    let told = plan.events.iter().map(|event| {
        let read = LoginEvent::read(&event.json).unwrap();
        (event.realm.as_str(), read.data.identity.login)
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [("forum", first.login), ("shop", second.login)]
    );
}

#[test]
fn the_dead_that_were_read_do_not_count_for_the_hard_limit() {
    let user = &users()[0];
    let limits = Limits {
        max_logins: 0,
        max_logins_hard: 5,
        ..Limits::default()
    };
    let mut expires = [NOW + 1_000; 6];
    expires[2] = NOW - 1;
    let all = logins(user, &expires);
    let known = KnownLogins::sample(6, all.clone(), Vec::new());
    let plan = claim_beside(&claim(user, NOW, 9, limits), known);
    assert_eq!(kicked(&plan), [all[0].id]);
}
