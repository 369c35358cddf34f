//! The end of a login by its own session: signed out, or destroyed.

use std::time::Duration;

use super::plan::{Change, Plan};
use super::planner::Planner;
use super::reads::{Act, Reads};
use super::snapshot::Snapshot;
use crate::login::LoginId;
use crate::login::event::{self, Moment, reason};
use crate::record::Version;
use crate::sid::SessionKey;
use crate::store::{End, Tombstone};

/// Ends the login of a session, which stays. False if the session does not have it.
#[derive(Debug, Clone, Copy)]
pub struct SignOut<'a> {
    /// The session.
    pub session: &'a SessionKey,
    /// The login that it must have.
    pub login: LoginId,
}

/// Removes a session, and ends its login. False if there is no such session.
#[derive(Debug, Clone, Copy)]
pub struct DestroySession<'a> {
    /// The session.
    pub session: &'a SessionKey,
    /// What may end, and what is left.
    pub end: End<'a>,
    /// An empty session takes its place, of this version, for so long.
    pub empty: Option<(Version, Duration)>,
}

impl Act for SignOut<'_> {
    type Answer = bool;

    fn reads(&self) -> Reads<'_> {
        Reads::session(self.session)
    }

    fn decide(&self, snapshot: &Snapshot, moment: &Moment) -> Plan<bool> {
        let session = snapshot.session.as_ref();
        let found = session.and_then(|session| Some((session, session.has_login(self.login)?)));
        let Some((session, (user, login))) = found else {
            return Plan::nothing(false);
        };
        let mut planner = Planner::new(moment);
        planner.release(user, login, &session.key, reason::RELEASED);
        planner.change(Change::UnbindSession(session.key.clone()));
        planner.plan(true)
    }

    /// The session does not have the login any more.
    fn done_before(&self, _answer: bool) -> Option<bool> {
        Some(true)
    }
}

impl Act for DestroySession<'_> {
    type Answer = bool;

    fn reads(&self) -> Reads<'_> {
        Reads::session(self.session)
    }

    fn decide(&self, snapshot: &Snapshot, moment: &Moment) -> Plan<bool> {
        let Some(session) = &snapshot.session else {
            return Plan::nothing(false);
        };
        let found = session.version.map(|version| version.generation);
        // A request that saw an earlier session leaves a later one alone.
        if let (Some(seen), Some(found)) = (self.end.seen, found)
            && seen != found
        {
            return Plan::nothing(false);
        }
        let mut planner = Planner::new(moment);
        if !self.end.keeps_login
            && let Some((user, login)) = &session.login
        {
            planner.release(user, login, &session.key, reason::DESTROYED);
        }
        if let Some(found) = found {
            planner.change(Change::RemoveSession(session.key.clone(), found));
            planner.change(Change::UnbindSession(session.key.clone()));
        }
        if let (Some(_), Some((version, ttl))) = (found, self.empty) {
            planner.change(Change::CreateSession(session.key.clone(), version, ttl));
        }
        if let Some(Tombstone { kick, ttl }) = self.end.tombstone {
            let kick = event::json(kick);
            planner.change(Change::AddTombstone(session.key.clone(), kick, ttl));
        }
        planner.plan(found.is_some())
    }

    /// The session that was seen is not there any more.
    fn done_before(&self, _answer: bool) -> Option<bool> {
        self.end.seen.map(|_| true)
    }
}
