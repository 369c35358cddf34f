//! The login tables, as an act on logins finds and changes them.
//!
//! What always holds: locks are taken in one order, user, session, binding, login, realm. A user's
//! logins and bindings are changed only by who has the user's row, so they are read without locks:
//! at `READ COMMITTED` each statement sees what was committed before it began.

use std::collections::HashSet;

use mysql::Error as DbError;

use super::columns::{bound, flag, login_id, tombstone};
use super::connection::Connection;
use super::deferred::DeferredChanges;
use super::layout::Layout;
use super::locks::{LockNames, lock_owner};
use super::login_sql::{LoginSql, LoginStatements};
use super::server_sql::SERVER;
use super::statement::values;
use crate::login_rows::Binding;
use rsso_core::engine::{StoredKey, UserState};
use rsso_core::login::{Kick, SessionLogin};
use rsso_core::store::Generation;

/// The login tables within one act.
pub(super) struct LoginTables<'a> {
    pub(super) connection: &'a mut Connection,
    pub(super) layout: &'a dyn Layout,
    pub(super) login_sql: &'a LoginSql,
    names: &'a LockNames,
    /// The act was rolled back, because of a deadlock for example, and runs again.
    pub(super) runs_again: bool,
    /// Users whose rows are locked.
    pub(super) users: Vec<UserState>,
    /// See [`Self::now`]; never from before the user's row was locked.
    pub(super) now: Option<i64>,
    /// Changes that nothing in the act reads.
    pub(super) deferred: DeferredChanges<'a>,
    /// Sessions that the act has removed.
    pub(super) removed: HashSet<(StoredKey, Generation)>,
    /// A session that only the old code knows: it must get a version before the act runs again.
    pub(super) unversioned: Option<Vec<u8>>,
}

impl<'a> LoginTables<'a> {
    pub(super) fn new(
        connection: &'a mut Connection,
        layout: &'a dyn Layout,
        login_sql: &'a LoginSql,
        names: &'a LockNames,
    ) -> Self {
        Self {
            connection,
            layout,
            login_sql,
            names,
            runs_again: false,
            users: Vec::new(),
            now: None,
            deferred: DeferredChanges::new(layout.is_shared()),
            removed: HashSet::new(),
            unversioned: None,
        }
    }

    /// The statements for the stage of the tables.
    pub(super) fn sql(&self) -> &'a LoginStatements {
        self.login_sql.statements(self.connection.stage)
    }

    /// The server's clock, in seconds since 1970: when logins were read, or else when the act first asks for it.
    pub(super) fn now(&mut self) -> Result<i64, DbError> {
        if let Some(now) = self.now {
            return Ok(now);
        }
        let row = self.connection.query_first(&SERVER.now, values! {})?;
        let now = row.and_then(|row| row.get("seconds")).unwrap_or_default();
        self.now = Some(now);
        Ok(now)
    }

    pub(super) fn kick_of(&mut self, key: &[u8]) -> Result<Option<Kick>, DbError> {
        let sql = self.sql();
        let row = self
            .connection
            .query_first(&sql.tombstone, values! { key })?;
        Ok(row.and_then(|row| tombstone(&row)))
    }

    /// The login of a live session.
    pub(super) fn bound(&mut self, key: &[u8]) -> Result<Option<(Binding, SessionLogin)>, DbError> {
        let Some(row) = self.layout.login(self.connection, key)? else {
            return Ok(None);
        };
        let (Some(login), Some(bound)) = (login_id(&row), bound(&row)) else {
            return Ok(None);
        };
        let binding = Binding {
            user: bound.user,
            login,
            sequence: row.get("sequence").unwrap_or_default(),
        };
        let lives = self.lives(key, flag(&row, "is_live"), bound.rotated)?;
        Ok(lives.then_some((binding, bound)))
    }

    /// Whether a session lives. One in use does not expire, unless its id was rotated.
    pub(super) fn lives(
        &mut self,
        key: &[u8],
        is_live: bool,
        is_rotated: bool,
    ) -> Result<bool, DbError> {
        if is_live || is_rotated {
            return Ok(is_live);
        }
        let owner = lock_owner(self.connection, &self.names.name_of(key))?;
        Ok(owner.is_some())
    }
}
