//! How long a storm lasts, to the second.

use rsso_core::engine::{Change, KnownLogins, UserState};
use rsso_core::login::{Claim, Claimed, ClaimedFrom, Limits, Refused};

use super::helpers::{NOW, claim, claim_at, login, logins, session};
use crate::values::{keys, users};

const DAY: i64 = 86_400_000;

/// Whether claims at these milliseconds are admitted, each of which replaces a login.
fn admitted(limits: Limits, times: &[i64]) -> Vec<bool> {
    let user = &users()[0];
    let mut state = UserState::new(user);
    state.sequence = 1;
    let admit = |time: &i64| {
        let known = KnownLogins::all(logins(user, &[NOW + DAY]));
        let claim = claim(user, NOW + time, 9, limits);
        let plan = claim_at(&claim, known, state.clone(), NOW + time);
        for change in &plan.changes {
            if let Change::SaveUser(user) = change {
                state = user.clone();
            }
        }
        !matches!(plan.answer, Claimed::Refused(Refused::Storm, _))
    };
    times.iter().map(admit).collect()
}

#[test]
fn a_storm_is_over_with_its_minute() {
    let limits = Limits {
        storm_limit: 2,
        storm_limit_hour: 0,
        ..Limits::default()
    };
    let times = [0, 10_000, 20_000, 59_999, 60_000, 60_001, 60_002];
    let expected = [true, true, false, false, true, true, false];
    assert_eq!(admitted(limits, &times), expected);
}

#[test]
fn a_slow_storm_is_over_with_its_hour() {
    let limits = Limits {
        storm_limit: 2,
        storm_limit_hour: 3,
        ..Limits::default()
    };
    let times = [
        0, 100_000, 200_000, 300_000, 3_599_999, 3_600_000, 3_600_001,
    ];
    let expected = [true, true, true, false, false, true, true];
    assert_eq!(admitted(limits, &times), expected);
}

#[test]
fn as_many_replacements_as_the_limit_says_are_no_storm() {
    let limits = Limits {
        storm_limit: 3,
        storm_limit_hour: 0,
        ..Limits::default()
    };
    assert_eq!(admitted(limits, &[0, 1, 2, 3]), [true, true, true, false]);
}

#[test]
fn a_repeated_claim_is_admitted_in_a_storm() {
    let user = &users()[0];
    let limits = Limits {
        storm_limit: 1,
        ..Limits::default()
    };
    let mut state = UserState::new(user);
    for _ in 0..2 {
        state.storm.count(1, &limits, NOW / 1_000);
    }
    let mut first = claim(user, NOW, 1, limits);
    first.claimed_from = Some(ClaimedFrom::session(&keys(1)[0]));
    let sessions = vec![session(&keys(1)[0], 1, Some(NOW + DAY), false)];
    let known = KnownLogins::all(vec![login(&first, 1, sessions)]);
    let admits = |claim: &Claim| {
        let plan = claim_at(claim, known.clone(), state.clone(), NOW + 1_000);
        matches!(plan.answer, Claimed::New(..))
    };
    let second = claim(user, NOW + 1_000, 2, limits);
    let claimed_from = first.claimed_from;
    assert!(!admits(&second));
    assert!(admits(&Claim {
        claimed_from,
        ..second
    }));
}
