//! Sessions in MySQL 8 or MariaDB 10.6 and newer: in rsso's own table, or in one that was there before.
//!
//! What always holds: a session's lock is a named lock of the server (`GET_LOCK`), which the server
//! frees when the connection dies and hands on in order; no transaction is open while PHP works;
//! every statement that takes somebody's value is prepared.

use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::time::Duration;

use mysql::Error as Driver;
use sha2::{Digest as _, Sha256};

use super::{Basis, Change, Generation, Load, Loaded, Outcome, Store, Token};
use crate::deadline::Deadline;
use crate::dsn::MysqlDsn;
use crate::error::{Error, Result};
use crate::sid::SessionKey;

mod connection;
mod error;
mod gc;
mod layout;
mod lines;
mod mapped;
mod mapping;
mod native;
mod schema;

pub use mapping::Mapping;
pub use schema::{Tables, VERSION as SCHEMA_VERSION};

use connection::{Session, Target};
use layout::{Ask, Layout, Read};
use lines::{Line, Lines};

/// Sessions in MySQL or MariaDB.
pub struct MysqlStore {
    lines: Lines,
    layout: Layout,
    held: HashMap<Token, Held>,
}

/// A lock and the connection that holds it.
struct Held {
    name: String,
    connection: u64,
}

impl MysqlStore {
    /// A store that connects when it is first used.
    ///
    /// # Errors
    /// When the prefix cannot be part of a table's name.
    pub fn new(
        dsn: MysqlDsn,
        prefix: Option<&str>,
        mapping: Option<Mapping>,
        connect_timeout: Duration,
        read_timeout: Duration,
    ) -> Result<Self> {
        let tables = Tables::new(prefix)?;
        // Ours hold bytes; an existing one holds what its character set says.
        let charset = match &mapping {
            Some(_) => dsn.charset.clone().unwrap_or_else(|| "utf8mb4".to_owned()),
            None => "binary".to_owned(),
        };
        let layout = match mapping {
            Some(mapping) => Layout::Mapped(Box::new(mapped::Mapped::new(&mapping, &tables))),
            None => Layout::Native(Box::new(native::Native::new(&tables))),
        };
        let target = Target {
            address: dsn.to_string(),
            dsn,
            connect_timeout,
            read_timeout,
            charset,
        };
        Ok(Self {
            layout,
            lines: Lines::new(target, tables),
            held: HashMap::new(),
        })
    }

    /// Creates rsso's tables, as `rsso schema mysql --apply` does.
    ///
    /// # Errors
    /// When the server cannot be reached or the user may not.
    pub fn create_tables(&mut self) -> Result<()> {
        self.lines.create_tables()
    }

    /// Lock names are the server's, for all databases, 64 characters long, and blind to case.
    fn lock_name(&self, key: &[u8]) -> String {
        let mut hash = Sha256::new();
        for part in [
            self.lines.target.dsn.database.as_bytes(),
            self.lines.tables.sessions.as_bytes(),
            key,
        ] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        format!(
            "rsso:{}",
            data_encoding::HEXLOWER.encode(&hash.finalize()[..24])
        )
    }

    /// Runs an act, with the layout, on a connection.
    fn on<T>(
        &mut self,
        line: Line,
        doing: &str,
        mut act: impl FnMut(&mut Session, &Layout) -> Result<T, Driver>,
    ) -> Result<T> {
        let Self { lines, layout, .. } = self;
        lines.on(line, doing, |session| act(session, layout))
    }

    fn line_of(&self, held: Option<&Held>) -> Line {
        held.map_or(Line::Prompt, |held| self.lines.line_of(held.connection))
    }

    /// Gives a lock back on the connection that holds it; without that it is free already.
    fn free(&mut self, held: &Held) -> Result<()> {
        if !self.lines.is_open(held.connection) {
            return Ok(());
        }
        let line = self.line_of(Some(held));
        self.on(line, "cannot give the session's lock back", |session, _| {
            if session.number == held.connection {
                unlock(session, &held.name)?;
            }
            Ok(())
        })
    }

    fn read_locked(
        &mut self,
        key: &SessionKey,
        want: Load,
        line: Line,
        wait: Duration,
    ) -> Result<Option<Loaded>> {
        let name = self.lock_name(key.as_bytes());
        let (read, connection) = self.on(line, "cannot read the session", |session, layout| {
            let ask = Ask {
                name: &name,
                seconds: session.lock_wait(wait),
            };
            let read = layout.load(session, key, Some(ask));
            if read.is_err() {
                // The statement may have failed after the lock was granted; the first error counts.
                let _ = unlock(session, &name);
            }
            read.map(|read| (read, session.number))
        })?;
        let Read::Granted(record) = read else {
            return Ok(None);
        };
        let held = Held { name, connection };
        if record.is_none() && want.only_existing {
            self.free(&held)?;
            return Ok(Some(Loaded {
                record,
                locked: false,
            }));
        }
        self.held.insert(want.token, held);
        Ok(Some(Loaded {
            record,
            locked: true,
        }))
    }

    /// A read by who holds the lock already; `None` where it does not, or no longer.
    fn read_again(&mut self, key: &SessionKey, token: Token) -> Result<Option<Loaded>> {
        let Some(held) = self.held.remove(&token) else {
            return Ok(None);
        };
        let line = self.line_of(Some(&held));
        let again = self.on(line, "cannot read the session", |session, layout| {
            layout
                .reload(session, key)
                .map(|read| (read, session.number))
        });
        let (read, connection) = match again {
            Ok(read) => read,
            Err(error) => {
                // The first error counts.
                let _ = self.free(&held);
                return Err(error);
            }
        };
        match read {
            Read::Granted(record) if connection == held.connection => {
                self.held.insert(token, held);
                Ok(Some(Loaded {
                    record,
                    locked: true,
                }))
            }
            _ => Ok(None),
        }
    }

    fn read_unlocked(&mut self, key: &SessionKey, line: Line) -> Result<Option<super::Record>> {
        let read = self.on(line, "cannot read the session", |session, layout| {
            layout.load(session, key, None)
        })?;
        Ok(match read {
            Read::Granted(record) => record,
            Read::Taken => None,
        })
    }
}

impl Store for MysqlStore {
    fn address(&self) -> &str {
        &self.lines.target.address
    }

    fn ready(&mut self) -> Result<()> {
        self.lines.ready()
    }

    fn load(&mut self, key: &SessionKey, want: Load) -> Result<Loaded> {
        let Some(terms) = want.lock else {
            let record = self.read_unlocked(key, Line::Prompt)?;
            return Ok(Loaded {
                record,
                locked: false,
            });
        };
        if let Some(loaded) = self.read_again(key, want.token)? {
            return Ok(loaded);
        }
        let name = self.lock_name(key.as_bytes());
        if self.held.values().any(|held| held.name == name) {
            // Held by this very worker through another handler: the server would grant it again,
            // for its locks are the connection's, and waiting could only time out.
            return Err(Error::LockTimeout {
                waited: Duration::ZERO,
            });
        }
        if let Some(loaded) = self.read_locked(key, want, Line::Prompt, Duration::ZERO)? {
            return Ok(loaded);
        }
        let wait = terms.deadline.remaining();
        if !wait.is_zero() {
            let line = self.lines.patient(wait);
            if let Some(loaded) = self.read_locked(key, want, line, wait)? {
                return Ok(loaded);
            }
        }
        Err(Error::LockTimeout {
            waited: Duration::ZERO,
        })
    }

    fn commit(&mut self, key: &SessionKey, basis: Basis, change: Change<'_>) -> Result<Outcome> {
        let held = self.held.remove(&basis.token);
        let born = Generation::random()?;
        let line = self.line_of(held.as_ref());
        let name = self.lock_name(key.as_bytes());
        let outcome = self.on(
            line,
            "cannot store the session; what was stored before is unchanged",
            |session, layout| {
                let locked = held
                    .as_ref()
                    .is_some_and(|held| held.connection == session.number);
                let commit = |session: &mut Session| {
                    layout.commit(session, key, basis, locked, change, born)
                };
                match basis.locked && !locked {
                    true => regained(session, layout, key, basis, &name, commit),
                    false => commit(session),
                }
            },
        );
        match held {
            None => outcome,
            // What happened to the session is what the caller needs to hear, not to its lock: that
            // ends with the connection at the latest.
            Some(held) => match (outcome, self.free(&held)) {
                (Ok(_), Err(error)) => Err(error),
                (outcome, _) => outcome,
            },
        }
    }

    fn release(&mut self, _key: &SessionKey, token: Token) -> Result<()> {
        match self.held.remove(&token) {
            Some(held) => self.free(&held),
            None => Ok(()),
        }
    }

    fn destroy(&mut self, key: &SessionKey, token: Option<Token>) -> Result<bool> {
        let held = token.and_then(|token| self.held.remove(&token));
        let line = self.line_of(held.as_ref());
        let destroyed = self.on(line, "cannot remove the session", |session, layout| {
            layout.destroy(session, key)
        });
        let freed = held.map_or(Ok(()), |held| self.free(&held));
        freed.and(destroyed)
    }

    fn gc(&mut self, until: Option<Deadline>) -> Result<u64> {
        self.collect_garbage(until)
    }

    fn abandon(self: Box<Self>) {
        let _left_open = ManuallyDrop::new(self);
    }
}

/// Takes a lock if it is free.
fn try_lock(session: &mut Session, name: &str) -> Result<bool, Driver> {
    let got = session.first("SELECT GET_LOCK(?, 0)", (name,))?;
    Ok(got.and_then(|row| row.get::<Option<i64>, _>(0)).flatten() == Some(1))
}

fn unlock(session: &mut Session, name: &str) -> Result<(), Driver> {
    session.change("DO RELEASE_LOCK(?)", (name,)).map(|_| ())
}

/// A commit whose lock went with its connection: only while nobody else holds it.
fn regained(
    session: &mut Session,
    layout: &Layout,
    key: &SessionKey,
    basis: Basis,
    name: &str,
    commit: impl FnOnce(&mut Session) -> Result<Outcome, Driver>,
) -> Result<Outcome, Driver> {
    if try_lock(session, name)? {
        let outcome = commit(session);
        unlock(session, name)?;
        return outcome;
    }
    // Whoever holds it may have read what this very commit has stored already.
    layout.classify(session, key, basis)
}
