//! Who a login belongs to: the user in a realm, and the class of the device.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};

const MAX_UID: usize = 255;
const MAX_DEVICE: usize = 32;
const MAX_REALM: usize = 64;

/// A namespace of users: 1 to 64 of `a-z A-Z 0-9 _ . -`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Realm(String);

impl Realm {
    /// Checks the value of `rsso.realm`.
    ///
    /// # Errors
    /// [`Error::Config`] that says what is accepted.
    pub fn parse(text: &str) -> Result<Self> {
        let known = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        match text.len() {
            1..=MAX_REALM if text.chars().all(known) => Ok(Self(text.to_owned())),
            _ => Err(Error::config(
                "rsso.realm",
                "must be 1 to 64 characters of a-z, A-Z, 0-9 and '_.-'",
            )),
        }
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Realm {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

/// The application's user id: 1 to 255 bytes, any bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Uid(Vec<u8>);

impl Uid {
    /// Checks what an application names its user.
    ///
    /// # Errors
    /// [`Error::Argument`] that says what is accepted.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        match bytes.len() {
            1..=MAX_UID => Ok(Self(bytes.to_vec())),
            length => Err(Error::argument(
                "uid",
                format!("must be 1 to {MAX_UID} bytes long, {length} given"),
            )),
        }
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// For people and JSON: bytes that are no UTF-8 become U+FFFD.
    #[must_use]
    pub fn to_text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

/// A device class: `[a-z0-9_-]{1,32}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Device(String);

impl Device {
    /// Checks the name of a device class.
    ///
    /// # Errors
    /// [`Error::Argument`] that says what is accepted.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let known = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(b);
        match (text.len(), std::str::from_utf8(text)) {
            (1..=MAX_DEVICE, Ok(name)) if text.iter().all(known) => Ok(Self(name.to_owned())),
            _ => Err(Error::argument(
                "device",
                format!(
                    "must be 1 to {MAX_DEVICE} characters of a-z, 0-9, '_' and '-', for instance 'web'"
                ),
            )),
        }
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Device {
    fn default() -> Self {
        Self("web".to_owned())
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One user of one realm.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct User {
    /// The namespace.
    pub realm: Realm,
    /// The user in it.
    pub uid: Uid,
}

impl User {
    /// Under what the stores file the user's logins.
    #[must_use]
    pub fn key(&self) -> UserKey {
        let mut hash = Sha256::new();
        // With its length in front, no realm and uid can pass for another pair.
        hash.update([u8::try_from(self.realm.0.len()).unwrap_or(u8::MAX)]);
        hash.update(self.realm.0.as_bytes());
        hash.update(self.uid.as_bytes());
        UserKey(hash.finalize().into())
    }
}

/// SHA-256 of realm and uid: of one length, whatever a uid holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UserKey([u8; 32]);

impl UserKey {
    /// Its bytes, as SQL stores keep them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key of a column's bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// 43 characters of RFC 4648 base64url, as Redis keeps it.
    #[must_use]
    pub fn to_text(&self) -> String {
        data_encoding::BASE64URL_NOPAD.encode(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_told_what_is_accepted() {
        for error in [
            Uid::parse(b"").unwrap_err(),
            Uid::parse(&[b'x'; 256]).unwrap_err(),
            Device::parse(b"").unwrap_err(),
            Device::parse(b"Web").unwrap_err(),
            Device::parse(&[b'a'; 33]).unwrap_err(),
            Realm::parse("a b").unwrap_err(),
        ] {
            assert!(error.to_string().contains("must be 1 to"), "{error}");
        }
        assert!(Uid::parse(&[0, 255]).is_ok());
    }

    #[test]
    fn the_same_uid_of_another_realm_is_another_user() {
        let key = |realm: &str, uid: &[u8]| {
            let (realm, uid) = (Realm::parse(realm).unwrap(), Uid::parse(uid).unwrap());
            User { realm, uid }.key()
        };
        assert_ne!(key("a", b"1"), key("b", b"1"));
        assert_ne!(key("a", b"bc"), key("ab", b"c"));
        assert_eq!(key("a", b"1"), key("a", b"1"));
    }
}
