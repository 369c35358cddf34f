//! What an event says besides the login's identity: why, who else, and when.

use serde::{Deserialize, Serialize};

use super::compose::members;
use super::moment::Moment;
use crate::login::{KickCode, Newcomer};

/// The reasons that rsso itself gives; `sso_kick()` may give others.
pub mod reason {
    /// A newcomer took the login's place.
    pub const REPLACED: &str = "replaced";
    /// The login's session had expired or was removed.
    pub const EXPIRED: &str = "expired";
    /// A claim in the same browser took the login's place.
    pub const RECLAIMED: &str = "reclaimed";
    /// `sso_release()` ended the login, and its session goes on.
    pub const RELEASED: &str = "released";
    /// The login's session was destroyed.
    pub const DESTROYED: &str = "destroyed";
}

/// What an event says besides the login's identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventDetails {
    /// Why it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How the login was ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<KickCode>,
    /// Who took the login's place, or logged in beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Newcomer>,
    /// When it happened, in milliseconds since 1970.
    pub at: i64,
}

impl EventDetails {
    /// The time alone.
    #[must_use]
    pub fn at(moment: &Moment) -> Self {
        Self {
            reason: None,
            code: None,
            by: None,
            at: moment.at,
        }
    }

    /// Time and reason.
    #[must_use]
    pub fn with_reason(moment: &Moment, reason: &str) -> Self {
        Self {
            reason: Some(reason.to_owned()),
            ..Self::at(moment)
        }
    }

    /// Of a kick: time, reason and code.
    #[must_use]
    pub fn kick(moment: &Moment, reason: &str, code: KickCode) -> Self {
        Self {
            code: Some(code),
            ..Self::with_reason(moment, reason)
        }
    }

    /// Of a login that was replaced by a newcomer.
    #[must_use]
    pub fn replaced(moment: &Moment, by: Newcomer) -> Self {
        Self {
            by: Some(by),
            ..Self::kick(moment, reason::REPLACED, KickCode::Replaced)
        }
    }

    /// Of a login beside which a newcomer has logged in.
    #[must_use]
    pub fn elsewhere(moment: &Moment, by: Newcomer) -> Self {
        Self {
            by: Some(by),
            ..Self::at(moment)
        }
    }

    /// Of a login that has expired.
    #[must_use]
    pub fn expired(moment: &Moment) -> Self {
        Self::kick(moment, reason::EXPIRED, KickCode::Expired)
    }

    /// The members of its JSON object, without the braces.
    #[must_use]
    pub fn members(&self) -> String {
        members(self)
    }
}
