//! Session ids: what PHP and browsers present, and the key a store files them under.
//!
//! A session id is a bearer secret: whoever knows it is signed in. It is therefore never printed
//! whole, and by default a store sees only its SHA-256.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};
use crate::random;

const MAX_LEN: usize = 256;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";

/// A well-formed session id: 1 to 256 bytes of `a-z A-Z 0-9 , -`, the same as PHP's `files` handler.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionId(Box<str>);

impl SessionId {
    /// Checks what a browser or an application presented, before any I/O.
    ///
    /// # Errors
    /// [`Error::SessionId`] that says which rule is broken, without the id.
    pub fn parse(raw: &[u8]) -> Result<Self> {
        let problem = match raw.len() {
            0 => Some("session id is empty".to_owned()),
            n if n > MAX_LEN => Some(format!("session id is {n} bytes long")),
            _ => raw
                .iter()
                .position(|b| !matches!(b, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b',' | b'-'))
                .map(|at| format!("session id has a byte 0x{:02x} at offset {at}", raw[at])),
        };
        match (problem, std::str::from_utf8(raw)) {
            (None, Ok(text)) => Ok(Self(text.into())),
            (problem, _) => Err(Error::SessionId {
                problem: format!(
                    "{}; accepted are 1 to {MAX_LEN} characters of a-z, A-Z, 0-9, ',' and '-'",
                    problem.unwrap_or_else(|| "session id is not text".to_owned())
                ),
            }),
        }
    }

    /// A new id of 160 random bits in 32 characters, for callers that have no PHP to make one.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn random() -> Result<Self> {
        let bits: [u8; 32] = random::bytes()?;
        let text: String = bits
            .iter()
            .map(|b| char::from(ALPHABET[usize::from(b & 31)]))
            .collect();
        Ok(Self(text.into()))
    }

    /// The id itself, for the cookie and for [`SessionKey`].
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({} bytes)", self.0.len())
    }
}

/// Under what a store files a session.
///
/// Hashed keys are 32 raw bytes; plain ones are `=` and the id, so that nobody who has seen a
/// hash in a dump can present it as a plain id to an application that shares the store.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionKey {
    bytes: Box<[u8]>,
    hashed: bool,
}

impl SessionKey {
    /// The key of `sid`, hashed unless `rsso.hash_ids=0`.
    #[must_use]
    pub fn of(sid: &SessionId, hash: bool) -> Self {
        let bytes: Box<[u8]> = if hash {
            Sha256::digest(sid.0.as_bytes()).as_slice().into()
        } else {
            [b"=", sid.0.as_bytes()].concat().into()
        };
        Self {
            bytes,
            hashed: hash,
        }
    }

    /// The key of a place among those who wait for this session's lock. No session has it.
    pub fn waiter_slot(&self, place: u32) -> Self {
        let digest = Sha256::digest([&self.bytes, &b"\0waiter"[..], &place.to_be_bytes()].concat());
        let bytes = match self.hashed {
            true => digest.as_slice().into(),
            // '#' is in no session id.
            false => format!("=#{}", BASE64URL_NOPAD.encode(&digest))
                .into_bytes()
                .into(),
        };
        Self {
            bytes,
            hashed: self.hashed,
        }
    }

    /// Its bytes, as SQL stores keep them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The key in printable characters without `{`, `}` and `:`, as Redis keeps it: a hash as
    /// RFC 4648 base64url without padding.
    #[must_use]
    pub fn to_text(&self) -> String {
        if self.hashed {
            BASE64URL_NOPAD.encode(&self.bytes)
        } else {
            String::from_utf8_lossy(&self.bytes).into_owned()
        }
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKey({} bytes)", self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nul_empty_and_long_ids_are_refused_without_naming_them() {
        for bad in [
            &b""[..],
            b"abc\0def",
            b"a b",
            b"x_LOCK",
            &[b'a'; 257],
            b"\xff\xfe",
        ] {
            let error = SessionId::parse(bad).unwrap_err().to_string();
            assert!(error.contains("1 to 256 characters"), "{error}");
        }
        assert!(SessionId::parse(&[b'a'; 256]).is_ok());
    }

    #[test]
    fn neither_ids_nor_keys_are_printed() {
        let sid = SessionId::parse(b"abcdefghijklmnop").unwrap();
        assert_eq!(format!("{sid:?}"), "SessionId(16 bytes)");
        assert_eq!(
            format!("{:?}", SessionKey::of(&sid, false)),
            "SessionKey(17 bytes)"
        );
    }

    #[test]
    fn a_hash_seen_in_a_dump_is_no_valid_plain_key() {
        let sid = SessionId::random().unwrap();
        let stored = SessionKey::of(&sid, true).to_text();
        if let Ok(presented) = SessionId::parse(stored.as_bytes()) {
            assert_ne!(SessionKey::of(&presented, false).to_text(), stored);
        }
    }

    proptest! {
        #[test]
        fn parse_accepts_exactly_the_alphabet(raw in proptest::collection::vec(any::<u8>(), 0..300)) {
            let allowed = !raw.is_empty() && raw.len() <= 256
                && raw.iter().all(|b| b.is_ascii_alphanumeric() || *b == b',' || *b == b'-');
            prop_assert_eq!(SessionId::parse(&raw).is_ok(), allowed);
        }

        #[test]
        fn distinct_ids_have_distinct_keys(a in "[a-zA-Z0-9,-]{1,64}", b in "[a-zA-Z0-9,-]{1,64}", hash: bool) {
            let key = |s: &str| SessionKey::of(&SessionId::parse(s.as_bytes()).unwrap(), hash).to_text();
            prop_assert_eq!(key(&a) == key(&b), a == b);
            let reserved = ['{', '}', ':'];
            prop_assert!(!key(&a).contains(reserved));
        }
    }
}
