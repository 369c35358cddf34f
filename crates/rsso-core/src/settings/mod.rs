//! The `rsso.*` directives as typed values. php.ini, `ini_set()` and the options of
//! `Rsso\SessionHandler` all come through [`Settings::set`], so each is checked in one place.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::dsn::Dsn;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::store::mysql::Mapping;

mod logins;
mod nearest;
mod origin;

pub use nearest::nearest;
pub use origin::{Origin, Origins};

pub use logins::{LoginSettings, on_conflict, victim};

/// How many characters of an unknown name a message repeats.
const MAX_NAME: usize = 60;

/// A directive: its name below `rsso.`, its default as php.ini would write it, and who may set it.
#[derive(Debug, Clone, Copy)]
pub struct Directive {
    /// Without the `rsso.` in front.
    pub name: &'static str,
    /// The built-in value.
    pub default: &'static str,
    /// Shown as `***`, and settable in php.ini only.
    pub secret: bool,
}

/// Every directive there is, in the order phpinfo() shows them.
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

/// What `rsso.lock_failure` asks for when the lock cannot be had within `rsso.lock_wait`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockFailure {
    /// Throw `Rsso\LockTimeoutException`.
    Error,
    /// Go on with what is stored, and refuse to write.
    ReadOnly,
}

/// What `rsso.compress` makes sessions' data smaller with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Nothing: stored as they are.
    Off,
    /// Zstandard (RFC 8878), its fastest usual level.
    Zstd,
    /// LZ4 blocks: less small, faster.
    Lz4,
}

/// The directives' values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `rsso.dsn`, not yet parsed: `session.save_path` may stand in for it.
    pub dsn: Secret,
    /// `rsso.password`
    pub password: Secret,
    /// `rsso.password_file`
    pub password_file: String,
    /// `rsso.prefix`; `None` is each store's default.
    pub prefix: Option<String>,
    /// `rsso.connect_timeout`
    pub connect_timeout: Duration,
    /// `rsso.read_timeout`
    pub read_timeout: Duration,
    /// `rsso.lock`
    pub lock: bool,
    /// `rsso.lock_wait`
    pub lock_wait: Duration,
    /// `rsso.lock_ttl`
    pub lock_ttl: Duration,
    /// `rsso.lock_waiters`: how many requests may wait for one session's lock; 0 is no limit.
    pub lock_waiters: u32,
    /// `rsso.lock_failure`
    pub lock_failure: LockFailure,
    /// `rsso.hash_ids`
    pub hash_ids: bool,
    /// `rsso.store_empty`: whether a new session that is empty is stored.
    pub store_empty: bool,
    /// `rsso.compress`
    pub compress: Compression,
    /// `rsso.compress_min`, in bytes.
    pub compress_min: usize,
    /// `rsso.mysql_table`: empty for rsso's own.
    pub mysql_table: String,
    /// `rsso.mysql_columns`
    pub mysql_columns: String,
    /// PHP's `session.gc_maxlifetime`: how long an existing table's sessions live after their last access.
    pub lifetime: Duration,
    /// The directives about logins.
    pub logins: LoginSettings,
    /// Who gave the DSN and the password.
    pub origins: Origins,
}

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

impl Default for Settings {
    fn default() -> Self {
        Self {
            dsn: Secret::default(),
            password: Secret::default(),
            password_file: String::new(),
            prefix: None,
            connect_timeout: Duration::from_secs(2),
            read_timeout: Duration::from_secs(2),
            lock: true,
            lock_wait: Duration::from_secs(30),
            lock_ttl: Duration::from_secs(60),
            lock_waiters: 0,
            lock_failure: LockFailure::Error,
            hash_ids: true,
            store_empty: true,
            compress: Compression::Off,
            compress_min: 2048,
            mysql_table: String::new(),
            mysql_columns: String::new(),
            lifetime: Duration::from_secs(1440),
            logins: LoginSettings::default(),
            origins: Origins::default(),
        }
    }
}

impl Settings {
    /// Sets the directive `rsso.<name>` from its text, as the administrator.
    ///
    /// # Errors
    /// [`Error::Config`] that names the directive and what it accepts; nothing is changed then.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        self.set_for(Origin::Administrator, name, value)
    }

    fn set_value(&mut self, name: &str, value: &str) -> Result<()> {
        let refuse = |accepts: &str| {
            Err(Error::config(
                format!("rsso.{name}"),
                format!("must be {accepts}"),
            ))
        };
        match name {
            "dsn" => {
                if !value.is_empty() {
                    Dsn::parse("rsso.dsn", value)?;
                }
                self.dsn = Secret::new(value);
            }
            "password" => self.password = Secret::new(value),
            "password_file" => match value.is_empty() || value.starts_with('/') {
                true => value.clone_into(&mut self.password_file),
                false => return refuse("the absolute path of a file"),
            },
            "prefix" => match parse_prefix(value) {
                Some(prefix) => self.prefix = prefix,
                None => return refuse("1 to 64 characters of a-z, A-Z, 0-9 and '_:.-'"),
            },
            "connect_timeout" => match parse_seconds(value, 0.001, 60.0) {
                Some(time) => self.connect_timeout = time,
                None => return refuse("seconds from 0.001 to 60"),
            },
            "read_timeout" => match parse_seconds(value, 0.001, 300.0) {
                Some(time) => self.read_timeout = time,
                None => return refuse("seconds from 0.001 to 300"),
            },
            "lock_wait" => match parse_seconds(value, 0.0, 3600.0) {
                Some(time) => self.lock_wait = time,
                None => return refuse("seconds from 0 to 3600"),
            },
            "lock_ttl" => match parse_seconds(value, 1.0, 86_400.0) {
                Some(time) => self.lock_ttl = time,
                None => return refuse("seconds from 1 to 86400"),
            },
            "lock_waiters" => match value.trim().parse() {
                Ok(waiters @ 0..=100) => self.lock_waiters = waiters,
                _ => return refuse("a number from 0 to 100"),
            },
            "lock" | "hash_ids" | "store_empty" => {
                let Some(on) = parse_bool(value) else {
                    return refuse(BOOLEAN);
                };
                *match name {
                    "lock" => &mut self.lock,
                    "hash_ids" => &mut self.hash_ids,
                    _ => &mut self.store_empty,
                } = on;
            }
            "compress" => match value {
                "off" => self.compress = Compression::Off,
                "zstd" => self.compress = Compression::Zstd,
                "lz4" => self.compress = Compression::Lz4,
                _ => return refuse("'off', 'zstd' or 'lz4'"),
            },
            "compress_min" => match value.trim().parse() {
                Ok(bytes @ 0..=1_073_741_824) => self.compress_min = bytes,
                _ => return refuse("bytes from 0 to 1073741824"),
            },
            "mysql_table" => value.clone_into(&mut self.mysql_table),
            "mysql_columns" => {
                if !value.is_empty() {
                    Mapping::parse("t", value, self.lifetime)?;
                }
                value.clone_into(&mut self.mysql_columns);
            }
            "lock_failure" => match value {
                "error" => self.lock_failure = LockFailure::Error,
                "readonly" => self.lock_failure = LockFailure::ReadOnly,
                _ => return refuse("'error' or 'readonly'"),
            },
            _ => {
                let set = self.logins.set(name, value);
                return set.unwrap_or_else(|| Err(unknown(&format!("rsso.{name}"))));
            }
        }
        Ok(())
    }

    /// The files that the directive or option `name` makes this process open, if it is set to `value`.
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

    /// Whether the store is given hashes of session ids: not where an existing table holds the ids.
    #[must_use]
    pub fn hashes_ids(&self) -> bool {
        self.hash_ids && self.mysql_table.is_empty()
    }

    /// `rsso.password`, else the contents of `rsso.password_file`, whoever they are for.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn password(&self) -> Result<Option<Secret>> {
        if !self.password.is_empty() {
            return Ok(Some(self.password.clone()));
        }
        if self.password_file.is_empty() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&self.password_file).map_err(|error| {
            Error::config(
                "rsso.password_file",
                format!("{}: {error}", self.password_file),
            )
        })?;
        Ok(Some(Secret::new(text.trim_end_matches(['\r', '\n']))))
    }
}

/// What is wrong with a directive of this whole name, which does not exist.
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

/// What [`parse_bool`] accepts.
const BOOLEAN: &str = "a boolean: 1, 0, on, off, true, false, yes or no";

/// PHP's own reading of a boolean directive, strictly.
fn parse_bool(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "on" | "true" | "yes" => Some(true),
        "" | "0" | "off" | "false" | "no" => Some(false),
        _ => None,
    }
}

fn parse_seconds(value: &str, min: f64, max: f64) -> Option<Duration> {
    let seconds: f64 = value.trim().parse().ok()?;
    (seconds >= min && seconds <= max).then(|| Duration::from_secs_f64(seconds))
}

fn parse_prefix(value: &str) -> Option<Option<String>> {
    let known = |c: char| c.is_ascii_alphanumeric() || "_:.-".contains(c);
    match value.len() {
        0 => Some(None),
        1..=64 if value.chars().all(known) => Some(Some(value.to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_defaults_is_what_default_gives() {
        let mut from_table = Settings::default();
        for directive in DIRECTIVES {
            from_table.set(directive.name, directive.default).unwrap();
        }
        assert_eq!(from_table, Settings::default());
    }

    #[test]
    fn a_bad_value_names_the_directive_and_changes_nothing() {
        for (name, value) in [
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
            ("nonesuch", "1"),
        ] {
            let mut settings = Settings::default();
            let error = settings.set(name, value).unwrap_err().to_string();
            assert!(error.starts_with(&format!("rsso.{name}: ")), "{error}");
            assert_eq!(settings, Settings::default());
        }
    }

    #[test]
    fn fractions_of_seconds_count() {
        let mut settings = Settings::default();
        settings.set("connect_timeout", "0.25").unwrap();
        assert_eq!(settings.connect_timeout, Duration::from_millis(250));
    }
}
