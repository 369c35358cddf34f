//! Statements on the server itself: named locks and the clock.

use crate::sql_template::{Names, SqlTemplate, statements};
use std::sync::LazyLock;

use super::statement::{BatchStatement, Statement};

statements! {
    pub(super) struct ServerSql {
        get_lock: Statement,
        try_lock: Statement,
        release_lock: Statement,
        lock_owner: Statement,
        locks_free: BatchStatement,
        now: Statement,
    }
}

/// They name no table, so all stores share them.
pub(super) static SERVER: LazyLock<ServerSql> = LazyLock::new(|| {
    ServerSql::new(&SqlTemplate::new(
        &[include_str!("sql/server.sql")],
        &Names::default(),
    ))
});
