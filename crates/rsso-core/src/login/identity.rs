//! A login's name, and who is signed in and where: what everything else about logins is made of.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::{Device, Uid};
use crate::error::{Error, Result};
use crate::random;

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

/// Whose claim a login is told of: the one that ended it, or one beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Newcomer {
    /// The newcomer's login.
    pub login: LoginId,
    /// Its device class.
    pub device: String,
    /// What the application calls the place.
    pub label: Option<String>,
    /// The network that it came from: never a whole address, for who is told may be a thief.
    pub ip: Option<String>,
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

pub(super) fn ulid(time: SystemTime) -> Result<Ulid> {
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

impl From<LoginId> for String {
    fn from(id: LoginId) -> Self {
        id.to_string()
    }
}
