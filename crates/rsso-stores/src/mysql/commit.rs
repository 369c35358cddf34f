//! Committing a session: once, or a second time if the first answer was lost.
//!
//! What always holds: a commit that was sent and not answered is sent again, or reported, only after
//! its connection has ended. Before that nobody knows what is yet to come of it.

use std::mem;

use super::commit_attempt::{CommitAttempt, Committed, StoredState};
use super::connections::ConnectionRole;
use super::failure::Failure;
use super::layout::SessionWrite;
use super::locks::HeldLock;
use super::store::MysqlStore;
use super::unanswered::Completion;
use rsso_core::error::Result;
use rsso_core::sid::SessionKey;
use rsso_core::store::{Basis, Change, Generation, MAYBE_STORED, NOT_STORED, Outcome};

impl MysqlStore {
    /// Commits a session and releases its lock.
    pub(super) fn commit_session(
        &mut self,
        key: &SessionKey,
        basis: Basis,
        change: Change<'_>,
    ) -> Result<Outcome> {
        let held = self.held.remove(&basis.token);
        let committed = self.try_commit(key, basis, change, held.as_ref());
        let is_unlocked = committed.as_ref().is_ok_and(|done| done.is_unlocked);
        let outcome = committed.map(|done| done.outcome);
        let Some(held) = held.filter(|_| !is_unlocked) else {
            return outcome;
        };
        // The caller needs the outcome of the session, not of the lock, which ends with the connection
        // at the latest.
        match (outcome, self.release_lock(&held)) {
            (Ok(_), Err(error)) => Err(error),
            (outcome, _) => outcome,
        }
    }

    fn try_commit(
        &mut self,
        key: &SessionKey,
        basis: Basis,
        change: Change<'_>,
        held: Option<&HeldLock>,
    ) -> Result<Committed> {
        let new_generation = Generation::random()?;
        let role = self.role_of(held);
        let Self {
            connections,
            layout,
            names,
            ..
        } = self;
        let mut has_run = false;
        let done = connections.attempt(role, |connection| {
            // A failed first run may have released the lock, so the second run counts as one that has lost it.
            let is_first = !mem::replace(&mut has_run, true);
            let held = held.filter(|held| is_first && held.connection == connection.number);
            let attempt = CommitAttempt {
                layout: layout.as_ref(),
                write: SessionWrite {
                    key,
                    basis,
                    change,
                    // A lock that was held and is lost leaves only the revision as proof.
                    any_revision: held.is_some() || !basis.locked,
                    new_generation,
                },
                lock: held.map(|held| held.name.as_str()),
            };
            match basis.locked && held.is_none() {
                true => attempt.run_after_relocking(connection, &names.name_of(key.as_bytes())),
                false => attempt.run(connection),
            }
        });
        done.or_else(|failure| {
            let outcome = self.outcome_of_failed_commit(key, basis, change, failure)?;
            Ok(outcome.into())
        })
    }

    /// What a commit that failed has come to: the store is asked if it can tell.
    fn outcome_of_failed_commit(
        &mut self,
        key: &SessionKey,
        basis: Basis,
        change: Change<'_>,
        failure: Failure,
    ) -> Result<Outcome> {
        let Self {
            connections,
            layout,
            ..
        } = self;
        let mut is_transactional = false;
        let state = match (failure.completion, change) {
            (Completion::Ended, Change::Write(..)) => {
                let read = connections.attempt(ConnectionRole::Main, |connection| {
                    let state = StoredState::read(connection, layout.as_ref(), key, basis)?;
                    is_transactional = connection.is_transactional;
                    Ok(state)
                });
                read.ok()
            }
            _ => None,
        };
        let doing = match (failure.completion, state) {
            (_, Some(StoredState::OwnWrite(version))) => return Ok(Outcome::Stored(version)),
            (_, Some(StoredState::Changed)) => return Ok(Outcome::Unknown),
            // Without transactions a part may have been written.
            (_, Some(StoredState::AsRead)) if is_transactional => NOT_STORED,
            (Completion::NotDone, _) => NOT_STORED,
            _ => MAYBE_STORED,
        };
        Err(failure
            .diagnosis
            .into_error_while(&connections.target.address, doing))
    }
}
