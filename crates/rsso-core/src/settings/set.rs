//! Sets each directive from its text, and checks it.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::parse::{BOOLEAN, parse_bool, parse_prefix, parse_seconds, refuse};
use super::{Compression, LockFailure, Origin, Settings, unknown};
use crate::dsn::Dsn;
use crate::error::Result;
use crate::mapping::Mapping;
use crate::secret::Secret;

impl Settings {
    /// Sets the directive `rsso.<name>` from its text, as the administrator.
    ///
    /// # Errors
    /// [`crate::Error::Config`] that names the directive and what it accepts; nothing is changed then.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        self.set_for(Origin::Administrator, name, value)
    }

    pub(super) fn set_value(&mut self, name: &str, value: &str) -> Result<()> {
        let set = self
            .set_store(name, value)
            .or_else(|| self.set_lock(name, value))
            .or_else(|| self.set_data(name, value))
            .or_else(|| self.logins.set(name, value));
        set.unwrap_or_else(|| Err(unknown(&format!("rsso.{name}"))))
    }

    /// Sets a directive about the store; `None` for another name.
    fn set_store(&mut self, name: &str, value: &str) -> Option<Result<()>> {
        let set = match name {
            "dsn" => dsn(value).map(|dsn| self.dsn = dsn),
            "password" => {
                self.password = Secret::new(value);
                Ok(())
            }
            "password_file" => absolute(name, value).map(|path| self.password_file = path),
            "prefix" => prefix(value).map(|prefix| self.prefix = prefix),
            "connect_timeout" => {
                seconds(name, value, 0.001..=60.0).map(|time| self.connect_timeout = time)
            }
            "read_timeout" => {
                seconds(name, value, 0.001..=300.0).map(|time| self.read_timeout = time)
            }
            "mysql_table" => {
                value.clone_into(&mut self.mysql_table);
                Ok(())
            }
            "mysql_columns" => match value {
                "" => Ok(()),
                columns => Mapping::parse("t", columns, self.lifetime).map(drop),
            }
            .map(|()| value.clone_into(&mut self.mysql_columns)),
            _ => return None,
        };
        Some(set)
    }

    /// Sets a directive about the session's lock; `None` for another name.
    fn set_lock(&mut self, name: &str, value: &str) -> Option<Result<()>> {
        let set = match name {
            "lock" => boolean(name, value).map(|on| self.lock = on),
            "lock_wait" => seconds(name, value, 0.0..=3600.0).map(|time| self.lock_wait = time),
            "lock_ttl" => seconds(name, value, 1.0..=86_400.0).map(|time| self.lock_ttl = time),
            "lock_waiters" => match value.trim().parse() {
                Ok(waiters @ 0..=100) => {
                    self.lock_waiters = waiters;
                    Ok(())
                }
                _ => Err(refuse(name, "a number from 0 to 100")),
            },
            "lock_failure" => match value {
                "error" => Ok(LockFailure::Error),
                "readonly" => Ok(LockFailure::ReadOnly),
                _ => Err(refuse(name, "'error' or 'readonly'")),
            }
            .map(|on_failure| self.lock_failure = on_failure),
            _ => return None,
        };
        Some(set)
    }

    /// Sets a directive about what is stored; `None` for another name.
    fn set_data(&mut self, name: &str, value: &str) -> Option<Result<()>> {
        let set = match name {
            "hash_ids" => boolean(name, value).map(|on| self.hash_ids = on),
            "store_empty" => boolean(name, value).map(|on| self.store_empty = on),
            "compress" => match value {
                // PHP makes an empty value of an `off` without quotes.
                "off" | "" => Ok(Compression::Off),
                "zstd" => Ok(Compression::Zstd),
                "lz4" => Ok(Compression::Lz4),
                _ => Err(refuse(name, "'off', 'zstd' or 'lz4'")),
            }
            .map(|compression| self.compress = compression),
            "compress_min" => match value.trim().parse() {
                Ok(bytes @ 0..=1_073_741_824) => {
                    self.compress_min = bytes;
                    Ok(())
                }
                _ => Err(refuse(name, "bytes from 0 to 1073741824")),
            },
            _ => return None,
        };
        Some(set)
    }

    /// The files that a directive with this value makes the process open.
    #[must_use]
    pub fn files_of(name: &str, value: &str) -> Vec<PathBuf> {
        match name {
            "dsn" => Dsn::parse("rsso.dsn", value)
                .map(|dsn| dsn.files().into_iter().map(Path::to_path_buf).collect())
                .unwrap_or_default(),
            "password_file" if !value.is_empty() => vec![value.into()],
            _ => Vec::new(),
        }
    }

    /// Whether the store is given hashes of session ids.
    ///
    /// An existing table holds the ids themselves.
    #[must_use]
    pub fn hashes_ids(&self) -> bool {
        self.hash_ids && self.mysql_table.is_empty()
    }
}

fn dsn(value: &str) -> Result<Secret> {
    if !value.is_empty() {
        Dsn::parse("rsso.dsn", value)?;
    }
    Ok(Secret::new(value))
}

/// An absolute path, or "".
fn absolute(name: &str, value: &str) -> Result<String> {
    match value.is_empty() || value.starts_with('/') {
        true => Ok(value.to_owned()),
        false => Err(refuse(name, "the absolute path of a file")),
    }
}

/// `None` is each store's own.
fn prefix(value: &str) -> Result<Option<String>> {
    if value.is_empty() {
        return Ok(None);
    }
    let accepts = "1 to 64 characters of a-z, A-Z, 0-9 and '_:.-'";
    let prefix = parse_prefix(value).ok_or_else(|| refuse("prefix", accepts))?;
    Ok(Some(prefix))
}

fn boolean(name: &str, value: &str) -> Result<bool> {
    parse_bool(value).ok_or_else(|| refuse(name, BOOLEAN))
}

fn seconds(name: &str, value: &str, allowed: RangeInclusive<f64>) -> Result<Duration> {
    let (least, most) = allowed.into_inner();
    parse_seconds(value, least, most)
        .ok_or_else(|| refuse(name, &format!("seconds from {least} to {most}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::DIRECTIVES;

    #[test]
    fn the_table_of_defaults_is_what_default_gives() {
        let mut from_table = Settings::default();
        for directive in DIRECTIVES {
            from_table.set(directive.name, directive.default).unwrap();
        }
        assert_eq!(from_table, Settings::default());
    }

    /// Values that are refused; `password` and `mysql_table` take any text.
    const BAD: &[(&str, &str)] = &[
        ("dsn", "nonsense"),
        ("password_file", "relative"),
        ("prefix", "a b"),
        ("connect_timeout", "0"),
        ("read_timeout", "-1"),
        ("lock_wait", "NaN"),
        ("lock_wait", "inf"),
        ("lock_ttl", "0.5"),
        ("lock", "maybe"),
        ("lock_waiters", "101"),
        ("lock_failure", "ignore"),
        ("hash_ids", "2"),
        ("store_empty", "sometimes"),
        ("compress", "gzip"),
        ("compress_min", "2K"),
        ("mysql_columns", "id=a"),
        ("realm", "a b"),
        ("uid_case", "x"),
        ("max_logins", "-1"),
        ("max_logins_per_device", "x"),
        ("max_logins_hard", "x"),
        ("on_conflict", "fight"),
        ("victim", "newest"),
        ("storm_limit", "1.5"),
        ("storm_limit_hour", "x"),
        ("tombstone_ttl", "0"),
        ("events_ttl", "soon"),
        ("auto_claim", "a..b"),
        (
            "auto_claim_except",
            "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63,64,65",
        ),
        ("auto_claim_unless", "a..b"),
        ("auto_claim_device", "a b"),
        ("login_details", "some"),
        ("notify_other_logins", "maybe"),
        ("device_marks", "0"),
    ];

    #[test]
    fn a_bad_value_names_the_directive_and_changes_nothing() {
        for (name, value) in BAD.iter().chain(&[("nonesuch", "1")]) {
            let mut settings = Settings::default();
            let error = settings.set(name, value).unwrap_err().to_string();
            assert!(error.starts_with(&format!("rsso.{name}: ")), "{error}");
            assert_eq!(settings, Settings::default());
        }
    }

    #[test]
    fn each_directive_has_a_bad_value_above() {
        for directive in DIRECTIVES {
            let has_bad_value = BAD.iter().any(|(name, _)| *name == directive.name);
            let takes_any_text = matches!(directive.name, "password" | "mysql_table");
            assert_ne!(has_bad_value, takes_any_text, "{}", directive.name);
        }
    }

    #[test]
    fn what_php_makes_of_off_and_none_without_quotes_is_taken() {
        let mut settings = Settings::default();
        settings.set("compress", "zstd").unwrap();
        for name in ["compress", "login_details"] {
            settings.set(name, "").unwrap();
        }
        assert_eq!(settings.compress, Compression::Off);
        assert_eq!(settings.logins.login_details, crate::login::Details::None);
    }

    #[test]
    fn fractions_of_seconds_count() {
        let mut settings = Settings::default();
        settings.set("connect_timeout", "0.25").unwrap();
        assert_eq!(settings.connect_timeout, Duration::from_millis(250));
    }
}
