//! What acts on logins need of the table in which the sessions are. Keys are [`rsso_core::SessionKey`]'s bytes.

use std::time::Duration;

use mysql::{Error as DbError, Row};

use super::connection::Connection;
use super::deferred::DeferredChanges;
use super::layout::Layout;
use super::statement::Statement;
use rsso_core::store::{Generation, Version};

impl Layout {
    /// Whether the table is what the directives say.
    pub(super) fn check(&self, connection: &mut Connection) -> Result<(), DbError> {
        match self {
            Self::NativeLayout(_) => Ok(()),
            Self::MappedLayout(mapped) => mapped.check(connection),
        }
    }

    /// Lists a user's logins, each with its sessions: login, sequence, device, identity, more,
    /// session, generation, until, when a session of this generation expires, whether it has not.
    pub(super) fn entries(&self) -> &Statement {
        match self {
            Self::NativeLayout(native) => &native.login_sql.entries,
            Self::MappedLayout(mapped) => &mapped.login_sql.entries,
        }
    }

    /// The login of a stored session: its id, whether the session has not expired, and then
    /// [`super::columns::BOUND`].
    pub(super) fn login(
        &self,
        connection: &mut Connection,
        key: &[u8],
    ) -> Result<Option<Row>, DbError> {
        match self {
            Self::NativeLayout(native) => native.login(connection, key),
            Self::MappedLayout(mapped) => mapped.login(connection, key),
        }
    }

    /// Locks a stored session; says whether it has not expired. It has no version yet where only the
    /// old code knows it.
    pub(super) fn version(
        &self,
        connection: &mut Connection,
        key: &[u8],
    ) -> Result<Option<(Option<Version>, bool)>, DbError> {
        match self {
            Self::NativeLayout(native) => native.version(connection, key),
            Self::MappedLayout(mapped) => mapped.version(connection, key),
        }
    }

    /// Gives a session of the old code's its version.
    pub(super) fn add_version(
        &self,
        connection: &mut Connection,
        key: &[u8],
    ) -> Result<(), DbError> {
        match self {
            Self::NativeLayout(_) => Ok(()),
            Self::MappedLayout(mapped) => mapped.ensure_version_of(connection, key),
        }
    }

    /// Makes an empty session where there is no live one.
    pub(super) fn create<'a>(
        &'a self,
        connection: &mut Connection,
        deferred: &mut DeferredChanges<'a>,
        key: &[u8],
        version: Version,
        ttl: Duration,
    ) -> Result<(), DbError> {
        match self {
            Self::NativeLayout(native) => native.create(connection, key, version, ttl),
            Self::MappedLayout(mapped) => mapped.create(connection, deferred, key, version, ttl),
        }
    }

    /// Makes a session with the data of another. False where a live one is there.
    pub(super) fn copy<'a>(
        &'a self,
        connection: &mut Connection,
        deferred: &mut DeferredChanges<'a>,
        (from, to): (&[u8], &[u8]),
        version: Version,
        ttl: Duration,
    ) -> Result<bool, DbError> {
        match self {
            Self::NativeLayout(native) => native.copy(connection, from, to, version, ttl),
            Self::MappedLayout(mapped) => {
                mapped.copy(connection, deferred, (from, to), version, ttl)
            }
        }
    }

    /// Removes a session of this generation.
    pub(super) fn remove_session<'a>(
        &'a self,
        connection: &mut Connection,
        deferred: &mut DeferredChanges<'a>,
        key: &[u8],
        generation: Generation,
    ) -> Result<(), DbError> {
        match self {
            Self::NativeLayout(native) => native.remove_session(connection, key, generation),
            Self::MappedLayout(mapped) => {
                mapped.remove_session(connection, deferred, key, generation)
            }
        }
    }

    /// Sets the end of a session that has a login.
    pub(super) fn cap(
        &self,
        connection: &mut Connection,
        key: &[u8],
        until: i64,
    ) -> Result<(), DbError> {
        match self {
            Self::NativeLayout(native) => native.cap(connection, key, until),
            Self::MappedLayout(mapped) => mapped.cap(connection, key, until),
        }
    }

    /// Removes a session that has no login, or, `alone`, one that leaves its login behind; of one
    /// generation if it is given.
    pub(super) fn destroy(
        &self,
        connection: &mut Connection,
        key: &[u8],
        seen: Option<Generation>,
        alone: bool,
    ) -> Result<bool, DbError> {
        match self {
            Self::NativeLayout(native) => native.destroy(connection, key, seen, alone),
            Self::MappedLayout(mapped) => mapped.destroy(connection, key, seen, alone),
        }
    }
}
