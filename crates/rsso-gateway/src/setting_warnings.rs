//! Warnings that name a setting: each at most once a minute, however many browsers run into it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Between two warnings about one setting.
const WARNING_INTERVAL: Duration = Duration::from_secs(60);

/// When each setting was warned of last.
#[derive(Debug, Default)]
pub(crate) struct SettingWarnings(Mutex<BTreeMap<&'static str, Instant>>);

impl SettingWarnings {
    /// Warns that a setting does not fit what browsers, a proxy or PHP do.
    pub(crate) fn warn(&self, setting: &'static str, problem: &str) {
        if self.is_due(setting, Instant::now()) {
            tracing::warn!(setting, "{problem}");
        }
    }

    /// Whether it is time to warn again, which it is not after that.
    pub(crate) fn is_due(&self, setting: &'static str, now: Instant) -> bool {
        let mut last = self.0.lock();
        let due = last
            .get(setting)
            .is_none_or(|last| now.saturating_duration_since(*last) >= WARNING_INTERVAL);
        if due {
            last.insert(setting, now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_warned_of_once_a_minute() {
        let (warnings, now) = (SettingWarnings::default(), Instant::now());
        assert!(warnings.is_due("a", now));
        assert!(!warnings.is_due("a", now + Duration::from_secs(59)));
        assert!(warnings.is_due("b", now));
        assert!(warnings.is_due("a", now + WARNING_INTERVAL));
        assert!(!warnings.is_due("a", now + WARNING_INTERVAL));
    }
}
