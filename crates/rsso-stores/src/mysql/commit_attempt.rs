//! One attempt at a commit: on the connection that holds the lock, or on another one after that was lost.

use mysql::Error as DbError;

use super::connection::Connection;
use super::layout::{Layout, SessionWrite};
use super::locks::{try_lock, unlock};
use rsso_core::error::Result;
use rsso_core::sid::SessionKey;
use rsso_core::store::{Basis, Change, Outcome, Version};

/// A commit on one connection.
pub(super) struct CommitAttempt<'a> {
    pub(super) layout: &'a dyn Layout,
    pub(super) write: SessionWrite<'a>,
    /// The name of the session's lock, if this connection holds it.
    pub(super) lock: Option<&'a str>,
}

/// What a commit has come to.
pub(super) struct Committed {
    pub(super) outcome: Outcome,
    /// Whether the lock was released in the same step.
    pub(super) is_unlocked: bool,
}

impl From<Outcome> for Committed {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            is_unlocked: false,
        }
    }
}

impl CommitAttempt<'_> {
    /// Commits, unless an earlier try whose answer was lost has done it.
    pub(super) fn run(&self, connection: &mut Connection) -> Result<Committed, DbError> {
        match self.outcome_of_first_try(connection)? {
            Some(outcome) => Ok(outcome.into()),
            None => self.write(connection),
        }
    }

    /// Commits after the lock went with its connection: only if nobody else holds it.
    pub(super) fn run_after_relocking(
        &self,
        connection: &mut Connection,
        lock: &str,
    ) -> Result<Committed, DbError> {
        if !try_lock(connection, lock)? {
            let outcome = match self.outcome_of_first_try(connection)? {
                Some(outcome) => outcome,
                // Whoever holds it may have read what this very commit has stored already.
                None => self.why_not(connection)?,
            };
            return Ok(outcome.into());
        }
        let committed = self.run(connection);
        // Also if it failed: a server that has refused it keeps the connection, and the lock with it.
        let unlocked = unlock(connection, lock);
        committed.and_then(|committed| unlocked.map(|()| committed))
    }

    /// What the try before has come to, whose answer was lost; `None` if it has stored nothing.
    fn outcome_of_first_try(
        &self,
        connection: &mut Connection,
    ) -> Result<Option<Outcome>, DbError> {
        let SessionWrite {
            key, basis, change, ..
        } = self.write;
        if !connection.is_second_try || !matches!(change, Change::Write(..)) {
            return Ok(None);
        }
        let state = StoredState::read(connection, self.layout, key, basis)?;
        Ok(match state {
            StoredState::OwnWrite(version) => Some(Outcome::Stored(version)),
            StoredState::Changed => Some(Outcome::Unknown),
            StoredState::AsRead => None,
        })
    }

    /// Writes or refreshes the session if what the commit relies on still holds.
    fn write(&self, connection: &mut Connection) -> Result<Committed, DbError> {
        let SessionWrite { basis, change, .. } = self.write;
        if let (Some(seen), Some(lock), Change::Write(..), true) =
            (basis.seen, self.lock, change, basis.keeps_expiry)
            && let Some(outcome) =
                (self.layout).update_and_unlock(connection, &self.write, seen, lock)?
        {
            return Ok(Committed {
                outcome,
                is_unlocked: true,
            });
        }
        let outcome = match basis.seen {
            Some(seen) => self.layout.update(connection, &self.write, seen)?,
            None => self.layout.insert(connection, &self.write)?,
        };
        if let Some(outcome) = outcome {
            return Ok(outcome.into());
        }
        let refusal = self.why_not(connection)?;
        let outcome = match (change, basis.seen) {
            // Refreshed twice within a second: found, and left as it was.
            (Change::Touch(_), Some(seen)) if refusal == Outcome::LockLost => Outcome::Stored(seen),
            _ => refusal,
        };
        Ok(outcome.into())
    }

    /// Why a commit changed nothing.
    fn why_not(&self, connection: &mut Connection) -> Result<Outcome, DbError> {
        let SessionWrite { key, basis, .. } = self.write;
        let record = self.layout.load(connection, key)?.record;
        let now = record.map(|record| record.version);
        Ok(match (basis.seen, now) {
            // This very commit was made before, and its answer was lost.
            (_, Some(now)) if now.revision == basis.token.into() => Outcome::Stored(now),
            (Some(seen), Some(now)) if seen.generation == now.generation => Outcome::LockLost,
            (None, _) => Outcome::LockLost,
            _ => Outcome::Gone,
        })
    }
}

/// What is stored after a commit whose answer was lost.
pub(super) enum StoredState {
    /// What the commit has written.
    OwnWrite(Version),
    /// What the request has read.
    AsRead,
    /// Neither: others have written since, before or after the commit.
    Changed,
}

impl StoredState {
    pub(super) fn read(
        connection: &mut Connection,
        layout: &dyn Layout,
        key: &SessionKey,
        basis: Basis,
    ) -> Result<Self, DbError> {
        let record = layout.reload(connection, key)?.record;
        Ok(match record.map(|record| record.version) {
            Some(now) if now.revision == basis.token.into() => Self::OwnWrite(now),
            now if now == basis.seen => Self::AsRead,
            _ => Self::Changed,
        })
    }
}
