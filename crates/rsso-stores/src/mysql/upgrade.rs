//! Bringing the tables from version 2 to version 3 while they are in use.
//!
//! What always holds: at each stage every rsso that can work on the tables works rightly, and one that cannot is
//! refused, because it names a column that is not there. So the upgrade may end anywhere, and goes on from there.

use std::thread;
use std::time::Duration;

use mysql::Error as DbError;

use super::columns::value;
use super::connection::Connection;
use super::error::{DEADLOCK, LOCK_WAIT, code};
use super::schema::{Tables, VERSION};
use super::schema_stage::SchemaStage;
use super::statement::{BatchStatement, Statement, values};
use crate::sql_template::{SqlTemplate, statements};

/// How many sessions one statement fills: it holds their locks for some milliseconds.
const ROWS_PER_FILL: usize = 50;

/// A step that alters a table waits a second for those who use it, who wait behind it; then it lets them pass.
const WAIT_FOR_TABLE: &str = "SET @rsso_wait = @@lock_wait_timeout, lock_wait_timeout = 1";
const WAIT_AS_BEFORE: &str = "SET lock_wait_timeout = @rsso_wait";
/// A fill locks no gaps, in which requests make their sessions.
const LOCK_NO_GAPS: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
const LOCK_AS_BEFORE: &str = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ";
const TRIES: usize = 60;
const PAUSE: Duration = Duration::from_millis(500);

/// What the tables are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TablesFound {
    Stage(SchemaStage),
    /// The tables of logins are of version 3, and that of the sessions has no columns for them.
    Incomplete,
    /// Of this later version.
    Newer(i64),
}

statements! {
    struct UpgradeSql {
        sessions_columns: Statement,
        bindings_columns: Statement,
        stored_version: Statement,
        next_bindings: Statement,
        fill: BatchStatement,
    }
}

impl UpgradeSql {
    fn of(tables: &Tables) -> Self {
        let names = tables.names();
        Self::new(&SqlTemplate::new(
            &[include_str!("sql/upgrade.sql")],
            &names,
        ))
    }
}

/// Looks at the tables. An account need not be allowed to see all of them.
pub(super) fn inspect_tables(
    connection: &mut Connection,
    tables: &Tables,
) -> Result<TablesFound, DbError> {
    let sql = UpgradeSql::of(tables);
    if let Ok(Some(row)) = connection.query_first(&sql.stored_version, values! {})
        && let Some(version) = value::<i64>(&row, "value")
        && version > i64::from(VERSION)
    {
        return Ok(TablesFound::Newer(version));
    }
    let bindings = columns(connection, &sql.bindings_columns)?;
    let sessions = columns(connection, &sql.sessions_columns).unwrap_or_default();
    let has = |columns: &[String], name: &str| columns.iter().any(|column| column == name);
    let stage = match (
        has(&bindings, "session"),
        has(&sessions, "user_unfinished"),
        // An account for an existing table does not see the sessions, and a gateway's sees a few of their columns.
        has(&sessions, "user") || !has(&sessions, "data"),
    ) {
        (true, _, _) => SchemaStage::Joins,
        (false, true, _) => SchemaStage::Filling,
        (false, false, true) => SchemaStage::Columns,
        (false, false, false) => return Ok(TablesFound::Incomplete),
    };
    Ok(TablesFound::Stage(stage))
}

fn columns(connection: &mut Connection, show: &Statement) -> Result<Vec<String>, DbError> {
    let rows = connection.query_all(show, values! {})?;
    Ok(rows.iter().filter_map(|row| row.get("Field")).collect())
}

/// Makes the tables that are missing.
pub(super) fn create_tables(connection: &mut Connection, tables: &Tables) -> Result<(), DbError> {
    let bindings = columns(connection, &UpgradeSql::of(tables).bindings_columns);
    let is_old = bindings.is_ok_and(|columns| columns.iter().any(|column| column == "session"));
    let stage = match is_old {
        true => SchemaStage::Joins,
        false => SchemaStage::Columns,
    };
    tables.create(connection, stage)
}

/// Makes the tables, and brings older ones to this version. Nothing is done to those of a newer one.
pub(super) fn create_or_upgrade(
    connection: &mut Connection,
    tables: &Tables,
) -> Result<TablesFound, DbError> {
    create_tables(connection, tables)?;
    let found = inspect_tables(connection, tables)?;
    let current = TablesFound::Stage(SchemaStage::Columns);
    if matches!(found, TablesFound::Newer(_)) || found == current {
        return Ok(found);
    }
    connection.run_unprepared(WAIT_FOR_TABLE)?;
    connection.run_unprepared(LOCK_NO_GAPS)?;
    let done = upgrade(connection, tables);
    connection.run_unprepared(LOCK_AS_BEFORE)?;
    connection.run_unprepared(WAIT_AS_BEFORE)?;
    done?;
    inspect_tables(connection, tables)
}

fn upgrade(connection: &mut Connection, tables: &Tables) -> Result<(), DbError> {
    alter(connection, &tables.step("add_columns"))?;
    alter(connection, &tables.step("rename_key"))?;
    fill(connection, tables)?;
    alter(connection, &tables.step("finish"))?;
    connection.run_unprepared(&tables.step("version"))
}

fn alter(connection: &mut Connection, step: &str) -> Result<(), DbError> {
    retry(|| {
        let mut statements = step.split(";\n");
        statements.try_for_each(|statement| connection.run_unprepared(statement))
    })
}

/// Fills the columns of the sessions that had a login before. Others do it for those that get one meanwhile.
fn fill(connection: &mut Connection, tables: &Tables) -> Result<(), DbError> {
    let sql = UpgradeSql::of(tables);
    let mut after = Vec::new();
    loop {
        let values = values! { after => &after, limit => ROWS_PER_FILL };
        let rows = connection.query_all(&sql.next_bindings, values)?;
        let keys: Vec<Vec<u8>> = (rows.iter())
            .filter_map(|row| value(row, "session_key"))
            .collect();
        let Some(last) = keys.last() else {
            return Ok(());
        };
        after.clone_from(last);
        retry(|| {
            let rows = keys.iter().map(|key| values! { key });
            connection.execute_batch(&sql.fill, rows).map(|_| ())
        })?;
    }
}

/// Does it again while others use what it needs.
fn retry(mut act: impl FnMut() -> Result<(), DbError>) -> Result<(), DbError> {
    let mut tries = 1;
    loop {
        match act() {
            Err(error) if tries < TRIES && matches!(code(&error), Some(LOCK_WAIT | DEADLOCK)) => {
                tries += 1;
                thread::sleep(PAUSE);
            }
            done => return done,
        }
    }
}
