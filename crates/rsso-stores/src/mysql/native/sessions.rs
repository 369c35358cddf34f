//! rsso's own table.

use std::time::Duration;

use mysql::{Error as DbError, Params, Row, Value};

use super::login_sessions::Statements;
use crate::mysql::columns::{BOUND, bound, kick, record};
use crate::mysql::connection::Connection;
use crate::mysql::reads::{Cursor, LockRequest, Read, Stored};
use crate::mysql::schema::Tables;
use crate::mysql::sql::{placeholders, seconds};
use rsso_core::sid::SessionKey;
use rsso_core::store::{Basis, Change, End, Generation, Outcome, Revision, Version};

/// Seconds until a record expires; this one has begun.
const LEFT: &str = "GREATEST(s.expires - CAST(UNIX_TIMESTAMP() AS SIGNED), 0)";

/// The statements on the table.
pub(crate) struct NativeLayout {
    load: String,
    reload: String,
    load_locked: String,
    kick: String,
    update: String,
    update_and_unlock: String,
    touch: String,
    insert: String,
    destroy: String,
    empty: String,
    generation: String,
    expired: String,
    table: String,
    pub(crate) login_sessions: Statements,
}

impl NativeLayout {
    pub(crate) fn new(tables: &Tables) -> Self {
        let Tables {
            sessions: table,
            logins,
            bindings,
            kicks,
            ..
        } = tables;
        let columns = format!("s.generation, s.revision, s.data, {BOUND}, {LEFT}");
        // What a read tells besides the record: its login. Why there is none is asked for then: each
        // table in a statement costs as much as finding the record.
        let besides = format!(
            "LEFT JOIN {bindings} AS b ON b.session = s.id AND b.generation = s.generation \
             LEFT JOIN {logins} AS l ON l.login = b.login"
        );
        let until = format!(
            "COALESCE((SELECT b.until FROM {bindings} AS b \
               WHERE b.session = {table}.id AND b.generation = {table}.generation), {})",
            i64::MAX
        );
        // One that has a login ends with it, in a transaction.
        let unbound = format!(
            "id = ? AND (? OR generation = ?) AND (? OR NOT EXISTS (SELECT 1 FROM {bindings} AS b \
               WHERE b.session = {table}.id AND b.generation = {table}.generation))"
        );
        Self {
            load: format!(
                "SELECT {columns} FROM (SELECT 1 AS one) AS g \
                 LEFT JOIN {table} AS s ON s.id = ? AND s.expires > UNIX_TIMESTAMP() \
                 {besides}"
            ),
            reload: format!(
                "SELECT {columns} FROM (SELECT 1 AS one) AS g \
                 LEFT JOIN {table} AS s ON s.id = ? \
                 {besides}"
            ),
            kick: format!(
                "SELECT detail FROM {kicks} WHERE expires > UNIX_TIMESTAMP() AND session = ?"
            ),
            // One statement that first waits for the lock and then reads. The subquery cannot be
            // merged (LIMIT), the row's key depends on what it answers, and a locking read sees the
            // latest committed row, whatever the isolation level: a stale read would lose updates.
            load_locked: format!(
                "SELECT g.got, {columns} \
                 FROM (SELECT GET_LOCK(?, ?) AS got LIMIT 1) AS g \
                 LEFT JOIN {table} AS s ON s.id = IF(g.got = 1, ?, NULL) AND s.expires > UNIX_TIMESTAMP() \
                 {besides} \
                 LOCK IN SHARE MODE"
            ),
            // The binding is looked for when the session's row is locked: sessions come before
            // bindings wherever both are locked.
            update: format!(
                "UPDATE {table} SET data = ?, revision = ?, expires = LEAST(UNIX_TIMESTAMP() + ?, {until}) \
                 WHERE id = ? AND generation = ? AND (? OR revision = ?)"
            ),
            // By the lock's owner, where the expiry stands: its index, and who is logged in, do not matter. It
            // gives the lock back before it is committed: whoever gets that reads with a lock on the
            // row, and so waits for the commit. The lock's name is made to depend on the row, for MySQL before
            // 8.0.22 would evaluate a constant one before it has found, and locked, the row.
            update_and_unlock: format!(
                "UPDATE {table} SET data = ?, revision = \
                   IF(RELEASE_LOCK(CONCAT(?, LEFT(revision, 0))) IS NULL, ?, ?) \
                 WHERE id = ? AND generation = ?"
            ),
            // Never the value that stands there: a row that is found is a row that is changed. But for
            // one whose id was rotated, and which is not refreshed.
            touch: format!(
                "UPDATE {table} SET expires = \
                   LEAST(UNIX_TIMESTAMP() + ? + (expires = UNIX_TIMESTAMP() + ?), {until}) \
                 WHERE id = ? AND generation = ?"
            ),
            // What is there may be an expired row that gc has not removed, or one that was made
            // without a lock meanwhile. Assignments are made from left to right, each with what
            // those before it have set.
            insert: format!(
                "INSERT INTO {table} (id, generation, revision, expires, data) \
                 VALUES (?, ?, ?, UNIX_TIMESTAMP() + ?, ?) ON DUPLICATE KEY UPDATE \
                   generation = IF(expires <= UNIX_TIMESTAMP(), VALUES(generation), generation), \
                   data = IF(? OR expires <= UNIX_TIMESTAMP(), VALUES(data), data), \
                   revision = IF(? OR expires <= UNIX_TIMESTAMP(), VALUES(revision), revision), \
                   expires = IF(revision = VALUES(revision), LEAST(VALUES(expires), {until}), expires)"
            ),
            destroy: format!("DELETE FROM {table} WHERE {unbound}"),
            // Gives the lock back as `update_and_unlock` does.
            empty: format!(
                "UPDATE {table} SET data = '', generation = ?, expires = UNIX_TIMESTAMP() + ?, revision = \
                   IF(RELEASE_LOCK(CONCAT(?, LEFT(revision, 0))) IS NULL, ?, ?) \
                 WHERE {unbound}"
            ),
            generation: format!("SELECT generation FROM {table} WHERE id = ?"),
            expired: format!(
                "SELECT expires, id FROM {table} WHERE expires <= UNIX_TIMESTAMP() \
                   AND expires >= ? AND (expires > ? OR id > ?) ORDER BY expires, id LIMIT ?"
            ),
            table: table.clone(),
            login_sessions: Statements::new(tables),
        }
    }

    pub(crate) fn load(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
        request: Option<LockRequest<'_>>,
    ) -> Result<Read, DbError> {
        let id = key.as_bytes();
        let Some(request) = request else {
            let row = connection.query_first(&self.load, (id,))?;
            return self.found(connection, id, row, 0);
        };
        let row = connection.query_first(&self.load_locked, (request.name, request.seconds, id))?;
        match row {
            Some(row) if row.get::<Option<i64>, _>(0).flatten() == Some(1) => {
                self.found(connection, id, Some(row), 1)
            }
            _ => Ok(Read::Taken),
        }
    }

    pub(crate) fn reload(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
    ) -> Result<Read, DbError> {
        let row = connection.query_first(&self.reload, (key.as_bytes(),))?;
        self.found(connection, key.as_bytes(), row, 0)
    }

    /// What is in the columns of a read, or why there is nothing.
    fn found(
        &self,
        connection: &mut Connection,
        id: &[u8],
        row: Option<Row>,
        first: usize,
    ) -> Result<Read, DbError> {
        let mut found = Stored::default();
        if let Some(mut row) = row {
            found.record = record(&mut row, first);
            found.login = bound(&mut row, first + 3);
            let left = row.get::<Option<u64>, _>(first + 7).flatten();
            found.left = left.map(|left| Duration::from_secs(left.saturating_sub(1)));
        }
        if found.record.is_none() {
            let row = connection.query_first(&self.kick, (id,))?;
            found.kick = row.and_then(|mut row| kick(&mut row, 0));
        }
        Ok(Read::Granted(Box::new(found)))
    }

    pub(crate) fn update(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
        basis: Basis,
        seen: Version,
        any_revision: bool,
        change: Change<'_>,
    ) -> Result<Option<Outcome>, DbError> {
        let generation = seen.generation.0.cast_signed();
        let ttl = seconds(change.ttl());
        let (found, revision) = match change {
            Change::Write(data, _) => {
                let token = &basis.token.as_bytes()[..];
                let found = connection.execute(
                    &self.update,
                    (
                        data,
                        token,
                        ttl,
                        key.as_bytes(),
                        generation,
                        any_revision,
                        &seen.revision.0[..],
                    ),
                )?;
                (found, Revision::from(basis.token))
            }
            Change::Touch(_) => (
                connection.execute(&self.touch, (ttl, ttl, key.as_bytes(), generation))?,
                seen.revision,
            ),
        };
        Ok((found > 0).then(|| Outcome::stored(seen.generation, revision)))
    }

    /// The write of who holds the lock; `None` where there is no such record, and the lock is still held.
    pub(crate) fn update_and_unlock(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
        basis: Basis,
        seen: Version,
        data: &[u8],
        lock: &str,
    ) -> Result<Option<Outcome>, DbError> {
        let token = &basis.token.as_bytes()[..];
        let generation = seen.generation.0.cast_signed();
        let values = (data, lock, token, token, key.as_bytes(), generation);
        let found = connection.execute(&self.update_and_unlock, values)?;
        Ok((found > 0).then(|| Outcome::stored(seen.generation, basis.token.into())))
    }

    pub(crate) fn insert(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
        basis: Basis,
        any_revision: bool,
        change: Change<'_>,
        born: Generation,
    ) -> Result<Option<Outcome>, DbError> {
        let data = match change {
            Change::Write(data, _) => data,
            Change::Touch(_) => b"",
        };
        let (token, ttl) = (&basis.token.as_bytes()[..], seconds(change.ttl()));
        let new_generation = born.0.cast_signed();
        let changed = connection.execute(
            &self.insert,
            (
                key.as_bytes(),
                new_generation,
                token,
                ttl,
                data,
                any_revision,
                any_revision,
            ),
        )?;
        let generation = match changed {
            0 => return Ok(None),
            1 => born,
            _ => self.generation(connection, key)?.unwrap_or(born),
        };
        Ok(Some(Outcome::stored(generation, basis.token.into())))
    }

    fn generation(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
    ) -> Result<Option<Generation>, DbError> {
        let row = connection.query_first(&self.generation, (key.as_bytes(),))?;
        Ok(row
            .and_then(|row| row.get::<i64, _>(0))
            .map(|g| Generation(g.cast_unsigned())))
    }

    /// Removes a session that has no login, or, `alone`, one that leaves its login behind.
    pub(crate) fn destroy(
        &self,
        connection: &mut Connection,
        key: &[u8],
        seen: Option<Generation>,
        alone: bool,
    ) -> Result<bool, DbError> {
        let any = seen.is_none();
        let generation = seen.map_or(0, |seen| seen.0.cast_signed());
        Ok(connection.execute(&self.destroy, (key, any, generation, alone))? > 0)
    }

    /// As [`Self::destroy`], with an empty session in its place; and gives the lock back if that is held.
    pub(crate) fn empty(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
        end: End<'_>,
        born: Version,
        (ttl, lock): (Duration, &str),
    ) -> Result<bool, DbError> {
        let any = end.seen.is_none();
        let seen = end.seen.map_or(0, |seen| seen.0.cast_signed());
        let values = (
            born.generation.0.cast_signed(),
            seconds(ttl),
            lock,
            &born.revision.0[..],
            &born.revision.0[..],
            key.as_bytes(),
            any,
            seen,
            end.alone,
        );
        if connection.execute(&self.empty, values)? > 0 {
            return Ok(true);
        }
        // The first try may have done it, and its answer was lost.
        Ok(connection.is_second_try && self.generation(connection, key)? == Some(born.generation))
    }

    /// In the order of expiry, which has an index: live rows are not looked at.
    pub(crate) fn expired(
        &self,
        connection: &mut Connection,
        after: &Cursor,
        limit: usize,
    ) -> Result<Vec<Cursor>, DbError> {
        let values = (after.expires, after.expires, after.id.as_slice(), limit);
        let rows = connection.query_all(&self.expired, values)?;
        let cursor = |row: mysql::Row| {
            Some(Cursor {
                expires: row.get(0)?,
                id: row.get(1)?,
            })
        };
        Ok(rows.into_iter().filter_map(cursor).collect())
    }

    pub(crate) fn remove(
        &self,
        connection: &mut Connection,
        ids: &[Vec<u8>],
    ) -> Result<u64, DbError> {
        let sql = format!(
            "DELETE FROM {} WHERE id IN ({}) AND expires <= UNIX_TIMESTAMP()",
            self.table,
            placeholders(ids.len())
        );
        let values = ids.iter().map(|id| Value::Bytes(id.clone())).collect();
        connection.execute(&sql, Params::Positional(values))
    }
}
