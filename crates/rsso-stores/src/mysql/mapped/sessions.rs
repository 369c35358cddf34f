//! Reading, writing and removing sessions of an existing table.

use mysql::{Error as DbError, Row};

use super::table::{MappedLayout, stored_id};
use super::versions::has_session;
use crate::mysql::columns::{bound, flag, tombstone, version};
use crate::mysql::connection::Connection;
use crate::mysql::layout::data_of;
use crate::mysql::locks::{unlock, wait_for_lock};
use crate::mysql::reads::{LockRequest, Read, Stored};
use crate::mysql::statement::values;
use crate::mysql::transaction::transaction;
use rsso_core::sid::SessionKey;
use rsso_core::store::{Basis, Change, Generation, Outcome, Record, Revision, Version};

impl MappedLayout {
    pub(crate) fn load(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
        request: Option<LockRequest<'_>>,
    ) -> Result<Read, DbError> {
        self.check(connection)?;
        let Some(request) = request else {
            return self.load_now(connection, key);
        };
        let name = request.name;
        let read = self.load_locked(connection, key, &request);
        if read.is_err() {
            // The lock may have been granted before the failure, and locks are counted.
            let _ = unlock(connection, name);
        }
        read
    }

    fn load_now(&self, connection: &mut Connection, key: &SessionKey) -> Result<Read, DbError> {
        let (id, key) = (stored_id(key.as_bytes()), key.as_bytes());
        let row = connection.query_first(&self.sql.load, values! { id, key })?;
        self.stored(connection, id, row)
    }

    fn load_locked(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
        request: &LockRequest<'_>,
    ) -> Result<Read, DbError> {
        let LockRequest { name, seconds } = *request;
        // A statement that waits keeps a MyISAM table locked meanwhile, from the lock's owner too:
        // waiting has a statement of its own, and the one that reads does not wait.
        if seconds > 0.0 {
            return match wait_for_lock(connection, name, seconds)? {
                true => self.load_now(connection, key),
                false => Ok(Read::Taken),
            };
        }
        let (id, key) = (stored_id(key.as_bytes()), key.as_bytes());
        let values = values! { lock => name, wait => seconds, id, key };
        let row = connection.query_first(&self.sql.load_locked, values)?;
        match row {
            Some(row) if flag(&row, "got") => self.stored(connection, id, Some(row)),
            _ => Ok(Read::Taken),
        }
    }

    /// What a row of a read holds; a record that the old code wrote gets its version now.
    fn stored(
        &self,
        connection: &mut Connection,
        id: &[u8],
        row: Option<Row>,
    ) -> Result<Read, DbError> {
        let Some(mut row) = row else {
            return Ok(Read::Granted(Box::default()));
        };
        if !has_session(&row, id)? {
            return Ok(Read::Granted(Box::new(Stored {
                kick: tombstone(&row),
                ..Stored::default()
            })));
        }
        let version = match version(&row) {
            Some(version) => Some(version),
            None => self.ensure_version(connection, id)?,
        };
        // The old code may store NULL for an empty session.
        let data: Option<Vec<u8>> = row.take::<Option<Vec<u8>>, _>("data").flatten();
        Ok(Read::Granted(Box::new(Stored {
            record: version.map(|version| Record {
                data: data.unwrap_or_default(),
                version,
            }),
            login: bound(&row),
            ..Stored::default()
        })))
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
        let (sql, revision) = match change {
            Change::Write(..) => (&self.sql.update, Revision::from(basis.token)),
            Change::Touch(_) => (&self.sql.touch, seen.revision),
        };
        let values = values! {
            id => stored_id(key.as_bytes()),
            key => key.as_bytes(),
            generation => seen.generation.0.cast_signed(),
            any_revision,
            seen_revision => &seen.revision.0[..],
            data => data_of(change),
            revision => &revision.0[..],
            ttl => self.seconds(change.ttl()),
        };
        let found = connection.execute(sql, values)?;
        Ok((found > 0).then(|| Outcome::stored(seen.generation, revision)))
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
        let id = stored_id(key.as_bytes());
        let found = match self.load(connection, key, None)? {
            Read::Granted(found) => found.record,
            Read::Taken => None,
        };
        if let Some(live) = &found
            && !any_revision
            && live.version.revision != Revision::from(basis.token)
        {
            return Ok(None);
        }
        let values = values! { id, data => data_of(change), ttl => self.seconds(change.ttl()) };
        // The row first, as everywhere: whoever has locked a version does not want the old table.
        let generation = transaction(connection, |connection| {
            let is_new = connection.execute(&self.sql.insert, values)? == 1;
            // One that was made without a lock meanwhile has the same life for whoever reads it; one that has
            // ended since it was looked for does not come back.
            let generation = match found.is_some() && !is_new {
                true => {
                    let version = self.version_of(connection, id)?;
                    version.map_or(born, |version| version.generation)
                }
                false => born,
            };
            let values = values! {
                id,
                generation => generation.0.cast_signed(),
                revision => &basis.token.as_bytes()[..],
            };
            connection.execute(&self.sql.set_version, values)?;
            Ok(generation)
        })?;
        Ok(Some(Outcome::stored(generation, basis.token.into())))
    }

    /// Removes a session that has no login, or, `alone`, one that leaves its login behind.
    pub(crate) fn destroy(
        &self,
        connection: &mut Connection,
        key: &[u8],
        seen: Option<Generation>,
        alone: bool,
    ) -> Result<bool, DbError> {
        self.check(connection)?;
        let values = values! {
            id => stored_id(key),
            key,
            any_generation => seen.is_none(),
            generation => seen.map_or(0, |seen| seen.0.cast_signed()),
            keeps_login => alone,
        };
        Ok(connection.execute(&self.sql.destroy, values)? > 0)
    }

    pub(crate) fn expired(
        &self,
        connection: &mut Connection,
        after: &[u8],
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, DbError> {
        self.check(connection)?;
        let rows = connection.query_all(&self.sql.expired, values! { after, limit })?;
        let ids: Vec<_> = rows.iter().filter_map(|row| row.get("id")).collect();
        if ids.is_empty() {
            // The end of a gc.
            self.remove_orphaned_versions(connection, limit)?;
        }
        Ok(ids)
    }

    pub(crate) fn remove(
        &self,
        connection: &mut Connection,
        ids: &[Vec<u8>],
    ) -> Result<u64, DbError> {
        let rows = ids.iter().map(|id| values! { id });
        let removed = connection.execute_batch(&self.sql.remove_expired, rows)?;
        self.remove_versions(connection, ids)?;
        Ok(removed)
    }
}
