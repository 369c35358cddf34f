//! The table of receipts.

use crate::sql_template::{SqlTemplate, statements};
use std::time::Duration;

use mysql::Error as DbError;

use super::Tables;
use super::connection::Connection;
use super::statement::{BatchStatement, Statement, values};

statements! {
    pub(super) struct ReceiptTable {
        remove_expired: Statement,
        add: BatchStatement,
        find: BatchStatement,
    }
}

impl ReceiptTable {
    pub(super) fn of(tables: &Tables) -> Self {
        let names = tables.names();
        Self::new(&SqlTemplate::new(
            &[include_str!("sql/receipts.sql")],
            &names,
        ))
    }

    pub(super) fn store(
        &self,
        connection: &mut Connection,
        names: &[Vec<u8>],
        ttl: Duration,
    ) -> Result<(), DbError> {
        if names.is_empty() {
            return Ok(());
        }
        connection.execute(&self.remove_expired, values! {})?;
        let ttl = ttl.as_secs().min(u64::from(u32::MAX)) + 1;
        let rows = names.iter().map(|name| values! { name, ttl });
        connection.execute_batch(&self.add, rows).map(|_| ())
    }

    /// Which of these names are there.
    pub(super) fn find(
        &self,
        connection: &mut Connection,
        names: &[Vec<u8>],
    ) -> Result<Vec<bool>, DbError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let rows = names.iter().map(|name| values! { name });
        let rows = connection.query_batch(&self.find, rows)?;
        let found: Vec<Vec<u8>> = rows.iter().filter_map(|row| row.get("name")).collect();
        Ok(names.iter().map(|name| found.contains(name)).collect())
    }
}
