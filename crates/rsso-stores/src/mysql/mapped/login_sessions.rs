//! What acts on logins need of an existing table and its marks.

use std::time::Duration;

use mysql::{Error as DbError, Params, Row, Value};

use super::table::{MappedLayout, is_same_id, stored_id};
use crate::mysql::columns::record_version;
use crate::mysql::connection::Connection;
use crate::mysql::error::serialization_failure;
use crate::mysql::transaction::DeferredChanges;
use rsso_core::store::{Generation, Version};

impl MappedLayout {
    pub(crate) fn bound(
        &self,
        connection: &mut Connection,
        key: &[u8],
    ) -> Result<Option<Row>, DbError> {
        let id = stored_id(key);
        connection.query_first(&self.login_sessions.bound, (id, id, id, key))
    }

    pub(crate) fn version(
        &self,
        connection: &mut Connection,
        key: &[u8],
    ) -> Result<Option<(Option<Version>, bool)>, DbError> {
        let id = stored_id(key);
        match self.lock(connection, id)? {
            Some(alive) => Ok(Some((self.version_of(connection, id)?, alive))),
            None => Ok(None),
        }
    }

    pub(crate) fn ensure_version_of(
        &self,
        connection: &mut Connection,
        key: &[u8],
    ) -> Result<(), DbError> {
        self.ensure_version(connection, stored_id(key)).map(|_| ())
    }

    /// Locks a row, but not its mark; says whether it has not expired.
    fn lock(&self, connection: &mut Connection, id: &[u8]) -> Result<Option<bool>, DbError> {
        let Some(row) = connection.query_first(&self.login_sessions.lock, (id,))? else {
            return Ok(None);
        };
        let alive = row.get::<Option<i64>, _>(1).flatten() == Some(1);
        Ok(is_same_id(&row, 0, id)?.then_some(alive))
    }

    fn version_of(
        &self,
        connection: &mut Connection,
        id: &[u8],
    ) -> Result<Option<Version>, DbError> {
        let row = connection.query_first(&self.read_version, (id,))?;
        Ok(row.and_then(|row| record_version(&row, 0)))
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
        if found == Some(true) {
            return Err(serialization_failure());
        }
        let mut values = vec![Value::from(id), Value::from(&b""[..])];
        values.extend(self.has_expires.then(|| Value::from(self.seconds(ttl))));
        let rows = connection.execute(&self.insert, Params::Positional(values))?;
        as_expected(rows, found)?;
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
        if found == Some(true) {
            return Ok(false);
        }
        let mut values = vec![Value::from(to)];
        values.extend(self.has_expires.then(|| Value::from(self.seconds(ttl))));
        values.extend([Value::from(from), Value::from(from)]);
        let rows = connection.execute(&self.login_sessions.copy, Params::Positional(values))?;
        if rows == 0 {
            return Ok(false);
        }
        as_expected(rows, found)?;
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
        let values = (
            id,
            version.generation.0.cast_signed(),
            &version.revision.0[..],
        );
        deferred.change(connection, &self.set_version, values)
    }

    pub(crate) fn remove_session<'a>(
        &'a self,
        connection: &mut Connection,
        deferred: &mut DeferredChanges<'a>,
        key: &[u8],
        generation: Generation,
    ) -> Result<(), DbError> {
        let id = stored_id(key);
        if connection
            .query_first(&self.login_sessions.lock, (id,))?
            .is_some()
        {
            let version = self.version_of(connection, id)?;
            if version.is_none_or(|version| version.generation != generation) {
                return Ok(());
            }
            connection.execute(&self.login_sessions.remove, (id, id))?;
        }
        let values = (id, generation.0.cast_signed());
        deferred.change(connection, &self.login_sessions.remove_mark, values)
    }

    /// Brings a session's end forward.
    pub(crate) fn cap(
        &self,
        connection: &mut Connection,
        key: &[u8],
        until: i64,
    ) -> Result<(), DbError> {
        let id = stored_id(key);
        connection
            .execute(&self.login_sessions.cap, (until, id, id, key))
            .map(|_| ())
    }
}

/// An insertion changes one row where none was `found`, and counts two where it has replaced one.
fn as_expected(rows: u64, found: Option<bool>) -> Result<(), DbError> {
    match (rows, found) {
        (1, None) | (2.., Some(_)) => Ok(()),
        _ => Err(serialization_failure()),
    }
}
