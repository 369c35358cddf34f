//! Each directive's value.

use std::time::Duration;

use super::{Compression, LoginSettings, Origins};
use crate::secret::Secret;

/// What `rsso.lock_failure` asks for when the lock cannot be had within `rsso.lock_wait`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockFailure {
    /// Throw `Rsso\LockTimeoutException`.
    Error,
    /// Go on with what is stored, and refuse to write.
    ReadOnly,
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
    /// `rsso.lock_waiters`: how many requests may wait for one lock; 0 is no limit.
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
    /// PHP's `session.gc_maxlifetime`, for sessions in an existing table.
    pub lifetime: Duration,
    /// The directives about logins.
    pub logins: LoginSettings,
    /// Who gave the DSN and the password.
    pub origins: Origins,
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
