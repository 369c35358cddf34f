//! Removal of expired logins, for a store whose gc looks for them.

use super::contract::Ledger;
use super::end_login::remove_expired;
use super::events::PendingEvents;
use super::rows::LoginRange;
use rsso_core::login::event::Moment;
use rsso_core::login::{LoginId, UserKey};

/// A login that gc has found expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExpiredLogin {
    pub(crate) login: LoginId,
    pub(crate) user: UserKey,
    pub(crate) sequence: i64,
}

/// Removes those logins that are still expired, and reports them.
pub(crate) fn remove_expired_logins<L: Ledger>(
    ledger: &mut L,
    dead: &[ExpiredLogin],
    moment: &Moment,
) -> Result<(), L::Error> {
    let mut events = PendingEvents::new(moment);
    for one in dead {
        let Some(row) = ledger.lock_known_user(&one.user)? else {
            continue;
        };
        for entry in ledger.login_rows(&one.user, LoginRange::one(one.sequence))? {
            if entry.login == one.login && !entry.is_live() {
                remove_expired(ledger, &mut events, &row, &entry)?;
            }
        }
    }
    events.append_to(ledger)
}
