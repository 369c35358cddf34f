//! The table of receipts.

use std::time::Duration;

use mysql::{Error as DbError, Params, Value};

use super::Tables;
use super::connection::Connection;
use super::sql::placeholders;

/// How many old receipts one new one forgets at most: more than it adds.
const FORGET: u32 = 100;

/// The statements on receipts.
pub(super) struct ReceiptTable {
    add: String,
    find: String,
    forget: String,
}

impl ReceiptTable {
    pub(super) fn new(tables: &Tables) -> Self {
        let receipts = &tables.receipts;
        Self {
            add: format!("INSERT INTO {receipts} (name, until) VALUES"),
            find: format!("SELECT name FROM {receipts} WHERE until > UNIX_TIMESTAMP() AND name IN"),
            forget: format!(
                "DELETE FROM {receipts} WHERE until <= UNIX_TIMESTAMP() LIMIT {FORGET}"
            ),
        }
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
        connection.execute(&self.forget, ())?;
        let rows = vec!["(?, UNIX_TIMESTAMP() + ?)"; names.len()].join(", ");
        let values = names.iter().flat_map(|name| {
            let seconds = ttl.as_secs().min(u64::from(u32::MAX)) + 1;
            [Value::from(name), Value::from(seconds)]
        });
        let sql = format!(
            "{} {rows} ON DUPLICATE KEY UPDATE until = VALUES(until)",
            self.add
        );
        connection.execute(&sql, Params::Positional(values.collect()))?;
        Ok(())
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
        let sql = format!("{} ({})", self.find, placeholders(names.len()));
        let values = names.iter().map(Value::from).collect();
        let rows = connection.query_all(&sql, Params::Positional(values))?;
        let found: Vec<Vec<u8>> = rows.into_iter().filter_map(|row| row.get(0)).collect();
        Ok(names.iter().map(|name| found.contains(name)).collect())
    }
}
