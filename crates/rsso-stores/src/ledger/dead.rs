//! Removal of logins that were found dead, for a store whose gc looks for them.

use super::contract::Ledger;
use super::events::Book;
use super::removal::forget;
use super::rows::Slice;
use rsso_core::login::event::Moment;
use rsso_core::login::{LoginId, UserKey};

/// A login that was found dead: for gc, where its user does not come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dead {
    pub(crate) login: LoginId,
    pub(crate) user: UserKey,
    pub(crate) sequence: i64,
}

/// Removes those logins that are still dead, and tells of them.
pub(crate) fn forget_dead<L: Ledger>(
    ledger: &mut L,
    dead: &[Dead],
    moment: &Moment,
) -> Result<(), L::Error> {
    let mut book = Book::new(moment);
    for one in dead {
        let Some(row) = ledger.lock_known_user(&one.user)? else {
            continue;
        };
        for entry in ledger.entries(&one.user, Slice::one(one.sequence))? {
            if entry.login == one.login && !entry.is_live() {
                forget(ledger, &mut book, &row, &entry)?;
            }
        }
    }
    book.append(ledger)
}
