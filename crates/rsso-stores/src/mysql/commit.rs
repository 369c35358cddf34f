//! Committing a session: once, or a second time where the first answer was lost.
//!
//! What always holds: a commit that was sent and not answered is sent again, or told of, only after
//! its connection has ended; before that nobody knows what is yet to come of it.

use std::mem;

use mysql::Error as DbError;

use super::connection::Connection;
use super::connections::{ConnectionRole, Failure};
use super::layout::Layout;
use super::locks::{try_lock, unlock};
use super::reads::Read;
use super::store::MysqlStore;
use super::unanswered::Completion;
use rsso_core::error::Result;
use rsso_core::sid::SessionKey;
use rsso_core::store::{Basis, Change, Generation, MAYBE_STORED, NOT_STORED, Outcome, Version};

/// What is there after a commit whose answer was lost.
enum StoredState {
    /// What it has written.
    OwnWrite(Version),
    /// What the request has read.
    AsRead,
    /// Neither: others were there since, before or after it.
    Changed,
}

impl MysqlStore {
    pub(super) fn store(
        &mut self,
        key: &SessionKey,
        basis: Basis,
        change: Change<'_>,
    ) -> Result<Outcome> {
        let held = self.held.remove(&basis.token);
        let born = Generation::random()?;
        let role = self.role_of(held.as_ref());
        let name = self.names.name_of(key.as_bytes());
        let Self {
            connections,
            layout,
            ..
        } = self;
        let mut has_run = false;
        let outcome = connections.attempt(role, |connection| {
            // What failed on the way may have given the lock back: run again, it is a commit that lost its own.
            let is_first = !mem::replace(&mut has_run, true);
            let held = held
                .as_ref()
                .filter(|held| is_first && held.connection == connection.number);
            let again = RepeatedCommit {
                layout,
                key,
                basis,
                change,
            };
            let lock = held.map(|held| held.name.as_str());
            let commit = |connection: &mut Connection| {
                layout.commit(connection, key, basis, lock, change, born)
            };
            match basis.locked && lock.is_none() {
                true => again.commit_after_relocking(connection, &name, commit),
                false => match again.outcome_of_first_try(connection)? {
                    Some(outcome) => Ok((outcome, false)),
                    None => commit(connection),
                },
            }
        });
        let outcome = match outcome {
            Ok(outcome) => Ok(outcome),
            Err(failed) => self
                .outcome_of_failed_commit(key, basis, change, failed)
                .map(|outcome| (outcome, false)),
        };
        match held {
            None => outcome.map(|(outcome, _)| outcome),
            Some(_) if matches!(outcome, Ok((_, true))) => outcome.map(|(outcome, _)| outcome),
            // What happened to the session is what the caller needs to hear, not to its lock: that
            // ends with the connection at the latest.
            Some(held) => match (outcome, self.release_lock(&held)) {
                (Ok(_), Err(error)) => Err(error),
                (outcome, _) => outcome.map(|(outcome, _)| outcome),
            },
        }
    }

    /// What a commit has come to that failed: the store is asked, where it can tell.
    fn outcome_of_failed_commit(
        &mut self,
        key: &SessionKey,
        basis: Basis,
        change: Change<'_>,
        failed: Failure,
    ) -> Result<Outcome> {
        let Self {
            connections,
            layout,
            ..
        } = self;
        let is_write = matches!(change, Change::Write(..));
        let (stored_state, is_proof) = match failed.completion {
            Completion::Ended if is_write => {
                let seen = connections.attempt(ConnectionRole::Main, |connection| {
                    let stored_state = stored_state(connection, layout, key, basis)?;
                    Ok((Some(stored_state), connection.is_transactional))
                });
                seen.unwrap_or((None, false))
            }
            _ => (None, false),
        };
        let doing = match (failed.completion, stored_state) {
            (_, Some(StoredState::OwnWrite(version))) => return Ok(Outcome::Stored(version)),
            (_, Some(StoredState::Changed)) => return Ok(Outcome::Unknown),
            (_, Some(StoredState::AsRead)) if is_proof => NOT_STORED,
            (Completion::NotDone, _) => NOT_STORED,
            _ => MAYBE_STORED,
        };
        Err(failed
            .diagnosis
            .into_error_while(&connections.target.address, doing))
    }
}

/// A commit that does not hold its lock any more, or that was sent before.
struct RepeatedCommit<'a> {
    layout: &'a Layout,
    key: &'a SessionKey,
    basis: Basis,
    change: Change<'a>,
}

impl RepeatedCommit<'_> {
    /// A commit whose lock went with its connection: only while nobody else holds it.
    fn commit_after_relocking(
        &self,
        connection: &mut Connection,
        name: &str,
        commit: impl FnOnce(&mut Connection) -> Result<(Outcome, bool), DbError>,
    ) -> Result<(Outcome, bool), DbError> {
        if !try_lock(connection, name)? {
            let outcome = match self.outcome_of_first_try(connection)? {
                Some(outcome) => outcome,
                // Whoever holds it may have read what this very commit has stored already.
                None => self.layout.classify(connection, self.key, self.basis)?,
            };
            return Ok((outcome, false));
        }
        let outcome = match self.outcome_of_first_try(connection) {
            Ok(Some(outcome)) => Ok((outcome, false)),
            Ok(None) => commit(connection),
            Err(error) => Err(error),
        };
        // Also where it failed: a server that has refused it keeps the connection, and the lock with it.
        let unlocked = unlock(connection, name);
        outcome.and_then(|outcome| unlocked.map(|()| outcome))
    }

    /// What the run before has come to, whose answer was lost; `None` where it has stored nothing.
    fn outcome_of_first_try(
        &self,
        connection: &mut Connection,
    ) -> Result<Option<Outcome>, DbError> {
        if !connection.is_second_try || !matches!(self.change, Change::Write(..)) {
            return Ok(None);
        }
        Ok(
            match stored_state(connection, self.layout, self.key, self.basis)? {
                StoredState::OwnWrite(version) => Some(Outcome::Stored(version)),
                StoredState::Changed => Some(Outcome::Unknown),
                StoredState::AsRead => None,
            },
        )
    }
}

fn stored_state(
    connection: &mut Connection,
    layout: &Layout,
    key: &SessionKey,
    basis: Basis,
) -> Result<StoredState, DbError> {
    let now = match layout.reload(connection, key)? {
        Read::Granted(found) => found.record.map(|record| record.version),
        Read::Taken => None,
    };
    Ok(match now {
        Some(now) if now.revision == basis.token.into() => StoredState::OwnWrite(now),
        now if now == basis.seen => StoredState::AsRead,
        _ => StoredState::Changed,
    })
}
