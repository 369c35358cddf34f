//! Sessions in MySQL 8 or MariaDB 10.6 and newer: in rsso's own table, or in one that was there before.
//!
//! What always holds: a session's lock is a named lock of the server (`GET_LOCK`), which the server
//! frees when the connection dies and hands on in order; no transaction is open while PHP works;
//! every statement that takes somebody's value is prepared.

use std::collections::HashMap;
use std::time::Duration;

use mysql::{Error as Driver, Params, Value};
use sha2::{Digest as _, Sha256};

use super::{Basis, Change, Generation, Load, Loaded, Outcome, Store, Token};
use crate::dsn::MysqlDsn;
use crate::error::{Error, Result};
use crate::sid::SessionKey;

mod connection;
mod error;
mod layout;
mod mapped;
mod mapping;
mod native;
mod schema;

pub use mapping::Mapping;
pub use schema::{Tables, VERSION as SCHEMA_VERSION};

use connection::{Session, Target, judge};
use error::{Broken, DEADLOCK, NO_TABLE, code};
use layout::{Ask, Layout, Read};

/// How many expired rows one statement of [`Store::gc`] removes.
const GC_BATCH: usize = 200;

/// Sessions in MySQL or MariaDB.
pub struct MysqlStore {
    target: Target,
    tables: Tables,
    layout: Layout,
    /// For everything but waiting.
    prompt: Option<Session>,
    /// Made when a lock is first found taken: its answers may take as long as `rsso.lock_wait`.
    patient: Option<(Session, Duration)>,
    held: HashMap<Token, Held>,
}

/// A lock and the connection that holds it.
struct Held {
    name: String,
    connection: u64,
}

/// What may help an act that failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cure {
    /// The connection was closed while it lay idle.
    Reconnect,
    /// The tables were not there yet.
    MakeTables,
    /// The server chose this statement to resolve a deadlock.
    RunAgain,
}

/// Which connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Prompt,
    Patient(Duration),
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
            Some(mapping) => Layout::Mapped(mapped::Mapped::new(&mapping, &tables)),
            None => Layout::Native(native::Native::new(&tables)),
        };
        let address = dsn.to_string();
        Ok(Self {
            target: Target {
                dsn,
                address,
                connect_timeout,
                read_timeout,
                charset,
            },
            tables,
            layout,
            prompt: None,
            patient: None,
            held: HashMap::new(),
        })
    }

    /// Creates rsso's tables, as `rsso schema mysql --apply` does.
    ///
    /// # Errors
    /// When the server cannot be reached or the user may not.
    pub fn create_tables(&mut self) -> Result<()> {
        let tables = self.tables.clone();
        self.on(Line::Prompt, "cannot create the tables", |session, _| {
            tables.create(session)
        })
    }

    /// Lock names are the server's, for all databases, 64 characters long, and blind to case.
    fn lock_name(&self, key: &[u8]) -> String {
        let mut hash = Sha256::new();
        for part in [
            self.target.dsn.database.as_bytes(),
            self.tables.sessions.as_bytes(),
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

    /// Runs an act that may run twice. A connection that was closed while it lay idle is replaced
    /// once, a missing table is made once, a deadlock is tried once more.
    fn on<T>(
        &mut self,
        line: Line,
        doing: &str,
        mut act: impl FnMut(&mut Session, &Layout) -> Result<T, Driver>,
    ) -> Result<T> {
        let mut cures = vec![Cure::Reconnect, Cure::MakeTables, Cure::RunAgain];
        loop {
            let (mut session, idle) = self.take(line)?;
            let result = act(&mut session, &self.layout);
            let server_says = result.as_ref().err().and_then(code);
            match judge(&self.target, doing, result) {
                Ok(value) => {
                    self.put_back(line, session);
                    return Ok(value);
                }
                Err(Broken { retry, keep, error }) => {
                    let cure = match server_says {
                        Some(NO_TABLE) => Some(Cure::MakeTables),
                        Some(DEADLOCK) => Some(Cure::RunAgain),
                        _ if retry && idle => Some(Cure::Reconnect),
                        _ => None,
                    };
                    // Each cure is tried once.
                    let at = cures.iter().position(|left| Some(*left) == cure);
                    let Some(cure) = at.map(|at| cures.swap_remove(at)) else {
                        if keep {
                            self.put_back(line, session);
                        }
                        return Err(error);
                    };
                    if cure == Cure::MakeTables
                        && let Err(denied) = self.tables.create(&mut session)
                    {
                        return Err(error::explain(&self.target.address, doing, denied));
                    }
                    if keep {
                        self.put_back(line, session);
                    }
                }
            }
        }
    }

    /// The connection, made if need be, and whether it had been there before.
    fn take(&mut self, line: Line) -> Result<(Session, bool)> {
        let kept = match line {
            Line::Prompt => self.prompt.take(),
            Line::Patient(wait) => self
                .patient
                .take()
                .filter(|(_, patience)| *patience >= wait)
                .map(|(session, _)| session),
        };
        match (kept, line) {
            (Some(session), _) => Ok((session, true)),
            (None, Line::Prompt) => Ok((self.target.connect(Duration::ZERO)?, false)),
            (None, Line::Patient(wait)) => Ok((self.target.connect(wait)?, false)),
        }
    }

    fn put_back(&mut self, line: Line, session: Session) {
        match line {
            Line::Prompt => self.prompt = Some(session),
            Line::Patient(wait) => self.patient = Some((session, wait)),
        }
    }

    /// The line on which the lock is held.
    fn line_of(&self, held: Option<&Held>) -> Line {
        match (&self.patient, held) {
            (Some((session, patience)), Some(held)) if session.number == held.connection => {
                Line::Patient(*patience)
            }
            _ => Line::Prompt,
        }
    }

    /// Gives a lock back on the connection that holds it; without that it is free already.
    fn free(&mut self, held: &Held) -> Result<()> {
        let line = self.line_of(Some(held));
        let holds = |session: &Session| session.number == held.connection;
        let alive = match line {
            Line::Prompt => self.prompt.as_ref().is_some_and(holds),
            Line::Patient(_) => true,
        };
        if !alive {
            return Ok(());
        }
        self.on(line, "cannot give the session's lock back", |session, _| {
            if holds(session) {
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
            layout
                .load(session, key, Some(ask))
                .map(|read| (read, session.number))
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
        let (read, connection) = self.on(line, "cannot read the session", |session, layout| {
            layout
                .load(session, key, None)
                .map(|read| (read, session.number))
        })?;
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
        &self.target.address
    }

    fn ready(&mut self) -> Result<()> {
        let (session, _) = self.take(Line::Prompt)?;
        self.prompt = Some(session);
        Ok(())
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
        if let Some(loaded) = self.read_locked(key, want, Line::Prompt, Duration::ZERO)? {
            return Ok(loaded);
        }
        let wait = terms.deadline.remaining();
        if !wait.is_zero() {
            let line = Line::Patient(self.patience(wait));
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

    fn gc(&mut self) -> Result<u64> {
        let doing = "cannot remove expired sessions";
        let name = self.lock_name(b"gc");
        let mine = self.on(Line::Prompt, doing, |session, _| try_lock(session, &name))?;
        if !mine {
            // Somebody else is at it.
            return Ok(0);
        }
        let removed = self.remove_expired(doing);
        self.on(Line::Prompt, doing, |session, _| unlock(session, &name))?;
        removed
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

impl MysqlStore {
    fn remove_expired(&mut self, doing: &str) -> Result<u64> {
        let (mut after, mut removed) = (Vec::new(), 0);
        loop {
            let ids = self.on(Line::Prompt, doing, |session, layout| {
                layout.expired(session, &after, GC_BATCH)
            })?;
            let Some(last) = ids.last() else {
                return Ok(removed);
            };
            after.clone_from(last);
            let unused = self.unused(ids, doing)?;
            if !unused.is_empty() {
                removed += self.on(Line::Prompt, doing, |session, layout| {
                    layout.remove(session, &unused)
                })?;
            }
        }
    }

    /// Those of the sessions whose lock nobody holds: what is being used does not expire.
    fn unused(&mut self, ids: Vec<Vec<u8>>, doing: &str) -> Result<Vec<Vec<u8>>> {
        let asked = vec!["IS_USED_LOCK(?) IS NULL"; ids.len()].join(", ");
        let names: Vec<Value> = ids
            .iter()
            .map(|id| Value::from(self.lock_name(&self.key_of(id))))
            .collect();
        let row = self.on(Line::Prompt, doing, |session, _| {
            session.first(
                &format!("SELECT {asked}"),
                Params::Positional(names.clone()),
            )
        })?;
        let Some(row) = row else {
            return Ok(Vec::new());
        };
        let free = |at: usize| row.get::<Option<i64>, _>(at).flatten() == Some(1);
        Ok(ids
            .into_iter()
            .enumerate()
            .filter(|(at, _)| free(*at))
            .map(|(_, id)| id)
            .collect())
    }

    /// The key under which a row's session is locked.
    fn key_of(&self, id: &[u8]) -> Vec<u8> {
        match self.layout {
            Layout::Native(_) => id.to_vec(),
            Layout::Mapped(_) => [b"=", id].concat(),
        }
    }

    /// How long a connection for waiting shall be patient: one that is there is used if it can.
    fn patience(&self, wait: Duration) -> Duration {
        self.patient
            .as_ref()
            .map_or(wait, |(_, patience)| (*patience).max(wait))
            + Duration::from_secs(1)
    }
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
