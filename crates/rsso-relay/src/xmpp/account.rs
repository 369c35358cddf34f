//! A user's account on the XMPP server.

use super::address::Address;

/// A user there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) address: Address,
    /// As the user table says it.
    pub(super) language: Option<String>,
}

/// Why there is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoAccount {
    /// The user has none.
    None,
    /// The user can have none.
    Impossible(String),
    /// The database refused the question.
    Failed(String),
    /// The database is away.
    Unreachable(String),
}
