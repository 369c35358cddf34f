//! Durations as the statements take them: in whole seconds.

use std::time::Duration;

/// Some 30 years, in seconds: as good as "for ever". It is less than the time since 1970, so no sum and no
/// difference leaves its type.
pub(super) const MAX_SECONDS: u64 = 1_000_000_000;

/// Whole seconds, at least one; and one more, so that nothing expires early.
pub(super) fn seconds(ttl: Duration) -> u64 {
    ttl.as_secs().clamp(1, MAX_SECONDS) + 1
}
