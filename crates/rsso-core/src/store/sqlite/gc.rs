//! Removing what has expired: in small transactions, and never what is in use.

use std::collections::HashSet;

use rusqlite::{OptionalExtension as _, params};

use super::error::Doing;
use super::ledger::user_key;
use super::lock::Guard;
use super::range::Range;
use super::{SqliteStore, now};
use crate::deadline::Deadline;
use crate::error::Result;
use crate::login::UserKey;
use crate::login::event::Moment;
use crate::store::ledger;

/// How many rows one transaction removes: it holds the database's write lock for some milliseconds.
const BATCH: i64 = 500;

/// How many logins gc looks at together, whether they live; and where a request pays for it.
const LOOK: u16 = 500;
const LOOK_BRIEFLY: u16 = 20;

/// Where the next batch begins: in the order of expiry, so that live rows are not looked at.
type Cursor = (i64, Vec<u8>);

/// The last login that was looked at: gc that has little time goes on from there.
pub(super) type Looked = Vec<u8>;

pub(super) fn collect(store: &mut SqliteStore, until: Option<Deadline>) -> Result<u64> {
    let (mut after, mut removed): (Cursor, u64) = ((0, Vec::new()), 0);
    loop {
        let expired = batch(store, &after)?;
        let Some(last) = expired.last() else {
            forget_kicks(store)?;
            forget_logins(store, until)?;
            return Ok(removed);
        };
        after.clone_from(last);
        let unused = lock_unused(store, expired)?;
        let (count, users) = remove(store, &unused)?;
        drop(unused);
        removed += count;
        forget_dead(store, users, None)?;
        if until.is_some_and(Deadline::passed) {
            return Ok(removed);
        }
    }
}

fn batch(store: &mut SqliteStore, after: &Cursor) -> Result<Vec<Cursor>> {
    store.with(Doing::Gc, |connection, sql| {
        connection
            .prepare_cached(&sql.expired)?
            .query_map(params![now(), after.0, after.1, BATCH], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?
            .collect()
    })
}

/// What is being used does not expire: its owner holds the lock.
fn lock_unused(store: &mut SqliteStore, expired: Vec<Cursor>) -> Result<Vec<(Vec<u8>, Guard)>> {
    let mut unused = Vec::new();
    for (_, id) in expired {
        let range = Range::of_bytes(&id);
        // The kernel would grant our own lock once more, and take it away with that.
        if store.held.values().any(|guard| guard.range() == range) {
            continue;
        }
        if let Some(guard) = store.locks.try_lock(range, &store.address)? {
            unused.push((id, guard));
        }
    }
    Ok(unused)
}

/// How many were removed, and the users who were signed in there.
fn remove(store: &mut SqliteStore, unused: &[(Vec<u8>, Guard)]) -> Result<(u64, HashSet<UserKey>)> {
    store.with(Doing::Gc, |connection, sql| {
        let immediate = rusqlite::TransactionBehavior::Immediate;
        let transaction = connection.transaction_with_behavior(immediate)?;
        let (mut count, mut users) = (0, HashSet::new());
        {
            let mut delete = transaction.prepare_cached(&sql.remove_expired)?;
            let mut user = transaction.prepare_cached(&sql.user_of_session)?;
            for (id, _guard) in unused {
                count += delete.execute(params![id, now()])? as u64;
                let found = user.query_row([id], |row| user_key(row, 0));
                users.extend(found.optional()?);
            }
        }
        transaction.commit()?;
        Ok((count, users))
    })
}

/// Removes tombstones that nobody will ask for any more, a batch for each gc.
fn forget_kicks(store: &mut SqliteStore) -> Result<()> {
    store.with(Doing::Gc, |connection, sql| {
        connection
            .prepare_cached(&sql.forget_kicks)?
            .execute(params![now(), BATCH])?;
        Ok(())
    })
}

/// Removes the logins of users who do not come back, and tells that they have expired. Where time is short,
/// so many of all logins are looked at that the next request does not wait: others at each gc.
fn forget_logins(store: &mut SqliteStore, until: Option<Deadline>) -> Result<()> {
    let count = match until {
        Some(_) => LOOK_BRIEFLY,
        None => {
            store.looked_at.clear();
            LOOK
        }
    };
    loop {
        let (users, is_end) = next_dead(store, count)?;
        forget_dead(store, users, until)?;
        if is_end || until.is_some() {
            return Ok(());
        }
    }
}

/// The users of the dead among the next logins; true where these were the last.
fn next_dead(store: &mut SqliteStore, count: u16) -> Result<(HashSet<UserKey>, bool)> {
    let after = std::mem::take(&mut store.looked_at);
    let logins: Vec<(Looked, UserKey, bool)> = store.with(Doing::Gc, |connection, sql| {
        connection
            .prepare_cached(&sql.logins_in_turn)?
            .query_map(params![now(), after, count], |row| {
                Ok((row.get(0)?, user_key(row, 1)?, row.get(2)?))
            })?
            .collect()
    })?;
    let is_end = logins.len() < usize::from(count);
    if !is_end && let Some((last, ..)) = logins.last() {
        store.looked_at.clone_from(last);
    }
    let dead = logins.into_iter().filter(|(_, _, lives)| !lives);
    Ok((dead.map(|(_, user, _)| user).collect(), is_end))
}

fn forget_dead(
    store: &mut SqliteStore,
    users: HashSet<UserKey>,
    until: Option<Deadline>,
) -> Result<()> {
    for user in users {
        let moment = Moment::now()?;
        store.transact(Doing::Gc, |tables| {
            ledger::forget_dead(tables, &user, &moment)
        })?;
        if until.is_some_and(Deadline::passed) {
            break;
        }
    }
    Ok(())
}
