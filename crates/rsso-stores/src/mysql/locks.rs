//! Session locks: named locks of the server (`GET_LOCK`).

use mysql::Error as DbError;
use sha2::{Digest as _, Sha256};

use super::Tables;
use super::columns::{flag, value};
use super::connection::Connection;
use super::server_sql::SERVER;
use super::statement::values;
use rsso_core::dsn::MysqlDsn;
use rsso_core::error::Result;

/// Makes the names of locks; other databases and other tables have other names.
pub(super) struct LockNames {
    database: String,
    table: String,
}

/// A lock and the connection that holds it.
pub(super) struct HeldLock {
    pub(super) name: String,
    pub(super) connection: u64,
}

impl LockNames {
    pub(super) fn new(dsn: &MysqlDsn, tables: &Tables) -> Self {
        Self {
            database: dsn.database.clone(),
            table: tables.quoted("sessions"),
        }
    }

    /// The name of a session's lock. The server has one set of names for all databases, of 64 characters,
    /// whose case it ignores.
    pub(super) fn name_of(&self, key: &[u8]) -> String {
        let mut hash = Sha256::new();
        for part in [self.database.as_bytes(), self.table.as_bytes(), key] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        format!(
            "rsso:{}",
            data_encoding::HEXLOWER.encode(&hash.finalize()[..24])
        )
    }
}

/// Takes a lock if it is free.
pub(super) fn try_lock(connection: &mut Connection, name: &str) -> Result<bool, DbError> {
    let row = connection.query_first(&SERVER.try_lock, values! { lock => name })?;
    Ok(row.is_some_and(|row| flag(&row, "got")))
}

/// Takes a lock, and waits so many seconds for it at most.
pub(super) fn wait_for_lock(
    connection: &mut Connection,
    name: &str,
    seconds: f64,
) -> Result<bool, DbError> {
    let values = values! { lock => name, wait => seconds };
    let row = connection.query_first(&SERVER.get_lock, values)?;
    Ok(row.is_some_and(|row| flag(&row, "got")))
}

pub(super) fn unlock(connection: &mut Connection, name: &str) -> Result<(), DbError> {
    connection.change_connection_state(&SERVER.release_lock, values! { lock => name })
}

/// The server's number of the connection that holds a lock; it may be this very connection.
pub(super) fn lock_owner(connection: &mut Connection, name: &str) -> Result<Option<u64>, DbError> {
    let row = connection.query_first(&SERVER.lock_owner, values! { lock => name })?;
    Ok(row.and_then(|row| value(&row, "connection")))
}

/// For each lock of these names whether nobody holds it. There is at least one name.
pub(super) fn are_free(
    connection: &mut Connection,
    names: &[String],
) -> Result<Vec<bool>, DbError> {
    let rows = names.iter().map(|name| values! { lock => name });
    let answers = connection.query_batch(&SERVER.locks_free, rows)?;
    let Some(row) = answers.first() else {
        return Ok(vec![false; names.len()]);
    };
    let is_free = |at: usize| row.get::<Option<i64>, _>(at).flatten() == Some(1);
    Ok((0..names.len()).map(is_free).collect())
}
