//! The table of words, whose name no prefix changes.

/// Creates it where it is missing.
pub(super) const CREATE: &str = "CREATE TABLE IF NOT EXISTS rsso_words (
    word TEXT PRIMARY KEY NOT NULL,
    at INTEGER NOT NULL
);";
