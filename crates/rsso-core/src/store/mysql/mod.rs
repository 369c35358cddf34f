//! Sessions in MySQL 8 or MariaDB 10.6 and newer: in rsso's own table, or in one that was there before.
//!
//! What always holds: a session's lock is a named lock of the server (`GET_LOCK`), which the server
//! frees when the connection dies and hands on in order; no transaction is open while PHP works;
//! every statement that takes somebody's value is prepared.

use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::time::Duration;

use mysql::Error as Driver;

use super::{Basis, Change, End, Load, Loaded, Outcome, Store, Token, in_two_steps};
use crate::deadline::Deadline;
use crate::dsn::MysqlDsn;
use crate::error::{Error, Result};
use crate::login::event::Retention;
use crate::sid::SessionKey;

mod commit;
mod connection;
mod ending;
mod error;
mod gc;
mod layout;
mod ledger;
mod lines;
mod locks;
mod logins;
mod lost;
mod mapped;
mod native;
mod outbox;
mod reading;
mod receipts;
mod register;
mod said;
mod schema;
mod seats;
mod session;
mod settings;
mod text;
mod transaction;
mod words;

pub use crate::mapping::Mapping;
pub use schema::{Tables, VERSION as SCHEMA_VERSION};

use connection::Target;
use layout::Layout;
use lines::{Line, Lines};
use locks::{Held, LockNames};
use receipts::ReceiptTable;
use register::Register;
use schema::DEFAULT_PREFIX;
use session::Session;
use words::WordTable;

/// Sessions in MySQL or MariaDB.
pub struct MysqlStore {
    lines: Lines,
    layout: Layout,
    names: LockNames,
    register: Register,
    receipts: ReceiptTable,
    words: WordTable,
    prefix: String,
    held: HashMap<Token, Held>,
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
        events: Retention,
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
        let register = Register::new(&tables, events);
        let receipts = ReceiptTable::new(&tables);
        let words = WordTable::new(&tables);
        let lines = Lines::new(target, tables);
        Ok(Self {
            names: LockNames::new(&lines),
            layout,
            lines,
            register,
            receipts,
            words,
            prefix: prefix.unwrap_or(DEFAULT_PREFIX).to_owned(),
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
}

impl Store for MysqlStore {
    fn address(&self) -> &str {
        &self.lines.target.address
    }

    fn shares_data(&self) -> bool {
        matches!(self.layout, Layout::Mapped(_))
    }

    fn ready(&mut self) -> Result<()> {
        self.lines.ready()
    }

    fn load(&mut self, key: &SessionKey, want: Load) -> Result<Loaded> {
        let Some(terms) = want.lock else {
            return self.read_unlocked(key);
        };
        if let Some(loaded) = self.read_again(key, want.token)? {
            return Ok(loaded);
        }
        let name = self.names.of(key.as_bytes());
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
            let mut held = self.held.values();
            self.lines.prompt_is_idle = !held.any(|held| self.lines.is_prompt(held.connection));
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
        self.store(key, basis, change)
    }

    fn release(&mut self, _key: &SessionKey, token: Token) -> Result<()> {
        match self.held.remove(&token) {
            Some(held) => self.free(&held),
            None => Ok(()),
        }
    }

    fn destroy(&mut self, key: &SessionKey, token: Option<Token>, end: End<'_>) -> Result<bool> {
        self.end(key, token, end)
    }

    fn destroy_leaving_empty(
        &mut self,
        key: &SessionKey,
        lock: (Token, bool),
        end: End<'_>,
        ttl: Duration,
    ) -> Result<bool> {
        match self.empty(key, lock.0, end, ttl)? {
            true => Ok(true),
            false => in_two_steps(self, key, lock, end, ttl),
        }
    }

    fn gc(&mut self, until: Option<Deadline>) -> Result<u64> {
        self.collect_garbage(until)
    }

    fn abandon(self: Box<Self>) {
        let _left_open = ManuallyDrop::new(self);
    }
}
