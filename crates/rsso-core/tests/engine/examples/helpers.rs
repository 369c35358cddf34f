//! Logins, and claims beside them.

use std::time::Duration;

use rsso_core::SessionKey;
use rsso_core::engine::{
    ClaimSession, KnownLogins, LoginSession, LoginState, Plan, SessionState, Snapshot, UserState,
    decide,
};
use rsso_core::login::event::{identity_json, json};
use rsso_core::login::{Claim, ClaimBasis, Claimed, Client, Device, Limits, LoginId, User};
use rsso_core::record::{Generation, Token};

use crate::store::stored_key;
use crate::values::{keys, moment};

pub const NOW: i64 = 1_700_000_000_000;

pub fn claim(user: &User, at: i64, number: u64, limits: Limits) -> Claim {
    let id = (u128::try_from(at).unwrap() << 80) | u128::from(number);
    Claim {
        user: user.clone(),
        login: LoginId::from_bytes(&id.to_be_bytes()).unwrap(),
        device: Device::default(),
        label: None,
        meta: None,
        client: Client::default(),
        claimed_from: None,
        limits,
        notify_others: false,
        tombstone_ttl: Duration::from_secs(60),
    }
}

pub fn session(
    key: &SessionKey,
    generation: u64,
    expires: Option<i64>,
    rotated: bool,
) -> LoginSession {
    LoginSession {
        key: stored_key(key),
        generation: Generation(generation),
        expires,
        rotated,
    }
}

/// The login that a claim has made, with these sessions.
pub fn login(claim: &Claim, number: i64, sessions: Vec<LoginSession>) -> LoginState {
    LoginState {
        id: claim.login,
        sequence: number,
        device: claim.device.as_str().to_owned(),
        identity: identity_json(&claim.identity()),
        metadata: json(&claim.more(Duration::from_secs(60))),
        sessions,
    }
}

/// Logins of a user with a session each, that expire at these times, in the order of their numbers.
pub fn logins(user: &User, expires: &[i64]) -> Vec<LoginState> {
    let keys = keys(expires.len());
    let login = |(at, key): (usize, &SessionKey)| {
        let number = i64::try_from(at).unwrap() + 1;
        let claim = claim(user, NOW - 100_000 + number, at as u64, Limits::default());
        let expires = (expires[at] > NOW).then_some(expires[at]);
        login(
            &claim,
            number,
            vec![session(key, 100 + at as u64, expires, false)],
        )
    };
    keys.iter().enumerate().map(login).collect()
}

/// A claim from a new session of a user who has these logins.
pub fn claim_beside(claim: &Claim, known: KnownLogins) -> Plan<Claimed> {
    let mut user = UserState::new(&claim.user);
    user.sequence = known
        .logins
        .iter()
        .map(|login| login.sequence)
        .max()
        .unwrap_or(0);
    claim_at(claim, known, user, NOW)
}

/// As [`claim_beside`], of a user in this state, at this time.
pub fn claim_at(claim: &Claim, known: KnownLogins, user: UserState, now: i64) -> Plan<Claimed> {
    let session = keys(1_000).pop().unwrap();
    let act = ClaimSession {
        session: &session,
        basis: ClaimBasis {
            seen: None,
            token: Token::random().unwrap(),
            ttl: Duration::from_secs(60),
        },
        claim,
        generation: Generation(7),
    };
    let snapshot = Snapshot {
        now,
        session: Some(SessionState::missing(stored_key(&session))),
        target: None,
        user: Some(user),
        logins: known,
    };
    decide(&snapshot, &act, &moment(now))
}

pub fn kicked(plan: &Plan<Claimed>) -> Vec<LoginId> {
    match &plan.answer {
        Claimed::New(_, kicks) => kicks.iter().map(|kick| kick.identity.login).collect(),
        other => panic!("{other:?}"),
    }
}
