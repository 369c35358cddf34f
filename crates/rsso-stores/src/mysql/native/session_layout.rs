//! Reading, writing and removing sessions of rsso's own table.

use std::time::Duration;

use mysql::{Error as DbError, Row};

use super::table::NativeLayout;
use crate::mysql::columns::{bound, flag, generation, record, tombstone, value};
use crate::mysql::connection::Connection;
use crate::mysql::error::{LOCK_WAIT, code};
use crate::mysql::layout::{
    EmptySession, GcPosition, Layout, LockRequest, LockedRead, SessionWrite, Stored,
};
use crate::mysql::seconds::seconds;
use crate::mysql::statement::values;
use rsso_core::sid::SessionKey;
use rsso_core::store::{Change, End, Generation, Outcome, Revision, Version};

impl Layout for NativeLayout {
    fn load(&self, connection: &mut Connection, key: &SessionKey) -> Result<Stored, DbError> {
        let id = key.as_bytes();
        let row =
            connection.query_first(&self.sql(connection.stage).sessions.load, values! { id })?;
        self.stored(connection, id, row)
    }

    fn load_locked(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
        lock: LockRequest<'_>,
    ) -> Result<LockedRead, DbError> {
        let id = key.as_bytes();
        let sql = &self.sql(connection.stage).sessions;
        if lock.wait == 0.0 && connection.keeps_row_locks(&sql.lock_existing)? {
            let values = values! { lock => lock.name, id };
            let found = match connection.query_first(&sql.lock_existing, values) {
                // An act on its login has kept the row for as long as the server waits.
                Err(error) if code(&error) == Some(LOCK_WAIT) => return Ok(LockedRead::Taken),
                found => found?,
            };
            match found {
                Some(row) if flag(&row, "got") => {
                    let live = seconds_left(&row).is_some_and(|left| left > 0);
                    let row = live.then_some(row);
                    return self.stored(connection, id, row).map(LockedRead::Locked);
                }
                Some(_) => return Ok(LockedRead::Taken),
                None if lock.only_existing => {
                    return self.stored(connection, id, None).map(LockedRead::Missing);
                }
                None => {}
            }
        }
        let values = values! { lock => lock.name, wait => lock.wait, id };
        match connection.query_first(&sql.load_locked, values)? {
            Some(row) if flag(&row, "got") => {
                let kick = tombstone(&row);
                let stored = Stored {
                    kick,
                    ..stored(Some(row))
                };
                Ok(LockedRead::Locked(stored))
            }
            _ => Ok(LockedRead::Taken),
        }
    }

    fn reload(&self, connection: &mut Connection, key: &SessionKey) -> Result<Stored, DbError> {
        let id = key.as_bytes();
        let row =
            connection.query_first(&self.sql(connection.stage).sessions.reload, values! { id })?;
        self.stored(connection, id, row)
    }

    fn update(
        &self,
        connection: &mut Connection,
        write: &SessionWrite<'_>,
        seen: Version,
    ) -> Result<Option<Outcome>, DbError> {
        let sql = &self.sql(connection.stage).sessions;
        let (sql, revision) = match write.change {
            Change::Write(..) => (&sql.update, Revision::from(write.basis.token)),
            Change::Touch(_) => (&sql.touch, seen.revision),
        };
        let values = values! {
            id => write.key.as_bytes(),
            generation => seen.generation.0.cast_signed(),
            any_revision => write.any_revision,
            seen_revision => &seen.revision.0[..],
            data => write.data(),
            revision => &revision.0[..],
            ttl => seconds(write.change.ttl()),
        };
        let found = connection.execute(sql, values)?;
        Ok((found > 0).then(|| Outcome::stored(seen.generation, revision)))
    }

    fn update_and_unlock(
        &self,
        connection: &mut Connection,
        write: &SessionWrite<'_>,
        seen: Version,
        lock: &str,
    ) -> Result<Option<Outcome>, DbError> {
        let revision = Revision::from(write.basis.token);
        let values = values! {
            id => write.key.as_bytes(),
            generation => seen.generation.0.cast_signed(),
            data => write.data(),
            revision => &revision.0[..],
            lock,
        };
        let found = connection.execute(
            &self.sql(connection.stage).sessions.update_and_unlock,
            values,
        )?;
        Ok((found > 0).then(|| Outcome::stored(seen.generation, revision)))
    }

    fn insert(
        &self,
        connection: &mut Connection,
        write: &SessionWrite<'_>,
    ) -> Result<Option<Outcome>, DbError> {
        let new = write.new_generation;
        let values = values! {
            id => write.key.as_bytes(),
            generation => new.0.cast_signed(),
            revision => &write.basis.token.as_bytes()[..],
            any_revision => write.any_revision,
            data => write.data(),
            ttl => seconds(write.change.ttl()),
        };
        let generation =
            match connection.execute(&self.sql(connection.stage).sessions.insert, values)? {
                0 => return Ok(None),
                1 => new,
                _ => self.generation(connection, write.key)?.unwrap_or(new),
            };
        Ok(Some(Outcome::stored(generation, write.basis.token.into())))
    }

    fn destroy(
        &self,
        connection: &mut Connection,
        key: &[u8],
        end: End<'_>,
    ) -> Result<bool, DbError> {
        let values = values! {
            id => key,
            any_generation => end.seen.is_none(),
            generation => end.seen.map_or(0, |seen| seen.0.cast_signed()),
            keeps_login => end.keeps_login,
        };
        Ok(connection.execute(&self.sql(connection.stage).sessions.destroy, values)? > 0)
    }

    fn replace_with_empty(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
        end: End<'_>,
        empty: &EmptySession<'_>,
    ) -> Result<bool, DbError> {
        let new = empty.version.generation;
        let values = values! {
            id => key.as_bytes(),
            any_generation => end.seen.is_none(),
            generation => end.seen.map_or(0, |seen| seen.0.cast_signed()),
            keeps_login => end.keeps_login,
            new_generation => new.0.cast_signed(),
            revision => &empty.version.revision.0[..],
            ttl => seconds(empty.ttl),
            lock => empty.lock,
        };
        if connection.execute(
            &self.sql(connection.stage).sessions.replace_with_empty,
            values,
        )? > 0
        {
            return Ok(true);
        }
        // The first try may have done it, and its answer was lost.
        Ok(connection.is_second_try && self.generation(connection, key)? == Some(new))
    }

    fn expired(
        &self,
        connection: &mut Connection,
        after: &GcPosition,
        limit: usize,
    ) -> Result<Vec<GcPosition>, DbError> {
        let values = values! { after_expires => after.expires, after_id => &after.id, limit };
        let rows = connection.query_all(&self.sql(connection.stage).sessions.expired, values)?;
        let position = |row: &Row| {
            Some(GcPosition {
                expires: row.get("expires")?,
                id: row.get("id")?,
            })
        };
        Ok(rows.iter().filter_map(position).collect())
    }

    fn remove_expired(&self, connection: &mut Connection, ids: &[Vec<u8>]) -> Result<u64, DbError> {
        let rows = ids.iter().map(|id| values! { id });
        connection.execute_batch(&self.sql(connection.stage).sessions.remove_expired, rows)
    }

    fn key_of(&self, id: &[u8]) -> Vec<u8> {
        id.to_vec()
    }
}

impl NativeLayout {
    /// What a row of a read holds, or why there is no session.
    fn stored(
        &self,
        connection: &mut Connection,
        id: &[u8],
        row: Option<Row>,
    ) -> Result<Stored, DbError> {
        let mut stored = stored(row);
        if stored.record.is_none() {
            let row = connection.query_first(
                &self.sql(connection.stage).sessions.tombstone,
                values! { id },
            )?;
            stored.kick = row.and_then(|row| tombstone(&row));
        }
        Ok(stored)
    }

    fn generation(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
    ) -> Result<Option<Generation>, DbError> {
        let id = key.as_bytes();
        let row = connection.query_first(
            &self.sql(connection.stage).sessions.generation,
            values! { id },
        )?;
        Ok(row.and_then(|row| generation(&row)))
    }
}

/// What a row of a read holds.
fn stored(row: Option<Row>) -> Stored {
    let mut stored = Stored::default();
    if let Some(mut row) = row {
        stored.record = record(&mut row);
        stored.login = bound(&row);
        // The second that has begun is not left.
        let left = seconds_left(&row);
        stored.left = left.map(|left| Duration::from_secs(left.saturating_sub(1)));
    }
    stored
}

fn seconds_left(row: &Row) -> Option<u64> {
    value(row, "seconds_left")
}
