//! The store's acts on sessions, one short statement each.

use std::mem::ManuallyDrop;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

use super::access::Confirmed;
use super::clock::{expiry, now};
use super::error::Operation;
use super::open_lock::Guard;
use super::statements::Statements;
use super::store::SqliteStore;
use super::{gc, login_tables, logins};
use rsso_core::deadline::Deadline;
use rsso_core::error::Result;
use rsso_core::login::{Login, SessionLogin};
use rsso_core::sid::SessionKey;
use rsso_core::store::{
    Basis, Change, End, Generation, Load, Loaded, Lock, Outcome, Record, Revision, Store, Token,
    Version, destroy_then_create_empty,
};

impl Store for SqliteStore {
    fn address(&self) -> &str {
        &self.address
    }

    fn ready(&mut self) -> Result<()> {
        // The files of an open database are checked when it is used.
        if self.slot.is_idle_and(|_| true) {
            return Ok(());
        }
        self.with(Operation::Open, |_, _| Ok(()))
    }

    fn load(&mut self, key: &SessionKey, want: Load) -> Result<Loaded> {
        // What is in use does not expire: whoever holds the lock reads it in any case.
        let alive_at = if self.held.contains_key(&want.token) {
            0
        } else {
            now()
        };
        if let Some(terms) = want.lock {
            self.lock(key, want.token, terms.deadline)?;
        }
        let record = self.with(Operation::Read, |connection, sql| {
            let found = connection
                .prepare_cached(&sql.load)?
                .query_row(
                    named_params! { ":id": key.as_bytes(), ":alive_at": alive_at },
                    |row| {
                        let record = Record {
                            version: Version {
                                generation: Generation(row.get::<_, i64>(0)?.cast_unsigned()),
                                revision: Revision(row.get(1)?),
                            },
                            data: row.get(2)?,
                        };
                        let left = row.get::<_, i64>(7)?.saturating_sub(now());
                        Ok((record, bound(row, 3)?, left))
                    },
                )
                .optional()?;
            Ok(match found {
                Some((record, login, left)) => Loaded {
                    record: Some(record),
                    login,
                    // The current second counts as past.
                    expires_in: u64::try_from(left.saturating_sub(1))
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
        // The locks are freed at the end of this function, after the statement, whatever happens.
        let guard = self.held.remove(&basis.token);
        let (held, _regained) = match basis.locked {
            true => match self.confirm_lock(guard, key)? {
                Confirmed::Held(lock) => (Some(lock), None),
                Confirmed::Regained(lock) => (None, Some(lock)),
                Confirmed::Lost => return self.refuse(key, basis),
            },
            false => (None, None),
        };
        let born = Generation::random()?;
        let written = self.write(key, basis, born, !basis.locked, change)?;
        let (written, held) = match (written, held) {
            // Somebody who takes no locks has written, or the lock is on a file that was removed.
            (None, Some(lock)) => match self.confirm_lock(Some(lock), key)? {
                Confirmed::Held(lock) => (self.write(key, basis, born, true, change)?, Some(lock)),
                Confirmed::Regained(_) | Confirmed::Lost => (None, None),
            },
            other => other,
        };
        match written {
            Some(outcome) => self.unless_lock_was_removed(held.as_ref(), outcome),
            None => self.refuse(key, basis),
        }
    }

    fn release(&mut self, _key: &SessionKey, token: Token) -> Result<()> {
        self.held.remove(&token);
        Ok(())
    }

    fn destroy(&mut self, key: &SessionKey, token: Option<Token>, end: End<'_>) -> Result<bool> {
        let removed = self.end_session(key, end);
        // Only now: what is being used has not expired, and ends with its login.
        if let Some(token) = token {
            self.held.remove(&token);
        }
        removed
    }

    fn destroy_leaving_empty(
        &mut self,
        key: &SessionKey,
        lock: Lock,
        end: End<'_>,
        ttl: Duration,
    ) -> Result<bool> {
        let emptied = self.empty_unbound(key, lock.token, end, ttl);
        if let Ok(false) = emptied {
            return destroy_then_create_empty(self, key, lock, end, ttl);
        }
        self.held.remove(&lock.token);
        emptied
    }

    fn gc(&mut self, until: Option<Deadline>) -> Result<u64> {
        gc::collect(self, until)
    }

    /// SQLite remembers for each process which files it has locked.
    ///
    /// A child would inherit that without the locks, and nobody would know that it uses the database.
    fn before_fork(&mut self) {
        self.close();
    }

    /// The lock file was given up when the process was forked; what has its number now is closed.
    fn abandon(mut self: Box<Self>) {
        self.held.clear();
        self.locks.close();
        let _left_open = ManuallyDrop::new(self);
    }
}

impl SqliteStore {
    /// Writes, refreshes or creates the record; `None` if it is not as it was seen.
    fn write(
        &mut self,
        key: &SessionKey,
        basis: Basis,
        born: Generation,
        any_revision: bool,
        change: Change<'_>,
    ) -> Result<Option<Outcome>> {
        self.with(Operation::Write, |connection, sql| match basis.seen {
            Some(seen) => update(connection, sql, key, basis, seen, any_revision, change),
            None => insert(connection, sql, key, basis, born, any_revision, change),
        })
    }

    fn refuse(&mut self, key: &SessionKey, basis: Basis) -> Result<Outcome> {
        self.with(Operation::Write, |connection, sql| {
            refused(connection, sql, key, basis)
        })
    }

    /// The outcome, unless the lock file was removed while the record was written: whoever has locked the session
    /// on a new one may have read the record before.
    fn unless_lock_was_removed(&self, lock: Option<&Guard>, outcome: Outcome) -> Result<Outcome> {
        // A connection that is still open has found all its files in place after the write.
        match lock {
            Some(lock) if !self.is_lock_of_open_database(lock) && !lock.holds() => {
                Err(self.displaced(Operation::Write))
            }
            _ => Ok(outcome),
        }
    }
}

/// Writes or refreshes the record that was read; `None` if the statement did not find it.
fn update(
    connection: &Connection,
    sql: &Statements,
    key: &SessionKey,
    basis: Basis,
    seen: Version,
    any_revision: bool,
    change: Change<'_>,
) -> rusqlite::Result<Option<Outcome>> {
    let generation = seen.generation.0.cast_signed();
    let expires = expiry(change.ttl());
    let (changed, revision) = match change {
        Change::Write(data, _) if basis.keeps_expiry => {
            let changed = connection
                .prepare_cached(&sql.update_data)?
                .execute(named_params! {
                    ":id": key.as_bytes(), ":generation": generation, ":seen": seen.revision.0,
                    ":any_revision": any_revision, ":revision": basis.token.as_bytes(), ":data": data,
                })?;
            (changed, Revision::from(basis.token))
        }
        Change::Write(data, _) => {
            let changed = connection.prepare_cached(&sql.update)?.execute(named_params! {
                ":id": key.as_bytes(), ":generation": generation, ":seen": seen.revision.0,
                ":any_revision": any_revision, ":revision": basis.token.as_bytes(), ":expires": expires, ":data": data,
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

/// Creates the record that was missing; `None` if there is one that may not be replaced.
fn insert(
    connection: &Connection,
    sql: &Statements,
    key: &SessionKey,
    basis: Basis,
    born: Generation,
    any_revision: bool,
    change: Change<'_>,
) -> rusqlite::Result<Option<Outcome>> {
    let data = match change {
        Change::Write(data, _) => data,
        Change::Touch(_) => b"",
    };
    let mut statement = connection.prepare_cached(&sql.insert)?;
    let mut rows = statement.query(named_params! {
        ":id": key.as_bytes(), ":generation": born.0.cast_signed(), ":any_revision": any_revision,
        ":revision": basis.token.as_bytes(), ":expires": expiry(change.ttl()), ":data": data, ":now": now(),
    })?;
    let generation = match rows.next()? {
        Some(row) => Some(row.get::<_, i64>(0)?),
        None => None,
    };
    // The row comes before the commit, which may fail: the next step reports that.
    if generation.is_some() {
        rows.next()?;
    }
    Ok(generation.map(|g| Outcome::stored(Generation(g.cast_unsigned()), basis.token.into())))
}

/// Tells a record that has ended from one that another request wrote.
fn refused(
    connection: &Connection,
    sql: &Statements,
    key: &SessionKey,
    basis: Basis,
) -> rusqlite::Result<Outcome> {
    let now: Option<i64> = connection
        .prepare_cached(&sql.generation)?
        .query_row(named_params! { ":id": key.as_bytes() }, |row| row.get(0))
        .optional()?;
    Ok(match (basis.seen, now) {
        (Some(seen), Some(now)) if seen.generation.0.cast_signed() == now => Outcome::LockLost,
        (None, _) => Outcome::LockLost,
        _ => Outcome::Gone,
    })
}

/// The login in these columns, if there is one.
fn bound(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<SessionLogin>> {
    let identity: Option<String> = row.get(first + 1)?;
    let more: Option<String> = row.get(first + 2)?;
    let (Some(identity), Some(more)) = (identity, more) else {
        return Ok(None);
    };
    let (user, until) = (
        login_tables::user_key(row, first)?,
        row.get::<_, Option<i64>>(first + 3)?,
    );
    Ok(Login::decode(&identity, &more).map(|login| SessionLogin {
        login,
        user,
        rotated: until.is_some(),
    }))
}
