//! Access to the open database, whose files are checked before each operation.
//!
//! What always holds: no operation begins on files that the paths no longer name. A change counts as made only if
//! the paths still named them afterwards, or if [`file_users::save`] copied all of it into the files that are
//! there now. A session's lock counts only if it is on the lock file of those files.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::database::Database;
use super::error::{Operation, explain, explain_file, explain_newer_schema};
use super::file_users::{self, JoinResult, SAVE_GRACE};
use super::lock::SessionsInUse;
use super::lock_byte::LockByte;
use super::open_lock::Guard;
use super::process_slots::TakenDatabase;
use super::statements::Statements;
use super::store::SqliteStore;
use super::watch::{Files, Watch};
use super::{error, file, owner, schema};
use rsso_core::deadline::Deadline;
use rsso_core::error::{Error, Result, StoreErrorKind};
use rsso_core::sid::SessionKey;

/// How often a process that waits to open the database checks whether it may.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// How often a lock is confirmed while the files are removed again and again.
const CONFIRMATIONS: u32 = 3;

/// What became of a session's lock.
pub(super) enum Confirmed {
    Held(Guard),
    /// The lock file was replaced; the lock on the new one is free, or was until now.
    Regained(Guard),
    /// Another has it.
    Lost,
}

impl SqliteStore {
    /// Runs `act` on the connection, which is made if there is none, and closed if its file is at fault.
    pub(super) fn with<T>(
        &mut self,
        operation: Operation,
        act: impl FnOnce(&mut Connection, &Statements) -> rusqlite::Result<T>,
    ) -> Result<T> {
        self.with_sessions_in_use(operation, |connection, sql, _| act(connection, sql))
    }

    /// Like [`Self::with`], for an operation that asks which sessions are in use.
    pub(super) fn with_sessions_in_use<T>(
        &mut self,
        operation: Operation,
        act: impl FnOnce(&mut Connection, &Statements, SessionsInUse<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let files_checked = std::mem::take(&mut self.files_checked);
        let mut taken = self.slot.take();
        let mut open = taken.database.take();
        let in_place = open.take_if(|open| files_checked || open.watch.is_in_place());
        let mut database = match in_place {
            Some(database) => database,
            None => self.connect(&mut taken, open)?,
        };
        let uses = SessionsInUse {
            locks: &mut self.locks,
            held: &self.held,
            store: &self.address,
        };
        let done = act(&mut database.connection, &self.sql, uses);
        match done {
            Ok(value) => {
                if !operation.changes() || database.watch.is_in_place() {
                    database.watch.touch();
                    if self.wal_is_full && operation.changes() {
                        self.empty_wal(&database);
                    }
                    taken.put_back(database);
                    return Ok(value);
                }
                if self.close_displaced(database) {
                    return Ok(value);
                }
                Err(self.displaced(operation))
            }
            Err(error) => {
                if error::is_full(&error) {
                    self.wal_is_full = true;
                    self.empty_wal(&database);
                }
                if error::leaves_connection_usable(&error) {
                    taken.put_back(database);
                }
                Err(explain(&self.address, &self.dsn.path, operation, error))
            }
        }
    }

    /// The error of a change that was made in files which the paths no longer name.
    pub(super) fn displaced(&self, operation: Operation) -> Error {
        let problem = format!(
            "{}: a file of the database was removed or replaced meanwhile",
            operation.unknown_outcome()
        );
        Error::store_plain(StoreErrorKind::Damaged, &self.address, problem)
    }

    /// Frees the disk space that failed changes took in the log, which would fill the disk for good.
    ///
    /// While the database cannot grow either, this fails; the next successful change tries again.
    fn empty_wal(&mut self, database: &Database) {
        let emptied = file_users::checkpoint(&database.connection, "TRUNCATE");
        self.wal_is_full = !emptied.unwrap_or(false);
    }

    /// Confirms that a session's lock is on the file that users of the open database lock, for the next operation.
    ///
    /// The files may have been removed since it was granted, and opening the database again takes time, in which
    /// others may have locked the session on a new file. A lock on the old one proves nothing then.
    pub(super) fn confirm_lock(
        &mut self,
        mut lock: Option<Guard>,
        key: &SessionKey,
    ) -> Result<Confirmed> {
        for _ in 0..CONFIRMATIONS {
            self.open_in_place()?;
            match lock.take() {
                Some(lock) if self.is_lock_of_open_database(&lock) => {
                    return Ok(Confirmed::Held(lock));
                }
                // Freed before it is asked for: a process is granted its own lock again, and each guard frees it.
                other => drop(other),
            }
            match self.locks.try_lock(LockByte::of(key), &self.address)? {
                Some(regained) if self.is_lock_of_open_database(&regained) => {
                    return Ok(Confirmed::Regained(regained));
                }
                // The files were removed once more.
                Some(_) => {}
                None => break,
            }
        }
        Ok(Confirmed::Lost)
    }

    /// Opens the database unless all its files are in place. The next operation does not check them again.
    pub(super) fn open_in_place(&mut self) -> Result<()> {
        self.files_checked = false;
        if !self
            .slot
            .is_idle_and(|database| database.watch.is_in_place())
        {
            self.with(Operation::Open, |_, _| Ok(()))?;
        }
        self.files_checked = true;
        Ok(())
    }

    /// Whether users of the database that is open here take their locks on this lock's file.
    pub(super) fn is_lock_of_open_database(&self, lock: &Guard) -> bool {
        let file = lock.lock_file().identity();
        self.slot
            .is_idle_and(|database| database.watch.lock_file() == file)
    }

    /// Opens the database. `old` is closed first: its files are no longer in place.
    fn connect(
        &mut self,
        taken: &mut TakenDatabase,
        mut old: Option<Box<Database>>,
    ) -> Result<Box<Database>> {
        let deadline = Deadline::after(self.busy_timeout);
        let since = Instant::now();
        loop {
            let opening = match self.lock_opening(deadline) {
                Ok(opening) => opening,
                Err(error) => {
                    // `old` may be the only one that has what a removed -wal held: the next operation tries again.
                    if let Some(old) = old {
                        taken.put_back(old);
                    }
                    return Err(error);
                }
            };
            if let Some(old) = old.take() {
                self.save(&old, &opening);
                drop(old);
                taken.record_files(None);
            }
            if let Some(database) = self.try_open(&opening, since.elapsed() >= SAVE_GRACE)? {
                taken.record_files(Some(database.files()));
                return Ok(Box::new(database));
            }
            drop(opening);
            if deadline.passed() {
                return Err(Error::store_plain(
                    StoreErrorKind::Damaged,
                    &self.address,
                    "a file of the database (-wal or -shm) was removed while other processes use it; \
                     it can be opened when one of them has used it and saved what only it has",
                ));
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    fn lock_opening(&mut self, deadline: Deadline) -> Result<Guard> {
        self.locks
            .lock(LockByte::OPENING, deadline, &self.address, Guard::holds)
            .map_err(|error| match error {
                // The advice for a session's lock would be wrong here.
                Error::LockTimeout { .. } => Error::store(
                    StoreErrorKind::TimedOut,
                    &self.address,
                    "another process keeps opening the database",
                    error,
                ),
                other => other,
            })
    }

    /// `None` while another process may hold changes that no file in place has.
    fn try_open(&self, opening: &Guard, grace_is_over: bool) -> Result<Option<Database>> {
        let path = &self.dsn.path;
        let no_file = |error| explain_file(&self.address, "cannot open the file", error);
        owner::check_all(path, self.dsn.mode).map_err(no_file)?;
        let now_there = Files::at(path).map_err(no_file)?;
        let leave = |other: Box<Database>| {
            self.save(&other, opening);
        };
        if !self.slot.close_others(now_there, leave) {
            return Ok(None);
        }
        let joined = file_users::join(opening, path, grace_is_over, || {
            let connection = schema::connect(path, self.busy_timeout, &self.sql)?;
            file_users::checkpoint(&connection, "TRUNCATE").map(|_| ())
        });
        let JoinResult::Open(membership) = joined.map_err(no_file)? else {
            return Ok(None);
        };
        file::prepare(path, self.dsn.mode).map_err(no_file)?;
        let connection = schema::connect(path, self.busy_timeout, &self.sql)
            .and_then(|connection| Ok((schema::version(&connection)?, connection)))
            .map_err(|error| explain(&self.address, path, Operation::Open, error));
        let (version, connection) = connection?;
        if version > schema::VERSION {
            return Err(explain_newer_schema(&self.address, version));
        }
        let vanished = |error| {
            Error::store(
                StoreErrorKind::Unreachable,
                &self.address,
                "the file vanished while it was opened",
                error,
            )
        };
        let files = Files::at(path).map_err(vanished)?;
        // Once more: somebody may have put a file there while SQLite opened it.
        owner::check_all(path, self.dsn.mode).map_err(no_file)?;
        let watch = Watch::over(path, files, opening.lock_file().identity())
            .ok_or_else(|| vanished(io::Error::from(io::ErrorKind::NotFound)))?;
        file::share(path, self.dsn.mode).map_err(|error| {
            Error::store(
                StoreErrorKind::NotAllowed,
                &self.address,
                "cannot set the file's mode (?mode=)",
                error,
            )
        })?;
        membership.record_files(files).map_err(no_file)?;
        Ok(Some(Database {
            connection,
            watch,
            membership,
        }))
    }

    /// Closes a database whose files are not in place, under the lock of openers.
    ///
    /// Returns whether all its changes are in the files that are in place now.
    pub(super) fn close_displaced(&mut self, database: Box<Database>) -> bool {
        let deadline = Deadline::after(self.busy_timeout);
        self.lock_opening(deadline).is_ok_and(|opening| {
            let saved = self.save(&database, &opening);
            // Under the same lock.
            drop(database);
            saved
        })
    }

    /// Closes the database. This process may be the only one that has what a removed -wal held.
    pub(super) fn close(&mut self) {
        let mut taken = self.slot.take();
        if let Some(mut database) = taken.database.take()
            && !database.watch.is_in_place()
        {
            self.close_displaced(database);
        }
    }

    fn save(&self, database: &Database, opening: &Guard) -> bool {
        file_users::save(
            opening,
            &self.dsn.path,
            &database.connection,
            &database.membership,
            database.files(),
        )
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.close();
    }
}
