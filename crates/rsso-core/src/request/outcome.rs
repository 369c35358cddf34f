//! The outcome of a write, as the request reports it.

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Written {
    /// It is in the store.
    Stored,
    /// It is not; PHP's warning says why.
    Refused(Refusal),
}

/// Why a write was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The session was destroyed or expired while this request was under way.
    Gone,
    /// The session's login was ended by a kick while this request was under way.
    Kicked,
    /// The lock was lost, and another request has written the session since.
    LockLost,
    /// The answer to the write was lost, and the session has changed since.
    Unknown,
    /// `rsso.lock_failure=readonly`, and the lock could not be had.
    ReadOnly,
    /// `rsso.auto_claim`: the user may have no further login.
    LoginRefused,
    /// This process is a fork of the one that opened the session.
    Forked,
}

impl Refusal {
    /// The sentence for PHP's warning.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::Gone => {
                "the session was destroyed or expired while this request was using it; its changes are not stored"
            }
            Self::Kicked => {
                "the session's login was ended while this request was using it (sso_kicked() says why); its changes are not stored"
            }
            Self::LockLost => {
                "this request lost the session's lock, and another one has written since; its changes are not stored. A lock is lost when the store closes the connection or restarts, or when nothing is heard of its owner for rsso.lock_ttl"
            }
            Self::Unknown => {
                "the answer of the store was lost, and the session has changed since; it is not known whether the changes of this request were stored before"
            }
            Self::ReadOnly => {
                "the session was opened without its lock (rsso.lock_failure=readonly); its changes are not stored"
            }
            Self::LoginRefused => {
                "the user is logged in elsewhere, and no login is free (rsso.auto_claim, rsso.on_conflict); the session was ended"
            }
            Self::Forked => {
                "the session was opened before the fork and belongs to the parent process; changes of the child are not stored"
            }
        }
    }
}
