//! Pauses between attempts at something that fails, and the random part in them.
//!
//! What always holds: nothing here reads a clock or sleeps. [`Backoff`] returns no pause above `longest`, if `first` is not;
//! [`Jitter::lengthen`] may exceed it.

use std::time::Duration;

use crate::random;

/// Pauses that double with each failure, up to the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    /// Begins with `first`.
    #[must_use]
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            next: first,
        }
    }

    /// The pause after a failure. The next one is twice as long.
    pub fn next_pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = self.longest.min(pause * 2);
        pause
    }

    /// Begins again with the first pause: it works.
    pub fn reset(&mut self) {
        self.next = self.first;
    }

    /// Begins again with the first pause if it has worked for longer than the longest one.
    pub fn reset_if_worked_for(&mut self, worked: Duration) {
        if worked > self.longest {
            self.reset();
        }
    }
}

/// A random share, so that what failed together does not come back together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Jitter(f64);

impl Jitter {
    /// Changes nothing.
    pub const NONE: Self = Self(0.0);
    /// Changes as much as is allowed.
    pub const MOST: Self = Self(1.0);

    /// A new share. It is [`Jitter::NONE`] if the operating system has no randomness, which is no reason to fail.
    #[must_use]
    pub fn random() -> Self {
        let number = u32::from_le_bytes(random::bytes().unwrap_or_default());
        Self(f64::from(number) / f64::from(u32::MAX))
    }

    /// A pause that is longer by up to this part of it.
    #[must_use]
    pub fn lengthen(self, pause: Duration, part: f64) -> Duration {
        pause + pause.mul_f64(part * self.0)
    }

    /// A pause that is shorter by up to this part of it.
    #[must_use]
    pub fn shorten(self, pause: Duration, part: f64) -> Duration {
        pause.saturating_sub(pause.mul_f64(part * self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut backoff = Backoff::new(SECOND, 5 * SECOND);
        let pauses: Vec<_> = (0..5).map(|_| backoff.next_pause().as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 5, 5]);
        backoff.reset();
        assert_eq!(backoff.next_pause(), SECOND);
    }

    #[test]
    fn a_short_success_does_not_reset_the_pauses() {
        let mut backoff = Backoff::new(SECOND, 5 * SECOND);
        backoff.next_pause();
        backoff.reset_if_worked_for(5 * SECOND);
        assert_eq!(backoff.next_pause(), 2 * SECOND);
        backoff.reset_if_worked_for(6 * SECOND);
        assert_eq!(backoff.next_pause(), SECOND);
    }

    #[test]
    fn jitter_stays_within_its_part() {
        assert_eq!(Jitter::NONE.lengthen(SECOND, 0.2), SECOND);
        assert_eq!(Jitter::MOST.lengthen(SECOND, 0.2), SECOND.mul_f64(1.2));
        assert_eq!(Jitter::NONE.shorten(SECOND, 0.5), SECOND);
        assert_eq!(Jitter::MOST.shorten(SECOND, 0.5), SECOND / 2);
        for _ in 0..100 {
            let longer = Jitter::random().lengthen(SECOND, 0.2);
            assert!((SECOND..=SECOND.mul_f64(1.2)).contains(&longer));
            let shorter = Jitter::random().shorten(SECOND, 0.5);
            assert!((SECOND / 2..=SECOND).contains(&shorter));
        }
    }
}
