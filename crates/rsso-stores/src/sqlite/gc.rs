//! Removing what has expired, in small transactions, and never what is in use.

use rusqlite::{OptionalExtension as _, named_params};

use super::clock::now;
use super::dead_logins::{self, DeadLogin};
use super::error::Operation;
use super::lock_byte::LockByte;
use super::open_lock::Guard;
use super::store::SqliteStore;
use rsso_core::deadline::Deadline;
use rsso_core::error::Result;

/// How many rows one transaction removes: it holds the database's write lock for some milliseconds.
const BATCH: i64 = 500;

/// The same number if a request waits for it: with their logins, it takes some milliseconds more.
const BRIEF_BATCH: i64 = 50;

/// Where the next batch begins, in the order of expiry: so live rows are not read.
type Cursor = (i64, Vec<u8>);

pub(super) fn collect(store: &mut SqliteStore, until: Option<Deadline>) -> Result<u64> {
    let (mut after, mut removed): (Cursor, u64) = ((0, Vec::new()), 0);
    let most = until.map_or(BATCH, |_| BRIEF_BATCH);
    loop {
        let expired = batch(store, &after, most)?;
        let Some(last) = expired.last() else {
            remove_tombstones(store)?;
            dead_logins::remove_in_turn(store, until.is_some())?;
            return Ok(removed);
        };
        after.clone_from(last);
        let unused = lock_unused(store, expired)?;
        let (count, dead) = remove(store, &unused)?;
        drop(unused);
        removed += count;
        dead_logins::remove(store, &dead)?;
        if until.is_some_and(Deadline::passed) {
            return Ok(removed);
        }
    }
}

fn batch(store: &mut SqliteStore, after: &Cursor, most: i64) -> Result<Vec<Cursor>> {
    store.with(Operation::Gc, |connection, sql| {
        connection
            .prepare_cached(&sql.expired)?
            .query_map(named_params! { ":now": now(), ":after_expires": after.0, ":after_id": after.1, ":limit": most }, |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?
            .collect()
    })
}

/// Takes the locks of sessions that nobody uses: what is in use does not expire.
fn lock_unused(store: &mut SqliteStore, expired: Vec<Cursor>) -> Result<Vec<(Vec<u8>, Guard)>> {
    let mut unused = Vec::new();
    for (_, id) in expired {
        let byte = LockByte::of_bytes(&id);
        // The kernel would grant our own lock again, and the release would then free both.
        if store.held.values().any(|guard| guard.byte() == byte) {
            continue;
        }
        if let Some(guard) = store.locks.try_lock(byte, &store.address)? {
            unused.push((id, guard));
        }
    }
    // A lock on a file that was removed since proves nothing.
    store.open_in_place()?;
    unused.retain(|(_, guard)| store.is_lock_of_open_database(guard));
    Ok(unused)
}

/// Returns how many were removed, and the logins that had no other session.
fn remove(store: &mut SqliteStore, unused: &[(Vec<u8>, Guard)]) -> Result<(u64, Vec<DeadLogin>)> {
    store.with(Operation::Gc, |connection, sql| {
        let immediate = rusqlite::TransactionBehavior::Immediate;
        let transaction = connection.transaction_with_behavior(immediate)?;
        let (mut count, mut dead) = (0, Vec::new());
        {
            let mut delete = transaction.prepare_cached(&sql.remove_expired)?;
            let mut died = transaction.prepare_cached(&sql.dead_with_session)?;
            for (id, _guard) in unused {
                count += delete.execute(named_params! { ":id": id, ":now": now() })? as u64;
                let found =
                    died.query_row(named_params! { ":id": id, ":now": now() }, DeadLogin::read);
                dead.extend(found.optional()?);
            }
        }
        transaction.commit()?;
        Ok((count, dead))
    })
}

/// Removes expired tombstones, one batch in each gc.
fn remove_tombstones(store: &mut SqliteStore) -> Result<()> {
    store.with(Operation::Gc, |connection, sql| {
        connection
            .prepare_cached(&sql.remove_expired_tombstones)?
            .execute(named_params! { ":now": now(), ":limit": BATCH })?;
        Ok(())
    })
}
