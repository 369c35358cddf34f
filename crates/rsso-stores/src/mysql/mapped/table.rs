//! A table that was there before: what its acts share.

use std::cell::Cell;

use mysql::{Error as DbError, Params, Row, Value};

use super::login_sql::Statements;
use crate::mysql::Mapping;

/// The statements on the old table and the marks.
pub(crate) struct MappedLayout {
    pub(super) mapping: Mapping,
    /// Whether the old table was found to be as the directives say.
    pub(super) facts: Cell<Option<TableFacts>>,
    pub(super) load: String,
    pub(super) load_locked: String,
    pub(super) add_version: String,
    pub(super) read_version: String,
    pub(super) update: String,
    pub(super) touch: String,
    pub(super) insert: String,
    pub(super) set_version: String,
    pub(super) destroy: String,
    pub(super) expired: String,
    pub(super) remove: String,
    pub(super) orphaned_versions: String,
    pub(super) remove_versions: String,
    pub(super) has_expires: bool,
    pub(crate) login_sessions: Statements,
}

/// The id as the old code stores it. `Settings` never hashes ids for an existing table.
pub(super) fn stored_id(key: &[u8]) -> &[u8] {
    key.strip_prefix(b"=").unwrap_or(key)
}

/// Whether the id in this column is the one that was asked for; NULL is no row.
pub(super) fn is_same_id(row: &Row, at: usize, id: &[u8]) -> Result<bool, DbError> {
    match row.get::<Option<Vec<u8>>, _>(at).flatten() {
        None => Ok(false),
        // A collation that is blind to case would give one user another's session.
        Some(stored) if stored != id => Err(mapping_error(
            "rsso.mysql_columns: the id column takes this id for another one \
             (its collation is blind to case): make it a binary one",
        )),
        Some(_) => Ok(true),
    }
}

pub(super) fn positional(ids: &[Vec<u8>]) -> Params {
    Params::Positional(ids.iter().map(|id| Value::Bytes(id.clone())).collect())
}

/// What is wrong with the old table. The connection goes with it, and so does a lock it has taken.
pub(super) fn mapping_error(why: impl Into<String>) -> DbError {
    DbError::IoError(std::io::Error::other(why.into()))
}

/// What the check has found, that statements depend on.
#[derive(Debug, Clone, Copy)]
pub(super) struct TableFacts {
    /// Whether a rollback undoes a change of the table.
    pub(super) is_transactional: bool,
    /// The latest time that the column `expires` holds.
    pub(super) latest: u64,
}
