//! Removing what has expired: in small transactions, and never what is in use.

use rusqlite::params;

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

/// Where the next batch begins: in the order of expiry, so that live rows are not looked at.
type Cursor = (i64, Vec<u8>);

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
        removed += remove(store, &unused)?;
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

fn remove(store: &mut SqliteStore, unused: &[(Vec<u8>, Guard)]) -> Result<u64> {
    store.with(Doing::Gc, |connection, sql| {
        let immediate = rusqlite::TransactionBehavior::Immediate;
        let transaction = connection.transaction_with_behavior(immediate)?;
        let mut count = 0;
        {
            let mut delete = transaction.prepare_cached(&sql.remove_expired)?;
            for (id, _guard) in unused {
                count += delete.execute(params![id, now()])? as u64;
            }
        }
        transaction.commit()?;
        Ok(count)
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

/// Removes the logins of users who do not come back, and tells that they have expired.
fn forget_logins(store: &mut SqliteStore, until: Option<Deadline>) -> Result<()> {
    let users: Vec<UserKey> = store.with(Doing::Gc, |connection, sql| {
        connection
            .prepare_cached(&sql.users_of_the_dead)?
            .query_map(params![now(), BATCH], |row| user_key(row, 0))?
            .collect()
    })?;
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
