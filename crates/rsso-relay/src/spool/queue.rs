//! The queue: deliveries, and each realm's cursor.

use std::collections::HashMap;
use std::path::Path;

use parking_lot::Mutex;
use rsso_core::login::Realm;
use rsso_core::login::event::Position;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::limits::{LIMITS, Limits};
use super::rows::Result;
use super::{Cursor, Outcome, SpooledEvent, now};

/// The relay's queue on disk: waiting deliveries, and dead letters.
#[derive(Debug)]
pub struct Spool {
    pub(super) state: Mutex<State>,
    pub(super) limits: Limits,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) connection: Connection,
    /// The number of waiting deliveries, by endpoint. Another process may have changed it since it was counted.
    pub(super) pending: HashMap<i64, i64>,
    /// Each realm's cursor, as this process read or moved it last.
    pub(super) cursors: HashMap<String, String>,
}

impl Spool {
    /// Opens the file, and creates it if it does not exist.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(path: &Path) -> std::result::Result<Self, String> {
        Self::open_with(path, LIMITS)
    }

    pub(crate) fn open_with(path: &Path, limits: Limits) -> std::result::Result<Self, String> {
        let connection = super::file::open(path)?;
        let spool = Self {
            state: Mutex::new(State {
                connection,
                pending: HashMap::new(),
                cursors: HashMap::new(),
            }),
            limits,
        };
        let counted = spool.state.lock().recount();
        counted.map_err(|error| error.to_string())?;
        Ok(spool)
    }

    /// A realm's cursor.
    pub(crate) fn cursor(&self, realm: &Realm) -> Result<Option<Cursor>> {
        let mut state = self.state.lock();
        let found = state
            .connection
            .prepare_cached("SELECT position, at, floor, event_id FROM cursors WHERE realm = ?1")?
            .query_row([realm.as_str()], |row| {
                let position = Position::parse(row.get_ref(0)?.as_str()?);
                Ok(Cursor {
                    position: position.map_err(|_| rusqlite::Error::InvalidQuery)?,
                    at: row.get(1)?,
                    floor: row.get(2)?,
                    event_id: row.get(3)?,
                    in_gap: false,
                })
            })
            .optional()?;
        if let Some(cursor) = &found {
            let position = cursor.position.to_string();
            state.cursors.insert(realm.as_str().to_owned(), position);
        }
        Ok(found)
    }

    /// Writes events and moves the cursor behind them.
    ///
    /// Returns how many deliveries were given up because there are too many.
    pub(crate) fn append(
        &self,
        realm: &Realm,
        cursor: &Cursor,
        events: &[SpooledEvent],
    ) -> Result<i64> {
        let mut state = self.state.lock();
        let mut placed = HashMap::<i64, i64>::new();
        let known = state.cursors.get(realm.as_str()).cloned();
        let position = cursor.position.to_string();
        let change = state.connection.transaction()?;
        if known.is_some_and(|known| !cursor_is_at(&change, realm, &known).unwrap_or(false)) {
            let problem = "another process has gone on with it";
            return Err(rusqlite::Error::ToSqlConversionFailure(problem.into()));
        }
        {
            // An event of a restored outbox may be here already.
            let mut write = change.prepare_cached(
                "INSERT INTO deliveries (endpoint, event_id, position, kind, event, spooled)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (endpoint, event_id) DO NOTHING",
            )?;
            for event in events {
                for endpoint in &event.endpoints {
                    let (event_id, position) = (&event.event_id, &event.position);
                    let (kind, json) = (&event.kind, &event.event);
                    let row = params![endpoint, event_id, position, kind, json, now()];
                    let written = write.execute(row)?;
                    *placed.entry(*endpoint).or_default() += i64::try_from(written).unwrap_or(0);
                }
            }
            let mut advance = change.prepare_cached(
                "INSERT INTO cursors (realm, position, at, floor, event_id) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (realm) DO UPDATE SET position = ?2, at = ?3, floor = ?4, event_id = ?5",
            )?;
            let (realm, event_id) = (realm.as_str(), &cursor.event_id);
            advance.execute(params![realm, position, cursor.at, cursor.floor, event_id])?;
        }
        change.commit()?;
        state.cursors.insert(realm.as_str().to_owned(), position);
        for (endpoint, count) in placed {
            *state.pending.entry(endpoint).or_default() += count;
        }
        let over = state.pending.values().sum::<i64>() - self.limits.pending;
        if over > 0 {
            state.give_up_oldest(over)?;
        }
        Ok(over.max(0))
    }

    /// Records what came of an attempt.
    pub(crate) fn record_outcome(&self, endpoint: i64, id: i64, outcome: &Outcome) -> Result<()> {
        let mut state = self.state.lock();
        let connection = &state.connection;
        let gone = match outcome {
            // It has arrived, even if the spool has given it up meanwhile.
            Outcome::Delivered => {
                let mut remove = connection.prepare_cached(
                    "DELETE FROM deliveries WHERE id = ?1 RETURNING died IS NULL",
                )?;
                let mut rows = remove.query([id])?;
                let waited = match rows.next()? {
                    Some(row) => row.get(0)?,
                    None => false,
                };
                // The row comes before the commit, whose failure is an error of the next step.
                rows.next()?;
                usize::from(waited)
            }
            Outcome::Retry { due, problem } => {
                let mut put_off = connection.prepare_cached(
                    "UPDATE deliveries SET attempt = attempt + 1, due = ?2, problem = ?3
                     WHERE id = ?1 AND died IS NULL",
                )?;
                put_off.execute(params![id, due, problem])?;
                0
            }
            Outcome::Dead(problem) => connection
                .prepare_cached(
                    "UPDATE deliveries SET attempt = attempt + 1, died = ?2, problem = ?3
                     WHERE id = ?1 AND died IS NULL",
                )?
                .execute(params![id, now(), problem])?,
        };
        if gone > 0 {
            let pending = state.pending.entry(endpoint).or_default();
            *pending = (*pending - 1).max(0);
        }
        Ok(())
    }

    /// How many deliveries wait for an endpoint.
    pub(crate) fn pending(&self, endpoint: i64) -> i64 {
        let state = self.state.lock();
        state.pending.get(&endpoint).copied().unwrap_or_default()
    }

    /// Runs a function in a transaction.
    pub(crate) fn transaction<T>(
        &self,
        run: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut state = self.state.lock();
        let change = state.connection.transaction()?;
        let done = run(&change)?;
        change.commit()?;
        Ok(done)
    }
}

impl State {
    pub(super) fn recount(&mut self) -> Result<()> {
        let mut count = self.connection.prepare_cached(
            "SELECT endpoint, COUNT(*) FROM deliveries INDEXED BY waiting
             WHERE died IS NULL GROUP BY endpoint",
        )?;
        let rows = count.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.pending = rows.collect::<Result<_>>()?;
        Ok(())
    }
}

/// Whether the cursor is where this process left it.
fn cursor_is_at(change: &Transaction<'_>, realm: &Realm, known: &str) -> Result<bool> {
    change
        .prepare_cached("SELECT position = ?2 FROM cursors WHERE realm = ?1")?
        .query_row([realm.as_str(), known], |row| row.get(0))
}
