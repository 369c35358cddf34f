//! Rows of the spool, and the outcomes that change them.

use std::time::{SystemTime, UNIX_EPOCH};

use rsso_core::login::event::Position;

/// How far a realm's outbox has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) position: Position,
    /// When the newest event behind the cursor happened, in milliseconds since 1970.
    pub(crate) at: i64,
    /// Earlier events are skipped: they were forwarded from an outbox that was replaced. Milliseconds since 1970.
    pub(crate) floor: i64,
    /// The id of the event at the cursor. Another id at the same position means another outbox.
    pub(crate) event_id: String,
    /// Whether the cursor is inside a gap that was reported. It is not stored, so a restart may report it again.
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
    Retry {
        /// When the next attempt is due, in milliseconds since 1970.
        due: i64,
        problem: String,
    },
    /// It becomes a dead letter, for this reason.
    Dead(String),
}

pub(crate) type Result<T> = std::result::Result<T, rusqlite::Error>;

/// Milliseconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}
