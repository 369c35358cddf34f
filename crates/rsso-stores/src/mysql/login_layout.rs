//! What acts on logins need of a table of sessions. Keys are [`rsso_core::SessionKey`]'s bytes.

use std::time::Duration;

use mysql::{Error as DbError, Row};

use super::connection::Connection;
use super::deferred::DeferredChanges;
use super::schema_stage::SchemaStage;
use super::statement::Statement;
use rsso_core::engine::LoginState;
use rsso_core::login::UserKey;
use rsso_core::store::{Generation, Version};

/// A table of sessions, as acts on logins see it.
pub(super) trait LoginLayout {
    /// Whether the application's old code uses the table as well.
    fn is_shared(&self) -> bool;

    /// Checks that the table is what the directives say.
    fn check(&self, connection: &mut Connection) -> Result<(), DbError>;

    /// Lists some of a user's logins, each with its sessions: login, sequence, device, identity, more, session,
    /// generation, until, `expires` of a session of this generation, `is_live`; and `seconds`, the server's clock.
    fn entries(&self, stage: SchemaStage) -> &Statement;

    /// As [`Self::entries`], all of them.
    fn all_entries(&self, stage: SchemaStage) -> &Statement;

    /// The login of a stored session: its id, `is_live` of the session, and what [`super::columns::bound`] reads.
    fn login(&self, connection: &mut Connection, key: &[u8]) -> Result<Option<Row>, DbError>;

    /// Locks a stored session.
    fn lock(&self, connection: &mut Connection, key: &[u8]) -> Result<LockedSession, DbError>;

    /// Gives a session its version if only the old code knows it.
    fn ensure_version(&self, connection: &mut Connection, key: &[u8]) -> Result<(), DbError>;

    /// Makes an empty session; fails as a deadlock does if a live one is there.
    fn create<'a>(
        &'a self,
        connection: &mut Connection,
        deferred: &mut DeferredChanges<'a>,
        session: &NewSession<'_>,
    ) -> Result<(), DbError>;

    /// As [`Self::create`], with the data of the session `from`.
    fn copy<'a>(
        &'a self,
        connection: &mut Connection,
        deferred: &mut DeferredChanges<'a>,
        from: &[u8],
        session: &NewSession<'_>,
    ) -> Result<(), DbError>;

    /// Removes a session of this generation.
    fn remove<'a>(
        &'a self,
        connection: &mut Connection,
        deferred: &mut DeferredChanges<'a>,
        key: &[u8],
        generation: Generation,
    ) -> Result<(), DbError>;

    /// Notes a session's login in its row, before it is bound to it.
    fn set_login(
        &self,
        _connection: &mut Connection,
        _key: &[u8],
        _generation: Generation,
        _user: &UserKey,
        _login: &LoginState,
    ) -> Result<(), DbError> {
        Ok(())
    }

    /// Notes in a session's row that it has no login, before its binding is removed.
    fn clear_login(&self, _connection: &mut Connection, _key: &[u8]) -> Result<(), DbError> {
        Ok(())
    }

    /// Lets a session with a login end at this second at the latest.
    fn cap(&self, connection: &mut Connection, key: &[u8], until: i64) -> Result<(), DbError>;
}

/// A session whose row is locked.
#[derive(Clone, Copy)]
pub(super) enum LockedSession {
    Missing,
    /// Only the old code knows it: it has no version yet. It has not expired.
    Unversioned,
    Versioned {
        version: Version,
        is_live: bool,
    },
}

/// A session to make.
#[derive(Clone, Copy)]
pub(super) struct NewSession<'a> {
    pub(super) key: &'a [u8],
    pub(super) version: Version,
    pub(super) ttl: Duration,
}
