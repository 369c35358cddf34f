//! The end of a session's use: its data are stored, or its expiry is extended.

use std::time::Duration;

use super::commands::millis;
use super::keys::Keys;
use super::pipeline_error::PipelineError;
use super::plain_write::PlainWrite;
use super::record;
use super::scripts::Script;
use super::staged_payload::StagedPayload;
use super::store::RedisStore;
use rsso_core::error::{Error, Result, StoreErrorKind};
use rsso_core::store::{Basis, Generation, MAYBE_STORED, NOT_STORED, Outcome, Revision, Version};

/// The version that the record must have; empty if none was seen.
#[derive(Default)]
struct ExpectedVersion {
    generation: Vec<u8>,
    revision: Vec<u8>,
}

impl ExpectedVersion {
    fn of(basis: Basis) -> Self {
        basis.seen.map_or_else(Self::default, |seen| Self {
            generation: record::generation_bytes(seen.generation).to_vec(),
            revision: seen.revision.0.to_vec(),
        })
    }
}

/// The record's version if this commit succeeds.
fn next_version(basis: Basis) -> Result<Version> {
    let generation = basis
        .seen
        .map_or_else(Generation::random, |seen| Ok(seen.generation))?;
    Ok(Version {
        generation,
        revision: basis.token.into(),
    })
}

impl RedisStore {
    /// Stores data.
    ///
    /// Plain commands do it if nothing has changed, else the script. If a write was sent twice, the record's revision
    /// tells whether it was made. A refusal is certain only if the lock was still held; else the outcome is
    /// [`Outcome::Unknown`].
    pub(super) fn write(
        &mut self,
        keys: &Keys,
        basis: Basis,
        data: &[u8],
        ttl: Duration,
    ) -> Result<Outcome> {
        let next = next_version(basis)?;
        self.check_idle_connection()
            .map_err(|error| error.with_outcome(NOT_STORED))?;
        let lost = match self.write_plain(keys, basis, next, data, ttl) {
            Ok(PlainWrite::Done) => {
                self.mark_writable();
                return Ok(Outcome::Stored(next));
            }
            Ok(PlainWrite::LoginGone) => return Ok(Outcome::Gone),
            Ok(PlainWrite::AskScript) => None,
            Err(error) => Some(error),
        };
        self.write_by_script(keys, basis, next, data, ttl, lost)
    }

    /// Stores data by the script; `lost` is why it is not known whether plain commands have.
    fn write_by_script(
        &mut self,
        keys: &Keys,
        basis: Basis,
        next: Version,
        data: &[u8],
        ttl: Duration,
        lost: Option<PipelineError>,
    ) -> Result<Outcome> {
        let expected = ExpectedVersion::of(basis);
        let staging = keys.staging();
        let payload = StagedPayload {
            key: &staging,
            data,
            trailer: &record::trailer(next),
            ttl_millis: millis(ttl),
        };
        let mut commit = Script::Commit.call_with_extra_key(keys, &staging);
        commit
            .arg(basis.token.as_bytes())
            .arg(i32::from(basis.locked))
            .arg(expected.generation)
            .arg(expected.revision);
        let answered = match lost {
            None => self.mutate(Some(&payload), &[commit]),
            Some(error) => self.mutate_again(error, Some(&payload), &[commit]),
        }
        .map_err(|error| error.into_error(NOT_STORED, MAYBE_STORED))?;
        let sent_twice = answered.sent_twice;
        let outcome = answered.outcome_of_error(NOT_STORED, MAYBE_STORED);
        let refused = |error: Error| error.with_outcome(outcome);
        let mut replies = answered.replies.into_iter();
        let staged = replies.next().unwrap_or_default();
        let answer = self.script_answer(replies.next().unwrap_or_default());
        self.reply_value(staged).map_err(refused)?;
        let answer = answer.map_err(refused)?;
        // A commit releases its lock: if the lock was still held, the first one was not done.
        let is_certain = !sent_twice || answer.first() == b"held";
        match answer.code {
            1 => {
                self.mark_writable();
                let generation = <[u8; 8]>::try_from(answer.first())
                    .map_or(next.generation, |g| Generation(u64::from_be_bytes(g)));
                Ok(Outcome::stored(generation, Revision::from(basis.token)))
            }
            2 if is_certain => Ok(Outcome::Gone),
            3 if is_certain => Ok(Outcome::LockLost),
            2 | 3 => Ok(Outcome::Unknown),
            _ => Err(refused(self.staged_data_lost(answer.first()))),
        }
    }

    fn staged_data_lost(&self, error: &[u8]) -> Error {
        Error::store_plain(
            StoreErrorKind::Full,
            &self.target.address,
            format!(
                "the server dropped the data before they were committed: {}",
                String::from_utf8_lossy(error)
            ),
        )
    }

    /// Extends the expiry, or makes an empty record if none was seen.
    pub(super) fn touch(&mut self, keys: &Keys, basis: Basis, ttl: Duration) -> Result<Outcome> {
        let next = next_version(basis)?;
        let mut touch = Script::Touch.call(keys);
        touch
            .arg(basis.token.as_bytes())
            .arg(ExpectedVersion::of(basis).generation)
            .arg(millis(ttl))
            .arg(record::encode(b"", next));
        // Nobody misses a refresh that was not made, and a server that accepts no writes refuses it.
        if let Some(seen) = basis.seen {
            if !self.refuses_writes() {
                self.call_unanswered(Script::Touch, touch)?;
            }
            return Ok(Outcome::Stored(seen));
        }
        let answered = self
            .mutate(None, &[touch])
            .map_err(|error| error.into_error(NOT_STORED, MAYBE_STORED))?;
        let outcome = answered.outcome_of_error(NOT_STORED, MAYBE_STORED);
        let answer = self
            .script_answer(answered.replies.into_iter().next().unwrap_or_default())
            .map_err(|error| error.with_outcome(outcome))?;
        Ok(match answer.code {
            1 => Outcome::Stored(next),
            _ => Outcome::Gone,
        })
    }
}
