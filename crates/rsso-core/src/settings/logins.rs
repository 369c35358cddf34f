//! The directives about logins.

use std::time::Duration;

use super::parse::{BOOLEAN, parse_bool, parse_seconds, refuse};
use crate::error::Result;
use crate::login::event::{MAX_EVENTS, Retention};
use crate::login::{
    AutoClaim, Details, DeviceMarks, Limits, OnConflict, Realm, Uid, UidCase, User, Victim,
};

/// Users of `rsso.auto_claim_except`.
const MAX_EXCEPTIONS: usize = 64;

/// The values of the directives about logins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginSettings {
    /// `rsso.realm`
    pub realm: Realm,
    /// `rsso.uid_case`
    pub uid_case: UidCase,
    /// `rsso.max_logins`, `rsso.max_logins_per_device`, `rsso.max_logins_hard`,
    /// `rsso.on_conflict`, `rsso.victim`, `rsso.storm_limit`,
    /// `rsso.storm_limit_hour`
    pub limits: Limits,
    /// `rsso.tombstone_ttl`
    pub tombstone_ttl: Duration,
    /// `rsso.events_ttl`
    pub events_ttl: Duration,
    /// How many events an outbox keeps. No directive, but tests set it.
    pub events_most: u64,
    /// `rsso.auto_claim`
    pub auto_claim: AutoClaim,
    /// `rsso.auto_claim_except`: users who are nobody.
    pub auto_claim_except: Vec<String>,
    /// `rsso.auto_claim_unless`: paths that suspend the claim.
    pub auto_claim_unless: AutoClaim,
    /// `rsso.auto_claim_device`: an entry of `$_SERVER`, or `user-agent`; empty is `web`.
    pub auto_claim_device: String,
    /// `rsso.login_details`
    pub login_details: Details,
    /// `rsso.notify_other_logins`
    pub notify_other_logins: bool,
    /// `rsso.device_marks`
    pub device_marks: DeviceMarks,
}

impl Default for LoginSettings {
    fn default() -> Self {
        Self {
            realm: Realm::default(),
            uid_case: UidCase::default(),
            limits: Limits::default(),
            tombstone_ttl: Duration::from_secs(86_400),
            events_ttl: Duration::from_secs(86_400),
            events_most: MAX_EVENTS,
            auto_claim: AutoClaim::default(),
            auto_claim_except: Vec::new(),
            auto_claim_unless: AutoClaim::default(),
            auto_claim_device: String::new(),
            login_details: Details::default(),
            notify_other_logins: false,
            device_marks: DeviceMarks::default(),
        }
    }
}

impl LoginSettings {
    /// The user with this uid. [`UidCase`] is applied here only.
    ///
    /// # Errors
    /// [`crate::Error::Argument`] where the uid is too long or empty.
    pub fn user(&self, uid: &[u8]) -> Result<User> {
        Ok(User {
            realm: self.realm.clone(),
            uid: Uid::parse(&self.uid_case.apply(uid))?,
        })
    }

    /// Whether `rsso.auto_claim_except` names this user.
    #[must_use]
    pub fn is_excepted(&self, uid: &[u8]) -> bool {
        let of = |uid: &[u8]| self.uid_case.apply(uid).into_owned();
        let uid = of(uid);
        let mut names = self.auto_claim_except.iter();
        names.any(|name| of(name.as_bytes()) == uid)
    }

    /// What the outbox keeps.
    #[must_use]
    pub fn events(&self) -> Retention {
        Retention {
            ttl: self.events_ttl,
            most: self.events_most,
        }
    }

    /// Sets a directive about logins; `None` for another name.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Option<Result<()>> {
        let limits = &mut self.limits;
        let done = match name {
            "realm" => Realm::parse(value).map(|realm| self.realm = realm),
            "uid_case" => UidCase::parse(value)
                .ok_or_else(|| refuse(name, "'exact' or 'fold'"))
                .map(|uid_case| self.uid_case = uid_case),
            "max_logins" => count(name, value).map(|n| limits.max_logins = n),
            "max_logins_per_device" => count(name, value).map(|n| limits.max_logins_per_device = n),
            "max_logins_hard" => match count(name, value) {
                Ok(hard @ 1..) => {
                    limits.max_logins_hard = hard;
                    Ok(())
                }
                _ => Err(refuse(name, "a whole number from 1 to 1000000")),
            },
            "storm_limit" => count(name, value).map(|n| limits.storm_limit = n),
            "storm_limit_hour" => count(name, value).map(|n| limits.storm_limit_hour = n),
            "on_conflict" => on_conflict(value)
                .ok_or_else(|| refuse(name, "'kick' or 'refuse'"))
                .map(|on_conflict| limits.on_conflict = on_conflict),
            "victim" => victim(value)
                .ok_or_else(|| refuse(name, "'oldest' or 'idle'"))
                .map(|victim| limits.victim = victim),
            "tombstone_ttl" => lifetime(name, value).map(|time| self.tombstone_ttl = time),
            "events_ttl" => lifetime(name, value).map(|time| self.events_ttl = time),
            "auto_claim" => {
                AutoClaim::parse("rsso.auto_claim", value).map(|auto| self.auto_claim = auto)
            }
            "auto_claim_except" => users(value).map(|users| self.auto_claim_except = users),
            "auto_claim_unless" => AutoClaim::parse("rsso.auto_claim_unless", value)
                .map(|paths| self.auto_claim_unless = paths),
            "login_details" => Details::parse(value)
                .ok_or_else(|| refuse(name, "'full', 'masked' or 'none'"))
                .map(|details| self.login_details = details),
            "notify_other_logins" => parse_bool(value)
                .ok_or_else(|| refuse(name, BOOLEAN))
                .map(|on| self.notify_other_logins = on),
            "auto_claim_device" => server_entry(value).map(|entry| self.auto_claim_device = entry),
            "device_marks" => DeviceMarks::parse(value).map(|marks| self.device_marks = marks),
            _ => return None,
        };
        Some(done)
    }
}

/// The policy that a word names.
#[must_use]
pub fn on_conflict(word: &str) -> Option<OnConflict> {
    match word {
        "kick" => Some(OnConflict::Kick),
        "refuse" => Some(OnConflict::Refuse),
        _ => None,
    }
}

/// The choice that a word names.
#[must_use]
pub fn victim(word: &str) -> Option<Victim> {
    match word {
        "oldest" => Some(Victim::Oldest),
        "idle" => Some(Victim::Idle),
        _ => None,
    }
}

fn count(name: &str, value: &str) -> Result<u32> {
    let number = value.trim().parse::<u32>();
    let number = number.ok().filter(|number| *number <= 1_000_000);
    number.ok_or_else(|| refuse(name, "a whole number from 0 (no limit) to 1000000"))
}

fn lifetime(name: &str, value: &str) -> Result<Duration> {
    parse_seconds(value, 1.0, 31_536_000.0)
        .ok_or_else(|| refuse(name, "seconds from 1 to 31536000"))
}

/// Names of users, separated by commas.
fn users(value: &str) -> Result<Vec<String>> {
    let names = value
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let names: Vec<_> = names.map(str::to_owned).collect();
    let usable = |name: &String| name.len() <= 255;
    if names.len() > MAX_EXCEPTIONS || !names.iter().all(usable) {
        return Err(refuse(
            "auto_claim_except",
            "up to 64 users, of at most 255 bytes each, separated by commas",
        ));
    }
    Ok(names)
}

fn server_entry(value: &str) -> Result<String> {
    let known = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    if value.len() <= 128 && value.chars().all(known) {
        Ok(value.to_owned())
    } else {
        Err(refuse(
            "auto_claim_device",
            "'user-agent' or the name of an entry of $_SERVER",
        ))
    }
}
