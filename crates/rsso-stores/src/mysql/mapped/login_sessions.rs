//! What acts on logins need of an existing table and its marks.

use std::time::Duration;

use mysql::{Error as Driver, Params, Row, Value};

use super::table::{Mapped, is_there, plain};
use crate::mysql::columns::record_version;
use crate::mysql::connection::Session;
use crate::mysql::error::overtaken;
use crate::mysql::transaction::Later;
use rsso_core::store::{Generation, Version};

impl Mapped {
    pub(crate) fn bound(&self, session: &mut Session, key: &[u8]) -> Result<Option<Row>, Driver> {
        let id = plain(key);
        session.first(&self.seats.bound, (id, id, id, key))
    }

    pub(crate) fn version(
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

    pub(crate) fn mark_now(&self, session: &mut Session, key: &[u8]) -> Result<(), Driver> {
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

    pub(crate) fn create<'a>(
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

    pub(crate) fn copy<'a>(
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

    pub(crate) fn remove_seat<'a>(
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
    pub(crate) fn cap(&self, session: &mut Session, key: &[u8], until: i64) -> Result<(), Driver> {
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
