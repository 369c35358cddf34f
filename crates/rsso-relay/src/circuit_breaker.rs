//! A server that is away is asked rarely: what comes meanwhile waits, and costs nothing.

use std::time::Duration;

use rsso_core::Backoff;
use tokio::time::Instant;

/// Between attempts: the first, and the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct CircuitBreaker {
    until: Instant,
    backoff: Backoff,
}

impl CircuitBreaker {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            until: now,
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
        }
    }

    /// Until when nothing is begun.
    pub(super) fn until(&self, now: Instant) -> Option<Instant> {
        (self.until > now).then_some(self.until)
    }

    /// An attempt has come to an end. Others that were under way with it tell nothing new.
    pub(super) fn learn(&mut self, away: bool, now: Instant) {
        if !away {
            self.backoff.reset();
        } else if self.until <= now {
            self.until = now + self.backoff.next_pause();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_asked_ever_more_rarely_until_it_is_heard() {
        let mut now = Instant::now();
        let mut away = CircuitBreaker::new(now);
        assert_eq!(away.until(now), None);
        for seconds in [1, 2, 4, 8, 10, 10] {
            let until = now + Duration::from_secs(seconds);
            // Some were under way together.
            (0..8).for_each(|_| away.learn(true, now));
            assert_eq!(away.until(now), Some(until));
            now = until;
            assert_eq!(away.until(now), None);
        }
        away.learn(false, now);
        away.learn(true, now);
        assert_eq!(away.until(now), Some(now + FIRST_PAUSE));
    }
}
