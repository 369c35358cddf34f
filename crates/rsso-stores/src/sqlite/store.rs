//! The store itself: its settings, its connection and its locks.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::lock::LockFile;
use super::lock_byte::LockByte;
use super::open_lock::Guard;
use super::process_slots::DatabaseSlot;
use super::side_files::beside;
use super::statements::Statements;
use rsso_core::deadline::Deadline;
use rsso_core::dsn::SqliteDsn;
use rsso_core::error::{Error, Result};
use rsso_core::login::event::Retention;
use rsso_core::sid::SessionKey;
use rsso_core::store::Token;

/// Sessions in a SQLite file.
pub struct SqliteStore {
    pub(super) dsn: SqliteDsn,
    pub(super) address: String,
    pub(super) prefix: String,
    pub(super) sql: Statements,
    pub(super) busy_timeout: Duration,
    pub(super) events: Retention,
    pub(super) slot: Arc<DatabaseSlot>,
    /// The disk was full, and the log still holds what failed.
    pub(super) wal_is_full: bool,
    /// The database's files were just found in place, for the next operation.
    pub(super) files_checked: bool,
    pub(super) locks: LockFile,
    pub(super) held: HashMap<Token, Guard>,
    /// The last login that a brief gc has checked.
    pub(super) gc_position: Option<i64>,
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
        let prefix = Statements::prefix(prefix).to_owned();
        Ok(Self {
            address: format!("sqlite:{}", dsn.path.display()),
            sql: Statements::with_prefix(&prefix)?,
            prefix,
            locks: LockFile::new(beside(&dsn.path, "-lock"), dsn.mode),
            dsn,
            busy_timeout,
            events,
            slot: DatabaseSlot::new(),
            wal_is_full: false,
            files_checked: false,
            held: HashMap::new(),
            gc_position: None,
        })
    }

    /// Takes the lock of a session for `token`, unless that has it.
    pub(super) fn lock(
        &mut self,
        key: &SessionKey,
        token: Token,
        deadline: Deadline,
    ) -> Result<()> {
        if self.held.contains_key(&token) {
            return Ok(());
        }
        let byte = LockByte::of(key);
        if self.held.values().any(|guard| guard.byte() == byte) {
            // This process holds it through another handler: waiting could only time out.
            return Err(Error::LockTimeout {
                waited: Duration::ZERO,
            });
        }
        let mut files_checked = false;
        let accepts = |guard: &Guard| {
            files_checked = is_in_place(&self.slot, guard);
            files_checked || guard.holds()
        };
        let guard = (self.locks).lock(byte, deadline, &self.address, accepts)?;
        self.files_checked = files_checked;
        self.held.insert(token, guard);
        Ok(())
    }
}

/// Whether all files of the open database are in place, and the file of this lock is one of them.
pub(super) fn is_in_place(slot: &DatabaseSlot, guard: &Guard) -> bool {
    let lock = guard.lock_file().identity();
    slot.is_idle_and(|database| database.watch.lock_file() == lock && database.watch.is_in_place())
}
