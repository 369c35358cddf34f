//! Whose XMPP account a login belongs to: by a template, or by the application's user table.

use rsso_core::login::Identity;

use super::address::Address;
use super::query::{Query, Table};
use super::templates::AccountTemplate;

/// How accounts are found.
#[derive(Debug, Clone)]
pub(super) enum Way {
    Template(AccountTemplate),
    Query(Query),
}

#[derive(Debug)]
pub(super) enum Accounts {
    Template(AccountTemplate),
    Table(Table),
}

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

impl Accounts {
    pub(super) fn start(way: &Way) -> std::io::Result<Self> {
        Ok(match way {
            Way::Template(template) => Self::Template(template.clone()),
            Way::Query(query) => Self::Table(Table::start(query.clone())?),
        })
    }

    pub(super) async fn of(&self, who: &Identity) -> Result<Account, NoAccount> {
        match self {
            Self::Template(template) => Ok(Account {
                address: template.of(who).map_err(NoAccount::Impossible)?,
                language: None,
            }),
            Self::Table(table) => table.look_up(who.uid_bytes()).await,
        }
    }
}
