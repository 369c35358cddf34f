//! The layout of an existing table, and its statements.

use crate::sql_template::{Names, SqlTemplate, statements};
use std::cell::Cell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mysql::Error as DbError;

use crate::mysql::schema::Tables;
use crate::mysql::schema_stage::{ForStage, SchemaStage};
use crate::mysql::seconds::{MAX_SECONDS, seconds};
use crate::mysql::statement::{BatchStatement, Statement};
use rsso_core::mapping::Mapping;

/// How far the server's clock may be ahead of this machine's, in seconds.
const MAX_CLOCK_SKEW: u64 = 86_400;

statements! {
    pub(crate) struct MappedSql {
        load: Statement,
        load_locked: Statement,
        add_version: Statement,
        version: Statement,
        set_version: Statement,
        update: Statement,
        touch: Statement,
        insert: Statement,
        destroy: Statement,
        expired: Statement,
        remove_expired: BatchStatement,
        orphaned_versions: Statement,
        remove_versions: BatchStatement,
    }
}

statements! {
    pub(crate) struct MappedLoginSql {
        entries: Statement,
        all_entries: Statement,
        login: Statement,
        lock: Statement,
        copy: Statement,
        remove: Statement,
        remove_version: Statement,
        cap: Statement,
    }
}

statements! {
    pub(crate) struct TableCheckSql {
        table_kind: Statement,
        columns: Statement,
        unique_index: Statement,
    }
}

/// The statements of one stage of rsso's own tables beside it.
pub(crate) struct MappedStatements {
    pub(super) sessions: MappedSql,
    pub(super) logins: MappedLoginSql,
}

/// Sessions in an existing table.
pub(crate) struct MappedLayout {
    pub(super) mapping: Mapping,
    /// What the check of the table has found; `None` before it.
    pub(super) facts: Cell<Option<TableFacts>>,
    statements: ForStage<MappedStatements>,
    pub(super) check_sql: TableCheckSql,
}

impl MappedLayout {
    pub(crate) fn new(mapping: &Mapping, tables: &Tables) -> Self {
        let names = names(mapping, tables);
        let files = [
            include_str!("../sql/mapped.sql"),
            include_str!("../sql/mapped_logins.sql"),
            sql_of_times(mapping),
        ];
        let check_sql = TableCheckSql::new(&SqlTemplate::new(
            &[include_str!("../sql/table_check.sql")],
            &names,
        ));
        Self {
            mapping: mapping.clone(),
            facts: Cell::new(None),
            statements: ForStage::new(move |stage| {
                let names = stage.name_columns(names.clone());
                let template = SqlTemplate::new(&files, &names);
                MappedStatements {
                    sessions: MappedSql::new(&template),
                    logins: MappedLoginSql::new(&template),
                }
            }),
            check_sql,
        }
    }

    /// The statements for the stage of rsso's own tables.
    pub(super) fn sql(&self, stage: SchemaStage) -> &MappedStatements {
        self.statements.get(stage)
    }

    /// Seconds until a session ends; no more than its column has room for.
    pub(super) fn seconds(&self, ttl: Duration) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_secs());
        let latest = self.facts.get().map_or(u64::MAX, |facts| facts.latest);
        seconds(ttl).min(latest.saturating_sub(now + MAX_CLOCK_SKEW).max(1))
    }
}

fn names(mapping: &Mapping, tables: &Tables) -> Names {
    let Mapping {
        table,
        id,
        data,
        time,
        expires,
        lifetime,
    } = mapping;
    let lifetime = lifetime.as_secs().min(MAX_SECONDS);
    let mut names = tables
        .names()
        .with("table", table)
        .with("id", id)
        .with("data", data)
        .with("lifetime", lifetime.to_string());
    if let Some(time) = time {
        names = names.with("time", time);
    }
    if let Some(expires) = expires {
        names = names.with("expires", expires);
    }
    names
}

/// The file with what depends on the columns that hold times; a mapping has at least one of the two.
fn sql_of_times(mapping: &Mapping) -> &'static str {
    match (&mapping.time, &mapping.expires) {
        (_, None) => include_str!("../sql/mapped_time.sql"),
        (None, Some(_)) => include_str!("../sql/mapped_expires.sql"),
        (Some(_), Some(_)) => include_str!("../sql/mapped_both.sql"),
    }
}

/// The id as the old code stores it. `Settings` never hashes ids for an existing table.
pub(super) fn stored_id(key: &[u8]) -> &[u8] {
    key.strip_prefix(b"=").unwrap_or(key)
}

/// An error about the old table. The connection goes with it, and so does a lock it has taken.
pub(super) fn mapping_error(why: impl Into<String>) -> DbError {
    DbError::IoError(std::io::Error::other(why.into()))
}

/// What the check of the table has found.
#[derive(Debug, Clone, Copy)]
pub(super) struct TableFacts {
    /// Whether a rollback undoes a change of the table.
    pub(super) is_transactional: bool,
    /// The latest time that the column `expires` holds.
    pub(super) latest: u64,
}
