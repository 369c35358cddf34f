//! Whether the outbox can be read, as the rest of the gateway sees it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How old the store's last answer may be. The feed asks at least every second.
const MAX_ANSWER_AGE: Duration = Duration::from_secs(3);

/// The state of the feed.
#[derive(Debug, Default)]
pub(crate) struct FeedStatus {
    /// The outbox has been read to its end, and no query has failed since.
    caught_up: AtomicBool,
    /// When the store answered last. A store that hangs is not ready, long before its query fails.
    last_answer: Mutex<Option<Instant>>,
    /// The outbox has been read to its end once.
    loaded: AtomicBool,
}

impl FeedStatus {
    /// Whether the outbox can be read now.
    pub(crate) fn is_ready(&self) -> bool {
        self.is_caught_up() && self.is_fresh(Instant::now())
    }

    /// Whether the feed has read to the end, and continues with new events.
    pub(crate) fn is_caught_up(&self) -> bool {
        self.caught_up.load(Ordering::Relaxed)
    }

    fn is_fresh(&self, now: Instant) -> bool {
        let last = *self.last_answer.lock();
        last.is_some_and(|at| now.saturating_duration_since(at) < MAX_ANSWER_AGE)
    }

    /// Notes that the store has answered.
    pub(crate) fn answered(&self) {
        *self.last_answer.lock() = Some(Instant::now());
    }

    /// Whether the gateway knows what clients may have missed.
    pub(crate) fn is_loaded(&self) -> bool {
        self.loaded.load(Ordering::Acquire)
    }

    /// Notes whether the feed has read to the end.
    pub(crate) fn set_caught_up(&self, caught_up: bool) {
        if caught_up {
            self.loaded.store(true, Ordering::Release);
        }
        if self.caught_up.swap(caught_up, Ordering::Relaxed) != caught_up {
            tracing::info!(ready = caught_up, "the outbox");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_has_not_answered_for_a_while_is_not_ready() {
        let status = FeedStatus::default();
        status.set_caught_up(true);
        assert!(!status.is_ready());
        status.answered();
        assert!(status.is_ready());
        let now = Instant::now();
        assert!(status.is_fresh(now) && !status.is_fresh(now + MAX_ANSWER_AGE));
    }
}
