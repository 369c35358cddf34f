//! A user's account on the XMPP server.

use super::address::Address;

/// An account.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) address: Address,
    /// The user's language, if the user table names it.
    pub(super) language: Option<String>,
}

/// Why a user's account is not known.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoAccount {
    /// The user has none.
    None,
    /// The user can have none.
    Impossible(String),
    /// The database refused the query.
    Failed(String),
    /// The database cannot be reached.
    Unreachable(String),
}
