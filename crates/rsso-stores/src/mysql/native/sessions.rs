//! Reading, writing and removing sessions of rsso's own table.

use std::time::Duration;

use mysql::{Error as DbError, Row};

use super::table::NativeLayout;
use crate::mysql::columns::{bound, flag, generation, record, tombstone, value};
use crate::mysql::connection::Connection;
use crate::mysql::layout::data_of;
use crate::mysql::reads::{Cursor, LockRequest, Read, Stored};
use crate::mysql::seconds::seconds;
use crate::mysql::statement::values;
use rsso_core::sid::SessionKey;
use rsso_core::store::{Basis, Change, End, Generation, Outcome, Revision, Version};

impl NativeLayout {
    pub(crate) fn load(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
        request: Option<LockRequest<'_>>,
    ) -> Result<Read, DbError> {
        let id = key.as_bytes();
        let Some(request) = request else {
            let row = connection.query_first(&self.sql.load, values! { id })?;
            return self.stored(connection, id, row);
        };
        let values = values! { lock => request.name, wait => request.seconds, id };
        let row = connection.query_first(&self.sql.load_locked, values)?;
        match row {
            Some(row) if flag(&row, "got") => self.stored(connection, id, Some(row)),
            _ => Ok(Read::Taken),
        }
    }

    pub(crate) fn reload(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
    ) -> Result<Read, DbError> {
        let id = key.as_bytes();
        let row = connection.query_first(&self.sql.reload, values! { id })?;
        self.stored(connection, id, row)
    }

    /// What a row of a read holds, or why there is no session.
    fn stored(
        &self,
        connection: &mut Connection,
        id: &[u8],
        row: Option<Row>,
    ) -> Result<Read, DbError> {
        let mut stored = Stored::default();
        if let Some(mut row) = row {
            stored.record = record(&mut row);
            stored.login = bound(&row);
            // The second that has begun is not left.
            let left = value::<u64>(&row, "seconds_left");
            stored.left = left.map(|left| Duration::from_secs(left.saturating_sub(1)));
        }
        if stored.record.is_none() {
            let row = connection.query_first(&self.sql.tombstone, values! { id })?;
            stored.kick = row.and_then(|row| tombstone(&row));
        }
        Ok(Read::Granted(Box::new(stored)))
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
        let id = key.as_bytes();
        let generation = seen.generation.0.cast_signed();
        let ttl = seconds(change.ttl());
        let (found, revision) = match change {
            Change::Write(data, _) => {
                let values = values! {
                    id,
                    generation,
                    any_revision,
                    seen_revision => &seen.revision.0[..],
                    data,
                    revision => &basis.token.as_bytes()[..],
                    ttl,
                };
                let found = connection.execute(&self.sql.update, values)?;
                (found, Revision::from(basis.token))
            }
            Change::Touch(_) => {
                let values = values! { id, generation, ttl };
                (connection.execute(&self.sql.touch, values)?, seen.revision)
            }
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
        let values = values! {
            id => key.as_bytes(),
            generation => seen.generation.0.cast_signed(),
            data,
            revision => &basis.token.as_bytes()[..],
            lock,
        };
        let found = connection.execute(&self.sql.update_and_unlock, values)?;
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
        let values = values! {
            id => key.as_bytes(),
            generation => born.0.cast_signed(),
            revision => &basis.token.as_bytes()[..],
            any_revision,
            data => data_of(change),
            ttl => seconds(change.ttl()),
        };
        let generation = match connection.execute(&self.sql.insert, values)? {
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
        let id = key.as_bytes();
        let row = connection.query_first(&self.sql.generation, values! { id })?;
        Ok(row.and_then(|row| generation(&row)))
    }

    /// Removes a session that has no login, or, `alone`, one that leaves its login behind.
    pub(crate) fn destroy(
        &self,
        connection: &mut Connection,
        key: &[u8],
        seen: Option<Generation>,
        alone: bool,
    ) -> Result<bool, DbError> {
        let values = values! {
            id => key,
            any_generation => seen.is_none(),
            generation => seen.map_or(0, |seen| seen.0.cast_signed()),
            keeps_login => alone,
        };
        Ok(connection.execute(&self.sql.destroy, values)? > 0)
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
        let values = values! {
            id => key.as_bytes(),
            any_generation => end.seen.is_none(),
            generation => end.seen.map_or(0, |seen| seen.0.cast_signed()),
            keeps_login => end.alone,
            new_generation => born.generation.0.cast_signed(),
            revision => &born.revision.0[..],
            ttl => seconds(ttl),
            lock,
        };
        if connection.execute(&self.sql.replace_with_empty, values)? > 0 {
            return Ok(true);
        }
        // The first try may have done it, and its answer was lost.
        Ok(connection.is_second_try && self.generation(connection, key)? == Some(born.generation))
    }

    pub(crate) fn expired(
        &self,
        connection: &mut Connection,
        after: &Cursor,
        limit: usize,
    ) -> Result<Vec<Cursor>, DbError> {
        let values = values! {
            after_expires => after.expires,
            after_id => after.id.as_slice(),
            limit,
        };
        let rows = connection.query_all(&self.sql.expired, values)?;
        let cursor = |row: &Row| {
            Some(Cursor {
                expires: row.get("expires")?,
                id: row.get("id")?,
            })
        };
        Ok(rows.iter().filter_map(cursor).collect())
    }

    pub(crate) fn remove(
        &self,
        connection: &mut Connection,
        ids: &[Vec<u8>],
    ) -> Result<u64, DbError> {
        let rows = ids.iter().map(|id| values! { id });
        connection.execute_batch(&self.sql.remove_expired, rows)
    }
}
