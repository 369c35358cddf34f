//! Removing logins, with what remains under the ids of their sessions.

use std::time::Duration;

use super::contract::Ledger;
use super::events::Book;
use super::rows::{Entry, Slice, UserRow};
use rsso_core::login::event::{self, EventDetails, Kind};
use rsso_core::login::{ROTATION_GRACE, UserKey};
use rsso_core::store::Version;

/// A user's logins: the dead are removed, and told of; the live are what counts.
pub(super) fn live_entries<L: Ledger>(
    ledger: &mut L,
    book: &mut Book<'_>,
    user: &UserKey,
    row: &UserRow,
) -> Result<Vec<Entry>, L::Error> {
    let entries = ledger.entries(user, Slice::ALL)?;
    let (live, dead): (Vec<_>, Vec<_>) = entries.into_iter().partition(Entry::is_live);
    for entry in dead {
        forget(ledger, book, row, &entry)?;
    }
    Ok(live)
}

/// Removes a dead login, and tells of it.
pub(super) fn forget<L: Ledger>(
    ledger: &mut L,
    book: &mut Book<'_>,
    row: &UserRow,
    entry: &Entry,
) -> Result<(), L::Error> {
    let data = event::data(
        &entry.identity,
        &EventDetails::expired(book.moment).members(),
    );
    book.note(row, Kind::Expired, &data);
    // With its rows: a request that is still under way there would store a living session again.
    end_login(ledger, entry, None, Remains::Nothing)
}

/// What stands under the ids of a login's live sessions when it has ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum Remains<'a> {
    Nothing,
    /// Why it was ended: [`rsso_core::login::Kick`] as JSON, and for how long that is kept.
    Tombstone(&'a str, Duration),
    /// An empty session of this version, for requests that are under way.
    EmptySession(Version),
}

/// Ends a login: its sessions but `spared` are removed.
pub(super) fn end_login<L: Ledger>(
    ledger: &mut L,
    entry: &Entry,
    spared: Option<&[u8]>,
    remains: Remains<'_>,
) -> Result<(), L::Error> {
    for session in &entry.sessions {
        if Some(session.key.as_slice()) == spared {
            continue;
        }
        ledger.remove(&session.key, session.generation)?;
        if session.expires.is_none() {
            continue;
        }
        match remains {
            Remains::Nothing => {}
            Remains::Tombstone(kick, ttl) => ledger.bury(&session.key, kick, ttl)?,
            Remains::EmptySession(version) => {
                ledger.create(&session.key, version, ROTATION_GRACE)?;
            }
        }
    }
    ledger.remove_login(entry.login)
}
