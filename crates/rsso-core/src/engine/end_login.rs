//! The end of logins, and what it leaves under their sessions' ids.

use std::time::Duration;

use super::plan::Change;
use super::planner::Planner;
use super::states::{LoginSession, LoginState, StoredKey, UserState};
use crate::login::event::{self, EventDetails, Kind, reason};
use crate::login::{Kick, ROTATION_GRACE};
use crate::record::Version;

/// The replacement for each live session of a login that ends.
#[derive(Debug, Clone, Copy)]
enum Replacement<'a> {
    Nothing,
    /// A [`Kick`] as JSON, and how long it is kept.
    Tombstone(&'a str, Duration),
    /// An empty session of this version, for requests that are under way.
    EmptySession(Version),
}

impl Planner<'_> {
    /// Ends logins whose last session is gone.
    pub(super) fn expire<'l>(
        &mut self,
        user: &UserState,
        dead: impl IntoIterator<Item = &'l LoginState>,
    ) {
        for login in dead {
            // With its rows: a request that is still under way there would store a living session again.
            self.end(user, login, None, Replacement::Nothing);
            let details = EventDetails::expired(self.moment);
            self.tell(user, Kind::Expired, &login.identity, &details);
        }
    }

    /// Ends a login on somebody else's behalf: each of its sessions becomes a tombstone.
    pub(super) fn kick(
        &mut self,
        user: &UserState,
        login: &LoginState,
        details: &EventDetails,
        tombstone_ttl: Duration,
    ) -> Option<Kick> {
        let data = event::data(&login.identity, &details.members());
        self.end(
            user,
            login,
            None,
            Replacement::Tombstone(&data, tombstone_ttl),
        );
        self.tell_data(user, Kind::Kicked, &data);
        serde_json::from_str(&data).ok()
    }

    /// Ends a login on behalf of its own session, which is `kept` or removed otherwise.
    pub(super) fn release(
        &mut self,
        user: &UserState,
        login: &LoginState,
        kept: &StoredKey,
        reason: &str,
    ) {
        self.end(user, login, Some(kept), Replacement::Nothing);
        let details = EventDetails::with_reason(self.moment, reason);
        self.tell(user, Kind::Released, &login.identity, &details);
    }

    /// Ends a login that the claiming browser had. All its sessions but `kept` become empty.
    pub(super) fn reclaim(
        &mut self,
        user: &UserState,
        login: &LoginState,
        kept: &StoredKey,
        empty: Version,
    ) {
        self.end(user, login, Some(kept), Replacement::EmptySession(empty));
        let details = EventDetails::with_reason(self.moment, reason::RECLAIMED);
        self.tell(user, Kind::Released, &login.identity, &details);
    }

    fn end(
        &mut self,
        user: &UserState,
        login: &LoginState,
        kept: Option<&StoredKey>,
        replacement: Replacement<'_>,
    ) {
        for session in &login.sessions {
            if Some(&session.key) != kept {
                self.end_session(session, replacement);
            }
        }
        self.change(Change::RemoveLogin(user.key, login.id));
    }

    fn end_session(&mut self, session: &LoginSession, replacement: Replacement<'_>) {
        let key = &session.key;
        self.change(Change::RemoveSession(key.clone(), session.generation));
        if session.expires.is_none() {
            return;
        }
        match replacement {
            Replacement::Nothing => {}
            Replacement::Tombstone(kick, ttl) => {
                self.change(Change::AddTombstone(key.clone(), kick.to_owned(), ttl));
            }
            Replacement::EmptySession(version) => {
                self.change(Change::CreateSession(key.clone(), version, ROTATION_GRACE));
            }
        }
    }
}
