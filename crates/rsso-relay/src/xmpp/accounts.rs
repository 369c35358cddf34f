//! Finds the XMPP account of a login: by a template, or in the application's user table.

use rsso_core::login::Identity;

use super::account::{Account, NoAccount};
use super::address::Domain;
use super::templates::AccountTemplate;
use super::user_table::{AccountQuery, UserTable};

/// Where accounts come from.
#[derive(Debug, Clone)]
pub(super) enum AccountSource {
    Template(AccountTemplate),
    Query(AccountQuery),
}

impl AccountSource {
    /// The domain of the accounts.
    pub(super) fn domain(&self) -> &Domain {
        match self {
            Self::Template(template) => template.domain(),
            Self::Query(query) => &query.domain,
        }
    }
}

/// Finds accounts.
#[derive(Debug)]
pub(super) enum Accounts {
    Template(AccountTemplate),
    UserTable(UserTable),
}

impl Accounts {
    pub(super) fn start(source: &AccountSource) -> std::io::Result<Self> {
        Ok(match source {
            AccountSource::Template(template) => Self::Template(template.clone()),
            AccountSource::Query(query) => Self::UserTable(UserTable::start(query.clone())?),
        })
    }

    pub(super) async fn find(&self, who: &Identity) -> Result<Account, NoAccount> {
        match self {
            Self::Template(template) => Ok(Account {
                address: template.of(who).map_err(NoAccount::Impossible)?,
                language: None,
            }),
            Self::UserTable(table) => table.look_up(who.uid_bytes()).await,
        }
    }
}
