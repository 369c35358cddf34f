//! What acts on logins return, as PHP will see it: plain texts and numbers.
//!
//! The worker owns them until [`crate::login_objects`] has made PHP's values of them, because PHP's
//! allocator may not return.

use std::ffi::CString;
use std::time::{SystemTime, UNIX_EPOCH};

use rsso_core::login::{Kick, Login, LoginId, SessionLogin};

use crate::php;

/// The rows of one act, which fills what it has.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) logins: Vec<LoginRow>,
    pub(crate) kicks: Vec<KickRow>,
    pub(crate) texts: Vec<Vec<u8>>,
}

/// An `Rsso\Login`.
pub(crate) struct LoginRow {
    pub(crate) id: String,
    pub(crate) uid: Vec<u8>,
    pub(crate) device: String,
    pub(crate) label: Option<String>,
    /// JSON of an array.
    pub(crate) meta: Option<CString>,
    /// In seconds since 1970.
    pub(crate) claimed_at: i64,
    pub(crate) last_seen_at: Option<i64>,
    pub(crate) expires_at: Option<i64>,
    pub(crate) ip: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) current: bool,
    pub(crate) kicks: Vec<KickRow>,
}

/// An `Rsso\Kick`.
pub(crate) struct KickRow {
    pub(crate) login: String,
    pub(crate) uid: Vec<u8>,
    pub(crate) device: String,
    pub(crate) label: Option<String>,
    pub(crate) reason: String,
    pub(crate) code: i32,
    /// In seconds since 1970.
    pub(crate) at: i64,
    pub(crate) by_device: Option<String>,
    pub(crate) by_label: Option<String>,
    pub(crate) by_ip: Option<String>,
    pub(crate) delivered: Option<bool>,
}

impl LoginRow {
    /// A login's row; `current` is the login of this request's session.
    pub(crate) fn of(login: &Login, current: Option<LoginId>) -> Self {
        let identity = &login.identity;
        let is_current = current == Some(identity.login);
        let now = now();
        let lives_on = || now.saturating_add(lifetime());
        let expires_at = match is_current {
            true => Some(login.expires_at.unwrap_or_default().max(lives_on())),
            false => login.expires_at,
        };
        Self {
            id: identity.login.to_string(),
            uid: identity.uid_bytes(),
            device: identity.device.clone(),
            label: identity.label.clone(),
            // JSON has no NUL.
            meta: (login.more.meta.clone()).and_then(|json| CString::new(json).ok()),
            claimed_at: seconds(login.more.claimed_at),
            last_seen_at: match is_current {
                true => Some(seconds(now)),
                false => login.last_seen_at(now).map(seconds),
            },
            expires_at: expires_at.map(seconds),
            ip: login.more.ip.clone(),
            user_agent: login.more.user_agent.clone(),
            current: is_current,
            kicks: Vec::new(),
        }
    }

    /// The login of this request's session.
    pub(crate) fn current(bound: &SessionLogin) -> Self {
        Self::of(&bound.login, Some(bound.login.identity.login))
    }

    /// Adds the kicks that the login's claim has caused.
    pub(crate) fn with_kicks(mut self, kicks: &[Kick]) -> Self {
        self.kicks = kicks.iter().map(KickRow::of).collect();
        self
    }
}

impl KickRow {
    pub(crate) fn of(kick: &Kick) -> Self {
        let identity = &kick.identity;
        Self {
            login: identity.login.to_string(),
            uid: identity.uid_bytes(),
            device: identity.device.clone(),
            label: identity.label.clone(),
            reason: kick.reason.clone(),
            code: kick.code.number(),
            at: seconds(kick.at),
            by_device: kick.by.as_ref().map(|by| by.device.clone()),
            by_label: kick.by.as_ref().and_then(|by| by.label.clone()),
            by_ip: kick.by.as_ref().and_then(|by| by.ip.clone()),
            delivered: kick.delivered,
        }
    }
}

impl Rows {
    pub(crate) fn login(row: LoginRow) -> Self {
        Self {
            logins: vec![row],
            ..Self::default()
        }
    }

    pub(crate) fn logins(rows: Vec<LoginRow>) -> Self {
        Self {
            logins: rows,
            ..Self::default()
        }
    }

    pub(crate) fn kick(row: KickRow) -> Self {
        Self {
            kicks: vec![row],
            ..Self::default()
        }
    }

    pub(crate) fn texts(texts: Vec<Vec<u8>>) -> Self {
        Self {
            texts,
            ..Self::default()
        }
    }
}

/// In milliseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}

/// How long this request's session lives from now on, in milliseconds.
fn lifetime() -> i64 {
    let ttl = php::ttl(php::ini_long(c"session.gc_maxlifetime"));
    i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX)
}

fn seconds(milliseconds: i64) -> i64 {
    milliseconds.div_euclid(1000)
}
