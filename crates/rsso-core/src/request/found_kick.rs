//! A kick that a request has found.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::login::Kick;
use crate::sid::SessionKey;

/// A kick, and the session under whose id it was found.
#[derive(Debug, Clone)]
pub(super) struct FoundKick {
    pub(super) kick: Kick,
    pub(super) key: SessionKey,
}

impl FoundKick {
    pub(super) fn under(kick: Kick, key: &SessionKey) -> Self {
        Self {
            kick,
            key: key.clone(),
        }
    }

    /// How long its tombstone still lives; that time began at the kick.
    pub(super) fn left(&self, ttl: Duration) -> Option<Duration> {
        let at = Duration::from_millis(u64::try_from(self.kick.at).unwrap_or_default());
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH + at)
            // Another machine's clock is ahead.
            .unwrap_or_default();
        ttl.checked_sub(since).filter(|left| !left.is_zero())
    }
}
