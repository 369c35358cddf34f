//! Sessions of one login that are too many, and tombstones of destroyed ones.

use std::time::Duration;

use rsso_core::engine::{
    Change, DestroySession, KnownLogins, LoginSession, Plan, RotateSession, SessionState, Snapshot,
    StoredKey, UserState, decide,
};
use rsso_core::login::{Claimed, Limits, MAX_SESSIONS};
use rsso_core::record::{Generation, Token, Version};
use rsso_core::store::{End, Rotation, Tombstone};

use super::helpers::{NOW, claim, claim_beside, login, session};
use crate::store::stored_key;
use crate::values::{keys, moment, users};

/// A rotation of the first of these sessions, all of one login.
fn rotate(sessions: Vec<LoginSession>) -> Plan<Option<Version>> {
    let user = &users()[0];
    let claim = claim(user, NOW, 1, Limits::default());
    let (from, to) = (keys(1).remove(0), keys(500).pop().unwrap());
    let token = Token::random().unwrap();
    let rotation = Rotation {
        from: &from,
        lock: None,
        to: &to,
        login: claim.login,
        token,
        ttl: Duration::from_secs(60),
    };
    let version = Version {
        generation: sessions[0].generation,
        revision: token.into(),
    };
    let state = SessionState {
        key: stored_key(&from),
        version: Some(version),
        login: Some((UserState::new(user), login(&claim, 1, sessions))),
    };
    let snapshot = Snapshot {
        now: NOW,
        session: Some(state),
        target: Some(SessionState::missing(stored_key(&to))),
        ..Snapshot::default()
    };
    let rotation = RotateSession {
        rotation: &rotation,
        generation: Generation(7),
    };
    decide(&snapshot, &rotation, &moment(NOW))
}

fn removed(plan: &Plan<Option<Version>>) -> Vec<StoredKey> {
    let removed = plan.changes.iter().filter_map(|change| match change {
        Change::RemoveSession(key, _) => Some(key.clone()),
        _ => None,
    });
    removed.collect()
}

#[test]
fn of_too_many_sessions_the_rotated_go_and_then_those_that_expire_first() {
    let keys = keys(MAX_SESSIONS + 1);
    let live = |at: usize, expires: i64, rotated| {
        session(&keys[at], at as u64, Some(NOW + expires), rotated)
    };
    let mut sessions: Vec<_> = (0..MAX_SESSIONS)
        .map(|at| live(at, 60_000, false))
        .collect();
    sessions[5] = live(5, 50_000, false);
    sessions[9] = live(9, 20_000, true);
    sessions.push(session(&keys[MAX_SESSIONS], 500, None, false));
    // The dead one, the one that was rotated before, and not the one that is rotated now: it expires later.
    let plan = rotate(sessions.clone());
    assert_eq!(
        removed(&plan),
        [stored_key(&keys[MAX_SESSIONS]), stored_key(&keys[9])]
    );
    sessions[9].rotated = false;
    sessions[9].expires = Some(NOW + 60_000);
    let plan = rotate(sessions.clone());
    assert_eq!(
        removed(&plan),
        [stored_key(&keys[MAX_SESSIONS]), stored_key(&keys[0])]
    );
    sessions.truncate(MAX_SESSIONS - 1);
    assert_eq!(removed(&rotate(sessions)), []);
}

#[test]
fn a_login_never_has_more_than_its_sessions() {
    let keys = keys(MAX_SESSIONS + 20);
    let live = |(at, key)| session(key, at as u64, Some(NOW + 60_000), at % 3 == 0);
    let plan = rotate(keys.iter().enumerate().map(live).collect());
    let bound = plan.changes.iter().find_map(|change| match change {
        Change::BindSession { login, .. } => Some(login.sessions.len()),
        _ => None,
    });
    assert_eq!(bound, Some(MAX_SESSIONS));
}

#[test]
fn a_tombstone_is_left_under_no_session_of_somebody_else() {
    let user = &users()[0];
    let first = claim(user, NOW, 1, Limits::default());
    let plan = claim_beside(&claim(user, NOW, 2, Limits::default()), {
        let sessions = vec![session(&keys(1)[0], 1, Some(NOW + 1_000), false)];
        KnownLogins::all(vec![login(&first, 1, sessions)])
    });
    let Claimed::New(_, kicks) = plan.answer else {
        panic!("not admitted");
    };
    let key = keys(1).remove(0);
    let destroy = |found: Option<u64>| {
        let mut state = SessionState::missing(stored_key(&key));
        state.version = found.map(|generation| Version {
            generation: Generation(generation),
            revision: Token::random().unwrap().into(),
        });
        let act = DestroySession {
            session: &key,
            end: End {
                seen: Some(Generation(1)),
                keeps_login: false,
                tombstone: Some(Tombstone {
                    kick: &kicks[0],
                    ttl: Duration::from_secs(60),
                }),
            },
            empty: None,
        };
        let snapshot = Snapshot {
            now: NOW,
            session: Some(state),
            ..Snapshot::default()
        };
        let plan = decide(&snapshot, &act, &moment(NOW));
        let leaves = |change: &Change| matches!(change, Change::AddTombstone(..));
        (
            plan.answer,
            plan.changes.iter().filter(|c| leaves(c)).count(),
        )
    };
    assert_eq!(destroy(None), (false, 1));
    assert_eq!(destroy(Some(1)), (true, 1));
    assert_eq!(destroy(Some(2)), (false, 0));
}
