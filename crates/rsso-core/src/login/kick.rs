//! The end of logins: the order for it, and what it leaves to the one who is signed out.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Device, Identity, KickCode, LoginId, Newcomer};
use crate::error::{Error, Result};

/// Why a session is gone: what its tombstone says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kick {
    /// The login that ended.
    #[serde(flatten)]
    pub identity: Identity,
    /// `replaced`, `limit` or `storm` (refused by `rsso.auto_claim`), or the reason that was given to `sso_kick()`.
    pub reason: String,
    /// How the login was ended.
    pub code: KickCode,
    /// Who came in its place.
    pub by: Option<Newcomer>,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Whether a gateway has told the kicked; `None` where nobody waited for that, or there is no
    /// gateway. Not stored.
    #[serde(skip)]
    pub delivered: Option<bool>,
}

/// Which logins of a user: all that every given condition fits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoginSelector {
    /// Of this device class.
    pub device: Option<Device>,
    /// This one.
    pub login: Option<LoginId>,
    /// Not this one.
    pub except: Option<LoginId>,
}

impl LoginSelector {
    /// Whether it means this login.
    #[must_use]
    pub fn means(&self, identity: &Identity) -> bool {
        self.device
            .as_ref()
            .is_none_or(|device| device.as_str() == identity.device)
            && self.login.is_none_or(|login| login == identity.login)
            && self.except.is_none_or(|login| login != identity.login)
    }
}

/// An order to end logins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KickRequest {
    /// Why, for the kicked: 1 to 64 bytes.
    pub reason: String,
    /// How long a kicked browser can learn why.
    pub tombstone_ttl: Duration,
}

/// Checks the reason of a kick.
///
/// # Errors
/// [`Error::Argument`] that says what is accepted.
pub fn check_reason(reason: &[u8]) -> Result<String> {
    match std::str::from_utf8(reason) {
        Ok(text) if (1..=64).contains(&text.len()) => Ok(text.to_owned()),
        _ => Err(Error::argument(
            "reason",
            "must be UTF-8 text of 1 to 64 bytes",
        )),
    }
}
