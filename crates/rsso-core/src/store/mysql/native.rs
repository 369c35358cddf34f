//! rsso's own table.

use mysql::{Error as Driver, Params, Value};

use super::connection::Session;
use super::layout::{Ask, Cursor, Read, placeholders, record, seconds};
use super::schema::Tables;
use crate::sid::SessionKey;
use crate::store::{Basis, Change, Generation, Outcome, Revision, Version};

/// The statements on the table.
pub(super) struct Native {
    load: String,
    reload: String,
    load_locked: String,
    update: String,
    touch: String,
    insert: String,
    destroy: String,
    generation: String,
    expired: String,
    table: String,
}

impl Native {
    pub(super) fn new(tables: &Tables) -> Self {
        let table = &tables.sessions;
        Self {
            load: format!(
                "SELECT generation, revision, data FROM {table} WHERE id = ? AND expires > UNIX_TIMESTAMP()"
            ),
            reload: format!("SELECT generation, revision, data FROM {table} WHERE id = ?"),
            // One statement that first waits for the lock and then reads. The subquery cannot be
            // merged (LIMIT), the row's key depends on what it answers, and a locking read sees the
            // latest committed row, whatever the isolation level: a stale read would lose updates.
            load_locked: format!(
                "SELECT g.got, s.generation, s.revision, s.data \
                 FROM (SELECT GET_LOCK(?, ?) AS got LIMIT 1) AS g \
                 LEFT JOIN {table} AS s ON s.id = IF(g.got = 1, ?, NULL) AND s.expires > UNIX_TIMESTAMP() \
                 LOCK IN SHARE MODE"
            ),
            update: format!(
                "UPDATE {table} SET data = ?, revision = ?, expires = UNIX_TIMESTAMP() + ? \
                 WHERE id = ? AND generation = ? AND (? OR revision = ?)"
            ),
            // Never the value that stands there: a row that is found is a row that is changed.
            touch: format!(
                "UPDATE {table} SET expires = UNIX_TIMESTAMP() + ? + (expires = UNIX_TIMESTAMP() + ?) \
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
                   expires = IF(revision = VALUES(revision), VALUES(expires), expires)"
            ),
            destroy: format!("DELETE FROM {table} WHERE id = ?"),
            generation: format!("SELECT generation FROM {table} WHERE id = ?"),
            expired: format!(
                "SELECT expires, id FROM {table} WHERE expires <= UNIX_TIMESTAMP() \
                   AND expires >= ? AND (expires > ? OR id > ?) ORDER BY expires, id LIMIT ?"
            ),
            table: table.clone(),
        }
    }

    pub(super) fn load(
        &self,
        session: &mut Session,
        key: &SessionKey,
        ask: Option<Ask<'_>>,
    ) -> Result<Read, Driver> {
        let Some(ask) = ask else {
            let row = session.first(&self.load, (key.as_bytes(),))?;
            return Ok(Read::Granted(row.and_then(|mut row| record(&mut row, 0))));
        };
        let row = session.first(&self.load_locked, (ask.name, ask.seconds, key.as_bytes()))?;
        Ok(match row {
            Some(mut row) if row.get::<Option<i64>, _>(0).flatten() == Some(1) => {
                Read::Granted(record(&mut row, 1))
            }
            _ => Read::Taken,
        })
    }

    pub(super) fn reload(&self, session: &mut Session, key: &SessionKey) -> Result<Read, Driver> {
        let row = session.first(&self.reload, (key.as_bytes(),))?;
        Ok(Read::Granted(row.and_then(|mut row| record(&mut row, 0))))
    }

    pub(super) fn update(
        &self,
        session: &mut Session,
        key: &SessionKey,
        basis: Basis,
        seen: Version,
        any_revision: bool,
        change: Change<'_>,
    ) -> Result<Option<Outcome>, Driver> {
        let generation = seen.generation.0.cast_signed();
        let ttl = seconds(change.ttl());
        let (found, revision) = match change {
            Change::Write(data, _) => {
                let token = &basis.token.as_bytes()[..];
                let found = session.change(
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
                session.change(&self.touch, (ttl, ttl, key.as_bytes(), generation))?,
                seen.revision,
            ),
        };
        Ok((found > 0).then(|| Outcome::stored(seen.generation, revision)))
    }

    pub(super) fn insert(
        &self,
        session: &mut Session,
        key: &SessionKey,
        basis: Basis,
        any_revision: bool,
        change: Change<'_>,
        born: Generation,
    ) -> Result<Option<Outcome>, Driver> {
        let data = match change {
            Change::Write(data, _) => data,
            Change::Touch(_) => b"",
        };
        let (token, ttl) = (&basis.token.as_bytes()[..], seconds(change.ttl()));
        let born_as = born.0.cast_signed();
        let changed = session.change(
            &self.insert,
            (
                key.as_bytes(),
                born_as,
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
            _ => self.generation(session, key)?.unwrap_or(born),
        };
        Ok(Some(Outcome::stored(generation, basis.token.into())))
    }

    fn generation(
        &self,
        session: &mut Session,
        key: &SessionKey,
    ) -> Result<Option<Generation>, Driver> {
        let row = session.first(&self.generation, (key.as_bytes(),))?;
        Ok(row
            .and_then(|row| row.get::<i64, _>(0))
            .map(|g| Generation(g.cast_unsigned())))
    }

    pub(super) fn destroy(&self, session: &mut Session, key: &SessionKey) -> Result<bool, Driver> {
        Ok(session.change(&self.destroy, (key.as_bytes(),))? > 0)
    }

    /// In the order of expiry, which has an index: live rows are not looked at.
    pub(super) fn expired(
        &self,
        session: &mut Session,
        after: &Cursor,
        limit: usize,
    ) -> Result<Vec<Cursor>, Driver> {
        let values = (after.expires, after.expires, after.id.as_slice(), limit);
        let rows = session.all(&self.expired, values)?;
        let cursor = |row: mysql::Row| {
            Some(Cursor {
                expires: row.get(0)?,
                id: row.get(1)?,
            })
        };
        Ok(rows.into_iter().filter_map(cursor).collect())
    }

    pub(super) fn remove(&self, session: &mut Session, ids: &[Vec<u8>]) -> Result<u64, Driver> {
        let sql = format!(
            "DELETE FROM {} WHERE id IN ({}) AND expires <= UNIX_TIMESTAMP()",
            self.table,
            placeholders(ids.len())
        );
        let values = ids.iter().map(|id| Value::Bytes(id.clone())).collect();
        session.change(&sql, Params::Positional(values))
    }
}
