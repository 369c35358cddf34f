//! Logins: one user signed in on one device, bound to the sessions that came from each other by
//! id rotation; normally to one.
//!
//! What always holds: a login lives exactly as long as one of its sessions does. Stores keep no
//! copy of that which could go stale: they look at the sessions themselves.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use ulid::Ulid;

mod auto;
mod born_of;
mod client;
pub mod event;
mod marks;
pub mod policy;
mod uid_case;
mod user;

pub use auto::{AutoClaim, KeyPattern, device_of_user_agent};
pub use born_of::BornOf;
pub use client::{Client, Details};
pub use marks::Marks;
pub use policy::{Limits, OnConflict, Victim};
pub use uid_case::UidCase;
pub use user::{Device, Realm, Uid, User, UserKey};

use crate::error::{Error, Result};
use crate::random;
use crate::store::{Token, Version};

/// How long the old id of a rotated session still serves requests that were under way.
pub const ROTATION_GRACE: Duration = Duration::from_secs(30);

/// Sessions of one login: an id that many requests rotate at once leaves many behind, for the grace
/// of each; whoever was overtaken by so many rotations is signed out.
pub const MAX_SESSIONS: usize = 128;

/// Bytes of a label, and of the JSON of `meta`.
const MAX_LABEL: usize = 255;
const MAX_META: usize = 4096;

/// A login's stable name: a ULID, which survives session id rotation. No secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LoginId(Ulid);

impl LoginId {
    /// The id of a login that begins now.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn new() -> Result<Self> {
        ulid(SystemTime::now()).map(Self)
    }

    /// Reads its 26 characters.
    ///
    /// # Errors
    /// [`Error::Argument`] that says what is accepted.
    pub fn parse(text: &str) -> Result<Self> {
        Ulid::from_string(text)
            .map(Self)
            .map_err(|_| Error::argument("login", "must be a login's id, a ULID of 26 characters"))
    }

    /// When the login began, in milliseconds since 1970.
    #[must_use]
    pub fn began_at(self) -> i64 {
        i64::try_from(self.0.timestamp_ms()).unwrap_or(i64::MAX)
    }

    /// Its bytes, as SQL stores keep them.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_bytes()
    }

    /// The id of a column's bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|b| Self(Ulid::from_bytes(b)))
    }
}

impl TryFrom<String> for LoginId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl From<LoginId> for String {
    fn from(id: LoginId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for LoginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who is signed in and where: what events say of a login, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The login's id.
    pub login: LoginId,
    /// The user id as text; lossy where it is no UTF-8.
    pub uid: String,
    /// The bytes of a user id that is no UTF-8, RFC 4648 base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid_base64: Option<String>,
    /// The device class.
    pub device: String,
    /// What the application calls this place, for instance "Firefox on Linux".
    pub label: Option<String>,
}

/// A login as it stands in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Who and where.
    pub identity: Identity,
    /// What else the application gave, and when.
    pub more: More,
    /// When the last of its sessions expires unless it is used again, in milliseconds since 1970;
    /// told by lists of logins only.
    pub expires_at: Option<i64>,
}

/// What a login holds that events do not tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct More {
    /// When it was claimed, in milliseconds since 1970.
    pub claimed_at: i64,
    /// The application's own data: a JSON object or array, as text.
    pub meta: Option<String>,
    /// The address that it was claimed from, or its network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// How the program that claimed it calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// How long its session lives after each use, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<i64>,
    /// The session that it was claimed from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub born_of: Option<BornOf>,
}

/// A session's login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The login.
    pub login: Login,
    /// Whose it is.
    pub user: UserKey,
    /// The session's id was rotated: it serves requests under way, for [`ROTATION_GRACE`].
    pub rotated: bool,
}

/// Why a session is gone: what its tombstone says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kick {
    /// The login that ended.
    #[serde(flatten)]
    pub identity: Identity,
    /// `replaced`, `kicked`, `refused`, or the reason that was given to `sso_kick()`.
    pub reason: String,
    /// -4 replaced, -5 kicked.
    pub code: i32,
    /// Who came in its place.
    pub by: Option<By>,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Whether a gateway has told the kicked; `None` where nobody waited for that, or there is no
    /// gateway. Not stored.
    #[serde(skip)]
    pub delivered: Option<bool>,
}

/// Whose claim a login is told of: the one that ended it, or one beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    /// The newcomer's login.
    pub login: LoginId,
    /// Its device class.
    pub device: String,
    /// What the application calls the place.
    pub label: Option<String>,
    /// The network that it came from: never a whole address, for who is told may be a thief.
    pub ip: Option<String>,
}

/// A claim: bind the current session to this user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Whose login it shall be.
    pub user: User,
    /// The id of the login, if one has to be made.
    pub login: LoginId,
    /// The device class.
    pub device: Device,
    /// What the application calls the place; at most 255 bytes.
    pub label: Option<String>,
    /// The application's own data: JSON of at most 4096 bytes.
    pub meta: Option<String>,
    /// Where the request came from.
    pub client: Client,
    /// The session that the browser presented: [`crate::RequestState::claim`] knows it.
    pub born_of: Option<BornOf>,
    /// How many may live, and what happens to the rest.
    pub limits: Limits,
    /// Whether the user's other logins are told of it.
    pub notify_others: bool,
    /// How long a kicked browser can learn why.
    pub tombstone_ttl: Duration,
}

/// The session that a claim or a rotation makes or binds.
#[derive(Debug, Clone, Copy)]
pub struct Seat {
    /// What the request read of it: `None` is a session that is not stored yet.
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
    Same(Version, Bound),
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

/// Which logins of a user: all that every given condition fits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Which {
    /// Of this device class.
    pub device: Option<Device>,
    /// This one.
    pub login: Option<LoginId>,
    /// Not this one.
    pub except: Option<LoginId>,
}

impl Which {
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
pub struct KickOrder {
    /// Why, for the kicked: 1 to 64 bytes.
    pub reason: String,
    /// How long a kicked browser can learn why.
    pub tombstone_ttl: Duration,
}

impl Identity {
    /// The identity of a login.
    #[must_use]
    pub fn new(login: LoginId, uid: &Uid, device: &Device, label: Option<&str>) -> Self {
        let no_text = std::str::from_utf8(uid.as_bytes()).is_err();
        Self {
            login,
            uid: uid.to_text(),
            uid_base64: no_text.then(|| data_encoding::BASE64.encode(uid.as_bytes())),
            device: device.as_str().to_owned(),
            label: label.map(str::to_owned),
        }
    }

    /// The user id's bytes.
    #[must_use]
    pub fn uid_bytes(&self) -> Vec<u8> {
        self.uid_base64
            .as_ref()
            .and_then(|text| data_encoding::BASE64.decode(text.as_bytes()).ok())
            .unwrap_or_else(|| self.uid.clone().into_bytes())
    }
}

impl Login {
    /// Reads what [`Claim::identity`] and [`Claim::more`] have written.
    #[must_use]
    pub fn decode(identity: &str, more: &str) -> Option<Self> {
        Some(Self {
            identity: serde_json::from_str(identity).ok()?,
            more: serde_json::from_str(more).ok()?,
            expires_at: None,
        })
    }

    /// With what a list of logins tells of its sessions.
    #[must_use]
    pub(crate) fn until(self, expires_at: Option<i64>) -> Self {
        Self { expires_at, ..self }
    }

    /// When one of its sessions was used last, in milliseconds since 1970; where that can be told, from
    /// when it expires and how long it lives after each use.
    #[must_use]
    pub fn last_seen_at(&self, now: i64) -> Option<i64> {
        let claimed = self.more.claimed_at;
        let seen = self.expires_at? - self.more.lifetime?;
        Some(seen.clamp(claimed, now.max(claimed)))
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
    pub fn more(&self, ttl: Duration) -> More {
        let lifetime = crate::request::stored(ttl).as_millis();
        More {
            claimed_at: self.login.began_at(),
            meta: self.meta.clone(),
            ip: self.client.ip.clone(),
            user_agent: self.client.user_agent.clone(),
            lifetime: i64::try_from(lifetime).ok(),
            born_of: self.born_of.clone(),
        }
    }

    /// Whether it repeats the claim that has made another login of the user: both come from one
    /// session, for one device, within [`ROTATION_GRACE`]. The browser has dropped the answer to the first,
    /// as it does when a button is clicked twice.
    #[must_use]
    pub fn repeats(&self, other: &Login, at: i64) -> bool {
        let age = Duration::from_millis(at.abs_diff(other.more.claimed_at));
        self.born_of.is_some()
            && self.born_of == other.more.born_of
            && self.device.as_str() == other.identity.device
            && age < ROTATION_GRACE
    }

    /// Whether it has to look at all of the user's logins.
    #[must_use]
    pub fn walks(&self) -> bool {
        self.limits.counts_the_living() || self.notify_others
    }

    /// Who it is to those that it replaces, and to those that it tells of itself.
    #[must_use]
    pub fn by(&self) -> By {
        By {
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

fn ulid(time: SystemTime) -> Result<Ulid> {
    let millis = time
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    let random: [u8; 16] = random::unique()?;
    Ok(Ulid::from_parts(
        u64::try_from(millis).unwrap_or(u64::MAX),
        u128::from_be_bytes(random),
    ))
}
