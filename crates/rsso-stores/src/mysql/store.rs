//! The store: what its acts share.

use std::collections::HashMap;
use std::time::Duration;

use mysql::Error as DbError;

use super::advice::newer_schema;
use super::connection::Connection;
use super::connections::{ConnectionRole, Connections};
use super::layout::Layout;
use super::locks::{HeldLock, LockNames, unlock};
use super::login_sql::LoginSql;
use super::mapped::MappedLayout;
use super::native::NativeLayout;
use super::receipt_table::ReceiptTable;
use super::schema::DEFAULT_PREFIX;
use super::site_note_table::SiteNoteTable;
use super::target::Target;
use super::upgrade::{TablesFound, create_or_upgrade};
use super::{Mapping, Tables};
use rsso_core::dsn::MysqlDsn;
use rsso_core::error::{Error, Result, StoreErrorKind};
use rsso_core::login::event::Retention;
use rsso_core::sid::SessionKey;
use rsso_core::store::Token;

/// How long a step of an upgrade may take.
const LONGEST_STEP: Duration = Duration::from_secs(24 * 3600);

/// Sessions in MySQL or MariaDB.
pub struct MysqlStore {
    pub(super) connections: Connections,
    pub(super) layout: Box<dyn Layout>,
    pub(super) names: LockNames,
    pub(super) login_sql: LoginSql,
    pub(super) receipts: ReceiptTable,
    pub(super) site_notes: SiteNoteTable,
    pub(super) prefix: String,
    pub(super) held: HashMap<Token, HeldLock>,
    /// The session whose lock was taken the last time.
    pub(super) contended: Option<SessionKey>,
}

impl MysqlStore {
    /// A store that connects when it is first used.
    ///
    /// # Errors
    /// If the prefix cannot be part of a table's name.
    pub fn new(
        dsn: MysqlDsn,
        prefix: Option<&str>,
        mapping: Option<Mapping>,
        connect_timeout: Duration,
        read_timeout: Duration,
        events: Retention,
    ) -> Result<Self> {
        let tables = Tables::new(prefix)?;
        // rsso's own table holds bytes; an existing one holds text in its character set.
        let charset = match &mapping {
            Some(_) => dsn.charset.clone().unwrap_or_else(|| "utf8mb4".to_owned()),
            None => "binary".to_owned(),
        };
        let layout: Box<dyn Layout> = match mapping {
            Some(mapping) => Box::new(MappedLayout::new(&mapping, &tables)),
            None => Box::new(NativeLayout::new(&tables)),
        };
        let target = Target {
            address: dsn.to_string(),
            dsn,
            connect_timeout,
            read_timeout,
            charset,
        };
        let login_sql = LoginSql::new(&tables, events);
        let receipts = ReceiptTable::of(&tables);
        let site_notes = SiteNoteTable::new(&tables);
        Ok(Self {
            names: LockNames::new(&target.dsn, &tables),
            layout,
            connections: Connections::new(target, tables),
            login_sql,
            receipts,
            site_notes,
            prefix: prefix.unwrap_or(DEFAULT_PREFIX).to_owned(),
            held: HashMap::new(),
            contended: None,
        })
    }

    /// Creates or upgrades rsso's tables, as `rsso schema mysql --apply` does, also while others use them.
    ///
    /// # Errors
    /// If the server cannot be reached, the user is not allowed to, or a newer rsso has made them.
    pub fn create_tables(&mut self) -> Result<()> {
        let tables = self.connections.tables.clone();
        // An answer may take as long as a table that is altered is large.
        let role = ConnectionRole::LockWait(LONGEST_STEP);
        let found = (self.connections).run(role, "cannot create the tables", |connection| {
            create_or_upgrade(connection, &tables)
        })?;
        match found {
            TablesFound::Newer(version) => Err(Error::store_plain(
                StoreErrorKind::Configuration,
                &self.connections.target.address,
                newer_schema(version),
            )),
            _ => Ok(()),
        }
    }

    /// Runs an act that needs the layout on a connection; it may run twice.
    pub(super) fn run<T>(
        &mut self,
        role: ConnectionRole,
        doing: &str,
        mut act: impl FnMut(&mut Connection, &dyn Layout) -> Result<T, DbError>,
    ) -> Result<T> {
        let Self {
            connections,
            layout,
            ..
        } = self;
        connections.run(role, doing, |connection| act(connection, layout.as_ref()))
    }

    pub(super) fn role_of(&self, held: Option<&HeldLock>) -> ConnectionRole {
        held.map_or(ConnectionRole::Main, |held| {
            self.connections.role_of(held.connection)
        })
    }

    /// Releases a lock on the connection that holds it; if that is closed, the lock is free already.
    pub(super) fn release_lock(&mut self, held: &HeldLock) -> Result<()> {
        if !self.connections.is_open(held.connection) {
            return Ok(());
        }
        let role = self.role_of(Some(held));
        self.run(
            role,
            "cannot give the session's lock back",
            |connection, _| {
                if connection.number == held.connection {
                    unlock(connection, &held.name)?;
                }
                Ok(())
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rsso_core::dsn::Dsn;

    const HOUR: Duration = Duration::from_secs(3600);

    /// Where a struct of statements is made in a test, each is looked for in its files.
    #[test]
    fn each_statement_is_in_its_file_and_complete() {
        let events = Retention { ttl: HOUR, most: 1 };
        let columns = ["time=t", "expires=e", "time=t,expires=e"];
        let mappings = columns
            .map(|times| Mapping::parse("old", &format!("id=i,data=d,{times}"), HOUR).unwrap());
        for mapping in [None].into_iter().chain(mappings.map(Some)) {
            let dsn = Dsn::parse("rsso.dsn", "mysql://u:p@h/app").unwrap();
            let Dsn::Mysql(dsn) = dsn else {
                panic!("{dsn:?}");
            };
            MysqlStore::new(dsn, None, mapping, HOUR, HOUR, events).unwrap();
        }
    }
}
