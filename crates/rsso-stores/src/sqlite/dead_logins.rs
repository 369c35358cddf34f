//! Removing the logins of users who do not come back, and telling that they have expired.
//!
//! A login dies with its last session. gc that removes a session looks at its login; what died in another
//! way is come across in turn.

use rusqlite::{Row, named_params};

use super::clock::now;
use super::error::Doing;
use super::ledger::{login_id, user_key};
use super::store::SqliteStore;
use crate::ledger::{self, Dead};
use rsso_core::error::Result;
use rsso_core::login::event::Moment;
use rsso_core::random;

/// How many logins are looked at together, whether they live; and where a request pays for it.
const LOOK: u32 = 500;
const BRIEF_LOOK: u32 = 20;

/// How many one transaction removes: it holds the database's write lock for a millisecond.
const TOGETHER: usize = 10;

/// A login in the first three columns.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Dead> {
    Ok(Dead {
        login: login_id(row, 0)?,
        user: user_key(row, 1)?,
        sequence: row.get(2)?,
    })
}

/// Removes those that are still dead.
pub(super) fn forget(store: &mut SqliteStore, dead: &[Dead]) -> Result<()> {
    for some in dead.chunks(TOGETHER) {
        let moment = Moment::now()?;
        store.transact(Doing::Gc, |tables| {
            ledger::forget_dead(tables, some, &moment)
        })?;
    }
    Ok(())
}

/// Looks at all logins; or briefly, at some: others each time, from anywhere in a process that is new.
pub(super) fn forget_in_turn(store: &mut SqliteStore, briefly: bool) -> Result<()> {
    if briefly {
        let from = match store.looked_at {
            Some(place) => place,
            None => anywhere(store)?,
        };
        let seen = look(store, from, BRIEF_LOOK)?;
        store.looked_at = Some(seen.last);
        if seen.count < BRIEF_LOOK && from > 0 {
            // From the first again, in this look: there may be no other for long.
            store.looked_at = Some(look(store, 0, BRIEF_LOOK - seen.count)?.last);
        }
        return Ok(());
    }
    let mut seen = look(store, 0, LOOK)?;
    while seen.count == LOOK {
        seen = look(store, seen.last, LOOK)?;
    }
    Ok(())
}

/// A place between the first login and the last.
fn anywhere(store: &mut SqliteStore) -> Result<i64> {
    let last: i64 = store.with(Doing::Gc, |connection, sql| {
        connection
            .prepare_cached(&sql.last_login)?
            .query_row([], |row| row.get(0))
    })?;
    let number = i64::from(u32::from_be_bytes(random::unique()?));
    Ok(number.rem_euclid(last.max(1)))
}

/// How many logins were looked at, and the place of the last.
struct Seen {
    count: u32,
    last: i64,
}

/// Removes the dead among so many logins behind a place.
fn look(store: &mut SqliteStore, from: i64, most: u32) -> Result<Seen> {
    let logins: Vec<(Dead, bool, i64)> = store.with(Doing::Gc, |connection, sql| {
        connection
            .prepare_cached(&sql.logins_in_turn)?
            .query_map(
                named_params! { ":now": now(), ":after": from, ":limit": most },
                |row| Ok((read(row)?, row.get(3)?, row.get(4)?)),
            )?
            .collect()
    })?;
    let seen = Seen {
        count: u32::try_from(logins.len()).unwrap_or(most),
        last: logins.last().map_or(from, |(_, _, place)| *place),
    };
    let dead = logins.into_iter().filter(|(_, lives, _)| !lives);
    let dead: Vec<Dead> = dead.map(|(login, ..)| login).collect();
    forget(store, &dead)?;
    Ok(seen)
}
