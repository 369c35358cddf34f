//! Warnings that name a setting: each at most once a minute, however many browsers cause it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// The shortest time between two warnings about one setting.
const WARNING_INTERVAL: Duration = Duration::from_secs(60);

/// A setting that does not fit what browsers, a proxy or PHP do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SettingProblem {
    pub(crate) setting: &'static str,
    /// What is wrong, and what to do.
    pub(crate) advice: Cow<'static, str>,
}

impl SettingProblem {
    pub(crate) fn new(setting: &'static str, advice: impl Into<Cow<'static, str>>) -> Self {
        Self {
            setting,
            advice: advice.into(),
        }
    }
}

/// When each setting was last warned about.
#[derive(Debug, Default)]
pub(crate) struct SettingWarnings(Mutex<BTreeMap<&'static str, Instant>>);

impl SettingWarnings {
    /// Logs the problem, if its setting was not warned about within the last minute.
    pub(crate) fn warn(&self, problem: &SettingProblem) {
        let SettingProblem { setting, advice } = problem;
        if self.is_due(setting, Instant::now()) {
            tracing::warn!(setting, "{advice}");
        }
    }

    /// Whether it is time to warn again. If so, the next time is a minute later.
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
    fn a_setting_is_warned_about_once_a_minute() {
        let (warnings, now) = (SettingWarnings::default(), Instant::now());
        assert!(warnings.is_due("a", now));
        assert!(!warnings.is_due("a", now + Duration::from_secs(59)));
        assert!(warnings.is_due("b", now));
        assert!(warnings.is_due("a", now + WARNING_INTERVAL));
        assert!(!warnings.is_due("a", now + WARNING_INTERVAL));
    }
}
