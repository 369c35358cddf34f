//! The embedded store: one SQLite file, write-ahead log, one short statement for each act.
//!
//! What always holds: the session's lock is a byte range of a file beside the database
//! ([`lock`]), which the kernel frees when its owner dies, never the database's own write lock,
//! which is held for single statements only; and a connection that failed is not used again.

use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};

use rsso_core::deadline::{Deadline, bounded};
use rsso_core::dsn::SqliteDsn;
use rsso_core::error::{Error, Result};
use rsso_core::login::event::Retention;
use rsso_core::login::{Bound, Login};
use rsso_core::sid::SessionKey;
use rsso_core::store::{
    Basis, Change, End, Generation, Load, Loaded, Outcome, Record, Revision, Store, Token, Version,
    in_two_steps,
};

mod database;
mod dead_logins;
mod directory;
mod error;
mod file;
mod gc;
mod group;
mod ledger;
mod lock;
mod logins;
mod outbox;
mod owner;
pub mod path;
mod process;
mod queue;
mod range;
mod receipts;
mod schema;
#[cfg(test)]
mod tests;
mod watch;
mod words;

use error::Doing;
use lock::{Guard, LockFile};
use process::Slot;
use range::Range;
use schema::Statements;

/// Sessions in a SQLite file.
pub struct SqliteStore {
    dsn: SqliteDsn,
    address: String,
    sql: Statements,
    busy_timeout: Duration,
    events: Retention,
    slot: Arc<Slot>,
    /// The disk was full, and what the log has of that is still there.
    log_is_full: bool,
    /// The database's files were found in place for the act that comes next.
    looked: bool,
    locks: LockFile,
    held: HashMap<Token, Guard>,
    /// Where gc that has little time has looked at logins last.
    looked_at: Option<i64>,
}

impl SqliteStore {
    /// A store that opens its file when it is first used. `prefix` is that of its tables.
    ///
    /// # Errors
    /// When `prefix` cannot be part of a table's name.
    pub fn new(
        dsn: SqliteDsn,
        prefix: Option<&str>,
        busy_timeout: Duration,
        events: Retention,
    ) -> Result<Self> {
        Ok(Self {
            address: format!("sqlite:{}", dsn.path.display()),
            sql: Statements::new(prefix)?,
            locks: LockFile::new(file::beside(&dsn.path, "-lock"), dsn.mode),
            dsn,
            busy_timeout,
            events,
            slot: Slot::new(),
            log_is_full: false,
            looked: false,
            held: HashMap::new(),
            looked_at: None,
        })
    }

    fn lock(&mut self, key: &SessionKey, token: Token, deadline: Deadline) -> Result<()> {
        if self.held.contains_key(&token) {
            return Ok(());
        }
        let range = Range::of(key);
        if self.held.values().any(|guard| guard.range() == range) {
            // Held by this very process through another handler: waiting could only time out.
            return Err(Error::LockTimeout {
                waited: Duration::ZERO,
            });
        }
        let guard = self.locks.lock(range, deadline, &self.address)?;
        self.held.insert(token, guard);
        Ok(())
    }
}

impl Store for SqliteStore {
    fn address(&self) -> &str {
        &self.address
    }

    fn ready(&mut self) -> Result<()> {
        self.with(Doing::Open, |_, _| Ok(()))
    }

    fn load(&mut self, key: &SessionKey, want: Load) -> Result<Loaded> {
        // What is being used does not expire: who holds the lock already reads it in any case.
        let alive_at = if self.held.contains_key(&want.token) {
            0
        } else {
            now()
        };
        if let Some(terms) = want.lock {
            self.lock(key, want.token, terms.deadline)?;
        }
        let record = self.with(Doing::Read, |connection, sql| {
            let found = connection
                .prepare_cached(&sql.load)?
                .query_row(params![key.as_bytes(), alive_at], |row| {
                    let record = Record {
                        version: Version {
                            generation: Generation(row.get::<_, i64>(0)?.cast_unsigned()),
                            revision: Revision(row.get(1)?),
                        },
                        data: row.get(2)?,
                    };
                    let left = row.get::<_, i64>(7)?.saturating_sub(now());
                    Ok((record, bound(row, 3)?, left))
                })
                .optional()?;
            Ok(match found {
                Some((record, login, left)) => Loaded {
                    record: Some(record),
                    login,
                    // This second has begun.
                    left: u64::try_from(left.saturating_sub(1))
                        .ok()
                        .map(Duration::from_secs),
                    ..Loaded::default()
                },
                None => Loaded {
                    kick: logins::kick_of(connection, sql, key.as_bytes())?,
                    ..Loaded::default()
                },
            })
        });
        let keep = match &record {
            Ok(found) => found.record.is_some() || !want.only_existing,
            Err(_) => false,
        };
        if !keep {
            self.held.remove(&want.token);
        }
        Ok(Loaded {
            locked: self.held.contains_key(&want.token),
            ..record?
        })
    }

    fn commit(&mut self, key: &SessionKey, basis: Basis, change: Change<'_>) -> Result<Outcome> {
        // The guards are dropped at the end of this function, after the statement, whatever happens.
        let guard = self.held.remove(&basis.token);
        let locked = guard.as_ref().is_some_and(|guard| self.holds(guard));
        let range = Range::of(key);
        let regained = match basis.locked && !locked {
            true => self.locks.try_lock(range, &self.address)?,
            false => None,
        };
        if basis.locked && !locked && regained.is_none() {
            return self.with(Doing::Write, |connection, sql| {
                refused(connection, sql, key, basis)
            });
        }
        let born = Generation::random()?;
        self.with(Doing::Write, |connection, sql| {
            let outcome = match basis.seen {
                Some(seen) => update(connection, sql, key, basis, seen, locked, change)?,
                None => insert(connection, sql, key, basis, born, locked, change)?,
            };
            match outcome {
                Some(outcome) => Ok(outcome),
                None => refused(connection, sql, key, basis),
            }
        })
    }

    fn release(&mut self, _key: &SessionKey, token: Token) -> Result<()> {
        self.held.remove(&token);
        Ok(())
    }

    fn destroy(&mut self, key: &SessionKey, token: Option<Token>, end: End<'_>) -> Result<bool> {
        let _guard = token.and_then(|token| self.held.remove(&token));
        self.end_session(key, end)
    }

    fn destroy_leaving_empty(
        &mut self,
        key: &SessionKey,
        lock: (Token, bool),
        end: End<'_>,
        ttl: Duration,
    ) -> Result<bool> {
        let emptied = self.empty_unbound(key, lock.0, end, ttl);
        if let Ok(false) = emptied {
            return in_two_steps(self, key, lock, end, ttl);
        }
        self.held.remove(&lock.0);
        emptied
    }

    fn gc(&mut self, until: Option<Deadline>) -> Result<u64> {
        gc::collect(self, until)
    }

    /// SQLite remembers for a process which files it has locked. A child would inherit that without the
    /// locks, and a database that it opens itself would be in use without anybody knowing.
    fn before_fork(&mut self) {
        self.close();
    }

    /// The lock file was let go of when the process was forked; what has its number is closed.
    fn abandon(mut self: Box<Self>) {
        self.held.clear();
        self.locks.close();
        let _left_open = ManuallyDrop::new(self);
    }
}

/// Writes or refreshes the record that was read; `None` where the statement did not find it.
fn update(
    connection: &Connection,
    sql: &Statements,
    key: &SessionKey,
    basis: Basis,
    seen: Version,
    locked: bool,
    change: Change<'_>,
) -> rusqlite::Result<Option<Outcome>> {
    let generation = seen.generation.0.cast_signed();
    let expires = expiry(change.ttl());
    // A lock that was held and is lost leaves only the revision as proof.
    let any_revision = locked || !basis.locked;
    let (changed, revision) = match change {
        Change::Write(data, _) if basis.lives => {
            let changed = connection
                .prepare_cached(&sql.update_data)?
                .execute(named_params! {
                    ":id": key.as_bytes(), ":generation": generation, ":seen": seen.revision.0,
                    ":any": any_revision, ":revision": basis.token.as_bytes(), ":data": data,
                })?;
            (changed, Revision::from(basis.token))
        }
        Change::Write(data, _) => {
            let changed = connection.prepare_cached(&sql.update)?.execute(named_params! {
                ":id": key.as_bytes(), ":generation": generation, ":seen": seen.revision.0,
                ":any": any_revision, ":revision": basis.token.as_bytes(), ":expires": expires, ":data": data,
            })?;
            (changed, Revision::from(basis.token))
        }
        Change::Touch(_) => {
            let changed = connection
                .prepare_cached(&sql.touch)?
                .execute(named_params! {
                    ":id": key.as_bytes(), ":generation": generation, ":expires": expires,
                })?;
            (changed, seen.revision)
        }
    };
    Ok((changed == 1).then(|| Outcome::stored(seen.generation, revision)))
}

/// Creates the record that was missing; `None` where there is one that may not be replaced.
fn insert(
    connection: &Connection,
    sql: &Statements,
    key: &SessionKey,
    basis: Basis,
    born: Generation,
    locked: bool,
    change: Change<'_>,
) -> rusqlite::Result<Option<Outcome>> {
    let data = match change {
        Change::Write(data, _) => data,
        Change::Touch(_) => b"",
    };
    let mut statement = connection.prepare_cached(&sql.insert)?;
    let mut rows = statement.query(named_params! {
        ":id": key.as_bytes(), ":generation": born.0.cast_signed(), ":any": locked || !basis.locked,
        ":revision": basis.token.as_bytes(), ":expires": expiry(change.ttl()), ":data": data, ":now": now(),
    })?;
    let generation = match rows.next()? {
        Some(row) => Some(row.get::<_, i64>(0)?),
        None => None,
    };
    // The row comes before the commit, which may fail; and that is said by the step behind it.
    if generation.is_some() {
        rows.next()?;
    }
    Ok(generation.map(|g| Outcome::stored(Generation(g.cast_unsigned()), basis.token.into())))
}

/// Tells a record that ended from one that another request wrote.
fn refused(
    connection: &Connection,
    sql: &Statements,
    key: &SessionKey,
    basis: Basis,
) -> rusqlite::Result<Outcome> {
    let now: Option<i64> = connection
        .prepare_cached(&sql.generation)?
        .query_row([key.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(match (basis.seen, now) {
        (Some(seen), Some(now)) if seen.generation.0.cast_signed() == now => Outcome::LockLost,
        (None, _) => Outcome::LockLost,
        _ => Outcome::Gone,
    })
}

/// The login in these columns, if there is one.
fn bound(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Bound>> {
    let identity: Option<String> = row.get(first + 1)?;
    let more: Option<String> = row.get(first + 2)?;
    let (Some(identity), Some(more)) = (identity, more) else {
        return Ok(None);
    };
    let (user, until) = (
        ledger::user_key(row, first)?,
        row.get::<_, Option<i64>>(first + 3)?,
    );
    Ok(Login::decode(&identity, &more).map(|login| Bound {
        login,
        user,
        rotated: until.is_some(),
    }))
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The second from which a record written now is missing; rounded up, never early.
fn expiry(ttl: Duration) -> i64 {
    let seconds = i64::try_from(bounded(ttl).as_secs()).unwrap_or(i64::MAX);
    now().saturating_add(seconds).saturating_add(1)
}
