//! Reading, writing and removing sessions of an existing table.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mysql::{Error as Driver, Params, Row, Value};

use super::Mapped;
use super::table::{is_there, plain, positional};
use crate::mysql::columns::{bound, kick, record_version};
use crate::mysql::connection::Session;
use crate::mysql::locks::unlock;
use crate::mysql::reads::{Ask, Found, Read};
use crate::mysql::sql::{placeholders, seconds};
use crate::mysql::transaction::transaction;
use rsso_core::sid::SessionKey;
use rsso_core::store::{Basis, Change, Generation, Outcome, Record, Revision, Version};

/// How many marks one statement looks at, for each row that gc asks for.
const MARKS_PER_ROW: usize = 5;

/// How far the server's clock may be ahead of ours, in seconds.
const CLOCKS_APART: u64 = 86_400;

impl Mapped {
    pub(crate) fn load(
        &self,
        session: &mut Session,
        key: &SessionKey,
        ask: Option<Ask<'_>>,
    ) -> Result<Read, Driver> {
        self.check(session)?;
        let Some(ask) = ask else {
            return self.load_now(session, key);
        };
        let name = ask.name;
        let read = self.load_locked(session, key, &ask);
        if read.is_err() {
            // The lock may have been granted before the failure, and locks are counted.
            let _ = unlock(session, name);
        }
        read
    }

    pub(crate) fn load_now(&self, session: &mut Session, key: &SessionKey) -> Result<Read, Driver> {
        let (id, full) = (plain(key.as_bytes()), key.as_bytes());
        let row = session.first(&self.load, (id, id, full, full))?;
        self.found(session, id, row, 0)
    }

    pub(crate) fn load_locked(
        &self,
        session: &mut Session,
        key: &SessionKey,
        ask: &Ask<'_>,
    ) -> Result<Read, Driver> {
        let granted = |row: &Option<Row>| {
            let got = row.as_ref()?.get::<Option<i64>, _>(0).flatten();
            (got == Some(1)).then_some(())
        };
        // A statement that waits keeps a MyISAM table locked meanwhile, from the lock's owner too:
        // waiting has a statement of its own, and the one that reads does not wait.
        if ask.seconds > 0.0 {
            let row = session.first("SELECT GET_LOCK(?, ?)", (ask.name, ask.seconds))?;
            if granted(&row).is_none() {
                return Ok(Read::Taken);
            }
            return self.load_now(session, key);
        }
        let (id, full) = (plain(key.as_bytes()), key.as_bytes());
        let row = session.first(
            &self.load_locked,
            (ask.name, ask.seconds, id, id, full, full),
        )?;
        if granted(&row).is_none() {
            return Ok(Read::Taken);
        }
        self.found(session, id, row, 1)
    }

    /// What is in a row; a record that the old code wrote gets its mark now.
    pub(crate) fn found(
        &self,
        session: &mut Session,
        id: &[u8],
        row: Option<Row>,
        first: usize,
    ) -> Result<Read, Driver> {
        let Some(mut row) = row else {
            return Ok(Read::Granted(Box::default()));
        };
        if !is_there(&row, first + 3, id)? {
            return Ok(Read::Granted(Box::new(Found {
                kick: kick(&mut row, first + 8),
                ..Found::default()
            })));
        }
        let version = match record_version(&row, first) {
            Some(version) => Some(version),
            None => self.marked(session, id)?,
        };
        // The old code may store NULL for an empty session.
        let data: Option<Vec<u8>> = row.take::<Option<Vec<u8>>, _>(first + 2).flatten();
        Ok(Read::Granted(Box::new(Found {
            record: version.map(|version| Record {
                data: data.unwrap_or_default(),
                version,
            }),
            login: bound(&mut row, first + 4),
            ..Found::default()
        })))
    }

    /// Seconds until a session ends, as many as the column for it has room for.
    pub(crate) fn seconds(&self, ttl: Duration) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_secs());
        let latest = self.checked.get().map_or(u64::MAX, |found| found.latest);
        seconds(ttl).min(latest.saturating_sub(now + CLOCKS_APART).max(1))
    }

    pub(crate) fn marked(
        &self,
        session: &mut Session,
        id: &[u8],
    ) -> Result<Option<Version>, Driver> {
        let born =
            Generation::random().map_err(|error| Driver::IoError(std::io::Error::other(error)))?;
        session.change(&self.mark, (id, born.0.cast_signed(), &[0_u8; 16][..]))?;
        // Another request may have been faster; what stands there counts.
        let row = session.first(&self.read_mark, (id,))?;
        Ok(row.and_then(|row| record_version(&row, 0)))
    }

    pub(crate) fn update(
        &self,
        session: &mut Session,
        key: &SessionKey,
        basis: Basis,
        seen: Version,
        any_revision: bool,
        change: Change<'_>,
    ) -> Result<Option<Outcome>, Driver> {
        let id = Value::from(plain(key.as_bytes()));
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
        let found = session.change(sql, Params::Positional(values))?;
        Ok((found > 0).then(|| Outcome::stored(seen.generation, revision)))
    }

    pub(crate) fn insert(
        &self,
        session: &mut Session,
        key: &SessionKey,
        basis: Basis,
        any_revision: bool,
        change: Change<'_>,
        born: Generation,
    ) -> Result<Option<Outcome>, Driver> {
        let id = plain(key.as_bytes());
        let found = match self.load(session, key, None)? {
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
        let generation = transaction(session, |session| {
            let is_new = session.change(&self.insert, Params::Positional(values))? == 1;
            // One that was made without a lock meanwhile has the same life for whoever reads it; one that has
            // ended since it was looked for does not come back.
            let generation = match found.is_some() && !is_new {
                true => {
                    let mark = session.first(&self.read_mark, (id,))?;
                    let mark = mark.and_then(|row| record_version(&row, 0));
                    mark.map_or(born, |version| version.generation)
                }
                false => born,
            };
            session.change(&self.insert_mark, (id, generation.0.cast_signed(), token))?;
            Ok(generation)
        })?;
        Ok(Some(Outcome::stored(generation, basis.token.into())))
    }

    /// Removes a session that has no login, or, `alone`, one that leaves its login behind.
    pub(crate) fn destroy(
        &self,
        session: &mut Session,
        key: &[u8],
        seen: Option<Generation>,
        alone: bool,
    ) -> Result<bool, Driver> {
        self.check(session)?;
        let (id, any) = (plain(key), seen.is_none());
        let generation = seen.map_or(0, |seen| seen.0.cast_signed());
        let values = (id, key, id, id, any, generation, alone);
        Ok(session.change(&self.destroy, values)? > 0)
    }

    pub(crate) fn expired(
        &self,
        session: &mut Session,
        after: &[u8],
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, Driver> {
        self.check(session)?;
        let rows = session.all(&self.expired, (after, limit))?;
        let ids: Vec<_> = rows.into_iter().filter_map(|row| row.get(0)).collect();
        if ids.is_empty() {
            // The end of a gc.
            self.remove_lost_marks(session, limit)?;
        }
        Ok(ids)
    }

    /// Removes the marks of sessions that the old code has removed.
    pub(crate) fn remove_lost_marks(
        &self,
        session: &mut Session,
        limit: usize,
    ) -> Result<(), Driver> {
        let mut after = Vec::new();
        loop {
            let rows = session.all(&self.lost_marks, (&after, limit * MARKS_PER_ROW))?;
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
                self.remove_marks(session, ids)?;
            }
            if count == 0 {
                return Ok(());
            }
        }
    }

    pub(crate) fn remove_marks(
        &self,
        session: &mut Session,
        ids: &[Vec<u8>],
    ) -> Result<(), Driver> {
        let sql = format!("{} ({})", self.remove_marks, placeholders(ids.len()));
        session.change(&sql, positional(ids)).map(|_| ())
    }

    pub(crate) fn remove(&self, session: &mut Session, ids: &[Vec<u8>]) -> Result<u64, Driver> {
        let sql = format!("{} ({})", self.remove, placeholders(ids.len()));
        let removed = session.change(&sql, positional(ids))?;
        self.remove_marks(session, ids)?;
        Ok(removed)
    }
}
