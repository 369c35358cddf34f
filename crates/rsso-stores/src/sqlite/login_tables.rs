//! The login tables, as acts on logins find and change them.

use rusqlite::{Connection, OptionalExtension as _, Params, Row};

use super::lock::SessionsInUse;
use super::statements::Statements;
use rsso_core::login::event::Retention;
use rsso_core::login::{LoginId, UserKey};

/// The tables, inside a transaction or, to look only, outside of one.
pub(super) struct LoginTables<'a> {
    pub(super) connection: &'a Connection,
    pub(super) sql: &'a Statements,
    pub(super) events: Retention,
    pub(super) uses: SessionsInUse<'a>,
    /// The second in which the tables were opened: what has not expired then lives.
    pub(super) now: i64,
}

impl LoginTables<'_> {
    pub(super) fn execute(&self, sql: &str, values: impl Params) -> rusqlite::Result<usize> {
        self.connection.prepare_cached(sql)?.execute(values)
    }

    pub(super) fn one<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        self.connection
            .prepare_cached(sql)?
            .query_row(values, read)
            .optional()
    }

    /// What is being used does not expire.
    pub(super) fn is_live(&mut self, key: &[u8], expires: i64) -> bool {
        expires > self.now || self.uses.is_used(key)
    }
}

/// A login's id in a column; one of another length was not written by us.
pub(super) fn login_id(row: &Row<'_>, at: usize) -> rusqlite::Result<LoginId> {
    let bytes = row.get_ref(at)?.as_blob()?;
    LoginId::from_bytes(bytes).ok_or(rusqlite::Error::IntegralValueOutOfRange(at, 16))
}

/// A user's key in a column.
pub(super) fn user_key(row: &Row<'_>, at: usize) -> rusqlite::Result<UserKey> {
    let bytes = row.get_ref(at)?.as_blob()?;
    UserKey::from_bytes(bytes).ok_or(rusqlite::Error::IntegralValueOutOfRange(at, 32))
}
