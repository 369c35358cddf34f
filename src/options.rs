//! The `$options` of `sso_claim()` and `sso_kick()`.
//!
//! Each option is checked. One that does not exist is refused, because somebody may rely on it as a limit.

use std::time::Duration;

use ext_php_rs::types::{ZendHashTable, Zval};
use rsso_core::login::{Limits, LoginId, OnConflict, Victim, check_label};
use rsso_core::settings::{self, LoginSettings};
use rsso_core::{Error, Result};

/// The highest limit of logins.
const MAX_LOGINS: u32 = 1_000_000;

/// The longest `await_delivery`, in milliseconds.
const MAX_AWAIT_DELIVERY: u64 = 10_000;

/// How many bytes of a wrong option's name a message repeats.
const MAX_SHOWN_NAME: usize = 40;

/// The options of `sso_claim()`.
#[derive(Default)]
pub(crate) struct ClaimOptions<'a> {
    max_logins: Option<u32>,
    max_logins_per_device: Option<u32>,
    on_conflict: Option<OnConflict>,
    victim: Option<Victim>,
    pub(crate) label: Option<String>,
    /// An array.
    pub(crate) meta: Option<&'a Zval>,
    pub(crate) keeps_id: bool,
    /// How long to wait until a gateway has told the kicked.
    pub(crate) await_delivery: Duration,
}

impl<'a> ClaimOptions<'a> {
    pub(crate) fn read(options: Option<&'a ZendHashTable>) -> Result<Self> {
        let mut read = Self::default();
        for_each(options, |name, value| {
            match name {
                b"max_logins" => read.max_logins = Some(count("max_logins", value)?),
                b"max_logins_per_device" => {
                    read.max_logins_per_device = Some(count("max_logins_per_device", value)?);
                }
                b"on_conflict" => {
                    let word = utf8(value).and_then(settings::on_conflict);
                    read.on_conflict =
                        Some(word.ok_or_else(|| refuse("on_conflict", "'kick' or 'refuse'"))?);
                }
                b"victim" => {
                    let word = utf8(value).and_then(settings::victim);
                    read.victim = Some(word.ok_or_else(|| refuse("victim", "'oldest' or 'idle'"))?);
                }
                b"label" if value.is_null() => read.label = None,
                // What is no text is refused like what is no UTF-8.
                b"label" => read.label = Some(check_label(text(value).unwrap_or(&[0xff]))?),
                b"meta" if value.is_null() => read.meta = None,
                b"meta" if value.is_array() => read.meta = Some(value),
                b"meta" => return Err(refuse("meta", "an array")),
                b"rotate_id" => read.keeps_id = !boolean("rotate_id", value)?,
                b"await_delivery" => read.await_delivery = milliseconds("await_delivery", value)?,
                _ => {
                    return Err(unknown(
                        name,
                        "max_logins, max_logins_per_device, on_conflict, victim, label, meta, rotate_id and await_delivery",
                    ));
                }
            }
            Ok(())
        })?;
        Ok(read)
    }

    /// The limits: the options', else the directives'.
    pub(crate) fn limits(&self, directives: &LoginSettings) -> Limits {
        let limits = directives.limits;
        Limits {
            max_logins: self.max_logins.unwrap_or(limits.max_logins),
            max_logins_per_device: (self.max_logins_per_device)
                .unwrap_or(limits.max_logins_per_device),
            on_conflict: self.on_conflict.unwrap_or(limits.on_conflict),
            victim: self.victim.unwrap_or(limits.victim),
            ..limits
        }
    }
}

/// The options of `sso_kick()`.
#[derive(Default)]
pub(crate) struct KickOptions {
    pub(crate) login: Option<LoginId>,
    pub(crate) except_current: bool,
}

impl KickOptions {
    pub(crate) fn read(options: Option<&ZendHashTable>) -> Result<Self> {
        let mut read = Self::default();
        for_each(options, |name, value| {
            match name {
                b"login" => {
                    let id = utf8(value).and_then(|id| LoginId::parse(id).ok());
                    let id =
                        id.ok_or_else(|| refuse("login", "a login's id, a ULID of 26 characters"))?;
                    read.login = Some(id);
                }
                b"except_current" => read.except_current = boolean("except_current", value)?,
                _ => return Err(unknown(name, "login and except_current")),
            }
            Ok(())
        })?;
        Ok(read)
    }
}

fn for_each<'a>(
    options: Option<&'a ZendHashTable>,
    mut take: impl FnMut(&[u8], &'a Zval) -> Result<()>,
) -> Result<()> {
    let Some(options) = options else {
        return Ok(());
    };
    let mut entries = options.iter();
    while let Some((name, value)) = entries.next_zval() {
        let value = value.dereference();
        match (name.zend_str(), name.long()) {
            (Some(name), _) => take(name.as_bytes(), value)?,
            (_, number) => take(number.unwrap_or(0).to_string().as_bytes(), value)?,
        }
    }
    Ok(())
}

/// A whole number, or the text of one.
fn count(name: &str, value: &Zval) -> Result<u32> {
    let number = match value.long() {
        Some(number) => u32::try_from(number).ok(),
        None => utf8(value).and_then(|text| text.trim().parse().ok()),
    };
    let number = number.filter(|number| *number <= MAX_LOGINS);
    number.ok_or_else(|| refuse(name, "a whole number from 0 (no limit) to 1000000"))
}

/// A waiting time. A longer one would keep a worker from other requests.
fn milliseconds(name: &str, value: &Zval) -> Result<Duration> {
    let number = value.long().and_then(|number| u64::try_from(number).ok());
    number
        .filter(|number| *number <= MAX_AWAIT_DELIVERY)
        .map(Duration::from_millis)
        .ok_or_else(|| refuse(name, "a whole number of milliseconds from 0 to 10000"))
}

fn boolean(name: &str, value: &Zval) -> Result<bool> {
    value.bool().ok_or_else(|| refuse(name, "true or false"))
}

fn text(value: &Zval) -> Option<&[u8]> {
    value.zend_str().map(|text| text.as_bytes())
}

fn utf8(value: &Zval) -> Option<&str> {
    std::str::from_utf8(text(value)?).ok()
}

fn refuse(name: &str, accepts: &str) -> Error {
    Error::argument(format!("option '{name}'"), format!("must be {accepts}"))
}

fn unknown(name: &[u8], there_are: &str) -> Error {
    let shown = String::from_utf8_lossy(&name[..name.len().min(MAX_SHOWN_NAME)]);
    Error::argument(
        format!("option '{shown}'"),
        format!("does not exist; there are {there_are}"),
    )
}
