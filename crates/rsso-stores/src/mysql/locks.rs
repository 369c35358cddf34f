//! Session locks: named locks of the server (`GET_LOCK`).

use mysql::Error as DbError;
use sha2::{Digest as _, Sha256};

use super::Tables;
use super::connection::Connection;
use rsso_core::dsn::MysqlDsn;
use rsso_core::error::Result;

/// What makes one store's lock names different from another's.
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
            table: tables.sessions.clone(),
        }
    }

    /// Lock names are the server's, for all databases, 64 characters long, and blind to case.
    pub(super) fn of(&self, key: &[u8]) -> String {
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
    let got = connection.query_first("SELECT GET_LOCK(?, 0)", (name,))?;
    Ok(got.and_then(|row| row.get::<Option<i64>, _>(0)).flatten() == Some(1))
}

pub(super) fn unlock(connection: &mut Connection, name: &str) -> Result<(), DbError> {
    connection.change_connection_state("DO RELEASE_LOCK(?)", (name,))
}

/// Whether anybody holds a lock, this very connection included.
pub(super) fn is_used(connection: &mut Connection, name: &str) -> Result<bool, DbError> {
    let owner = connection.query_first("SELECT IS_USED_LOCK(?)", (name,))?;
    Ok(owner
        .and_then(|row| row.get::<Option<u64>, _>(0))
        .flatten()
        .is_some())
}
