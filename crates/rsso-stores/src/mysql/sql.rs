//! Pieces of statements.

use std::time::Duration;

/// Some 30 years, in seconds: as long as "for ever" needs to be, and less than the time since 1970, so
/// that no sum or difference leaves its type.
pub(super) const MAX_SECONDS: u64 = 1_000_000_000;

/// Whole seconds, at least one; and one more, so that nothing expires early.
pub(super) fn seconds(ttl: Duration) -> u64 {
    ttl.as_secs().clamp(1, MAX_SECONDS) + 1
}

/// `?, ?, ?`
pub(super) fn placeholders(count: usize) -> String {
    vec!["?"; count].join(", ")
}
