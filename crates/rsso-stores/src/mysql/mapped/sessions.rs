//! Reading, writing and removing sessions of an existing table.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mysql::{Error as DbError, Params, Row, Value};

use super::MappedLayout;
use super::table::{is_same_id, positional, stored_id};
use crate::mysql::columns::{bound, kick, record_version};
use crate::mysql::connection::Connection;
use crate::mysql::locks::unlock;
use crate::mysql::reads::{LockRequest, Read, Stored};
use crate::mysql::sql::{placeholders, seconds};
use crate::mysql::transaction::transaction;
use rsso_core::sid::SessionKey;
use rsso_core::store::{Basis, Change, Generation, Outcome, Record, Revision, Version};

/// How many marks one statement looks at, for each row that gc asks for.
const VERSIONS_PER_ROW: usize = 5;

/// How far the server's clock may be ahead of ours, in seconds.
const MAX_CLOCK_SKEW: u64 = 86_400;

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

    pub(crate) fn load_now(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
    ) -> Result<Read, DbError> {
        let (id, full) = (stored_id(key.as_bytes()), key.as_bytes());
        let row = connection.query_first(&self.load, (id, id, full, full))?;
        self.found(connection, id, row, 0)
    }

    pub(crate) fn load_locked(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
        request: &LockRequest<'_>,
    ) -> Result<Read, DbError> {
        let granted = |row: &Option<Row>| {
            let got = row.as_ref()?.get::<Option<i64>, _>(0).flatten();
            (got == Some(1)).then_some(())
        };
        // A statement that waits keeps a MyISAM table locked meanwhile, from the lock's owner too:
        // waiting has a statement of its own, and the one that reads does not wait.
        if request.seconds > 0.0 {
            let row =
                connection.query_first("SELECT GET_LOCK(?, ?)", (request.name, request.seconds))?;
            if granted(&row).is_none() {
                return Ok(Read::Taken);
            }
            return self.load_now(connection, key);
        }
        let (id, full) = (stored_id(key.as_bytes()), key.as_bytes());
        let row = connection.query_first(
            &self.load_locked,
            (request.name, request.seconds, id, id, full, full),
        )?;
        if granted(&row).is_none() {
            return Ok(Read::Taken);
        }
        self.found(connection, id, row, 1)
    }

    /// What is in a row; a record that the old code wrote gets its mark now.
    pub(crate) fn found(
        &self,
        connection: &mut Connection,
        id: &[u8],
        row: Option<Row>,
        first: usize,
    ) -> Result<Read, DbError> {
        let Some(mut row) = row else {
            return Ok(Read::Granted(Box::default()));
        };
        if !is_same_id(&row, first + 3, id)? {
            return Ok(Read::Granted(Box::new(Stored {
                kick: kick(&mut row, first + 8),
                ..Stored::default()
            })));
        }
        let version = match record_version(&row, first) {
            Some(version) => Some(version),
            None => self.ensure_version(connection, id)?,
        };
        // The old code may store NULL for an empty session.
        let data: Option<Vec<u8>> = row.take::<Option<Vec<u8>>, _>(first + 2).flatten();
        Ok(Read::Granted(Box::new(Stored {
            record: version.map(|version| Record {
                data: data.unwrap_or_default(),
                version,
            }),
            login: bound(&mut row, first + 4),
            ..Stored::default()
        })))
    }

    /// Seconds until a session ends, as many as the column for it has room for.
    pub(crate) fn seconds(&self, ttl: Duration) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_secs());
        let latest = self.facts.get().map_or(u64::MAX, |found| found.latest);
        seconds(ttl).min(latest.saturating_sub(now + MAX_CLOCK_SKEW).max(1))
    }

    pub(crate) fn ensure_version(
        &self,
        connection: &mut Connection,
        id: &[u8],
    ) -> Result<Option<Version>, DbError> {
        let born =
            Generation::random().map_err(|error| DbError::IoError(std::io::Error::other(error)))?;
        connection.execute(
            &self.add_version,
            (id, born.0.cast_signed(), &[0_u8; 16][..]),
        )?;
        // Another request may have been faster; what stands there counts.
        let row = connection.query_first(&self.read_version, (id,))?;
        Ok(row.and_then(|row| record_version(&row, 0)))
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
        let id = Value::from(stored_id(key.as_bytes()));
        let generation = Value::from(seen.generation.0.cast_signed());
        let mut values = vec![id.clone()];
        let (sql, revision) = match change {
            Change::Write(data, _) => {
                values.push(Value::from(data));
                (&self.update, Revision::from(basis.token))
            }
            Change::Touch(_) => (&self.touch, seen.revision),
        };
        if self.has_expires {
            values.push(Value::from(self.seconds(change.ttl())));
        }
        values.push(Value::from(key.as_bytes()));
        if matches!(change, Change::Write(..)) {
            let token = Value::from(&basis.token.as_bytes()[..]);
            let any = Value::from(any_revision);
            values.extend([
                token,
                id,
                generation,
                any,
                Value::from(&seen.revision.0[..]),
            ]);
        } else {
            values.extend([id, generation]);
        }
        let found = connection.execute(sql, Params::Positional(values))?;
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
        let data = match change {
            Change::Write(data, _) => data,
            Change::Touch(_) => b"",
        };
        let mut values = vec![Value::from(id), Value::from(data)];
        if self.has_expires {
            values.push(Value::from(self.seconds(change.ttl())));
        }
        let token = &basis.token.as_bytes()[..];
        // The row first, as everywhere: whoever has a mark locked does not want the old table.
        let generation = transaction(connection, |connection| {
            let is_new = connection.execute(&self.insert, Params::Positional(values))? == 1;
            // One that was made without a lock meanwhile has the same life for whoever reads it; one that has
            // ended since it was looked for does not come back.
            let generation = match found.is_some() && !is_new {
                true => {
                    let version = connection.query_first(&self.read_version, (id,))?;
                    let version = version.and_then(|row| record_version(&row, 0));
                    version.map_or(born, |version| version.generation)
                }
                false => born,
            };
            connection.execute(&self.set_version, (id, generation.0.cast_signed(), token))?;
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
        let (id, any) = (stored_id(key), seen.is_none());
        let generation = seen.map_or(0, |seen| seen.0.cast_signed());
        let values = (id, key, id, id, any, generation, alone);
        Ok(connection.execute(&self.destroy, values)? > 0)
    }

    pub(crate) fn expired(
        &self,
        connection: &mut Connection,
        after: &[u8],
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, DbError> {
        self.check(connection)?;
        let rows = connection.query_all(&self.expired, (after, limit))?;
        let ids: Vec<_> = rows.into_iter().filter_map(|row| row.get(0)).collect();
        if ids.is_empty() {
            // The end of a gc.
            self.remove_orphaned_versions(connection, limit)?;
        }
        Ok(ids)
    }

    /// Removes the marks of sessions that the old code has removed.
    pub(crate) fn remove_orphaned_versions(
        &self,
        connection: &mut Connection,
        limit: usize,
    ) -> Result<(), DbError> {
        let mut after = Vec::new();
        loop {
            let rows = connection
                .query_all(&self.orphaned_versions, (&after, limit * VERSIONS_PER_ROW))?;
            let mut lost = Vec::new();
            let count = rows.len();
            for row in rows {
                let id: Vec<u8> = row.get(0).unwrap_or_default();
                if row.get::<Option<i64>, _>(1).flatten() == Some(1) {
                    lost.push(id.clone());
                }
                after = id;
            }
            for ids in lost.chunks(limit) {
                self.remove_versions(connection, ids)?;
            }
            if count == 0 {
                return Ok(());
            }
        }
    }

    pub(crate) fn remove_versions(
        &self,
        connection: &mut Connection,
        ids: &[Vec<u8>],
    ) -> Result<(), DbError> {
        let sql = format!("{} ({})", self.remove_versions, placeholders(ids.len()));
        connection.execute(&sql, positional(ids)).map(|_| ())
    }

    pub(crate) fn remove(
        &self,
        connection: &mut Connection,
        ids: &[Vec<u8>],
    ) -> Result<u64, DbError> {
        let sql = format!("{} ({})", self.remove, placeholders(ids.len()));
        let removed = connection.execute(&sql, positional(ids))?;
        self.remove_versions(connection, ids)?;
        Ok(removed)
    }
}
