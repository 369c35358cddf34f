//! Values that name a state of a session: below logins as well as below stores.

use std::fmt;
use std::time::Duration;

use crate::deadline::bounded;
use crate::error::Result;
use crate::random;

/// Proof that one request holds one lock: 128 random bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token([u8; 16]);

impl Token {
    /// A token nobody else has.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn random() -> Result<Self> {
        random::unique().map(Self)
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

/// One life of a record, from its first write to its end.
///
/// Drawn at random rather than counted, for nothing is left of a destroyed record to count from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Generation(pub u64);

/// Changes with each write of a record: the token of the request that wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Revision(pub [u8; 16]);

/// The state of a record that a request has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Which life.
    pub generation: Generation,
    /// Which write of it.
    pub revision: Revision,
}

/// A live session.
#[derive(Debug)]
pub struct Record {
    /// PHP's serialized session, untouched.
    pub data: Vec<u8>,
    /// What a later commit compares.
    pub version: Version,
}

impl Generation {
    /// The generation of a record that is being born. Fits a signed 64-bit SQL column.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn random() -> Result<Self> {
        random::unique().map(|b| Self(u64::from_be_bytes(b) >> 1))
    }
}

impl From<Token> for Revision {
    fn from(token: Token) -> Self {
        Self(token.0)
    }
}

/// A session lives longer than PHP asks by this part of that: 45 seconds of PHP's 24 minutes.
const SLACK: u32 = 32;

/// How long a record that is to live for `ttl` is given.
pub fn stored(ttl: Duration) -> Duration {
    let ttl = bounded(ttl);
    ttl + ttl / SLACK
}
