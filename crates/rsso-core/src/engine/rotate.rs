//! Carrying a login to a new session id.

use super::plan::{Change, Plan};
use super::planner::Planner;
use super::reads::{Act, Reads};
use super::snapshot::Snapshot;
use super::states::{LoginSession, StoredKey};
use crate::error::Result;
use crate::login::event::Moment;
use crate::login::{MAX_SESSIONS, ROTATION_GRACE};
use crate::record::{Generation, Version};
use crate::store::Rotation;

/// Gives a session's login and data a new id. `None` if the session does not have the login, or the id is taken.
#[derive(Debug, Clone, Copy)]
pub struct RotateSession<'a> {
    /// From which id to which.
    pub rotation: &'a Rotation<'a>,
    /// The generation of the new session.
    pub generation: Generation,
}

impl<'a> RotateSession<'a> {
    /// A rotation, with a new generation.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn new(rotation: &'a Rotation<'a>) -> Result<Self> {
        Ok(Self {
            rotation,
            generation: Generation::random()?,
        })
    }
}

impl Act for RotateSession<'_> {
    type Answer = Option<Version>;

    fn reads(&self) -> Reads<'_> {
        Reads {
            session: Some(self.rotation.from),
            target: Some(self.rotation.to),
            ..Reads::default()
        }
    }

    fn decide(&self, snapshot: &Snapshot, moment: &Moment) -> Plan<Option<Version>> {
        let Snapshot {
            session: Some(from),
            target: Some(to),
            now,
            ..
        } = snapshot
        else {
            return Plan::nothing(None);
        };
        let Some((user, login)) = from.has_login(self.rotation.login) else {
            return Plan::nothing(None);
        };
        if to.version.is_some() {
            // Sent a second time: the first has done it.
            let done = to.has_login(login.id).and(to.version);
            return Plan::nothing(done);
        }
        let version = Version {
            generation: self.generation,
            revision: self.rotation.token.into(),
        };
        let mut planner = Planner::new(moment);
        planner.change(Change::CopySession {
            from: from.key.clone(),
            to: to.key.clone(),
            version,
            ttl: self.rotation.ttl,
        });
        let grace = i64::try_from(ROTATION_GRACE.as_millis()).unwrap_or(i64::MAX);
        let mut login = login.clone();
        for session in &mut login.sessions {
            if session.key == from.key && !session.rotated {
                let until = now.saturating_add(grace);
                session.rotated = true;
                session.expires = session.expires.map(|expires| expires.min(until));
                planner.change(Change::RetireSession(from.key.clone(), ROTATION_GRACE));
            }
        }
        for session in take_surplus(&mut login.sessions, &to.key) {
            planner.change(Change::RemoveSession(
                session.key.clone(),
                session.generation,
            ));
            planner.change(Change::UnbindSession(session.key));
        }
        login.sessions.push(LoginSession {
            key: to.key.clone(),
            generation: version.generation,
            expires: None,
            rotated: false,
        });
        planner.change(Change::BindSession {
            key: to.key.clone(),
            generation: version.generation,
            user: user.key,
            login,
        });
        planner.plan(Some(version))
    }

    fn done_before(&self, answer: Option<Version>) -> Option<Option<Version>> {
        answer.map(Some)
    }
}

/// Takes the dead sessions out, and of too many live ones those that were rotated, then those that expire first.
/// One more is to come, under the key `new`.
fn take_surplus(sessions: &mut Vec<LoginSession>, new: &StoredKey) -> Vec<LoginSession> {
    let (mut live, mut surplus): (Vec<_>, Vec<_>) =
        sessions.drain(..).partition(|s| s.expires.is_some());
    live.retain(|session| session.key != *new);
    surplus.retain(|session| session.key != *new);
    let mut order: Vec<usize> = (0..live.len()).collect();
    order.sort_by_key(|at| (!live[*at].rotated, live[*at].expires));
    order.truncate((live.len() + 1).saturating_sub(MAX_SESSIONS));
    for (at, session) in live.into_iter().enumerate() {
        match order.contains(&at) {
            true => surplus.push(session),
            false => sessions.push(session),
        }
    }
    surplus
}
