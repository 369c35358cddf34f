//! What a session's read asks of a store, and what it finds.

use std::time::Duration;

use super::{Record, Token};
use crate::deadline::Deadline;
use crate::login::{Kick, SessionLogin};

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
    pub login: Option<SessionLogin>,
    /// Why there is no record, where a kick has ended it.
    pub kick: Option<Kick>,
    /// How long the record lives without a refresh. `None` if others rely on each refresh, or if the
    /// store cannot tell.
    pub expires_in: Option<Duration>,
}
