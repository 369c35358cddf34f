//! The seam between what a request wants and where sessions live.
//!
//! # Contract
//! Every store keeps it, and `tests/conformance` runs it against each of them.
//!
//! - A **record** is a session's data with a [`Generation`], drawn at random when the record is
//!   born, and a [`Revision`], which every committed write changes. What is destroyed leaves no
//!   record, so an older generation can never come back: [`Store::commit`] compares it in the same
//!   atomic step as it writes.
//! - A record whose expiry has passed is missing. It does not expire while its lock is held.
//! - The **lock** of a key is held by at most one [`Token`]. [`Store::load`] takes it in the same
//!   round trip as it reads. Waiters get it in the order in which they came, are woken by its
//!   release, and give up at their deadline.
//! - `commit` and `destroy` give the lock back in the same step as they act, whatever the outcome.
//! - A lock whose owner died is free at once where the store can tell, and after `lock_ttl` at the
//!   latest; a living owner keeps it however long its request takes.
//! - A commit that names a token which no longer holds the lock is accepted only if nobody else
//!   holds it now and the record's revision is still the one that was read: nobody has written
//!   since, and nobody is about to write what he has read meanwhile.
//! - A token commits one write. Sent again, because the answer was lost, it is the same commit.
//! - No call waits without a deadline. After an I/O error the connection is gone, and the next
//!   call makes a new one.

use std::fmt;
use std::time::Duration;

pub use logins::Logins;
pub use receipts::Receipts;
pub use spec::{COMPILED_IN, SavePath, Spec};
pub use words::Words;

use crate::deadline::{Deadline, bounded};
use crate::error::Result;
use crate::login::{Bound, Kick};
use crate::random;
use crate::sid::SessionKey;

mod ledger;
mod logins;
pub mod mysql;
pub mod receipts;
pub mod redis;
mod spec;
pub mod sqlite;
pub mod words;

/// How the error of a commit begins that has certainly changed nothing.
pub(crate) const NOT_STORED: &str = "cannot store the session; what was stored before is unchanged";

/// How the error of a commit begins that was sent, and whose fate cannot be told.
pub(crate) const MAYBE_STORED: &str =
    "the answer of the store was lost; it is not known whether the session was stored";

/// How the error of an act on logins begins that has certainly changed nothing.
pub(crate) const NOT_CHANGED: &str = "cannot change the user's logins; nothing was changed";

/// How the error of an act on logins begins that was sent, and whose fate cannot be told.
pub(crate) const MAYBE_CHANGED: &str =
    "the answer of the store was lost; it is not known whether the user's logins were changed";

/// One place where sessions live. A store belongs to one thread of one process.
pub trait Store: Logins + Receipts + Words + Send {
    /// The store's address, without credentials, for messages and phpinfo().
    fn address(&self) -> &str;

    /// Whether others read the data as well, so that they must be PHP's own, never packed.
    fn shares_data(&self) -> bool {
        false
    }

    /// Connects if there is no connection: a store that cannot be reached is found out before a
    /// new session is worked on, not when its data are to be stored.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn ready(&mut self) -> Result<()>;

    /// Reads a record, taking its lock first if `want` says so.
    ///
    /// # Errors
    /// [`crate::Error::LockTimeout`] when the lock's deadline passes, [`crate::Error::Store`] otherwise.
    fn load(&mut self, key: &SessionKey, want: Load) -> Result<Loaded>;

    /// Writes or refreshes a record if `basis` still holds, and gives the lock back.
    ///
    /// # Errors
    /// [`crate::Error::Store`]. Its text says which is known: that nothing was stored
    /// ([`NOT_STORED`]), or that nobody can tell ([`MAYBE_STORED`]).
    fn commit(&mut self, key: &SessionKey, basis: Basis, change: Change<'_>) -> Result<Outcome>;

    /// Gives a lock back without a change. The lock of another token is left alone. A store may
    /// send this, or a refresh, without waiting for the answer: it looks at that before it does
    /// anything else, and does what went wrong again.
    ///
    /// # Errors
    /// [`crate::Error::Store`]; the lock then ends with its connection or its time-to-live.
    fn release(&mut self, key: &SessionKey, token: Token) -> Result<()>;

    /// Removes a record, whoever holds its lock, and gives the lock of `token` back; a login that
    /// the session has ends with it. Says whether there was one; a missing record is no error.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn destroy(&mut self, key: &SessionKey, token: Option<Token>, end: End<'_>) -> Result<bool>;

    /// As [`Self::destroy`] of a record that was seen, after which an empty one of another generation
    /// stands there for `ttl`: who waits for the lock of `token` finds that one. [`in_two_steps`] is for
    /// what a store cannot do in one.
    ///
    /// # Errors
    /// [`crate::Error::Store`], where the record could not be removed. That no empty one could be made
    /// is no error: it is a courtesy.
    fn destroy_leaving_empty(
        &mut self,
        key: &SessionKey,
        lock: (Token, bool),
        end: End<'_>,
        ttl: Duration,
    ) -> Result<bool>;

    /// Removes expired records in small batches, and says how many. Stops after the batch in
    /// which `until` passes, if it is given. A record whose lock is held stays.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    fn gc(&mut self, until: Option<Deadline>) -> Result<u64>;

    /// Closes, before a fork, what a child cannot be kept from using; locks stay held.
    fn before_fork(&mut self) {}

    /// Gives the store up in a forked child: nothing of it is used or closed politely, for it is
    /// the parent's.
    fn abandon(self: Box<Self>);
}

/// [`Store::destroy_leaving_empty`], where it takes a removal and a write.
fn in_two_steps(
    store: &mut impl Store,
    key: &SessionKey,
    (token, locked): (Token, bool),
    end: End<'_>,
    ttl: Duration,
) -> Result<bool> {
    let existed = store.destroy(key, None, end);
    if let Ok(true) = existed {
        let basis = Basis {
            token,
            locked,
            seen: None,
            lives: false,
        };
        let _ = store.commit(key, basis, Change::Write(b"", ttl));
        return Ok(true);
    }
    if locked {
        store.release(key, token)?;
    }
    existed
}

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

/// How to read.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Who reads. With a lock it is the lock's token; the same token again is granted again.
    pub token: Token,
    /// `None` reads without taking the lock.
    pub lock: Option<LockTerms>,
    /// A missing record is not locked: for checking an id that a browser presented.
    pub only_existing: bool,
}

/// For how long to wait for a lock, and what it is worth then.
#[derive(Debug, Clone, Copy)]
pub struct LockTerms {
    /// When to give up.
    pub deadline: Deadline,
    /// After how long an owner without a sign of life has lost it.
    pub ttl: Duration,
}

/// What a read found.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The record, if there is a live one.
    pub record: Option<Record>,
    /// True if the lock is now held by the token of the request.
    pub locked: bool,
    /// The login that the record's session has.
    pub login: Option<Bound>,
    /// Why there is no record, where a kick has ended it.
    pub kick: Option<Kick>,
    /// For how long the record lives if nobody refreshes it; `None` where others rely on each
    /// refresh, and where nobody can tell.
    pub left: Option<Duration>,
}

/// What [`Store::destroy`] may end.
#[derive(Debug, Clone, Copy, Default)]
pub struct End<'a> {
    /// Only the record of this generation: who saw an earlier one leaves a later one alone.
    pub seen: Option<Generation>,
    /// The login lives on with its other sessions: the id was rotated by the same request.
    pub alone: bool,
    /// The tombstone to leave, and for how long.
    pub grave: Option<(&'a Kick, Duration)>,
}

/// A live session.
#[derive(Debug)]
pub struct Record {
    /// PHP's serialized session, untouched.
    pub data: Vec<u8>,
    /// What a later commit compares.
    pub version: Version,
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
    /// The expiry that was read is far enough away: a write need not put it off.
    pub lives: bool,
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
