//! Rows of the spool.

use std::time::{SystemTime, UNIX_EPOCH};

use rsso_core::login::event::Position;

/// How far a realm's outbox has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) position: Position,
    /// When the newest event that was read happened, in milliseconds since 1970.
    pub(crate) at: i64,
    /// What happened before that was handed on from an outbox that is no more.
    pub(crate) floor: i64,
    /// The id of the event there: another id at the same place is another outbox.
    pub(crate) event_id: String,
    /// What stood behind it may have been forgotten, which was said. Not stored: it may be said again.
    pub(crate) in_gap: bool,
}

/// An event for some endpoints.
#[derive(Debug)]
pub(crate) struct SpooledEvent {
    pub(crate) endpoints: Vec<i64>,
    pub(crate) event_id: String,
    pub(crate) position: String,
    pub(crate) kind: String,
    pub(crate) event: String,
}

/// What came of an attempt.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Delivered,
    /// To be tried again at this time, in milliseconds since 1970.
    Later(i64, String),
    Dead(String),
}

pub(crate) type Result<T> = std::result::Result<T, rusqlite::Error>;

/// Milliseconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}
