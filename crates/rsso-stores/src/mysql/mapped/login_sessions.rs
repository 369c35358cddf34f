//! What acts on logins need of an existing table and its versions.

use std::time::Duration;

use mysql::{Error as DbError, Row};

use super::table::{MappedLayout, stored_id};
use super::versions::has_session;
use crate::mysql::columns::flag;
use crate::mysql::connection::Connection;
use crate::mysql::deferred::DeferredChanges;
use crate::mysql::error::serialization_failure;
use crate::mysql::statement::values;
use rsso_core::store::{Generation, Version};

/// A row of the old table, locked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LockedRow {
    Missing,
    Expired,
    Live,
}

impl MappedLayout {
    pub(crate) fn login(
        &self,
        connection: &mut Connection,
        key: &[u8],
    ) -> Result<Option<Row>, DbError> {
        let id = stored_id(key);
        connection.query_first(&self.login_sql.login, values! { id, key })
    }

    pub(crate) fn version(
        &self,
        connection: &mut Connection,
        key: &[u8],
    ) -> Result<Option<(Option<Version>, bool)>, DbError> {
        let id = stored_id(key);
        let is_live = match self.lock(connection, id)? {
            LockedRow::Missing => return Ok(None),
            row => row == LockedRow::Live,
        };
        Ok(Some((self.version_of(connection, id)?, is_live)))
    }

    pub(crate) fn ensure_version_of(
        &self,
        connection: &mut Connection,
        key: &[u8],
    ) -> Result<(), DbError> {
        self.ensure_version(connection, stored_id(key)).map(|_| ())
    }

    /// Locks a row, but not its version.
    fn lock(&self, connection: &mut Connection, id: &[u8]) -> Result<LockedRow, DbError> {
        let row = connection.query_first(&self.login_sql.lock, values! { id })?;
        let Some(row) = row else {
            return Ok(LockedRow::Missing);
        };
        Ok(match (has_session(&row, id)?, flag(&row, "is_live")) {
            (false, _) => LockedRow::Missing,
            (true, false) => LockedRow::Expired,
            (true, true) => LockedRow::Live,
        })
    }

    pub(crate) fn create<'a>(
        &'a self,
        connection: &mut Connection,
        deferred: &mut DeferredChanges<'a>,
        key: &[u8],
        version: Version,
        ttl: Duration,
    ) -> Result<(), DbError> {
        let id = stored_id(key);
        let found = self.lock(connection, id)?;
        if found == LockedRow::Live {
            return Err(serialization_failure());
        }
        let values = values! { id, data => &b""[..], ttl => self.seconds(ttl) };
        let changed = connection.execute(&self.sql.insert, values)?;
        assure_inserted(changed, found)?;
        self.set_version(connection, deferred, id, version)
    }

    pub(crate) fn copy<'a>(
        &'a self,
        connection: &mut Connection,
        deferred: &mut DeferredChanges<'a>,
        (from, to): (&[u8], &[u8]),
        version: Version,
        ttl: Duration,
    ) -> Result<bool, DbError> {
        let (from, to) = (stored_id(from), stored_id(to));
        let found = self.lock(connection, to)?;
        if found == LockedRow::Live {
            return Ok(false);
        }
        let values = values! { from, id => to, ttl => self.seconds(ttl) };
        let changed = connection.execute(&self.login_sql.copy, values)?;
        if changed == 0 {
            return Ok(false);
        }
        assure_inserted(changed, found)?;
        self.set_version(connection, deferred, to, version)?;
        Ok(true)
    }

    fn set_version<'a>(
        &'a self,
        connection: &mut Connection,
        deferred: &mut DeferredChanges<'a>,
        id: &[u8],
        version: Version,
    ) -> Result<(), DbError> {
        let values = values! {
            id,
            generation => version.generation.0.cast_signed(),
            revision => &version.revision.0[..],
        };
        deferred.execute(connection, &self.sql.set_version, values)
    }

    pub(crate) fn remove_session<'a>(
        &'a self,
        connection: &mut Connection,
        deferred: &mut DeferredChanges<'a>,
        key: &[u8],
        generation: Generation,
    ) -> Result<(), DbError> {
        let id = stored_id(key);
        let row = connection.query_first(&self.login_sql.lock, values! { id })?;
        if row.is_some() {
            let version = self.version_of(connection, id)?;
            if version.is_none_or(|version| version.generation != generation) {
                return Ok(());
            }
            connection.execute(&self.login_sql.remove, values! { id })?;
        }
        let values = values! { id, generation => generation.0.cast_signed() };
        deferred.execute(connection, &self.login_sql.remove_version, values)
    }

    /// Brings a session's end forward.
    pub(crate) fn cap(
        &self,
        connection: &mut Connection,
        key: &[u8],
        until: i64,
    ) -> Result<(), DbError> {
        let values = values! { id => stored_id(key), key, until };
        connection.execute(&self.login_sql.cap, values).map(|_| ())
    }
}

/// An insertion changes one row if none was `found`, and counts two if it has replaced one.
fn assure_inserted(changed: u64, found: LockedRow) -> Result<(), DbError> {
    match (changed, found) {
        (1, LockedRow::Missing) | (2.., LockedRow::Expired | LockedRow::Live) => Ok(()),
        _ => Err(serialization_failure()),
    }
}
