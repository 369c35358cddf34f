//! A server that is away is asked rarely, and by one delivery: all others for it wait, and cost nothing.

use std::time::Duration;

use tokio::time::Instant;

/// Between attempts: the first, and the longest.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Away {
    until: Instant,
    /// The next pause; longer than the first one where the server was away the last time.
    pause: Duration,
}

impl Away {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            until: now,
            pause: PAUSE,
        }
    }

    /// Until when nothing is begun.
    pub(super) fn until(&self, now: Instant) -> Option<Instant> {
        (self.until > now).then_some(self.until)
    }

    /// How many deliveries may be under way, of so many that otherwise may.
    pub(super) fn places(&self, at_once: usize) -> usize {
        match self.pause {
            PAUSE => at_once,
            _ => 1,
        }
    }

    /// An attempt has come to an end. Others that were under way with it tell nothing new.
    pub(super) fn learn(&mut self, away: bool, now: Instant) {
        if !away {
            self.pause = PAUSE;
        } else if self.until <= now {
            self.until = now + self.pause;
            self.pause = LONGEST_PAUSE.min(self.pause * 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_asks_for_all_and_ever_more_rarely_until_it_is_heard() {
        let mut now = Instant::now();
        let mut away = Away::new(now);
        assert_eq!((away.until(now), away.places(8)), (None, 8));
        for seconds in [1, 2, 4, 8, 10, 10] {
            let until = now + Duration::from_secs(seconds);
            // Eight were under way, or the one that asks.
            (0..8).for_each(|_| away.learn(true, now));
            assert_eq!((away.until(now), away.places(8)), (Some(until), 1));
            now = until;
            assert_eq!((away.until(now), away.places(8)), (None, 1));
        }
        away.learn(false, now);
        assert_eq!((away.until(now), away.places(8)), (None, 8));
    }
}
