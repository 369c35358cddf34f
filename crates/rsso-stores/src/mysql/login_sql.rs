//! The statements on the tables beside the sessions: users, logins, bindings, tombstones.

use crate::sql_template::{SqlTemplate, statements};
use mysql::Error as DbError;

use super::connection::Connection;
use super::outbox::Outbox;
use super::schema::Tables;
use super::schema_stage::{ForStage, SchemaStage};
use super::statement::{BatchStatement, Statement, values};
use rsso_core::login::event::Retention;

statements! {
    pub(super) struct LoginStatements {
        lock_user: Statement,
        add_user: Statement,
        save_user: Statement,
        span: Statement,
        add_login: Statement,
        remove_login: Statement,
        bind: Statement,
        unbind: Statement,
        unbind_login: Statement,
        cap: Statement,
        is_bound: Statement,
        tombstone: Statement,
        leave_tombstone: Statement,
        remove_tombstone: Statement,
        expired_tombstones: Statement,
        remove_expired_tombstones: BatchStatement,
    }
}

/// The tables beside the sessions.
pub(super) struct LoginSql {
    statements: ForStage<LoginStatements>,
    pub(super) outbox: Outbox,
}

impl LoginSql {
    pub(super) fn new(tables: &Tables, events: Retention) -> Self {
        let names = tables.names();
        Self {
            statements: ForStage::new(move |stage| {
                let names = stage.name_columns(names.clone());
                let template = SqlTemplate::new(&[include_str!("sql/logins.sql")], &names);
                LoginStatements::new(&template)
            }),
            outbox: Outbox::new(tables, events),
        }
    }

    /// The statements for the stage of the tables.
    pub(super) fn statements(&self, stage: SchemaStage) -> &LoginStatements {
        self.statements.get(stage)
    }

    /// Whether a session may have a login; without a binding it has none.
    pub(super) fn is_bound(
        &self,
        connection: &mut Connection,
        key: &[u8],
    ) -> Result<bool, DbError> {
        let sql = self.statements(connection.stage);
        let row = connection.query_first(&sql.is_bound, values! { key })?;
        Ok(row.is_some())
    }

    /// Removes expired tombstones, at most `limit`, and returns how many.
    pub(super) fn remove_expired_tombstones(
        &self,
        connection: &mut Connection,
        limit: usize,
    ) -> Result<u64, DbError> {
        let sql = self.statements(connection.stage);
        let rows = connection.query_all(&sql.expired_tombstones, values! { limit })?;
        let keys: Vec<Vec<u8>> = rows.iter().filter_map(|row| row.get("session")).collect();
        if keys.is_empty() {
            return Ok(0);
        }
        let rows = keys.into_iter().map(|key| values! { key });
        connection.execute_batch(&sql.remove_expired_tombstones, rows)
    }
}
