//! The list of directives.
//!
//! `tests/directives.rs` names each file outside this folder that must list a new one.

use super::nearest;
use crate::error::Error;

/// How many characters of an unknown name a message repeats.
const MAX_NAME: usize = 60;

/// A directive: its name, its default, and whether it is secret.
#[derive(Debug, Clone, Copy)]
pub struct Directive {
    /// Without the `rsso.` in front.
    pub name: &'static str,
    /// The built-in value, as php.ini would write it.
    pub default: &'static str,
    /// Shown as `***`, and settable in php.ini only.
    pub secret: bool,
}

/// Every directive there is.
pub const DIRECTIVES: &[Directive] = &[
    Directive::new("dsn", ""),
    Directive::secret("password"),
    Directive::secret("password_file"),
    Directive::new("prefix", ""),
    Directive::new("connect_timeout", "2"),
    Directive::new("read_timeout", "2"),
    Directive::new("lock", "1"),
    Directive::new("lock_wait", "30"),
    Directive::new("lock_ttl", "60"),
    Directive::new("lock_waiters", "0"),
    Directive::new("lock_failure", "error"),
    Directive::new("hash_ids", "1"),
    Directive::new("store_empty", "1"),
    Directive::new("compress", "off"),
    Directive::new("compress_min", "2048"),
    Directive::new("mysql_table", ""),
    Directive::new("mysql_columns", ""),
    Directive::new("realm", "default"),
    Directive::new("uid_case", "exact"),
    Directive::new("max_logins", "1"),
    Directive::new("max_logins_per_device", "0"),
    Directive::new("max_logins_hard", "1000"),
    Directive::new("on_conflict", "kick"),
    Directive::new("victim", "oldest"),
    Directive::new("storm_limit", "10"),
    Directive::new("storm_limit_hour", "30"),
    Directive::new("tombstone_ttl", "86400"),
    Directive::new("events_ttl", "86400"),
    Directive::new("auto_claim", ""),
    Directive::new("auto_claim_except", ""),
    Directive::new("auto_claim_unless", ""),
    Directive::new("auto_claim_device", ""),
    Directive::new("login_details", "full"),
    Directive::new("notify_other_logins", "0"),
    Directive::new("device_marks", ""),
];

impl Directive {
    /// The directive `rsso.<name>`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        DIRECTIVES.iter().find(|directive| directive.name == name)
    }

    const fn new(name: &'static str, default: &'static str) -> Self {
        Self {
            name,
            default,
            secret: false,
        }
    }

    const fn secret(name: &'static str) -> Self {
        Self {
            name,
            default: "",
            secret: true,
        }
    }
}

/// The error for a directive that does not exist.
#[must_use]
pub fn unknown(directive: &str) -> Error {
    let name = directive.split_once('.').map_or("", |(_, name)| name);
    let names = DIRECTIVES.iter().map(|directive| directive.name);
    let meant = match nearest(name, names) {
        Some(meant) => format!("is rsso.{meant} meant?"),
        None => "rsso.ini lists all there are".to_owned(),
    };
    let shown: String = directive.chars().take(MAX_NAME).collect();
    Error::config(
        shown.escape_debug().to_string(),
        format!("is not a directive of rsso; {meant}"),
    )
}
