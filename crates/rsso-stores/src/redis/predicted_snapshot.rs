//! What a snapshot would show after a claim that has just been applied.
//!
//! Most claims are followed by a rotation of the session's id, which can be decided without another look. What always
//! holds: only a plan that changes something is made of it, and the script that applies the plan finds out whether
//! anything was different.

use std::collections::HashMap;

use super::login_entry::stored_key;
use super::login_snapshot::{RedisSnapshot, SeenUser};
use rsso_core::engine::{Change, KnownLogins, Plan, Reads, SessionState, Snapshot, StoredKey};
use rsso_core::store::Version;

impl RedisSnapshot {
    /// The claiming session, with its new login. `fields` is how many fields the user's key has now.
    pub(super) fn after_claim(&self, plan: &Plan<()>, act: &str, fields: i64) -> Option<Self> {
        let session = self.snapshot.session.as_ref()?;
        let user = plan.changes.iter().find_map(|change| match change {
            Change::SaveUser(user) => Some(user),
            _ => None,
        })?;
        let (version, mut login) = plan.changes.iter().find_map(|change| match change {
            Change::BindSession { key, login, .. } if *key == session.key => {
                Some((version_of(session, &plan.changes)?, login.clone()))
            }
            _ => None,
        })?;
        for session in &mut login.sessions {
            // That it lives is known, and for how long does not matter here.
            session.expires = Some(i64::MAX);
        }
        let seen = SeenUser {
            name: user.key.to_text(),
            act: act.as_bytes().to_vec(),
            number: user.sequence.to_string().into_bytes(),
            fields,
        };
        let snapshot = Snapshot {
            now: self.snapshot.now,
            session: Some(SessionState {
                key: session.key.clone(),
                version: Some(version),
                login: Some((user.clone(), login)),
            }),
            target: None,
            user: None,
            logins: KnownLogins::default(),
        };
        Some(Self {
            snapshot,
            users: vec![seen],
            entries: HashMap::new(),
        })
    }

    /// Whether it shows what a rotation reads; with the new id, under which nothing is expected.
    pub(super) fn for_rotation(mut self, reads: &Reads<'_>) -> Option<Self> {
        let (from, to) = (reads.session?, reads.target?);
        let session = self.snapshot.session.as_ref()?;
        if session.key != stored_key(&from.to_text()) {
            return None;
        }
        self.snapshot.target = Some(SessionState::missing(stored_key(&to.to_text())));
        Some(self)
    }
}

/// The version of a session that was there, or that the plan has made.
fn version_of(session: &SessionState, changes: &[Change]) -> Option<Version> {
    let made = |change: &Change| match change {
        Change::CreateSession(key, version, _) => is(key, session).then_some(*version),
        _ => None,
    };
    session.version.or_else(|| changes.iter().find_map(made))
}

fn is(key: &StoredKey, session: &SessionState) -> bool {
    *key == session.key
}
