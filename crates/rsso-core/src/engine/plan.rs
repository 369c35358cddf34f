//! The plan: an act's changes, its events and its answer.

use std::time::Duration;

use super::states::{LoginState, StoredKey, UserState};
use crate::login::{LoginId, UserKey};
use crate::record::{Generation, Version};

/// The changes to logins and sessions, the events about them, and the caller's answer.
///
/// A store applies all of it or nothing, the changes in their order. Nobody sees a change before its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan<A> {
    /// In this order.
    pub changes: Vec<Change>,
    /// In this order.
    pub events: Vec<PlannedEvent>,
    /// What the caller learns if the plan is applied.
    pub answer: A,
}

/// One change of what a store holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Store the user's counters; the user is made if there is none.
    SaveUser(UserState),
    /// Store a login. Its sessions are bound by other changes.
    AddLogin(UserKey, LoginState),
    /// Remove a login, and what binds sessions to it.
    RemoveLogin(UserKey, LoginId),
    /// Make an empty session, unless a live one is there.
    CreateSession(StoredKey, Version, Duration),
    /// Make a session with another one's data.
    CopySession {
        /// The session to copy.
        from: StoredKey,
        /// The key of the new one, under which no session lives.
        to: StoredKey,
        /// The new session's version.
        version: Version,
        /// How long it lives.
        ttl: Duration,
    },
    /// Remove a session if it is of this generation.
    RemoveSession(StoredKey, Generation),
    /// Bind a session to a login, in place of another one. It is the last of the login's sessions.
    ///
    /// A session that was rotated before is so no more: requests may extend it again.
    BindSession {
        /// The session's key.
        key: StoredKey,
        /// The session's generation.
        generation: Generation,
        /// Whose login it is.
        user: UserKey,
        /// The login, with all its sessions, this one included.
        login: LoginState,
    },
    /// Keep a session, if there is one, without a login.
    UnbindSession(StoredKey),
    /// Mark a session as rotated: it ends after this time at the latest, whoever refreshes it.
    RetireSession(StoredKey, Duration),
    /// Leave a tombstone, [`crate::login::Kick`] as JSON, for so long.
    AddTombstone(StoredKey, String, Duration),
    /// Remove a tombstone.
    RemoveTombstone(StoredKey),
}

/// An event, and the realm to whose outbox it is appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedEvent {
    /// The realm's name.
    pub realm: String,
    /// A CloudEvent, as JSON.
    pub json: String,
}

impl<A> Plan<A> {
    /// Nothing changes.
    pub(super) fn nothing(answer: A) -> Self {
        Self {
            changes: Vec::new(),
            events: Vec::new(),
            answer,
        }
    }

    /// Whether there is nothing to apply.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.events.is_empty()
    }

    /// The plan without its answer, and the answer.
    #[must_use]
    pub fn split(self) -> (Plan<()>, A) {
        let Self {
            changes,
            events,
            answer,
        } = self;
        let plan = Plan {
            changes,
            events,
            answer: (),
        };
        (plan, answer)
    }
}
