//! What acts on logins need of an existing table and its marks.

use std::time::Duration;

use mysql::{Error as Driver, Params, Row, Value};

use super::{Mapped, is_there, plain};
use crate::mapping::Mapping;
use crate::store::mysql::error::overtaken;
use crate::store::mysql::layout::{BOUND, LONGEST, record_version};
use crate::store::mysql::schema::Tables;
use crate::store::mysql::session::Session;
use crate::store::mysql::transaction::Later;
use crate::store::{Generation, Version};

/// The statements.
pub(in crate::store::mysql) struct Statements {
    pub(in crate::store::mysql) entries: String,
    bound: String,
    lock: String,
    copy: String,
    remove: String,
    remove_mark: String,
    cap: String,
}

impl Statements {
    /// `alive` is the condition that a row `m` has not expired.
    pub(super) fn new(mapping: &Mapping, tables: &Tables, alive: &str) -> Self {
        let Mapping {
            table,
            id,
            data,
            time,
            expires,
            lifetime,
        } = mapping;
        let Tables {
            marks,
            logins,
            bindings,
            ..
        } = tables;
        let lifetime = lifetime.as_secs().min(LONGEST);
        // Not blind to case, whatever the column's collation is.
        let bytes = format!("CAST(CONVERT(m.{id} USING utf8mb4) AS BINARY)");
        let (ends, cap) = match (expires, time) {
            (Some(expires), _) => (
                format!("m.{expires}"),
                format!("m.{expires} = LEAST(m.{expires}, ?)"),
            ),
            (None, Some(time)) => (
                format!("m.{time} + {lifetime}"),
                format!("m.{time} = LEAST(m.{time}, GREATEST(? - {lifetime}, 0))"),
            ),
            // `Mapping` has one of the two.
            (None, None) => ("NULL".to_owned(), format!("m.{id} = COALESCE(m.{id}, ?)")),
        };
        let times: Vec<_> = [
            time.as_ref().map(|time| (time, "UNIX_TIMESTAMP()")),
            expires
                .as_ref()
                .map(|expires| (expires, "UNIX_TIMESTAMP() + ?")),
        ]
        .into_iter()
        .flatten()
        .collect();
        let list = |item: &dyn Fn(&str, &str) -> String| -> String {
            times
                .iter()
                .map(|(column, value)| format!(", {}", item(column, value)))
                .collect()
        };
        Self {
            entries: format!(
                "SELECT l.login, l.sequence, l.device, l.identity, l.more, \
                   b.session, b.generation, b.until, CAST({ends} AS SIGNED), {alive} \
                 FROM (SELECT login, sequence, device, identity, more FROM {logins} \
                   WHERE user = ? AND sequence >= ? ORDER BY sequence LIMIT ?) AS l \
                 LEFT JOIN {bindings} AS b ON b.login = l.login \
                 LEFT JOIN {marks} AS k ON k.id = SUBSTR(b.session, 2) AND k.generation = b.generation \
                 LEFT JOIN {table} AS m ON m.{id} = CONVERT(k.id USING ascii) AND {bytes} = k.id \
                 ORDER BY l.sequence, b.session"
            ),
            bound: format!(
                "SELECT l.login, {alive}, {BOUND}, l.sequence FROM {bindings} AS b \
                 JOIN {logins} AS l ON l.login = b.login \
                 JOIN {marks} AS k ON k.id = ? AND k.generation = b.generation \
                 JOIN {table} AS m ON m.{id} = ? AND {bytes} = ? \
                 WHERE b.session = ?"
            ),
            lock: format!("SELECT m.{id}, {alive} FROM {table} AS m WHERE m.{id} = ? FOR UPDATE"),
            // The source has a name of its own, so that the others are the target's.
            copy: format!(
                "INSERT INTO {table} ({id}, {data}{}) SELECT ?, f.rsso_source{} \
                 FROM (SELECT m.{data} AS rsso_source FROM {table} AS m WHERE m.{id} = ? AND {bytes} = ?) AS f \
                 ON DUPLICATE KEY UPDATE {data} = VALUES({data}){}",
                list(&|column, _| column.to_owned()),
                list(&|_, value| value.to_owned()),
                list(&|column, _| format!("{column} = VALUES({column})")),
            ),
            remove: format!("DELETE m FROM {table} AS m WHERE m.{id} = ? AND {bytes} = ?"),
            remove_mark: format!("DELETE FROM {marks} WHERE id = ? AND generation = ?"),
            // Of one table alone: at `READ COMMITTED` the others are read without locks then.
            cap: format!(
                "UPDATE {table} AS m SET {cap} WHERE m.{id} = ? AND EXISTS \
                   (SELECT 1 FROM {marks} AS k JOIN {bindings} AS b ON b.generation = k.generation \
                    WHERE k.id = ? AND b.session = ?)"
            ),
        }
    }
}

impl Mapped {
    pub(in crate::store::mysql) fn bound(
        &self,
        session: &mut Session,
        key: &[u8],
    ) -> Result<Option<Row>, Driver> {
        let id = plain(key);
        session.first(&self.seats.bound, (id, id, id, key))
    }

    pub(in crate::store::mysql) fn version(
        &self,
        session: &mut Session,
        key: &[u8],
    ) -> Result<Option<(Option<Version>, bool)>, Driver> {
        let id = plain(key);
        match self.lock(session, id)? {
            Some(alive) => Ok(Some((self.mark_of(session, id)?, alive))),
            None => Ok(None),
        }
    }

    pub(in crate::store::mysql) fn mark_now(
        &self,
        session: &mut Session,
        key: &[u8],
    ) -> Result<(), Driver> {
        self.marked(session, plain(key)).map(|_| ())
    }

    /// Locks a row, but not its mark; says whether it has not expired.
    fn lock(&self, session: &mut Session, id: &[u8]) -> Result<Option<bool>, Driver> {
        let Some(row) = session.first(&self.seats.lock, (id,))? else {
            return Ok(None);
        };
        let alive = row.get::<Option<i64>, _>(1).flatten() == Some(1);
        Ok(is_there(&row, 0, id)?.then_some(alive))
    }

    fn mark_of(&self, session: &mut Session, id: &[u8]) -> Result<Option<Version>, Driver> {
        let row = session.first(&self.read_mark, (id,))?;
        Ok(row.and_then(|row| record_version(&row, 0)))
    }

    pub(in crate::store::mysql) fn create<'a>(
        &'a self,
        session: &mut Session,
        later: &mut Later<'a>,
        key: &[u8],
        version: Version,
        ttl: Duration,
    ) -> Result<(), Driver> {
        let id = plain(key);
        let found = self.lock(session, id)?;
        if found == Some(true) {
            return Err(overtaken());
        }
        let mut values = vec![Value::from(id), Value::from(&b""[..])];
        values.extend(self.has_expires.then(|| Value::from(self.seconds(ttl))));
        let rows = session.change(&self.insert, Params::Positional(values))?;
        as_expected(rows, found)?;
        self.set_mark(session, later, id, version)
    }

    pub(in crate::store::mysql) fn copy<'a>(
        &'a self,
        session: &mut Session,
        later: &mut Later<'a>,
        (from, to): (&[u8], &[u8]),
        version: Version,
        ttl: Duration,
    ) -> Result<bool, Driver> {
        let (from, to) = (plain(from), plain(to));
        let found = self.lock(session, to)?;
        if found == Some(true) {
            return Ok(false);
        }
        let mut values = vec![Value::from(to)];
        values.extend(self.has_expires.then(|| Value::from(self.seconds(ttl))));
        values.extend([Value::from(from), Value::from(from)]);
        let rows = session.change(&self.seats.copy, Params::Positional(values))?;
        if rows == 0 {
            return Ok(false);
        }
        as_expected(rows, found)?;
        self.set_mark(session, later, to, version)?;
        Ok(true)
    }

    fn set_mark<'a>(
        &'a self,
        session: &mut Session,
        later: &mut Later<'a>,
        id: &[u8],
        version: Version,
    ) -> Result<(), Driver> {
        let values = (
            id,
            version.generation.0.cast_signed(),
            &version.revision.0[..],
        );
        later.change(session, &self.insert_mark, values)
    }

    pub(in crate::store::mysql) fn remove_seat<'a>(
        &'a self,
        session: &mut Session,
        later: &mut Later<'a>,
        key: &[u8],
        generation: Generation,
    ) -> Result<(), Driver> {
        let id = plain(key);
        if session.first(&self.seats.lock, (id,))?.is_some() {
            let version = self.mark_of(session, id)?;
            if version.is_none_or(|version| version.generation != generation) {
                return Ok(());
            }
            session.change(&self.seats.remove, (id, id))?;
        }
        let values = (id, generation.0.cast_signed());
        later.change(session, &self.seats.remove_mark, values)
    }

    /// Brings a session's end forward.
    pub(in crate::store::mysql) fn cap(
        &self,
        session: &mut Session,
        key: &[u8],
        until: i64,
    ) -> Result<(), Driver> {
        let id = plain(key);
        session
            .change(&self.seats.cap, (until, id, id, key))
            .map(|_| ())
    }
}

/// An insertion changes one row where none was `found`, and counts two where it has replaced one.
fn as_expected(rows: u64, found: Option<bool>) -> Result<(), Driver> {
    match (rows, found) {
        (1, None) | (2.., Some(_)) => Ok(()),
        _ => Err(overtaken()),
    }
}
