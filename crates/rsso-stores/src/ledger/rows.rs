//! The rows of users and of their logins, and which of them an act reads.

use rsso_core::login::policy::Storm;
use rsso_core::login::{Login, LoginId, UserKey};
use rsso_core::store::Generation;

/// A user's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserRow {
    /// The number of the login that was claimed last.
    pub(crate) sequence: i64,
    pub(crate) storm: Storm,
    pub(crate) realm: String,
    /// `source` and `subject` of the user's events, as members of a JSON object.
    pub(crate) head: String,
}

/// A user's key and row, which the transaction has locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LockedUser {
    pub(super) key: UserKey,
    pub(super) row: UserRow,
}

/// A login's row, with its sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoginRow {
    pub(crate) login: LoginId,
    pub(crate) sequence: i64,
    pub(crate) device: String,
    /// [`rsso_core::login::Identity`] as JSON.
    pub(crate) identity: String,
    /// [`rsso_core::login::LoginMetadata`] as JSON.
    pub(crate) more: String,
    pub(crate) sessions: Vec<SessionRow>,
}

impl LoginRow {
    pub(super) fn is_live(&self) -> bool {
        self.expires().is_some()
    }

    /// When its last session expires.
    pub(super) fn expires(&self) -> Option<i64> {
        self.sessions.iter().filter_map(|s| s.expires).max()
    }

    /// `None` for a row that somebody else wrote.
    pub(super) fn to_login(&self) -> Option<Login> {
        Login::decode(&self.identity, &self.more)
    }

    /// As [`Self::to_login`], for a list of logins.
    pub(super) fn to_listed(&self) -> Option<Login> {
        let expires = self.expires().map(|second| second.saturating_mul(1000));
        self.to_login().map(|login| login.until(expires))
    }
}

/// A session of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionRow {
    /// [`rsso_core::SessionKey`]'s bytes.
    pub(crate) key: Vec<u8>,
    pub(crate) generation: Generation,
    /// When it expires, in seconds since 1970; `None` where there is no live session of this generation.
    pub(crate) expires: Option<i64>,
    /// When its id was rotated: until when it serves requests that were under way.
    pub(crate) until: Option<i64>,
}

/// The login that a live session has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionLoginRow {
    pub(crate) user: UserKey,
    pub(crate) login: LoginId,
    /// The login's number.
    pub(crate) sequence: i64,
}

/// Which of a user's logins: from this number on, so many at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LoginRange {
    pub(crate) from: i64,
    pub(crate) limit: u32,
}

impl LoginRange {
    /// All of them.
    pub(super) const ALL: Self = Self {
        from: i64::MIN,
        limit: u32::MAX,
    };

    /// The oldest.
    pub(super) fn oldest(limit: usize) -> Self {
        Self::from(i64::MIN, limit)
    }

    pub(super) fn from(from: i64, limit: usize) -> Self {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        Self { from, limit }
    }

    /// The login with this number.
    pub(super) fn one(number: i64) -> Self {
        Self::from(number, 1)
    }
}

/// How many logins a user has, and the number of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LoginCount {
    pub(crate) count: usize,
    pub(crate) first: i64,
}
