//! Claims: a session is bound to a user.

use std::time::Duration;

use super::{
    ClaimedFrom, Client, Device, Identity, Kick, Limits, Login, LoginId, LoginMetadata, Newcomer,
    ROTATION_GRACE, SessionLogin, User,
};
use crate::error::{Error, Result};
use crate::record::stored;
use crate::record::{Token, Version};

/// Bytes of a label, and of the JSON of `meta`.
const MAX_LABEL: usize = 255;

const MAX_META: usize = 4096;

/// A claim: bind the current session to this user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The user who signs in.
    pub user: User,
    /// The id of the login, if one has to be made.
    pub login: LoginId,
    /// The device class.
    pub device: Device,
    /// The application's name for the device, at most 255 bytes.
    pub label: Option<String>,
    /// The application's own data: JSON of at most 4096 bytes.
    pub meta: Option<String>,
    /// The client's address and user agent.
    pub client: Client,
    /// The session that the browser presented: [`crate::request::Request::claim`] knows it.
    pub claimed_from: Option<ClaimedFrom>,
    /// How many may live, and what happens to the rest.
    pub limits: Limits,
    /// Notifies the user's other logins of the new one.
    pub notify_others: bool,
    /// How long a kicked browser can learn why.
    pub tombstone_ttl: Duration,
}

/// What a claim relies on.
#[derive(Debug, Clone, Copy)]
pub struct ClaimBasis {
    /// The version that the request read; `None` if the session is not stored yet.
    pub seen: Option<Version>,
    /// The revision of a record that has to be made. Not the token of a lock: that one's commit
    /// would be taken for one that was made before.
    pub token: Token,
    /// How long the session lives.
    pub ttl: Duration,
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one of it for each claim, and it is not kept"
)]
pub enum Claimed {
    /// The session is bound to a new login. The version is the record's.
    New(Version, Vec<Kick>),
    /// The session had this login already; nothing was changed.
    Same(Version, SessionLogin),
    /// The older logins stay.
    Refused(Refused, Vec<Login>),
    /// The session was ended while the request was under way.
    Ended,
}

/// Why a newcomer was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// `on_conflict = refuse`, and no login is free.
    Limit,
    /// Too many replacements within a minute (`rsso.storm_limit`).
    Storm,
}

impl Refused {
    /// The word for it in events and exceptions.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Storm => "storm",
        }
    }
}

impl Claim {
    /// What events will say of the login.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity::new(
            self.login,
            &self.user.uid,
            &self.device,
            self.label.as_deref(),
        )
    }

    /// What the login holds besides, whose session lives for `ttl` after each use. Its id says when it
    /// began, so that all who ask are told the same.
    #[must_use]
    pub fn more(&self, ttl: Duration) -> LoginMetadata {
        let lifetime = stored(ttl).as_millis();
        LoginMetadata {
            claimed_at: self.login.began_at(),
            meta: self.meta.clone(),
            ip: self.client.ip.clone(),
            user_agent: self.client.user_agent.clone(),
            lifetime: i64::try_from(lifetime).ok(),
            claimed_from: self.claimed_from.clone(),
        }
    }

    /// Whether it repeats the claim that has made another login of the user: both come from one
    /// session, for one device, within [`ROTATION_GRACE`]. The browser has dropped the answer to the first,
    /// as it does when a button is clicked twice.
    #[must_use]
    pub fn repeats(&self, other: &Login, at: i64) -> bool {
        let age = Duration::from_millis(at.abs_diff(other.more.claimed_at));
        self.claimed_from.is_some()
            && self.claimed_from == other.more.claimed_from
            && self.device.as_str() == other.identity.device
            && age < ROTATION_GRACE
    }

    /// False if it certainly repeats no claim of a login with this [`LoginMetadata`], as JSON.
    ///
    /// The JSON need not be read then.
    #[must_use]
    pub fn may_repeat(&self, metadata: &str) -> bool {
        // JSON escapes nothing of it.
        let from = self.claimed_from.as_ref();
        from.is_some_and(|from| metadata.contains(from.as_str()))
    }

    /// Whether it has to look at all of the user's logins.
    #[must_use]
    pub fn reads_all_logins(&self) -> bool {
        self.limits.counts_live_logins() || self.notify_others
    }

    /// Who it is to those that it replaces, and to those that it tells of itself.
    #[must_use]
    pub fn by(&self) -> Newcomer {
        Newcomer {
            login: self.login,
            device: self.device.as_str().to_owned(),
            label: self.label.clone(),
            ip: self.client.told_ip.clone(),
        }
    }
}

/// Checks a label.
///
/// # Errors
/// [`Error::Argument`] that says what is accepted.
pub fn check_label(label: &[u8]) -> Result<String> {
    match std::str::from_utf8(label) {
        Ok(text) if text.len() <= MAX_LABEL => Ok(text.to_owned()),
        _ => Err(Error::argument(
            "option 'label'",
            format!("must be UTF-8 text of at most {MAX_LABEL} bytes"),
        )),
    }
}

/// Checks the JSON of `meta`.
///
/// # Errors
/// [`Error::Argument`] that says what is accepted.
pub fn check_meta(json: &str) -> Result<String> {
    if json.len() > MAX_META {
        return Err(Error::argument(
            "option 'meta'",
            format!(
                "must take at most {MAX_META} bytes as JSON, {} given",
                json.len()
            ),
        ));
    }
    Ok(json.to_owned())
}
