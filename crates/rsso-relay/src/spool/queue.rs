//! The queue itself.

use std::collections::HashMap;
use std::path::Path;

use parking_lot::Mutex;
use rsso_core::login::Realm;
use rsso_core::login::event::Position;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::rows::Result;
use super::{Cursor, Outcome, SpooledEvent, now};

/// What is kept at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Deliveries that wait; beyond it the oldest are given up.
    pub(crate) pending: i64,
    /// Dead letters; beyond it the oldest are forgotten.
    pub(crate) dead: i64,
    /// Milliseconds that one waits at most, and that a dead letter is kept.
    pub(crate) age: i64,
}

const LIMITS: Limits = Limits {
    pending: 1_000_000,
    dead: 100_000,
    age: 7 * 86_400_000,
};

/// The relay's file: deliveries that wait, and dead letters.
#[derive(Debug)]
pub struct Spool {
    pub(super) state: Mutex<State>,
    pub(super) limits: Limits,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) connection: Connection,
    /// Deliveries that wait, by endpoint. Another process may have changed that since it was counted.
    pub(super) pending: HashMap<i64, i64>,
    /// Where each realm's cursor was when this process read or moved it.
    pub(super) known: HashMap<String, String>,
}

impl Spool {
    /// Opens the file, and makes it where there is none.
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
                known: HashMap::new(),
            }),
            limits,
        };
        let counted = spool.state.lock().recount();
        counted.map_err(|error| error.to_string())?;
        Ok(spool)
    }

    /// The numbers of the endpoints with these names, and since when each is configured, in milliseconds
    /// since 1970. What others had to deliver is given up.
    pub(crate) fn register(&self, names: &[&str]) -> Result<Vec<(i64, i64)>> {
        let mut state = self.state.lock();
        let change = state.connection.transaction()?;
        change.execute("UPDATE endpoints SET configured = -configured", [])?;
        let mut ids = Vec::new();
        for name in names {
            ids.push(change.query_row(
                "INSERT INTO endpoints (name, configured, since) VALUES (?1, 1, ?2)
                 ON CONFLICT (name) DO UPDATE SET
                   configured = 1, since = CASE WHEN configured = 0 THEN ?2 ELSE since END
                 RETURNING id, since",
                params![name, now()],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?);
        }
        change.execute(
            "UPDATE endpoints SET configured = 0 WHERE configured < 0",
            [],
        )?;
        change.execute(
            "UPDATE deliveries SET died = ?1, problem = 'the endpoint is not configured any more'
             WHERE died IS NULL AND endpoint IN (SELECT id FROM endpoints WHERE configured = 0)",
            [now()],
        )?;
        change.commit()?;
        state.recount()?;
        Ok(ids)
    }

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
            state.known.insert(realm.as_str().to_owned(), position);
        }
        Ok(found)
    }

    /// Writes events down and moves the cursor behind them; how many deliveries were given up because
    /// there are too many.
    pub(crate) fn append(
        &self,
        realm: &Realm,
        cursor: &Cursor,
        events: &[SpooledEvent],
    ) -> Result<i64> {
        let mut state = self.state.lock();
        let mut placed = HashMap::<i64, i64>::new();
        let known = state.known.get(realm.as_str()).cloned();
        let position = cursor.position.to_string();
        let change = state.connection.transaction()?;
        if known.is_some_and(|known| !stands(&change, realm, &known).unwrap_or(false)) {
            let problem = "another process has gone on with it";
            return Err(rusqlite::Error::ToSqlConversionFailure(problem.into()));
        }
        {
            // It is here already where an outbox that was restored is read again.
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
        state.known.insert(realm.as_str().to_owned(), position);
        for (endpoint, count) in placed {
            *state.pending.entry(endpoint).or_default() += count;
        }
        let over = state.pending.values().sum::<i64>() - self.limits.pending;
        if over > 0 {
            state.give_up_oldest(over)?;
        }
        Ok(over.max(0))
    }

    /// Writes down what came of an attempt.
    pub(crate) fn record_outcome(&self, endpoint: i64, id: i64, outcome: &Outcome) -> Result<()> {
        let mut state = self.state.lock();
        let connection = &state.connection;
        let gone = match outcome {
            // Where it was given up meanwhile, it is better still that it has arrived.
            Outcome::Delivered => {
                let mut remove = connection.prepare_cached(
                    "DELETE FROM deliveries WHERE id = ?1 RETURNING died IS NULL",
                )?;
                let mut rows = remove.query([id])?;
                let waited = match rows.next()? {
                    Some(row) => row.get(0)?,
                    None => false,
                };
                // The row comes before the commit, which may fail; and that is said by the step behind it.
                rows.next()?;
                usize::from(waited)
            }
            Outcome::Later(due, problem) => {
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

    /// Gives up what has waited for too long, and forgets the dead that are old; how many were given up.
    pub(crate) fn prune(&self) -> Result<usize> {
        let mut state = self.state.lock();
        let oldest = now() - self.limits.age;
        let change = state.connection.transaction()?;
        let given_up = change.execute(
            "UPDATE deliveries SET died = ?1, problem = 'waited for too long; ' || coalesce(problem, '')
             WHERE died IS NULL AND spooled < ?2",
            [now(), oldest],
        )?;
        change.execute("DELETE FROM deliveries WHERE died < ?1", [oldest])?;
        change.execute(
            "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE died IS NOT NULL
             ORDER BY died DESC, id DESC LIMIT -1 OFFSET ?1)",
            [self.limits.dead],
        )?;
        change.execute(
            "DELETE FROM endpoints WHERE configured = 0
             AND NOT EXISTS (SELECT 1 FROM deliveries WHERE endpoint = endpoints.id)",
            [],
        )?;
        change.commit()?;
        // A backlog that is gone gives its room back, little by little.
        let mut vacuum = state
            .connection
            .prepare_cached("PRAGMA incremental_vacuum(2000)")?;
        // A row, without columns, for each page.
        let mut pages = vacuum.query([])?;
        while pages.next()?.is_some() {}
        drop(pages);
        drop(vacuum);
        state.recount()?;
        Ok(given_up)
    }

    /// For [`crate::backlog`].
    pub(crate) fn with<T>(&self, act: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let mut state = self.state.lock();
        let change = state.connection.transaction()?;
        let done = act(&change)?;
        change.commit()?;
        Ok(done)
    }
}

impl State {
    fn recount(&mut self) -> Result<()> {
        let mut count = self.connection.prepare_cached(
            "SELECT endpoint, COUNT(*) FROM deliveries INDEXED BY waiting
             WHERE died IS NULL GROUP BY endpoint",
        )?;
        let rows = count.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.pending = rows.collect::<Result<_>>()?;
        Ok(())
    }

    /// Of whom most wait for: one that hangs takes nothing from the others.
    fn give_up_oldest(&mut self, mut count: i64) -> Result<()> {
        while count > 0 {
            let Some((&endpoint, &pending)) = self.pending.iter().max_by_key(|(_, n)| **n) else {
                return Ok(());
            };
            let given_up = self.connection.execute(
                "UPDATE deliveries SET died = ?1, problem = 'the spool is full; ' || coalesce(problem, '')
                 WHERE id IN (SELECT id FROM deliveries WHERE died IS NULL AND endpoint = ?2 ORDER BY id LIMIT ?3)",
                [now(), endpoint, count.min(pending)],
            )?;
            let given_up = i64::try_from(given_up).unwrap_or(i64::MAX);
            if given_up == 0 {
                // Another process has changed what was counted.
                return self.recount();
            }
            self.pending.insert(endpoint, pending - given_up);
            count -= given_up;
        }
        Ok(())
    }
}

/// Whether the cursor is where it was left.
fn stands(change: &Transaction<'_>, realm: &Realm, known: &str) -> Result<bool> {
    change
        .prepare_cached("SELECT position = ?2 FROM cursors WHERE realm = ?1")?
        .query_row([realm.as_str(), known], |row| row.get(0))
}
