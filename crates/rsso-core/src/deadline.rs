//! A point in time by which a wait ends (every wait in rsso has one), and how far ahead a time may lie.
//!
//! What always holds: a duration that comes from outside is [`bounded`] before it meets a clock, a
//! column or a command of a store. `session.gc_maxlifetime` has no bound of its own.

use std::time::{Duration, Instant};

/// The longest time that rsso counts with: fifty years. Its end fits the unsigned 32 bits of a
/// column that others have made.
pub const LONGEST: Duration = Duration::from_secs(50 * 365 * 86_400);

/// `time`, but no more than clocks and stores can count with.
#[must_use]
pub fn bounded(time: Duration) -> Duration {
    time.min(LONGEST)
}

/// The moment when `time` is over, on the monotonic clock.
#[must_use]
pub fn from_now(time: Duration) -> Instant {
    Instant::now() + bounded(time)
}

/// The moment a wait ends, on the monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// A deadline `wait` from now.
    #[must_use]
    pub fn after(wait: Duration) -> Self {
        Self(from_now(wait))
    }

    /// What is left of it; zero once it has passed.
    #[must_use]
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// True once nothing is left.
    #[must_use]
    pub fn passed(self) -> bool {
        self.remaining().is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_without_end_is_a_long_one() {
        let deadline = Deadline::after(Duration::MAX);
        assert!(deadline.remaining() > LONGEST / 2);
        assert!(!deadline.passed());
    }
}
