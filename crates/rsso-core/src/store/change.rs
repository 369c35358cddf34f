//! What a session's write or end asks of a store, and what became of it.

use std::time::Duration;

use crate::deadline::bounded;
use crate::login::Kick;
use crate::record::{Generation, Revision, Token, Version};

/// What [`super::Store::destroy`] may end.
#[derive(Debug, Clone, Copy, Default)]
pub struct End<'a> {
    /// Only the record of this generation. A request that saw an earlier one leaves a later one alone.
    pub seen: Option<Generation>,
    /// The login lives on with its other sessions, because the same request has rotated the id.
    pub keeps_login: bool,
    /// The tombstone to leave, if any.
    pub tombstone: Option<Tombstone<'a>>,
}

/// What is left under the id of a session that was ended.
#[derive(Debug, Clone, Copy)]
pub struct Tombstone<'a> {
    /// Why it was ended.
    pub kick: &'a Kick,
    /// How long that can be learnt.
    pub ttl: Duration,
}

/// A request's token, and whether it holds the session's lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock {
    /// The request's token.
    pub token: Token,
    /// Whether it holds the lock.
    pub held: bool,
}

/// What a commit relies on.
#[derive(Debug, Clone, Copy)]
pub struct Basis {
    /// The request's token; it becomes the record's revision.
    pub token: Token,
    /// Whether that token holds the lock.
    pub locked: bool,
    /// What the request read: `None` is a missing record.
    pub seen: Option<Version>,
    /// The expiry that was read is far enough away: a write need not refresh it.
    pub keeps_expiry: bool,
}

/// What a commit does.
#[derive(Debug, Clone, Copy)]
pub enum Change<'a> {
    /// Store this data for so long.
    Write(&'a [u8], Duration),
    /// Keep the data, refresh the expiry.
    Touch(Duration),
}

impl Change<'_> {
    /// For how long the record shall live from now on; never longer than stores can count.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        match self {
            Self::Write(_, ttl) | Self::Touch(ttl) => bounded(*ttl),
        }
    }
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done; the record is now this version.
    Stored(Version),
    /// Refused: the record that was read has ended or has been replaced.
    Gone,
    /// Refused: the lock was lost and another request has written since.
    LockLost,
    /// An answer was lost, and the session has changed since: whether this change was made first
    /// cannot be told any more.
    Unknown,
}

impl Outcome {
    /// `Stored`, for a record of this generation written (or only refreshed) by this token.
    #[must_use]
    pub fn stored(generation: Generation, revision: Revision) -> Self {
        Self::Stored(Version {
            generation,
            revision,
        })
    }
}
