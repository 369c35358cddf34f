//! A store in memory: what it holds, and what happens to it between acts.

use std::collections::{BTreeMap, HashMap};

use rsso_core::engine::{LoginSession, LoginState, StoredKey, UserState};
use rsso_core::login::{Kick, LoginId, UserKey};
use rsso_core::record::{Generation, Version};

/// What the store holds. Equal worlds show the same to everybody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct World {
    /// Milliseconds since 1970.
    pub now: i64,
    pub users: HashMap<UserKey, UserState>,
    /// Whose login, and the login as a plan has written it.
    pub logins: BTreeMap<LoginId, (UserKey, LoginState)>,
    pub sessions: BTreeMap<StoredKey, Session>,
    /// One for each key: the rows that bind sessions to logins.
    pub bindings: BTreeMap<StoredKey, Binding>,
    pub tombstones: BTreeMap<StoredKey, Tombstone>,
    /// How many bindings were made so far.
    pub bound: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    pub version: Version,
    pub expires: i64,
    /// Stands for PHP's data; 0 is an empty session.
    pub data: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    pub generation: Generation,
    pub login: LoginId,
    pub rotated: bool,
    /// The place in the order in which sessions were bound.
    pub number: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// A [`Kick`] as JSON.
    pub json: String,
    pub until: i64,
}

impl Tombstone {
    pub fn kick(&self) -> Kick {
        serde_json::from_str(&self.json).unwrap()
    }
}

impl World {
    pub fn session(&self, key: &StoredKey) -> Option<&Session> {
        let session = self.sessions.get(key)?;
        (session.expires > self.now).then_some(session)
    }

    /// The binding of a live session to a login.
    pub fn binding(&self, key: &StoredKey) -> Option<&Binding> {
        let session = self.session(key)?;
        let binding = self.bindings.get(key)?;
        (binding.generation == session.version.generation).then_some(binding)
    }

    pub fn login_of(&self, key: &StoredKey) -> Option<LoginId> {
        self.binding(key).map(|binding| binding.login)
    }

    /// A login, whose sessions are looked up in the rows that bind them.
    pub fn login(&self, id: LoginId) -> Option<LoginState> {
        let (_, login) = self.logins.get(&id)?;
        let rows = self.bindings.iter().filter(|(_, row)| row.login == id);
        let mut rows: Vec<_> = rows.collect();
        rows.sort_by_key(|(_, row)| row.number);
        let sessions = rows.into_iter().map(|(key, row)| LoginSession {
            key: key.clone(),
            generation: row.generation,
            expires: (self.session(key))
                .filter(|session| session.version.generation == row.generation)
                .map(|session| session.expires),
            rotated: row.rotated,
        });
        Some(LoginState {
            sessions: sessions.collect(),
            ..login.clone()
        })
    }

    /// A user's logins, live or dead, in the order of their numbers.
    pub fn logins(&self, user: UserKey) -> Vec<LoginState> {
        let ids = self.logins.iter().filter(|(_, (owner, _))| *owner == user);
        let mut logins: Vec<_> = ids.filter_map(|(id, _)| self.login(*id)).collect();
        logins.sort_by_key(|login| login.sequence);
        logins
    }

    pub fn live_logins(&self, user: UserKey) -> Vec<LoginState> {
        let mut logins = self.logins(user);
        logins.retain(LoginState::is_live);
        logins
    }

    pub fn user_of(&self, id: LoginId) -> Option<UserKey> {
        self.logins.get(&id).map(|(user, _)| *user)
    }

    /// Refreshes a session, as a request does that ends. A rotated one is not extended.
    pub fn touch(&mut self, key: &StoredKey, ttl: i64) {
        let rotated = self.binding(key).is_some_and(|binding| binding.rotated);
        let now = self.now;
        if self.session(key).is_some()
            && !rotated
            && let Some(session) = self.sessions.get_mut(key)
        {
            session.expires = now + ttl;
        }
    }

    /// Writes a session: its data and revision change.
    pub fn write(&mut self, key: &StoredKey, drawn: u64) {
        if self.session(key).is_some()
            && let Some(session) = self.sessions.get_mut(key)
        {
            session.data = drawn | 1;
            session.version.revision.0[..8].copy_from_slice(&drawn.to_be_bytes());
        }
    }

    /// Removes what has expired, except logins: nobody looks for those.
    pub fn prune(&mut self) {
        let now = self.now;
        self.sessions.retain(|_, session| session.expires > now);
        self.tombstones.retain(|_, left| left.until > now);
    }
}
