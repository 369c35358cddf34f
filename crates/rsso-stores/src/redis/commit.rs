//! The end of a session's use: its data are stored, or its expiry is put off.

use std::time::Duration;

use redis::Value;

use super::commands::millis;
use super::keys::Keys;
use super::mutation::{Resend, known};
use super::record;
use super::scripts::Script;
use super::staged_payload::StagedPayload;
use super::store::RedisStore;
use rsso_core::error::{Error, Result, StoreErrorKind};
use rsso_core::store::{Basis, Generation, MAYBE_STORED, NOT_STORED, Outcome, Revision, Version};

/// What the scripts compare: nothing where no record was seen.
fn seen(basis: Basis) -> (Vec<u8>, Vec<u8>) {
    basis.seen.map_or_else(Default::default, |seen| {
        (
            record::generation(seen.generation).to_vec(),
            seen.revision.0.to_vec(),
        )
    })
}

/// What the record is if this commit makes it.
fn born(basis: Basis) -> Result<Version> {
    let generation = basis
        .seen
        .map_or_else(Generation::random, |seen| Ok(seen.generation))?;
    Ok(Version {
        generation,
        revision: basis.token.into(),
    })
}

impl RedisStore {
    /// Stores data. A write that was sent twice is stored, or refused for certain, or
    /// [`Outcome::Unknown`]: the record's revision tells the first, a lock that is still held the second.
    pub(super) fn write(
        &mut self,
        keys: &Keys,
        basis: Basis,
        data: &[u8],
        ttl: Duration,
    ) -> Result<Outcome> {
        let born = born(basis)?;
        let (generation, revision) = seen(basis);
        let stage = StagedPayload {
            key: keys.staging(),
            data,
            trailer: &record::trailer(born),
            ttl: millis(ttl),
        };
        let mut commit = Script::Commit.call_with_extra_key(keys, Some(keys.staging()));
        commit
            .arg(basis.token.as_bytes())
            .arg(i32::from(basis.locked))
            .arg(generation)
            .arg(revision);
        let answered = self
            .mutate(Some(&stage), &[commit], Resend::Same)
            .map_err(|unanswered| unanswered.into_error(NOT_STORED, MAYBE_STORED))?;
        let refused = |error: Error| match answered.sent_twice {
            true => known(MAYBE_STORED, error),
            false => known(NOT_STORED, error),
        };
        let mut replies = answered.replies.into_iter();
        let staged = replies.next().unwrap_or_default();
        let verdict = self.verdict(replies.next().unwrap_or_default());
        self.accept(staged).map_err(refused)?;
        let (code, detail) = verdict.map_err(refused)?;
        // A commit gives its lock back: what finds its own still there is the first.
        let first = !answered.sent_twice || detail == b"held";
        match code {
            1 => {
                self.mark_writable();
                let generation = <[u8; 8]>::try_from(detail)
                    .map_or(born.generation, |g| Generation(u64::from_be_bytes(g)));
                Ok(Outcome::stored(generation, Revision::from(basis.token)))
            }
            2 if first => Ok(Outcome::Gone),
            3 if first => Ok(Outcome::LockLost),
            2 | 3 => Ok(Outcome::Unknown),
            _ => Err(refused(Error::store_plain(
                StoreErrorKind::Full,
                &self.target.address,
                format!(
                    "the server dropped the data before they were committed: {}",
                    String::from_utf8_lossy(&detail)
                ),
            ))),
        }
    }

    /// Puts the expiry off, or makes an empty record where none was seen.
    pub(super) fn touch(&mut self, keys: &Keys, basis: Basis, ttl: Duration) -> Result<Outcome> {
        let born = born(basis)?;
        let (generation, _) = seen(basis);
        let mut touch = Script::Touch.call(keys);
        touch
            .arg(basis.token.as_bytes())
            .arg(generation)
            .arg(millis(ttl))
            .arg(record::encode(b"", born));
        // A refresh changes nothing that anybody could miss, and a server that takes no writes refuses it.
        if let Some(seen) = basis.seen {
            if !self.refuses_writes() {
                self.post(Script::Touch, touch)?;
            }
            return Ok(Outcome::Stored(seen));
        }
        let answered = self
            .mutate(None, &[touch], Resend::Same)
            .map_err(|unanswered| unanswered.into_error(NOT_STORED, MAYBE_STORED))?;
        let (code, _) = self
            .verdict(answered.replies.into_iter().next().unwrap_or(Value::Nil))
            .map_err(|error| known(NOT_STORED, error))?;
        Ok(match code {
            1 => Outcome::Stored(born),
            _ => Outcome::Gone,
        })
    }
}
