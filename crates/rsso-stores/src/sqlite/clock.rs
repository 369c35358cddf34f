//! The moments that the database stores: whole seconds since 1970.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rsso_core::deadline::bounded;

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The second from which a record written now is missing; rounded up, never early.
pub(super) fn expiry(ttl: Duration) -> i64 {
    let seconds = i64::try_from(bounded(ttl).as_secs()).unwrap_or(i64::MAX);
    now().saturating_add(seconds).saturating_add(1)
}
