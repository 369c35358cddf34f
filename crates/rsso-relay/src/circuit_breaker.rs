//! Pauses deliveries to a server that is down, so that waiting events cost nothing.

use std::time::Duration;

use rsso_core::Backoff;
use tokio::time::Instant;

/// The first and the longest pause between attempts.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Decides when the next attempt may begin.
#[derive(Debug)]
pub(super) struct CircuitBreaker {
    open_until: Instant,
    backoff: Backoff,
}

impl CircuitBreaker {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            open_until: now,
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
        }
    }

    /// When the next attempt may begin; `None`: now.
    pub(super) fn open_until(&self, now: Instant) -> Option<Instant> {
        (self.open_until > now).then_some(self.open_until)
    }

    /// Records the end of an attempt. Of those that fail together only the first counts.
    pub(super) fn record(&mut self, server_is_up: bool, now: Instant) {
        if server_is_up {
            self.backoff.reset();
        } else if self.open_until <= now {
            self.open_until = now + self.backoff.next_pause();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_until_the_server_is_up() {
        let mut now = Instant::now();
        let mut breaker = CircuitBreaker::new(now);
        assert_eq!(breaker.open_until(now), None);
        for seconds in [1, 2, 4, 8, 10, 10] {
            let until = now + Duration::from_secs(seconds);
            // Some attempts were under way together.
            (0..8).for_each(|_| breaker.record(false, now));
            assert_eq!(breaker.open_until(now), Some(until));
            now = until;
            assert_eq!(breaker.open_until(now), None);
        }
        breaker.record(true, now);
        breaker.record(false, now);
        assert_eq!(breaker.open_until(now), Some(now + FIRST_PAUSE));
    }
}
