//! When a failed delivery is tried again, and when it is given up.
//!
//! What always holds: a retry is never sooner than the schedule or the server says. A server that asks for more time
//! gets it, and no attempt is lost by it.
//!
//! Source: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>,
//! "Deliverability and reliability".

use std::time::Duration;

use rsso_core::Jitter;

/// In seconds: more than three days in total.
const DEFAULT_PAUSES: [u64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// The longest pause that a server may ask for in `Retry-After`.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(86_400);

/// Bounds of a schedule from the configuration.
const MAX_PAUSES: usize = 100;
const MAX_PAUSE_SECONDS: u32 = 7 * 86_400;

/// The pauses between attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule(Vec<Duration>);

impl Default for Schedule {
    fn default() -> Self {
        Self(DEFAULT_PAUSES.map(Duration::from_secs).to_vec())
    }
}

impl Schedule {
    /// Reads a schedule from the configuration, in seconds.
    pub(crate) fn parse(seconds: &[u32]) -> Result<Self, &'static str> {
        if seconds.len() > MAX_PAUSES || seconds.iter().any(|s| *s > MAX_PAUSE_SECONDS) {
            return Err("must be at most 100 pauses in seconds, none longer than 7 days");
        }
        let pauses = seconds.iter().map(|s| Duration::from_secs((*s).into()));
        Ok(Self(pauses.collect()))
    }

    /// The pause after this many failed attempts; `None`: the delivery is given up.
    pub(crate) fn pause(
        &self,
        failed: u32,
        retry_after: Option<Duration>,
        jitter: Jitter,
    ) -> Option<Duration> {
        let step = usize::try_from(failed).ok()?.checked_sub(1)?;
        let pause = *self.0.get(step)?;
        let pause = pause.max(retry_after.unwrap_or_default().min(MAX_RETRY_AFTER));
        Some(jitter.lengthen(pause, 0.2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn ten_attempts_over_three_days_and_then_no_more() {
        let schedule = Schedule::default();
        let pauses: Vec<_> = (1..=10)
            .map(|n| schedule.pause(n, None, Jitter::NONE))
            .collect();
        assert_eq!(pauses[0], Some(5 * SECOND));
        assert_eq!(pauses[8], Some(86_400 * SECOND));
        assert_eq!(pauses[9], None);
        let sum: Duration = pauses.into_iter().flatten().sum();
        assert!(sum > 3 * 86_400 * SECOND, "{sum:?}");
    }

    #[test]
    fn jitter_makes_it_later_and_never_sooner() {
        let schedule = Schedule::default();
        assert_eq!(schedule.pause(2, None, Jitter::MOST), Some(360 * SECOND));
        for _ in 0..100 {
            let pause = schedule.pause(1, None, Jitter::random()).unwrap();
            assert!((5 * SECOND..=6 * SECOND).contains(&pause), "{pause:?}");
        }
    }

    #[test]
    fn the_server_may_ask_for_more_time_but_not_for_less_nor_for_ever() {
        let schedule = Schedule::default();
        assert_eq!(
            schedule.pause(1, Some(60 * SECOND), Jitter::NONE),
            Some(60 * SECOND)
        );
        assert_eq!(
            schedule.pause(2, Some(60 * SECOND), Jitter::NONE),
            Some(300 * SECOND)
        );
        assert_eq!(
            schedule.pause(1, Some(Duration::MAX), Jitter::NONE),
            Some(MAX_RETRY_AFTER)
        );
        assert_eq!(schedule.pause(10, Some(60 * SECOND), Jitter::NONE), None);
    }

    #[test]
    fn a_configured_schedule_may_be_empty_but_not_endless() {
        let none = Schedule::parse(&[]).unwrap();
        assert_eq!(none.pause(1, None, Jitter::NONE), None);
        assert!(Schedule::parse(&[1; 101]).is_err());
        assert!(Schedule::parse(&[u32::MAX]).is_err());
    }
}
