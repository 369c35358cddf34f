//! Users, their logins and the logins' sessions, as stores hold them.

use std::fmt;

use crate::login::event;
use crate::login::policy::Storm;
use crate::login::{Login, LoginId, User, UserKey};
use crate::record::Generation;

/// A session's key in the form in which the store keeps it: opaque to the engine.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoredKey(pub Vec<u8>);

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredKey({} bytes)", self.0.len())
    }
}

/// What a store holds of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserState {
    /// Under what the store files the user.
    pub key: UserKey,
    /// The realm's name.
    pub realm: String,
    /// `source` and `subject` of the user's events, as members of a JSON object.
    pub head: String,
    /// The number of the login that was claimed last.
    pub sequence: i64,
    /// How often the user's logins were replaced of late.
    pub storm: Storm,
}

impl UserState {
    /// A user who has never signed in.
    #[must_use]
    pub fn new(user: &User) -> Self {
        Self {
            key: user.key(),
            realm: user.realm.as_str().to_owned(),
            head: event::head(user),
            sequence: 0,
            storm: Storm::default(),
        }
    }
}

/// What a store holds of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginState {
    /// The login's id.
    pub id: LoginId,
    /// Its number in the user's counter.
    pub sequence: i64,
    /// Its device class.
    pub device: String,
    /// [`crate::login::Identity`] as JSON.
    pub identity: String,
    /// [`crate::login::LoginMetadata`] as JSON.
    pub metadata: String,
    /// Its sessions, in the order in which they were bound.
    pub sessions: Vec<LoginSession>,
}

/// A session of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginSession {
    /// The session's key.
    pub key: StoredKey,
    /// The generation that has the login.
    pub generation: Generation,
    /// When it expires, in milliseconds since 1970; `None` if this generation does not live any more.
    pub expires: Option<i64>,
    /// Its id was rotated: it serves requests that were under way.
    pub rotated: bool,
}

impl LoginState {
    /// Whether one of its sessions lives.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.expires().is_some()
    }

    /// When its last session expires, in milliseconds since 1970.
    #[must_use]
    pub fn expires(&self) -> Option<i64> {
        self.sessions.iter().filter_map(|s| s.expires).max()
    }

    /// Whether this session has it.
    #[must_use]
    pub fn has(&self, key: &StoredKey) -> bool {
        self.sessions.iter().any(|session| session.key == *key)
    }

    /// The login as applications see it; `None` for one that somebody else wrote.
    #[must_use]
    pub fn to_login(&self) -> Option<Login> {
        Login::decode(&self.identity, &self.metadata)
    }

    /// As [`Self::to_login`], for a list of logins.
    #[must_use]
    pub fn to_listed(&self) -> Option<Login> {
        self.to_login().map(|login| login.until(self.expires()))
    }
}
