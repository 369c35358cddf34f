//! Logins of one user that replace each other too often: a shared account, or a program that logs in
//! again by itself. Counted within a minute and within an hour, for a slow fight is one, too.
//!
//! What always holds: once a limit is passed, every claim is refused until that window is over.

use super::Limits;

/// Seconds of the windows.
const MINUTE: i64 = 60;
const HOUR: i64 = 3600;

/// How often a user's logins were replaced of late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Storm {
    /// Within the last minute.
    pub minute: StormWindow,
    /// Within the last hour.
    pub hour: StormWindow,
}

/// Replacements within some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StormWindow {
    /// When it began, in seconds since 1970.
    pub since: i64,
    /// Replacements in it.
    pub count: i64,
    /// The limit was passed: claims are refused until the window is over.
    pub raging: bool,
}

/// What the storm limits say of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StormState {
    /// Go on.
    Calm,
    /// This is where a limit is passed: tell once.
    Begins,
    /// Refuse.
    Ongoing,
}

/// A storm in the three columns that tables have for it since there was a minute's window alone: a server
/// may let rsso write there, and add no column.
///
/// The bits above hold the hour's window: when it began, in minutes, above 33 bits of seconds; its count
/// above 20 bits of the minute's, as many as a limit may have; its bit beside the minute's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoredStorm {
    /// When the windows began.
    pub since: i64,
    /// How many replacements there were.
    pub count: i64,
    /// Which limits were passed.
    pub raging: i64,
}

const SINCE_BITS: u32 = 33;
const COUNT_BITS: u32 = 20;

impl Storm {
    /// Counts a claim that replaces so many logins, at this second.
    pub fn count(&mut self, replaced: usize, limits: &Limits, now: i64) -> StormState {
        self.minute.go_on(MINUTE, now);
        self.hour.go_on(HOUR, now);
        let hour_counts = limits.storm_limit_hour > 0;
        if limits.storm_limit == 0 {
            return StormState::Calm;
        }
        if self.minute.raging || (hour_counts && self.hour.raging) {
            return StormState::Ongoing;
        }
        let replaced = i64::try_from(replaced).unwrap_or(i64::MAX);
        let minute = self.minute.would_pass(replaced, limits.storm_limit);
        let hour = hour_counts && self.hour.would_pass(replaced, limits.storm_limit_hour);
        if minute || hour {
            self.minute.raging = minute;
            self.hour.raging = hour;
            return StormState::Begins;
        }
        self.minute.add(replaced);
        self.hour.add(replaced);
        StormState::Calm
    }

    /// As tables hold it.
    #[must_use]
    pub fn to_stored(self) -> StoredStorm {
        let Self { minute, hour } = self;
        StoredStorm {
            since: (hour.since / MINUTE) << SINCE_BITS | low(minute.since, SINCE_BITS),
            count: hour.count << COUNT_BITS | low(minute.count, COUNT_BITS),
            raging: i64::from(hour.raging) << 1 | i64::from(minute.raging),
        }
    }

    /// Reads what [`Self::to_stored`] has made.
    #[must_use]
    pub fn from_stored(stored: StoredStorm) -> Self {
        let StoredStorm {
            since,
            count,
            raging,
        } = stored;
        Self {
            minute: StormWindow {
                since: low(since, SINCE_BITS),
                count: low(count, COUNT_BITS),
                raging: raging & 1 != 0,
            },
            hour: StormWindow {
                since: (since >> SINCE_BITS) * MINUTE,
                count: count >> COUNT_BITS,
                raging: raging & 2 != 0,
            },
        }
    }
}

impl StormWindow {
    /// A window that is over begins anew; so does one that a clock has gone back behind.
    fn go_on(&mut self, length: i64, now: i64) {
        if now.saturating_sub(self.since) >= length || now < self.since {
            *self = Self {
                since: now,
                ..Self::default()
            };
        }
    }

    fn would_pass(&self, replaced: i64, limit: u32) -> bool {
        replaced > 0 && self.count.saturating_add(replaced) > i64::from(limit)
    }

    /// More than any limit need not be told apart, and must fit its bits.
    fn add(&mut self, replaced: i64) {
        self.count = self
            .count
            .saturating_add(replaced)
            .min((1 << COUNT_BITS) - 1);
    }
}

fn low(value: i64, bits: u32) -> i64 {
    value & ((1 << bits) - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limits(storm_limit: u32, storm_limit_hour: u32) -> Limits {
        Limits {
            storm_limit,
            storm_limit_hour,
            ..Limits::default()
        }
    }

    #[test]
    fn a_storm_breaks_once_and_ends_with_the_minute() {
        let (mut storm, limits) = (Storm::default(), limits(3, 30));
        for _ in 0..3 {
            assert_eq!(storm.count(1, &limits, 10_000), StormState::Calm);
        }
        assert_eq!(storm.count(1, &limits, 10_010), StormState::Begins);
        assert_eq!(storm.count(0, &limits, 10_059), StormState::Ongoing);
        assert_eq!(storm.count(1, &limits, 10_060), StormState::Calm);
        let none = super::tests::limits(0, 30);
        assert_eq!(Storm::default().count(100, &none, 1), StormState::Calm);
    }

    /// A remember-me cookie on each of two sides, and a page that is reloaded now and then.
    #[test]
    fn a_slow_fight_ends_too() {
        let (mut storm, limits) = (Storm::default(), limits(10, 30));
        let mut storms = Vec::new();
        let mut kicks = 0;
        for now in (1_000_000..1_007_000).step_by(14) {
            // As a store keeps it between two claims.
            storm = Storm::from_stored(storm.to_stored());
            match storm.count(1, &limits, now) {
                StormState::Calm => kicks += 1,
                StormState::Begins => storms.push(now),
                StormState::Ongoing => {}
            }
        }
        assert_eq!((kicks, storms.len()), (60, 2), "{storms:?}");
        assert!(storms[1] - storms[0] > 3000, "{storms:?}");
    }

    #[test]
    fn without_the_hours_limit_a_slow_fight_goes_on() {
        let (mut storm, limits) = (Storm::default(), limits(10, 0));
        for now in (1_000_000..1_007_000).step_by(14) {
            assert_eq!(storm.count(1, &limits, now), StormState::Calm);
        }
    }

    proptest! {
        #[test]
        fn what_is_stored_is_read_back(
            since in 0_i64..1 << 33, ago in 0_i64..60, counts in (0_i64..1 << 20, 0_i64..1 << 20), raging: (bool, bool),
        ) {
            let storm = Storm {
                minute: StormWindow { since, count: counts.0, raging: raging.0 },
                hour: StormWindow { since: (since / 60 - ago).max(0) * 60, count: counts.1, raging: raging.1 },
            };
            let stored = storm.to_stored();
            prop_assert!(stored.since >= 0 && stored.count >= 0 && (0..4).contains(&stored.raging));
            prop_assert_eq!(Storm::from_stored(stored), storm);
        }
    }
}
