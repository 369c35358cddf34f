//! The kinds of values that several directives have.

use std::time::Duration;

use crate::error::Error;

/// What [`parse_bool`] accepts.
pub(super) const BOOLEAN: &str = "a boolean: 1, 0, on, off, true, false, yes or no";

/// A boolean as PHP reads it, but nothing else.
pub(super) fn parse_bool(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "on" | "true" | "yes" => Some(true),
        "" | "0" | "off" | "false" | "no" => Some(false),
        _ => None,
    }
}

/// Seconds from `min` to `max`, fractions allowed.
pub(super) fn parse_seconds(value: &str, min: f64, max: f64) -> Option<Duration> {
    let seconds: f64 = value.trim().parse().ok()?;
    (seconds >= min && seconds <= max).then(|| Duration::from_secs_f64(seconds))
}

/// What the names of keys and tables may begin with.
pub(super) fn parse_prefix(value: &str) -> Option<String> {
    let known = |c: char| c.is_ascii_alphanumeric() || "_:.-".contains(c);
    let fits = (1..=64).contains(&value.len()) && value.chars().all(known);
    fits.then(|| value.to_owned())
}

/// The error of a directive whose value is not accepted.
pub(super) fn refuse(name: &str, accepts: &str) -> Error {
    Error::config(format!("rsso.{name}"), format!("must be {accepts}"))
}
