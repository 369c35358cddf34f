//! Whose XMPP account a login belongs to: by a template, or by the application's user table.

use rsso_core::login::Identity;

use super::account::{Account, NoAccount};
use super::templates::AccountTemplate;
use super::user_table::{Query, Table};

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
