//! What a table's shape decides: how a record is read, written, refreshed, removed.

use std::time::Duration;

use mysql::Error as Driver;

use super::connection::Session;
use super::mapped::Mapped;
use super::native::Native;
use super::reads::{Ask, Cursor, Read};
use rsso_core::error::Result;
use rsso_core::sid::SessionKey;
use rsso_core::store::{Basis, Change, End, Generation, Outcome, Version};

/// rsso's own table, or one that was there before.
pub(super) enum Layout {
    Native(Box<Native>),
    Mapped(Box<Mapped>),
}

impl Layout {
    /// Reads a record, after the lock was granted where one is asked for, in one statement.
    pub(super) fn load(
        &self,
        session: &mut Session,
        key: &SessionKey,
        ask: Option<Ask<'_>>,
    ) -> Result<Read, Driver> {
        match self {
            Self::Native(native) => native.load(session, key, ask),
            Self::Mapped(mapped) => mapped.load(session, key, ask),
        }
    }

    /// A read by who holds the lock already: what is being used does not expire.
    pub(super) fn reload(&self, session: &mut Session, key: &SessionKey) -> Result<Read, Driver> {
        match self {
            Self::Native(native) => native.reload(session, key),
            Self::Mapped(mapped) => mapped.load(session, key, None),
        }
    }

    /// Writes or refreshes if the basis holds; `lock` is the lock's name, where it is still held. Says
    /// also whether the lock was given back in the same step.
    pub(super) fn commit(
        &self,
        session: &mut Session,
        key: &SessionKey,
        basis: Basis,
        lock: Option<&str>,
        change: Change<'_>,
        born: Generation,
    ) -> Result<(Outcome, bool), Driver> {
        // A lock that was held and is lost leaves only the revision as proof.
        let any_revision = lock.is_some() || !basis.locked;
        let outcome = match (basis.seen, self) {
            (Some(seen), Self::Native(native)) => {
                if let (Some(lock), Change::Write(data, _), true) = (lock, change, basis.lives)
                    && let Some(outcome) =
                        native.update_and_unlock(session, key, basis, seen, data, lock)?
                {
                    return Ok((outcome, true));
                }
                native.update(session, key, basis, seen, any_revision, change)?
            }
            (None, Self::Native(native)) => {
                native.insert(session, key, basis, any_revision, change, born)?
            }
            (Some(seen), Self::Mapped(mapped)) => {
                mapped.update(session, key, basis, seen, any_revision, change)?
            }
            (None, Self::Mapped(mapped)) => {
                mapped.insert(session, key, basis, any_revision, change, born)?
            }
        };
        if let Some(outcome) = outcome {
            return Ok((outcome, false));
        }
        let verdict = self.classify(session, key, basis)?;
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
        session: &mut Session,
        key: &SessionKey,
        end: End<'_>,
        born: Version,
        ttl_and_lock: (Duration, &str),
    ) -> Result<bool, Driver> {
        match self {
            Self::Native(native) => native.empty(session, key, end, born, ttl_and_lock),
            Self::Mapped(_) => Ok(false),
        }
    }

    /// Tells why a commit changed nothing.
    pub(super) fn classify(
        &self,
        session: &mut Session,
        key: &SessionKey,
        basis: Basis,
    ) -> Result<Outcome, Driver> {
        let now = match self.load(session, key, None)? {
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
        session: &mut Session,
        after: &Cursor,
        limit: usize,
    ) -> Result<Vec<Cursor>, Driver> {
        match self {
            Self::Native(native) => native.expired(session, after, limit),
            Self::Mapped(mapped) => {
                let ids = mapped.expired(session, &after.id, limit)?;
                Ok(ids
                    .into_iter()
                    .map(|id| Cursor { expires: 0, id })
                    .collect())
            }
        }
    }

    /// Removes those of the rows that are still expired.
    pub(super) fn remove(&self, session: &mut Session, ids: &[Vec<u8>]) -> Result<u64, Driver> {
        match self {
            Self::Native(native) => native.remove(session, ids),
            Self::Mapped(mapped) => mapped.remove(session, ids),
        }
    }
}
