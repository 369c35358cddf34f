//! What a table's shape decides: how a record is read, written, refreshed, removed.

use std::time::Duration;

use mysql::Error as DbError;

use super::connection::Connection;
use super::mapped::MappedLayout;
use super::native::NativeLayout;
use super::reads::{Cursor, LockRequest, Read};
use rsso_core::error::Result;
use rsso_core::sid::SessionKey;
use rsso_core::store::{Basis, Change, End, Generation, Outcome, Version};

/// rsso's own table, or one that was there before.
pub(super) enum Layout {
    NativeLayout(Box<NativeLayout>),
    MappedLayout(Box<MappedLayout>),
}

impl Layout {
    /// Reads a record, after the lock was granted where one is asked for, in one statement.
    pub(super) fn load(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
        request: Option<LockRequest<'_>>,
    ) -> Result<Read, DbError> {
        match self {
            Self::NativeLayout(native) => native.load(connection, key, request),
            Self::MappedLayout(mapped) => mapped.load(connection, key, request),
        }
    }

    /// A read by who holds the lock already: what is being used does not expire.
    pub(super) fn reload(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
    ) -> Result<Read, DbError> {
        match self {
            Self::NativeLayout(native) => native.reload(connection, key),
            Self::MappedLayout(mapped) => mapped.load(connection, key, None),
        }
    }

    /// Writes or refreshes if the basis holds; `lock` is the lock's name, where it is still held. Says
    /// also whether the lock was given back in the same step.
    pub(super) fn commit(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
        basis: Basis,
        lock: Option<&str>,
        change: Change<'_>,
        born: Generation,
    ) -> Result<(Outcome, bool), DbError> {
        // A lock that was held and is lost leaves only the revision as proof.
        let any_revision = lock.is_some() || !basis.locked;
        let outcome = match (basis.seen, self) {
            (Some(seen), Self::NativeLayout(native)) => {
                if let (Some(lock), Change::Write(data, _), true) = (lock, change, basis.lives)
                    && let Some(outcome) =
                        native.update_and_unlock(connection, key, basis, seen, data, lock)?
                {
                    return Ok((outcome, true));
                }
                native.update(connection, key, basis, seen, any_revision, change)?
            }
            (None, Self::NativeLayout(native)) => {
                native.insert(connection, key, basis, any_revision, change, born)?
            }
            (Some(seen), Self::MappedLayout(mapped)) => {
                mapped.update(connection, key, basis, seen, any_revision, change)?
            }
            (None, Self::MappedLayout(mapped)) => {
                mapped.insert(connection, key, basis, any_revision, change, born)?
            }
        };
        if let Some(outcome) = outcome {
            return Ok((outcome, false));
        }
        let verdict = self.classify(connection, key, basis)?;
        let outcome = match (change, basis.seen) {
            // Refreshed twice within a second: found, and left as it was.
            (Change::Touch(_), Some(seen)) if verdict == Outcome::LockLost => Outcome::Stored(seen),
            _ => verdict,
        };
        Ok((outcome, false))
    }

    /// Makes a session without a login an empty one for so long, and gives the lock of this name back if it is
    /// held, in one statement. `false` where it did not, or where it takes more than one.
    pub(super) fn empty(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
        end: End<'_>,
        born: Version,
        ttl_and_lock: (Duration, &str),
    ) -> Result<bool, DbError> {
        match self {
            Self::NativeLayout(native) => native.empty(connection, key, end, born, ttl_and_lock),
            Self::MappedLayout(_) => Ok(false),
        }
    }

    /// Tells why a commit changed nothing.
    pub(super) fn classify(
        &self,
        connection: &mut Connection,
        key: &SessionKey,
        basis: Basis,
    ) -> Result<Outcome, DbError> {
        let now = match self.load(connection, key, None)? {
            Read::Granted(found) => found.record.map(|record| record.version),
            Read::Taken => None,
        };
        Ok(match (basis.seen, now) {
            // This very commit was made before, and its answer was lost.
            (_, Some(now)) if now.revision == basis.token.into() => Outcome::Stored(now),
            (Some(seen), Some(now)) if seen.generation == now.generation => Outcome::LockLost,
            (None, _) => Outcome::LockLost,
            _ => Outcome::Gone,
        })
    }

    /// Expired rows behind `after`, in order, at most `limit`.
    pub(super) fn expired(
        &self,
        connection: &mut Connection,
        after: &Cursor,
        limit: usize,
    ) -> Result<Vec<Cursor>, DbError> {
        match self {
            Self::NativeLayout(native) => native.expired(connection, after, limit),
            Self::MappedLayout(mapped) => {
                let ids = mapped.expired(connection, &after.id, limit)?;
                Ok(ids
                    .into_iter()
                    .map(|id| Cursor { expires: 0, id })
                    .collect())
            }
        }
    }

    /// Removes those of the rows that are still expired.
    pub(super) fn remove(
        &self,
        connection: &mut Connection,
        ids: &[Vec<u8>],
    ) -> Result<u64, DbError> {
        match self {
            Self::NativeLayout(native) => native.remove(connection, ids),
            Self::MappedLayout(mapped) => mapped.remove(connection, ids),
        }
    }
}

/// What a change stores; a session that is refreshed and is not there becomes an empty one.
pub(super) fn data_of(change: Change<'_>) -> &[u8] {
    match change {
        Change::Write(data, _) => data,
        Change::Touch(_) => b"",
    }
}
