//! What differs between rsso's own table of sessions and an existing one.

use std::time::Duration;

use mysql::Error as DbError;

use super::connection::Connection;
use super::login_layout::LoginLayout;
use rsso_core::error::Result;
use rsso_core::login::{Kick, SessionLogin};
use rsso_core::sid::SessionKey;
use rsso_core::store::{Basis, Change, End, Generation, Outcome, Record, Version};

/// A table of sessions: how a session is read, written, refreshed and removed.
pub(super) trait Layout: LoginLayout + Send {
    /// Reads a session.
    fn load(&self, connection: &mut Connection, key: &SessionKey) -> Result<Stored, DbError>;

    /// Takes the session's lock, then reads the session.
    fn load_locked(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
        lock: LockRequest<'_>,
    ) -> Result<LockedRead, DbError>;

    /// Reads a session whose lock the caller holds: what is being used does not expire.
    fn reload(&self, connection: &mut Connection, key: &SessionKey) -> Result<Stored, DbError> {
        self.load(connection, key)
    }

    /// Writes or refreshes a session that was `seen`; `None` if it is not there, or not as it was seen.
    fn update(
        &self,
        connection: &mut Connection,
        write: &SessionWrite<'_>,
        seen: Version,
    ) -> Result<Option<Outcome>, DbError>;

    /// As [`Self::update`], and releases the lock of this name in the same statement. `None` if it did neither.
    fn update_and_unlock(
        &self,
        _connection: &mut Connection,
        _write: &SessionWrite<'_>,
        _seen: Version,
        _lock: &str,
    ) -> Result<Option<Outcome>, DbError> {
        Ok(None)
    }

    /// Writes a session that was not there; `None` if somebody else has made it meanwhile.
    fn insert(
        &self,
        connection: &mut Connection,
        write: &SessionWrite<'_>,
    ) -> Result<Option<Outcome>, DbError>;

    /// Removes a session that has no login, or, `end.keeps_login`, one that leaves its login behind.
    fn destroy(
        &self,
        connection: &mut Connection,
        key: &[u8],
        end: End<'_>,
    ) -> Result<bool, DbError>;

    /// As [`Self::destroy`], with an empty session in its place, and releases its lock if that is held. False if
    /// it did nothing, or if that takes more than one statement.
    fn replace_with_empty(
        &self,
        _connection: &mut Connection,
        _key: &SessionKey,
        _end: End<'_>,
        _empty: &EmptySession<'_>,
    ) -> Result<bool, DbError> {
        Ok(false)
    }

    /// The expired rows after a position, in order, at most `limit`.
    fn expired(
        &self,
        connection: &mut Connection,
        after: &GcPosition,
        limit: usize,
    ) -> Result<Vec<GcPosition>, DbError>;

    /// Removes those of the rows that are still expired, and returns how many.
    fn remove_expired(&self, connection: &mut Connection, ids: &[Vec<u8>]) -> Result<u64, DbError>;

    /// The key of the session in a row with this id.
    fn key_of(&self, id: &[u8]) -> Vec<u8>;
}

/// How a lock is asked for in the statement that reads.
#[derive(Clone, Copy)]
pub(super) struct LockRequest<'a> {
    pub(super) name: &'a str,
    /// How long to wait for it, in seconds.
    pub(super) wait: f64,
    /// A session that is not there need not be locked.
    pub(super) only_existing: bool,
}

/// The result of a read that takes the session's lock.
pub(super) enum LockedRead {
    Locked(Stored),
    /// There is no session, and its lock was not asked for.
    Missing(Stored),
    /// Another has the lock.
    Taken,
}

/// What is stored under a key.
#[derive(Default)]
pub(super) struct Stored {
    pub(super) record: Option<Record>,
    pub(super) login: Option<SessionLogin>,
    /// The tombstone, if there is no record.
    pub(super) kick: Option<Kick>,
    /// How long the record lives; `None` in a table that others write, too.
    pub(super) left: Option<Duration>,
}

/// A write or a refresh of a session.
#[derive(Clone, Copy)]
pub(super) struct SessionWrite<'a> {
    pub(super) key: &'a SessionKey,
    pub(super) basis: Basis,
    pub(super) change: Change<'a>,
    /// Whatever the revision is: only the generation must be the one that was seen.
    pub(super) any_revision: bool,
    /// The generation of a session that is made.
    pub(super) new_generation: Generation,
}

impl<'a> SessionWrite<'a> {
    /// The data to store; a session that is refreshed and is not there becomes an empty one.
    pub(super) fn data(&self) -> &'a [u8] {
        match self.change {
            Change::Write(data, _) => data,
            Change::Touch(_) => b"",
        }
    }
}

/// The empty session that takes the place of one that is removed.
pub(super) struct EmptySession<'a> {
    pub(super) version: Version,
    pub(super) ttl: Duration,
    /// The name of the session's lock.
    pub(super) lock: &'a str,
}

/// The last row that gc has looked at.
#[derive(Debug, Clone, Default)]
pub(super) struct GcPosition {
    /// Zero if the table is walked in the order of its ids.
    pub(super) expires: i64,
    pub(super) id: Vec<u8>,
}
