//! The end of a session: its record is removed, and its login with it.

use std::time::Duration;

use super::acts::ActLock;
use super::commands::millis;
use super::pipeline_error::PipelineError;
use super::plain_write::{PlainWrite, Replacement};
use super::record;
use super::scripts::Script;
use super::store::RedisStore;
use rsso_core::engine::DestroySession;
use rsso_core::error::Result;
use rsso_core::login::event::json;
use rsso_core::sid::SessionKey;
use rsso_core::store::{End, Generation, MAYBE_CHANGED, NOT_CHANGED, Token, Tombstone, Version};

impl RedisStore {
    /// Removes a session; see [`rsso_core::store::Store::destroy`].
    ///
    /// With `empty_ttl` an empty session takes its place for so long.
    pub(super) fn end_session(
        &mut self,
        key: &SessionKey,
        token: Option<Token>,
        end: End<'_>,
        empty_ttl: Option<Duration>,
    ) -> Result<bool> {
        if let Some(token) = token {
            self.lock_renewer.stop(token);
        }
        let empty = match empty_ttl {
            Some(ttl) => {
                let version = Version {
                    generation: Generation::random()?,
                    revision: token.map_or_else(Token::random, Ok)?.into(),
                };
                Some((version, ttl))
            }
            None => None,
        };
        if let Some(removed) = self.end_without_login(key, token, end, empty)? {
            return Ok(removed);
        }
        let lock = token.map(|token| ActLock {
            keys: self.keys(key, Some(token)),
            token,
        });
        let act = DestroySession {
            session: key,
            end,
            empty,
        };
        self.run_act(&act, lock.as_ref())
    }

    /// Removes a session without a login, or one whose login lives on. `None` if the login ends, too: nothing was done.
    fn end_without_login(
        &mut self,
        key: &SessionKey,
        token: Option<Token>,
        end: End<'_>,
        empty: Option<(Version, Duration)>,
    ) -> Result<Option<bool>> {
        let lost = match self.end_by_plain_commands(key, token, end, empty) {
            Ok(PlainWrite::Done) => return Ok(Some(true)),
            Ok(PlainWrite::LoginGone | PlainWrite::AskScript) => None,
            Err(error) => Some(error),
        };
        let (tombstone, tombstone_ttl) = match end.tombstone {
            Some(Tombstone { kick, ttl }) => (json(kick), millis(ttl)),
            None => (String::new(), 0),
        };
        let (empty_record, empty_ttl) = match empty {
            Some((version, ttl)) => (record::trailer(version).to_vec(), millis(ttl)),
            None => (Vec::new(), 0),
        };
        let seen = end.seen.map(record::generation_bytes);
        let mut destroy = Script::Destroy.call(&self.keys(key, token));
        destroy
            .arg(token.map(|t| t.as_bytes().to_vec()).unwrap_or_default())
            .arg(seen.map(|bytes| bytes.to_vec()).unwrap_or_default())
            .arg(i32::from(end.keeps_login))
            .arg(tombstone)
            .arg(tombstone_ttl)
            .arg(empty_record)
            .arg(empty_ttl);
        let answered = match lost {
            None => self.mutate(None, &[destroy]),
            Some(error) => self.mutate_again(error, None, &[destroy]),
        }
        .map_err(|error| error.into_error(NOT_CHANGED, MAYBE_CHANGED))?;
        let sent_twice = answered.sent_twice;
        let outcome = answered.outcome_of_error(NOT_CHANGED, MAYBE_CHANGED);
        let reply = answered.replies.into_iter().next().unwrap_or_default();
        let answer = self
            .script_answer(reply)
            .map_err(|error| error.with_outcome(outcome))?;
        Ok(match answer.code {
            2 => None,
            // If the second call finds nothing, the first has removed it, or there was nothing.
            code => Some(code > 0 || (sent_twice && end.seen.is_some())),
        })
    }

    /// Ends a session without a login that this request has read under its lock, if it leaves no tombstone.
    fn end_by_plain_commands(
        &mut self,
        key: &SessionKey,
        token: Option<Token>,
        end: End<'_>,
        empty: Option<(Version, Duration)>,
    ) -> Result<PlainWrite, PipelineError> {
        let (Some(token), None) = (token, &end.tombstone) else {
            return Ok(PlainWrite::AskScript);
        };
        let keys = self.keys(key, Some(token));
        let trailer = empty.map(|(version, _)| record::trailer(version));
        let replacement = trailer
            .as_ref()
            .zip(empty)
            .map(|(trailer, (_, ttl))| Replacement {
                value: [trailer, b"", b""],
                ttl_millis: millis(ttl),
            });
        self.check_idle_connection()
            .map_err(PipelineError::NotSent)?;
        self.end_plain(&keys, token, end.seen, replacement.as_ref())
    }
}
