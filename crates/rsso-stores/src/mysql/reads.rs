//! What a read asks for, and what it finds.

use std::time::Duration;

use rsso_core::login::{Bound, Kick};
use rsso_core::store::Record;

/// Where gc has come to.
#[derive(Debug, Clone, Default)]
pub(super) struct Cursor {
    /// Zero where the table is walked in the order of its ids.
    pub(super) expires: i64,
    pub(super) id: Vec<u8>,
}

/// How a lock is asked for in the statement that reads.
pub(super) struct LockRequest<'a> {
    pub(super) name: &'a str,
    pub(super) seconds: f64,
}

/// What a read with a lock came to.
pub(super) enum Read {
    Granted(Box<Stored>),
    Taken,
}

/// What is stored under a key.
#[derive(Default)]
pub(super) struct Stored {
    pub(super) record: Option<Record>,
    pub(super) login: Option<Bound>,
    /// The tombstone, where there is no record.
    pub(super) kick: Option<Kick>,
    /// For how long the record lives; not told of a table that others read as well.
    pub(super) left: Option<Duration>,
}
