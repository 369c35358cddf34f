//! The kinds of values that several directives have.

use std::time::Duration;

/// What [`parse_bool`] accepts.
pub(super) const BOOLEAN: &str = "a boolean: 1, 0, on, off, true, false, yes or no";

/// PHP's own reading of a boolean directive, strictly.
pub(super) fn parse_bool(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "on" | "true" | "yes" => Some(true),
        "" | "0" | "off" | "false" | "no" => Some(false),
        _ => None,
    }
}

pub(super) fn parse_seconds(value: &str, min: f64, max: f64) -> Option<Duration> {
    let seconds: f64 = value.trim().parse().ok()?;
    (seconds >= min && seconds <= max).then(|| Duration::from_secs_f64(seconds))
}

pub(super) fn parse_prefix(value: &str) -> Option<Option<String>> {
    let known = |c: char| c.is_ascii_alphanumeric() || "_:.-".contains(c);
    match value.len() {
        0 => Some(None),
        1..=64 if value.chars().all(known) => Some(Some(value.to_owned())),
        _ => None,
    }
}
