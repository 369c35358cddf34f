//! A table that was there before, unchanged, with rsso's marks beside it.
//!
//! The old table holds what the old code expects; the mark of a session holds its generation and
//! revision. What always holds: a session exists exactly if the old table says so, so the old code
//! may create and remove sessions as before; and a write changes row and mark in one statement.

use mysql::{Error as Driver, Params, Row, Value};

use super::connection::Session;
use super::layout::{Ask, Read, placeholders, record, seconds};
use super::mapping::Mapping;
use super::schema::Tables;
use crate::sid::SessionKey;
use crate::store::{Basis, Change, Generation, Outcome, Record, Revision, Version};

/// The statements on the old table and the marks.
pub(super) struct Mapped {
    load: String,
    load_locked: String,
    mark: String,
    read_mark: String,
    update: String,
    touch: String,
    insert: String,
    insert_mark: String,
    destroy: String,
    expired: String,
    remove: String,
    remove_marks: String,
    has_expires: bool,
}

impl Mapped {
    pub(super) fn new(mapping: &Mapping, tables: &Tables) -> Self {
        let Mapping {
            table,
            id,
            data,
            time,
            expires,
            lifetime,
        } = mapping;
        let marks = &tables.marks;
        let lifetime = lifetime.as_secs();
        let alive = match (expires, time) {
            (Some(expires), _) => format!("m.{expires} > UNIX_TIMESTAMP()"),
            (None, Some(time)) => format!("m.{time} > UNIX_TIMESTAMP() - {lifetime}"),
            // `Mapping` has one of the two.
            (None, None) => "FALSE".to_owned(),
        };
        let times = [
            time.as_ref().map(|time| (time, "UNIX_TIMESTAMP()")),
            expires
                .as_ref()
                .map(|expires| (expires, "UNIX_TIMESTAMP() + ?")),
        ];
        let times: Vec<_> = times.into_iter().flatten().collect();
        let refresh = |alias: &str| -> String {
            times
                .iter()
                .map(|(column, value)| format!(", {alias}{column} = {value}"))
                .collect()
        };
        let columns: String = times
            .iter()
            .map(|(column, _)| format!(", {column}"))
            .collect();
        let values: String = times
            .iter()
            .map(|(_, value)| format!(", {value}"))
            .collect();
        let refresh_only = refresh("m.");
        Self {
            load: format!(
                "SELECT k.generation, k.revision, m.{data}, m.{id} FROM {table} AS m \
                 LEFT JOIN {marks} AS k ON k.id = ? WHERE m.{id} = ? AND {alive}"
            ),
            // As in the native layout: the lock first, then the latest committed row.
            load_locked: format!(
                "SELECT g.got, k.generation, k.revision, m.{data}, m.{id} \
                 FROM (SELECT GET_LOCK(?, ?) AS got LIMIT 1) AS g \
                 LEFT JOIN {table} AS m ON m.{id} = IF(g.got = 1, ?, NULL) AND {alive} \
                 LEFT JOIN {marks} AS k ON k.id = IF(g.got = 1, ?, NULL) \
                 LOCK IN SHARE MODE"
            ),
            mark: format!("INSERT IGNORE INTO {marks} (id, generation, revision) VALUES (?, ?, ?)"),
            read_mark: format!("SELECT generation, revision FROM {marks} WHERE id = ?"),
            update: format!(
                "UPDATE {table} AS m JOIN {marks} AS k ON k.id = ? \
                 SET m.{data} = ?{}, k.revision = ? \
                 WHERE m.{id} = ? AND k.generation = ? AND (? OR k.revision = ?)",
                refresh("m.")
            ),
            touch: format!(
                "UPDATE {table} AS m JOIN {marks} AS k ON k.id = ? SET {} WHERE m.{id} = ? AND k.generation = ?",
                refresh_only.trim_start_matches(", ")
            ),
            insert: format!(
                "INSERT INTO {table} ({id}, {data}{columns}) VALUES (?, ?{values}) \
                 ON DUPLICATE KEY UPDATE {data} = VALUES({data}){}",
                times
                    .iter()
                    .map(|(column, _)| format!(", {column} = VALUES({column})"))
                    .collect::<String>()
            ),
            insert_mark: format!(
                "INSERT INTO {marks} (id, generation, revision) VALUES (?, ?, ?) \
                 ON DUPLICATE KEY UPDATE generation = VALUES(generation), revision = VALUES(revision)"
            ),
            destroy: format!(
                "DELETE m, k FROM {table} AS m LEFT JOIN {marks} AS k ON k.id = ? WHERE m.{id} = ?"
            ),
            expired: format!(
                "SELECT m.{id} FROM {table} AS m WHERE NOT ({alive}) AND m.{id} > ? ORDER BY m.{id} LIMIT ?"
            ),
            remove: format!("DELETE m FROM {table} AS m WHERE NOT ({alive}) AND m.{id} IN"),
            remove_marks: format!("DELETE FROM {marks} WHERE id IN"),
            has_expires: expires.is_some(),
        }
    }

    pub(super) fn load(
        &self,
        session: &mut Session,
        key: &SessionKey,
        ask: Option<Ask<'_>>,
    ) -> Result<Read, Driver> {
        let id = plain(key);
        let (row, first) = match ask {
            None => (session.first(&self.load, (id, id))?, 0),
            Some(ask) => {
                let row = session.first(&self.load_locked, (ask.name, ask.seconds, id, id))?;
                let got = row
                    .as_ref()
                    .and_then(|row| row.get::<Option<i64>, _>(0))
                    .flatten();
                if got != Some(1) {
                    return Ok(Read::Taken);
                }
                (row, 1)
            }
        };
        let Some(mut row) = row else {
            return Ok(Read::Granted(None));
        };
        Ok(Read::Granted(self.record(session, id, &mut row, first)?))
    }

    /// The record in a row; one that the old code wrote gets its mark now.
    fn record(
        &self,
        session: &mut Session,
        id: &[u8],
        row: &mut Row,
        first: usize,
    ) -> Result<Option<Record>, Driver> {
        let stored: Option<Vec<u8>> = row.get::<Option<Vec<u8>>, _>(first + 3).flatten();
        match stored {
            None => return Ok(None),
            // A collation that is blind to case would give one user another's session.
            Some(stored) if stored != id => {
                return Err(Driver::IoError(std::io::Error::other(
                    "the id column takes different ids for the same (its collation is blind to case): make it a binary one",
                )));
            }
            Some(_) => {}
        }
        if row.get::<Option<i64>, _>(first).flatten().is_some() {
            return Ok(record(row, first));
        }
        let data: Option<Vec<u8>> = row.take::<Option<Vec<u8>>, _>(first + 2).flatten();
        let version = self.marked(session, id)?;
        Ok(version.map(|version| Record {
            data: data.unwrap_or_default(),
            version,
        }))
    }

    fn marked(&self, session: &mut Session, id: &[u8]) -> Result<Option<Version>, Driver> {
        let born =
            Generation::random().map_err(|error| Driver::IoError(std::io::Error::other(error)))?;
        session.change(&self.mark, (id, born.0.cast_signed(), &[0_u8; 16][..]))?;
        // Another request may have been faster; what stands there counts.
        let row = session.first(&self.read_mark, (id,))?;
        Ok(row.and_then(|row| {
            let revision: Vec<u8> = row.get(1)?;
            Some(Version {
                generation: Generation(row.get::<i64, _>(0)?.cast_unsigned()),
                revision: Revision(revision.try_into().ok()?),
            })
        }))
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
        let id = Value::from(plain(key));
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
            values.push(Value::from(seconds(change.ttl())));
        }
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

    pub(super) fn insert(
        &self,
        session: &mut Session,
        key: &SessionKey,
        basis: Basis,
        any_revision: bool,
        change: Change<'_>,
        born: Generation,
    ) -> Result<Option<Outcome>, Driver> {
        let id = plain(key);
        let generation = match self.load(session, key, None)? {
            // Made without a lock meanwhile: the same life for whoever reads it.
            Read::Granted(Some(live)) => {
                if !any_revision && live.version.revision != Revision::from(basis.token) {
                    return Ok(None);
                }
                live.version.generation
            }
            _ => born,
        };
        let data = match change {
            Change::Write(data, _) => data,
            Change::Touch(_) => b"",
        };
        let mut values = vec![Value::from(id), Value::from(data)];
        if self.has_expires {
            values.push(Value::from(seconds(change.ttl())));
        }
        let token = &basis.token.as_bytes()[..];
        session.run("START TRANSACTION")?;
        let both = session
            .change(&self.insert_mark, (id, generation.0.cast_signed(), token))
            .and_then(|_| session.change(&self.insert, Params::Positional(values)));
        match both {
            Ok(_) => session.run("COMMIT")?,
            Err(error) => {
                // The first error counts; a connection that cannot roll back is dropped with it.
                let _ = session.run("ROLLBACK");
                return Err(error);
            }
        }
        Ok(Some(Outcome::stored(generation, basis.token.into())))
    }

    pub(super) fn destroy(&self, session: &mut Session, key: &SessionKey) -> Result<bool, Driver> {
        let id = plain(key);
        Ok(session.change(&self.destroy, (id, id))? > 0)
    }

    pub(super) fn expired(
        &self,
        session: &mut Session,
        after: &[u8],
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, Driver> {
        let rows = session.all(&self.expired, (after, limit))?;
        Ok(rows.into_iter().filter_map(|row| row.get(0)).collect())
    }

    pub(super) fn remove(&self, session: &mut Session, ids: &[Vec<u8>]) -> Result<u64, Driver> {
        let list = placeholders(ids.len());
        let values = || Params::Positional(ids.iter().map(|id| Value::Bytes(id.clone())).collect());
        let removed = session.change(&format!("{} ({list})", self.remove), values())?;
        // Their locks are free: nobody is at work who would miss the marks.
        session.change(&format!("{} ({list})", self.remove_marks), values())?;
        Ok(removed)
    }
}

/// The id as the old code stores it. `Settings` never hashes ids for an existing table.
fn plain(key: &SessionKey) -> &[u8] {
    let bytes = key.as_bytes();
    bytes.strip_prefix(b"=").unwrap_or(bytes)
}
