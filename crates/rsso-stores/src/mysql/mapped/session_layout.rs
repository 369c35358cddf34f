//! Reading, writing and removing sessions of an existing table.

use mysql::{Error as DbError, Row};

use super::table::{MappedLayout, stored_id};
use super::versions::has_session;
use crate::mysql::columns::{bound, flag, tombstone, version};
use crate::mysql::connection::Connection;
use crate::mysql::layout::{GcPosition, Layout, LockRequest, LockedRead, SessionWrite, Stored};
use crate::mysql::locks::wait_for_lock;
use crate::mysql::statement::values;
use crate::mysql::transaction::transaction;
use rsso_core::sid::SessionKey;
use rsso_core::store::{Change, End, Outcome, Record, Revision, Version};

impl Layout for MappedLayout {
    fn load(&self, connection: &mut Connection, key: &SessionKey) -> Result<Stored, DbError> {
        self.check_table(connection)?;
        self.load_checked(connection, key)
    }

    fn load_locked(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
        lock: LockRequest<'_>,
    ) -> Result<LockedRead, DbError> {
        self.check_table(connection)?;
        let LockRequest { name, wait, .. } = lock;
        // A statement that waits keeps a MyISAM table locked meanwhile, from the lock's owner too:
        // waiting has a statement of its own, and the one that reads does not wait.
        if wait > 0.0 {
            return match wait_for_lock(connection, name, wait)? {
                true => self.load_checked(connection, key).map(LockedRead::Locked),
                false => Ok(LockedRead::Taken),
            };
        }
        let (id, key) = (stored_id(key.as_bytes()), key.as_bytes());
        let values = values! { lock => name, wait, id, key };
        match connection.query_first(&self.sql(connection.stage).sessions.load_locked, values)? {
            Some(row) if flag(&row, "got") => {
                let stored = self.stored(connection, id, Some(row))?;
                Ok(LockedRead::Locked(stored))
            }
            _ => Ok(LockedRead::Taken),
        }
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
        let key = write.key.as_bytes();
        let values = values! {
            id => stored_id(key),
            key,
            generation => seen.generation.0.cast_signed(),
            any_revision => write.any_revision,
            seen_revision => &seen.revision.0[..],
            data => write.data(),
            revision => &revision.0[..],
            ttl => self.seconds(write.change.ttl()),
        };
        let found = connection.execute(sql, values)?;
        Ok((found > 0).then(|| Outcome::stored(seen.generation, revision)))
    }

    fn insert(
        &self,
        connection: &mut Connection,
        write: &SessionWrite<'_>,
    ) -> Result<Option<Outcome>, DbError> {
        let id = stored_id(write.key.as_bytes());
        let revision = Revision::from(write.basis.token);
        let found = self.load(connection, write.key)?.record;
        if let Some(live) = &found
            && !write.any_revision
            && live.version.revision != revision
        {
            return Ok(None);
        }
        let ttl = self.seconds(write.change.ttl());
        // The row first, as everywhere: whoever has locked a version does not want the old table.
        let generation = transaction(connection, |connection| {
            let values = values! { id, data => write.data(), ttl };
            let is_new =
                connection.execute(&self.sql(connection.stage).sessions.insert, values)? == 1;
            // One that was made without a lock meanwhile has the same life for whoever reads it; one that has
            // ended since it was looked for does not come back.
            let known = match found.is_some() && !is_new {
                true => self.version_of(connection, id)?,
                false => None,
            };
            let generation = known.map_or(write.new_generation, |version| version.generation);
            let values = values! {
                id,
                generation => generation.0.cast_signed(),
                revision => &revision.0[..],
            };
            connection.execute(&self.sql(connection.stage).sessions.set_version, values)?;
            Ok(generation)
        })?;
        Ok(Some(Outcome::stored(generation, revision)))
    }

    fn destroy(
        &self,
        connection: &mut Connection,
        key: &[u8],
        end: End<'_>,
    ) -> Result<bool, DbError> {
        self.check_table(connection)?;
        let values = values! {
            id => stored_id(key),
            key,
            any_generation => end.seen.is_none(),
            generation => end.seen.map_or(0, |seen| seen.0.cast_signed()),
            keeps_login => end.keeps_login,
        };
        Ok(connection.execute(&self.sql(connection.stage).sessions.destroy, values)? > 0)
    }

    fn expired(
        &self,
        connection: &mut Connection,
        after: &GcPosition,
        limit: usize,
    ) -> Result<Vec<GcPosition>, DbError> {
        self.check_table(connection)?;
        let values = values! { after => &after.id, limit };
        let rows = connection.query_all(&self.sql(connection.stage).sessions.expired, values)?;
        let position = |row: &Row| {
            let id = row.get("id")?;
            Some(GcPosition { expires: 0, id })
        };
        let positions: Vec<_> = rows.iter().filter_map(position).collect();
        if positions.is_empty() {
            // The end of a gc.
            self.remove_orphaned_versions(connection, limit)?;
        }
        Ok(positions)
    }

    fn remove_expired(&self, connection: &mut Connection, ids: &[Vec<u8>]) -> Result<u64, DbError> {
        let rows = ids.iter().map(|id| values! { id });
        let removed =
            connection.execute_batch(&self.sql(connection.stage).sessions.remove_expired, rows)?;
        self.remove_versions(connection, ids)?;
        Ok(removed)
    }

    fn key_of(&self, id: &[u8]) -> Vec<u8> {
        [b"=", id].concat()
    }
}

impl MappedLayout {
    /// Reads a session of a table that was checked.
    fn load_checked(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
    ) -> Result<Stored, DbError> {
        let (id, key) = (stored_id(key.as_bytes()), key.as_bytes());
        let row = connection.query_first(
            &self.sql(connection.stage).sessions.load,
            values! { id, key },
        )?;
        self.stored(connection, id, row)
    }

    /// What a row of a read holds; a record that the old code wrote gets its version now.
    fn stored(
        &self,
        connection: &mut Connection,
        id: &[u8],
        row: Option<Row>,
    ) -> Result<Stored, DbError> {
        let Some(mut row) = row else {
            return Ok(Stored::default());
        };
        if !has_session(&row, id)? {
            return Ok(Stored {
                kick: tombstone(&row),
                ..Stored::default()
            });
        }
        let version = match version(&row) {
            Some(version) => Some(version),
            None => self.find_or_add_version(connection, id)?,
        };
        // The old code may store NULL for an empty session.
        let data: Option<Vec<u8>> = row.take::<Option<Vec<u8>>, _>("data").flatten();
        Ok(Stored {
            record: version.map(|version| Record {
                data: data.unwrap_or_default(),
                version,
            }),
            login: bound(&row),
            ..Stored::default()
        })
    }
}
