//! Removing logins, and what replaces their sessions.

use std::time::Duration;

use super::contract::Ledger;
use super::events::PendingEvents;
use super::rows::{LockedUser, LoginRange, LoginRow, UserRow};
use rsso_core::login::ROTATION_GRACE;
use rsso_core::login::event::{self, EventDetails, Kind};
use rsso_core::store::Version;

/// The live logins of a user. Those that have expired are removed and reported.
pub(super) fn live_logins<L: Ledger>(
    ledger: &mut L,
    events: &mut PendingEvents<'_>,
    user: &LockedUser,
) -> Result<Vec<LoginRow>, L::Error> {
    let entries = ledger.login_rows(&user.key, LoginRange::ALL)?;
    let (live, expired): (Vec<_>, Vec<_>) = entries.into_iter().partition(LoginRow::is_live);
    for entry in expired {
        remove_expired(ledger, events, &user.row, &entry)?;
    }
    Ok(live)
}

/// Removes a login that has expired, and reports it.
pub(super) fn remove_expired<L: Ledger>(
    ledger: &mut L,
    events: &mut PendingEvents<'_>,
    row: &UserRow,
    entry: &LoginRow,
) -> Result<(), L::Error> {
    let data = event::data(
        &entry.identity,
        &EventDetails::expired(events.moment).members(),
    );
    events.add(row, Kind::Expired, &data);
    // With its rows: a request that is still under way there would store a living session again.
    end_login(ledger, entry, None, Replacement::Nothing)
}

/// What stands under the ids of a login's live sessions when it has ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum Replacement<'a> {
    Nothing,
    /// Why it was ended: [`rsso_core::login::Kick`] as JSON, and for how long that is kept.
    Tombstone(&'a str, Duration),
    /// An empty session of this version, for requests that are under way.
    EmptySession(Version),
}

/// Ends a login: its sessions but `kept` are removed.
pub(super) fn end_login<L: Ledger>(
    ledger: &mut L,
    entry: &LoginRow,
    kept: Option<&[u8]>,
    replacement: Replacement<'_>,
) -> Result<(), L::Error> {
    for session in &entry.sessions {
        if Some(session.key.as_slice()) == kept {
            continue;
        }
        ledger.remove(&session.key, session.generation)?;
        if session.expires.is_none() {
            continue;
        }
        match replacement {
            Replacement::Nothing => {}
            Replacement::Tombstone(kick, ttl) => ledger.add_tombstone(&session.key, kick, ttl)?,
            Replacement::EmptySession(version) => {
                ledger.create(&session.key, version, ROTATION_GRACE)?;
            }
        }
    }
    ledger.remove_login(entry.login)
}
