//! A table that was there before: what its acts share.

use std::cell::Cell;

use mysql::{Error as Driver, Params, Row, Value};

use super::login_sql::Statements;
use crate::mysql::Mapping;

/// The statements on the old table and the marks.
pub(crate) struct Mapped {
    pub(super) mapping: Mapping,
    /// Whether the old table was found to be as the directives say.
    pub(super) checked: Cell<Option<Checked>>,
    pub(super) load: String,
    pub(super) load_locked: String,
    pub(super) mark: String,
    pub(super) read_mark: String,
    pub(super) update: String,
    pub(super) touch: String,
    pub(super) insert: String,
    pub(super) insert_mark: String,
    pub(super) destroy: String,
    pub(super) expired: String,
    pub(super) remove: String,
    pub(super) lost_marks: String,
    pub(super) remove_marks: String,
    pub(super) has_expires: bool,
    pub(crate) seats: Statements,
}

/// The id as the old code stores it. `Settings` never hashes ids for an existing table.
pub(super) fn plain(key: &[u8]) -> &[u8] {
    key.strip_prefix(b"=").unwrap_or(key)
}

/// Whether the id in this column is the one that was asked for; NULL is no row.
pub(super) fn is_there(row: &Row, at: usize, id: &[u8]) -> Result<bool, Driver> {
    match row.get::<Option<Vec<u8>>, _>(at).flatten() {
        None => Ok(false),
        // A collation that is blind to case would give one user another's session.
        Some(stored) if stored != id => Err(wrong(
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
pub(super) fn wrong(why: impl Into<String>) -> Driver {
    Driver::IoError(std::io::Error::other(why.into()))
}

/// What the check has found, that statements depend on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Checked {
    /// Whether a rollback undoes a change of the table.
    pub(super) is_transactional: bool,
    /// The latest time that the column `expires` holds.
    pub(super) latest: u64,
}
