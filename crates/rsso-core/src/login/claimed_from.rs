//! From which session a login was claimed, so that a repeated claim is recognized.
//!
//! What always holds: it is a digest of its own, so what a store or an answer shows of it is neither
//! a session id nor the key of a session.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::sid::SessionKey;

/// Bytes of the digest that are kept.
const LENGTH: usize = 16;

/// The session that a login was claimed from, or that its id was rotated from on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedFrom(String);

impl ClaimedFrom {
    /// Of this session.
    #[must_use]
    pub fn session(key: &SessionKey) -> Self {
        let digest = Sha256::digest([&b"born of\0"[..], key.as_bytes()].concat());
        Self(BASE64URL_NOPAD.encode(&digest[..LENGTH]))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
