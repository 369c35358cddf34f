//! Removing the logins of users who do not come back, with an `expired` event for each.
//!
//! A login ends with its last session. When gc removes a session, it checks its login. Logins that ended in another
//! way are found because gc also checks all logins in turn.

use rusqlite::{Row, named_params};

use super::clock::now;
use super::error::Operation;
use super::login_tables::user_key;
use super::store::SqliteStore;
use rsso_core::engine::RemoveExpired;
use rsso_core::error::Result;
use rsso_core::login::UserKey;
use rsso_core::login::event::Moment;
use rsso_core::random;

/// How many logins are checked at once, and how many if a request waits for it.
const CHECKED: u32 = 500;
const BRIEFLY_CHECKED: u32 = 20;

/// How many one transaction removes: it holds the database's write lock for a millisecond.
const TOGETHER: usize = 10;

/// A login that gc has found dead.
pub(super) struct DeadLogin {
    user: UserKey,
    /// Its number in the user's counter.
    sequence: i64,
}

impl DeadLogin {
    /// Reads the first two columns.
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            user: user_key(row, 0)?,
            sequence: row.get(1)?,
        })
    }
}

/// Removes those that are still dead.
pub(super) fn remove(store: &mut SqliteStore, dead: &[DeadLogin]) -> Result<()> {
    for some in dead.chunks(TOGETHER) {
        let mut acts = Vec::new();
        for logins in some.chunk_by(|login, next| login.user == next.user) {
            let numbers: Vec<i64> = logins.iter().map(|login| login.sequence).collect();
            acts.push((logins[0].user, numbers, Moment::now()?));
        }
        store.transact(Operation::Gc, |tables| {
            for (user, numbers, moment) in &acts {
                let user = *user;
                tables.run(&RemoveExpired { user, numbers }, moment)?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Checks all logins; or briefly, some: others each time, from a random row on in a new process.
pub(super) fn remove_in_turn(store: &mut SqliteStore, briefly: bool) -> Result<()> {
    if briefly {
        let from = match store.gc_position {
            Some(row) => row,
            None => random_row(store)?,
        };
        let seen = check(store, from, BRIEFLY_CHECKED)?;
        store.gc_position = Some(seen.last);
        if seen.count < BRIEFLY_CHECKED && from > 0 {
            // From the first again, at once: there may be no other check for long.
            store.gc_position = Some(check(store, 0, BRIEFLY_CHECKED - seen.count)?.last);
        }
        return Ok(());
    }
    let mut seen = check(store, 0, CHECKED)?;
    while seen.count == CHECKED {
        seen = check(store, seen.last, CHECKED)?;
    }
    Ok(())
}

/// A random row between the first login and the last.
fn random_row(store: &mut SqliteStore) -> Result<i64> {
    let last: i64 = store.with(Operation::Gc, |connection, sql| {
        connection
            .prepare_cached(&sql.last_login)?
            .query_row([], |row| row.get(0))
    })?;
    let number = i64::from(u32::from_be_bytes(random::unique()?));
    Ok(number.rem_euclid(last.max(1)))
}

/// How many logins were checked, and the row of the last.
struct Seen {
    count: u32,
    last: i64,
}

/// Removes the dead among `most` logins after a row.
fn check(store: &mut SqliteStore, from: i64, most: u32) -> Result<Seen> {
    let logins: Vec<(DeadLogin, bool, i64)> = store.with(Operation::Gc, |connection, sql| {
        connection
            .prepare_cached(&sql.logins_in_turn)?
            .query_map(
                named_params! { ":now": now(), ":after": from, ":limit": most },
                |row| Ok((DeadLogin::read(row)?, row.get(2)?, row.get(3)?)),
            )?
            .collect()
    })?;
    let seen = Seen {
        count: u32::try_from(logins.len()).unwrap_or(most),
        last: logins.last().map_or(from, |(_, _, row)| *row),
    };
    let dead = logins.into_iter().filter(|(_, lives, _)| !lives);
    let dead: Vec<DeadLogin> = dead.map(|(login, ..)| login).collect();
    remove(store, &dead)?;
    Ok(seen)
}
