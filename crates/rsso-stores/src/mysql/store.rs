//! Sessions in MySQL or MariaDB: what its acts share.

use std::collections::HashMap;
use std::time::Duration;

use mysql::Error as Driver;

use super::connection::Session;
use super::connections::{Line, Lines};
use super::layout::Layout;
use super::locks::{Held, LockNames, unlock};
use super::login_sql::Register;
use super::mapped::Mapped;
use super::native::Native;
use super::receipt_table::ReceiptTable;
use super::schema::DEFAULT_PREFIX;
use super::target::Target;
use super::word_table::WordTable;
use super::{Mapping, Tables};
use rsso_core::dsn::MysqlDsn;
use rsso_core::error::Result;
use rsso_core::login::event::Retention;
use rsso_core::store::Token;

/// Sessions in MySQL or MariaDB.
pub struct MysqlStore {
    pub(super) lines: Lines,
    pub(super) layout: Layout,
    pub(super) names: LockNames,
    pub(super) register: Register,
    pub(super) receipts: ReceiptTable,
    pub(super) words: WordTable,
    pub(super) prefix: String,
    pub(super) held: HashMap<Token, Held>,
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
            Some(mapping) => Layout::Mapped(Box::new(Mapped::new(&mapping, &tables))),
            None => Layout::Native(Box::new(Native::new(&tables))),
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
        Ok(Self {
            names: LockNames::new(&target.dsn, &tables),
            layout,
            lines: Lines::new(target, tables),
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
    pub(super) fn on<T>(
        &mut self,
        line: Line,
        doing: &str,
        mut act: impl FnMut(&mut Session, &Layout) -> Result<T, Driver>,
    ) -> Result<T> {
        let Self { lines, layout, .. } = self;
        lines.on(line, doing, |session| act(session, layout))
    }

    pub(super) fn line_of(&self, held: Option<&Held>) -> Line {
        held.map_or(Line::Prompt, |held| self.lines.line_of(held.connection))
    }

    /// Gives a lock back on the connection that holds it; without that it is free already.
    pub(super) fn free(&mut self, held: &Held) -> Result<()> {
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
}
