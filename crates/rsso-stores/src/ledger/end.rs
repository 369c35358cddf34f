//! Ending logins, listing them, and sending them messages.

use super::contract::Ledger;
use super::end_login::{Replacement, end_login, live_logins};
use super::events::{PendingEvents, kick_of};
use super::rows::{LockedUser, LoginRange, LoginRow};
use rsso_core::login::event::{self, EventDetails, Kind, Moment, reason};
use rsso_core::login::{Device, Kick, KickCode, KickRequest, Login, LoginId, LoginSelector, User};

/// Ends the login of a session, which stays.
pub(crate) fn sign_out<L: Ledger>(
    ledger: &mut L,
    key: &[u8],
    login: LoginId,
    moment: &Moment,
) -> Result<bool, L::Error> {
    release(
        ledger,
        key,
        Some(login),
        Some(key),
        reason::RELEASED,
        moment,
    )
}

/// Ends the login that a session has, before the session itself is removed.
pub(crate) fn sign_out_destroyed<L: Ledger>(
    ledger: &mut L,
    key: &[u8],
    moment: &Moment,
) -> Result<(), L::Error> {
    release(ledger, key, None, None, reason::DESTROYED, moment).map(|_| ())
}

fn release<L: Ledger>(
    ledger: &mut L,
    key: &[u8],
    login: Option<LoginId>,
    kept: Option<&[u8]>,
    reason: &str,
    moment: &Moment,
) -> Result<bool, L::Error> {
    let Some(bound) = ledger.binding(key)? else {
        return Ok(false);
    };
    let Some(row) = ledger.lock_known_user(&bound.user)? else {
        return Ok(false);
    };
    // Read again: it may have been ended before the row was locked.
    let Some(bound) = ledger.binding(key)? else {
        return Ok(false);
    };
    if login.is_some_and(|login| login != bound.login) {
        return Ok(false);
    }
    let entries = ledger.login_rows(&bound.user, LoginRange::one(bound.sequence))?;
    let Some(entry) = entries.into_iter().find(|entry| entry.login == bound.login) else {
        return Ok(false);
    };
    let mut events = PendingEvents::new(moment);
    end_login(ledger, &entry, kept, Replacement::Nothing)?;
    let data = event::data(
        &entry.identity,
        &EventDetails::with_reason(moment, reason).members(),
    );
    events.add(&row, Kind::Released, &data);
    events.append_to(ledger)?;
    Ok(true)
}

/// Ends logins of a user.
pub(crate) fn kick<L: Ledger>(
    ledger: &mut L,
    user: &User,
    which: &LoginSelector,
    order: &KickRequest,
    moment: &Moment,
) -> Result<Vec<Kick>, L::Error> {
    let Some(user) = lock_user(ledger, user)? else {
        return Ok(Vec::new());
    };
    let mut events = PendingEvents::new(moment);
    let details = EventDetails::kick(moment, &order.reason, KickCode::Kicked).members();
    let mut kicks = Vec::new();
    for entry in live_logins(ledger, &mut events, &user)? {
        let meant = |login: Login| which.means(&login.identity);
        if !entry.to_login().is_some_and(meant) {
            continue;
        }
        let data = event::data(&entry.identity, &details);
        let tombstone = Replacement::Tombstone(&data, order.tombstone_ttl);
        end_login(ledger, &entry, None, tombstone)?;
        events.add(&user.row, Kind::Kicked, &data);
        kicks.extend(kick_of(&data));
    }
    events.append_to(ledger)?;
    Ok(kicks)
}

/// The live logins of a user. Changes nothing.
pub(crate) fn list<L: Ledger>(ledger: &mut L, user: &User) -> Result<Vec<Login>, L::Error> {
    let entries = ledger.login_rows(&user.key(), LoginRange::ALL)?;
    Ok(entries
        .iter()
        .filter(|entry| entry.is_live())
        .filter_map(LoginRow::to_listed)
        .collect())
}

/// Sends a message to the live logins of a user.
pub(crate) fn notify<L: Ledger>(
    ledger: &mut L,
    user: &User,
    device: Option<&Device>,
    payload: &str,
    moment: &Moment,
) -> Result<u64, L::Error> {
    let Some(user) = lock_user(ledger, user)? else {
        return Ok(0);
    };
    let mut events = PendingEvents::new(moment);
    let live = live_logins(ledger, &mut events, &user)?;
    let details = event::message_members(moment, payload);
    let meant = |entry: &&LoginRow| device.is_none_or(|device| device.as_str() == entry.device);
    let mut count = 0;
    for entry in live.iter().filter(meant) {
        events.add(
            &user.row,
            Kind::Message,
            &event::data(&entry.identity, &details),
        );
        count += 1;
    }
    events.append_to(ledger)?;
    Ok(count)
}

/// Locks a user that has logged in before.
fn lock_user<L: Ledger>(ledger: &mut L, user: &User) -> Result<Option<LockedUser>, L::Error> {
    let key = user.key();
    let row = ledger.lock_known_user(&key)?;
    Ok(row.map(|row| LockedUser { key, row }))
}
