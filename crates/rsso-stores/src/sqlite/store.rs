//! The store itself: what it was told, and what it holds.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::lock::LockFile;
use super::open_lock::Guard;
use super::process::Slot;
use super::range::Range;
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
    pub(super) slot: Arc<Slot>,
    /// The disk was full, and what the log has of that is still there.
    pub(super) log_is_full: bool,
    /// The database's files were found in place for the act that comes next.
    pub(super) looked: bool,
    pub(super) locks: LockFile,
    pub(super) held: HashMap<Token, Guard>,
    /// Where gc that has little time has looked at logins last.
    pub(super) looked_at: Option<i64>,
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
            slot: Slot::new(),
            log_is_full: false,
            looked: false,
            held: HashMap::new(),
            looked_at: None,
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
