//! What acts on logins need of rsso's own table.

use std::time::Duration;

use mysql::{Error as DbError, Row};

use crate::mysql::columns::{BOUND, record_version};
use crate::mysql::connection::Connection;
use crate::mysql::error::serialization_failure;
use crate::mysql::schema::Tables;
use crate::mysql::sql::seconds;
use rsso_core::store::{Generation, Version};

/// The statements.
pub(crate) struct Statements {
    pub(crate) entries: String,
    bound: String,
    version: String,
    create: String,
    copy: String,
    remove: String,
    cap: String,
}

impl Statements {
    pub(crate) fn new(tables: &Tables) -> Self {
        let Tables {
            sessions: table,
            logins,
            bindings,
            ..
        } = tables;
        // What is there may be an expired row that gc has not removed.
        let unless_alive = "generation = IF(expires <= UNIX_TIMESTAMP(), VALUES(generation), generation), \
             revision = IF(expires <= UNIX_TIMESTAMP(), VALUES(revision), revision), \
             data = IF(expires <= UNIX_TIMESTAMP(), VALUES(data), data), \
             expires = IF(expires <= UNIX_TIMESTAMP(), VALUES(expires), expires)";
        Self {
            entries: format!(
                "SELECT l.login, l.sequence, l.device, l.identity, l.more, \
                   b.session, b.generation, b.until, s.expires, s.expires > UNIX_TIMESTAMP() \
                 FROM (SELECT login, sequence, device, identity, more FROM {logins} \
                   WHERE user = ? AND sequence >= ? ORDER BY sequence LIMIT ?) AS l \
                 LEFT JOIN {bindings} AS b ON b.login = l.login \
                 LEFT JOIN {table} AS s ON s.id = b.session AND s.generation = b.generation \
                 ORDER BY l.sequence, b.session"
            ),
            bound: format!(
                "SELECT l.login, s.expires > UNIX_TIMESTAMP(), {BOUND}, l.sequence FROM {bindings} AS b \
                 JOIN {logins} AS l ON l.login = b.login \
                 JOIN {table} AS s ON s.id = b.session AND s.generation = b.generation \
                 WHERE b.session = ?"
            ),
            version: format!(
                "SELECT generation, revision, expires > UNIX_TIMESTAMP() FROM {table} WHERE id = ? FOR UPDATE"
            ),
            create: format!(
                "INSERT INTO {table} (id, generation, revision, expires, data) \
                 VALUES (?, ?, ?, UNIX_TIMESTAMP() + ?, '') ON DUPLICATE KEY UPDATE {unless_alive}"
            ),
            // The source has names of its own, so that the others are the target's.
            copy: format!(
                "INSERT INTO {table} (id, generation, revision, expires, data) \
                 SELECT CAST(? AS BINARY), CAST(? AS SIGNED), CAST(? AS BINARY), UNIX_TIMESTAMP() + ?, f.source \
                 FROM (SELECT data AS source FROM {table} WHERE id = ?) AS f \
                 ON DUPLICATE KEY UPDATE {unless_alive}"
            ),
            remove: format!("DELETE FROM {table} WHERE id = ? AND generation = ?"),
            cap: format!(
                "UPDATE {table} SET expires = LEAST(expires, ?) WHERE id = ? AND generation = \
                   (SELECT b.generation FROM {bindings} AS b WHERE b.session = ?)"
            ),
        }
    }

    pub(crate) fn bound(
        &self,
        connection: &mut Connection,
        key: &[u8],
    ) -> Result<Option<Row>, DbError> {
        connection.query_first(&self.bound, (key,))
    }

    pub(crate) fn version(
        &self,
        connection: &mut Connection,
        key: &[u8],
    ) -> Result<Option<(Option<Version>, bool)>, DbError> {
        let row = connection.query_first(&self.version, (key,))?;
        Ok(row.map(|row| {
            let alive = row.get::<Option<i64>, _>(2).flatten() == Some(1);
            (record_version(&row, 0), alive)
        }))
    }

    pub(crate) fn create(
        &self,
        connection: &mut Connection,
        key: &[u8],
        version: Version,
        ttl: Duration,
    ) -> Result<(), DbError> {
        let values = (
            key,
            version.generation.0.cast_signed(),
            &version.revision.0[..],
            seconds(ttl),
        );
        match connection.execute(&self.create, values)? {
            0 => Err(serialization_failure()),
            _ => Ok(()),
        }
    }

    pub(crate) fn copy(
        &self,
        connection: &mut Connection,
        from: &[u8],
        to: &[u8],
        version: Version,
        ttl: Duration,
    ) -> Result<bool, DbError> {
        let values = (
            to,
            version.generation.0.cast_signed(),
            &version.revision.0[..],
            seconds(ttl),
            from,
        );
        Ok(connection.execute(&self.copy, values)? > 0)
    }

    pub(crate) fn remove(
        &self,
        connection: &mut Connection,
        key: &[u8],
        generation: Generation,
    ) -> Result<(), DbError> {
        connection
            .execute(&self.remove, (key, generation.0.cast_signed()))
            .map(|_| ())
    }

    pub(crate) fn cap(
        &self,
        connection: &mut Connection,
        key: &[u8],
        until: i64,
    ) -> Result<(), DbError> {
        connection.execute(&self.cap, (until, key, key)).map(|_| ())
    }
}
