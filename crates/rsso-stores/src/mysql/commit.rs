//! Committing a session: once, or a second time where the first answer was lost.
//!
//! What always holds: a commit that was sent and not answered is sent again, or told of, only after
//! its connection has ended; before that nobody knows what is yet to come of it.

use std::mem;

use mysql::Error as Driver;

use super::connection::Session;
use super::connections::{Failed, Line};
use super::layout::Layout;
use super::locks::{try_lock, unlock};
use super::reads::Read;
use super::store::MysqlStore;
use super::unanswered::Fate;
use rsso_core::error::Result;
use rsso_core::sid::SessionKey;
use rsso_core::store::{Basis, Change, Generation, MAYBE_STORED, NOT_STORED, Outcome, Version};

/// What is there after a commit whose answer was lost.
enum Trace {
    /// What it has written.
    Ours(Version),
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
        let line = self.line_of(held.as_ref());
        let name = self.names.of(key.as_bytes());
        let Self { lines, layout, .. } = self;
        let mut has_run = false;
        let outcome = lines.attempt(line, |session| {
            // What failed on the way may have given the lock back: run again, it is a commit that lost its own.
            let is_first = !mem::replace(&mut has_run, true);
            let held = held
                .as_ref()
                .filter(|held| is_first && held.connection == session.number);
            let again = Again {
                layout,
                key,
                basis,
                change,
            };
            let lock = held.map(|held| held.name.as_str());
            let commit =
                |session: &mut Session| layout.commit(session, key, basis, lock, change, born);
            match basis.locked && lock.is_none() {
                true => again.regained(session, &name, commit),
                false => match again.sent_before(session)? {
                    Some(outcome) => Ok((outcome, false)),
                    None => commit(session),
                },
            }
        });
        let outcome = match outcome {
            Ok(outcome) => Ok(outcome),
            Err(failed) => self
                .fate_of(key, basis, change, failed)
                .map(|outcome| (outcome, false)),
        };
        match held {
            None => outcome.map(|(outcome, _)| outcome),
            Some(_) if matches!(outcome, Ok((_, true))) => outcome.map(|(outcome, _)| outcome),
            // What happened to the session is what the caller needs to hear, not to its lock: that
            // ends with the connection at the latest.
            Some(held) => match (outcome, self.free(&held)) {
                (Ok(_), Err(error)) => Err(error),
                (outcome, _) => outcome.map(|(outcome, _)| outcome),
            },
        }
    }

    /// What a commit has come to that failed: the store is asked, where it can tell.
    fn fate_of(
        &mut self,
        key: &SessionKey,
        basis: Basis,
        change: Change<'_>,
        failed: Failed,
    ) -> Result<Outcome> {
        let Self { lines, layout, .. } = self;
        let is_write = matches!(change, Change::Write(..));
        let (trace, is_proof) = match failed.fate {
            Fate::Over if is_write => {
                let seen = lines.attempt(Line::Prompt, |session| {
                    let trace = trace(session, layout, key, basis)?;
                    Ok((Some(trace), session.atomic))
                });
                seen.unwrap_or((None, false))
            }
            _ => (None, false),
        };
        let doing = match (failed.fate, trace) {
            (_, Some(Trace::Ours(version))) => return Ok(Outcome::Stored(version)),
            (_, Some(Trace::Changed)) => return Ok(Outcome::Unknown),
            (_, Some(Trace::AsRead)) if is_proof => NOT_STORED,
            (Fate::NotDone, _) => NOT_STORED,
            _ => MAYBE_STORED,
        };
        Err(failed.complaint.about(&lines.target.address, doing))
    }
}

/// A commit that does not hold its lock any more, or that was sent before.
struct Again<'a> {
    layout: &'a Layout,
    key: &'a SessionKey,
    basis: Basis,
    change: Change<'a>,
}

impl Again<'_> {
    /// A commit whose lock went with its connection: only while nobody else holds it.
    fn regained(
        &self,
        session: &mut Session,
        name: &str,
        commit: impl FnOnce(&mut Session) -> Result<(Outcome, bool), Driver>,
    ) -> Result<(Outcome, bool), Driver> {
        if !try_lock(session, name)? {
            let outcome = match self.sent_before(session)? {
                Some(outcome) => outcome,
                // Whoever holds it may have read what this very commit has stored already.
                None => self.layout.classify(session, self.key, self.basis)?,
            };
            return Ok((outcome, false));
        }
        let outcome = match self.sent_before(session) {
            Ok(Some(outcome)) => Ok((outcome, false)),
            Ok(None) => commit(session),
            Err(error) => Err(error),
        };
        // Also where it failed: a server that has refused it keeps the connection, and the lock with it.
        let unlocked = unlock(session, name);
        outcome.and_then(|outcome| unlocked.map(|()| outcome))
    }

    /// What the run before has come to, whose answer was lost; `None` where it has stored nothing.
    fn sent_before(&self, session: &mut Session) -> Result<Option<Outcome>, Driver> {
        if !session.is_second_try || !matches!(self.change, Change::Write(..)) {
            return Ok(None);
        }
        Ok(match trace(session, self.layout, self.key, self.basis)? {
            Trace::Ours(version) => Some(Outcome::Stored(version)),
            Trace::Changed => Some(Outcome::Unknown),
            Trace::AsRead => None,
        })
    }
}

fn trace(
    session: &mut Session,
    layout: &Layout,
    key: &SessionKey,
    basis: Basis,
) -> Result<Trace, Driver> {
    let now = match layout.reload(session, key)? {
        Read::Granted(found) => found.record.map(|record| record.version),
        Read::Taken => None,
    };
    Ok(match now {
        Some(now) if now.revision == basis.token.into() => Trace::Ours(now),
        now if now == basis.seen => Trace::AsRead,
        _ => Trace::Changed,
    })
}
