//! What can go wrong, as far as a caller must distinguish it.
//!
//! Messages are lower-case sentences that name the directive and the way out. None holds a
//! password or a whole session id; [`Error::chain`] is what PHP shows.

mod kind;

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::time::Duration;

use thiserror::Error as ThisError;

pub use kind::StoreErrorKind;

/// Begins the error of a commit that has certainly changed nothing.
pub const NOT_STORED: &str = "cannot store the session; what was stored before is unchanged";

/// Begins the error of a commit whose outcome is unknown.
pub const MAYBE_STORED: &str =
    "the answer of the store was lost; it is not known whether the session was stored";

/// Begins the error of an act on logins that has certainly changed nothing.
pub const NOT_CHANGED: &str = "cannot change the user's logins; nothing was changed";

/// Begins the error of an act on logins whose outcome is unknown.
pub const MAYBE_CHANGED: &str =
    "the answer of the store was lost; it is not known whether the user's logins were changed";

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that rsso-core reports.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// A directive, option or DSN that cannot be used.
    #[error("{directive}: {problem}")]
    Config {
        /// Its name as the user wrote it, for instance `rsso.dsn`.
        directive: String,
        /// What is wrong and what is accepted.
        problem: String,
    },
    /// An argument that is refused before any I/O.
    #[error("{argument} {problem}")]
    Argument {
        /// Its name.
        argument: String,
        /// What is accepted.
        problem: String,
    },
    /// A session id that is refused before any I/O.
    #[error("{problem}")]
    SessionId {
        /// What is wrong and what is accepted.
        problem: String,
    },
    /// The store cannot be reached or does not do what it must.
    #[error("{store}: {problem}")]
    Store {
        /// The kind of failure, where it is known.
        kind: Option<StoreErrorKind>,
        /// The store's address without credentials.
        store: String,
        /// What was tried and how to go on.
        problem: String,
        /// The driver's error.
        #[source]
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
    /// Another request held the session's lock for all of `rsso.lock_wait`.
    #[error(
        "another request still holds this session's lock after {:.3} s \
         (rsso.lock_wait; rsso.lock_failure=readonly would go on without it)",
        waited.as_secs_f64()
    )]
    LockTimeout {
        /// How long was waited.
        waited: Duration,
    },
    /// As many requests as `rsso.lock_waiters` allows wait for the session's lock already.
    #[error(
        "as many requests as rsso.lock_waiters allows ({limit}) wait for this session's lock already \
         (rsso.lock_waiters; rsso.lock_failure=readonly would go on without it)"
    )]
    LockWaiters {
        /// `rsso.lock_waiters`.
        limit: u32,
    },
    /// The operating system has no randomness to give.
    #[error("the system's random number generator failed")]
    Random {
        /// What it said.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// A [`Error::Config`] about one directive.
    pub fn config(directive: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Config {
            directive: directive.into(),
            problem: problem.into(),
        }
    }

    /// A [`Error::Argument`].
    pub fn argument(argument: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Argument {
            argument: argument.into(),
            problem: problem.into(),
        }
    }

    /// A [`Error::Store`] that keeps the driver's error.
    pub fn store(
        kind: impl Into<Option<StoreErrorKind>>,
        store: impl Into<String>,
        problem: impl Into<String>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::Store {
            kind: kind.into(),
            store: store.into(),
            problem: problem.into(),
            source: Some(source.into()),
        }
    }

    /// A [`Error::Store`] that has no driver's error below it.
    pub fn store_plain(
        kind: impl Into<Option<StoreErrorKind>>,
        store: impl Into<String>,
        problem: impl Into<String>,
    ) -> Self {
        Self::Store {
            kind: kind.into(),
            store: store.into(),
            problem: problem.into(),
            source: None,
        }
    }

    /// The kind of failure; `None` where no kind fits.
    ///
    /// A lock that another request holds has none: the store itself is well.
    #[must_use]
    pub fn kind(&self) -> Option<StoreErrorKind> {
        match self {
            Self::Store { kind, .. } => *kind,
            Self::Config { .. } => Some(StoreErrorKind::Configuration),
            _ => None,
        }
    }

    /// Puts what became of the act in front of a store's problem.
    #[must_use]
    pub fn with_outcome(self, outcome: &str) -> Self {
        match self {
            Self::Store {
                kind,
                store,
                problem,
                source,
            } => Self::Store {
                kind,
                store,
                problem: format!("{outcome}: {problem}"),
                source,
            },
            other => other,
        }
    }

    /// Adds that the session was not stored, because something before its write failed.
    #[must_use]
    pub fn with_session_not_stored(self) -> Self {
        self.with_outcome(NOT_STORED)
    }

    /// The message and all it came from, in one line.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let part = error.to_string();
            // Drivers often repeat their source in their own text.
            if !text.contains(&part) {
                // Writing to a String cannot fail.
                let _ = write!(text, ": {part}");
            }
            cause = error.source();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_says_each_cause_once() {
        let io = std::io::Error::other("disk on fire");
        let error = Error::store(None, "sqlite:/x.db", "cannot read", io);
        assert_eq!(error.chain(), "sqlite:/x.db: cannot read: disk on fire");
    }

    #[test]
    fn what_became_of_an_act_leaves_its_kind() {
        let error = Error::store_plain(StoreErrorKind::Full, "sqlite:/x.db", "no room");
        let error = error.with_outcome("nothing was changed");
        assert_eq!(
            error.to_string(),
            "sqlite:/x.db: nothing was changed: no room"
        );
        assert_eq!(error.kind(), Some(StoreErrorKind::Full));
    }

    #[test]
    fn a_setting_is_a_kind_and_a_lock_is_none() {
        let config = Error::config("rsso.dsn", "must be a DSN");
        assert_eq!(config.kind(), Some(StoreErrorKind::Configuration));
        let waited = Duration::from_secs(1);
        assert_eq!(Error::LockTimeout { waited }.kind(), None);
    }
}
