//! Storing or ending a session by plain commands, if nothing has changed since it was read.
//!
//! What always holds:
//! - `EXEC` is sent on the connection that has watched the keys since before they were read, and only once.
//! - If it answers anything but success, nothing is concluded from it: the fenced script decides.
//! - Without a watch, only a record that is not there is written.

use std::time::Duration;

use redis::Value;

use super::commands::millis;
use super::keys::Keys;
use super::pipeline_error::PipelineError;
use super::plain_read::pack_has_login;
use super::record;
use super::resp::{number, word};
use super::scripts::Script;
use super::store::RedisStore;
use super::watch::Watch;
use rsso_core::store::{Basis, Generation, Token, Version};

/// The error of a transaction that was given up because one of its commands was refused.
const EXEC_ABORT: &str = "EXECABORT";

/// What takes the place of a record.
pub(super) struct Replacement<'a> {
    /// The record's value, in parts.
    pub(super) value: [&'a [u8]; 3],
    pub(super) ttl_millis: u64,
}

/// What became of a plain write.
pub(super) enum PlainWrite {
    /// It was done.
    Done,
    /// It was done, but the session's login had ended before.
    LoginGone,
    /// It was not done. The script decides.
    AskScript,
}

impl RedisStore {
    /// Stores data by plain commands, and releases the lock.
    pub(super) fn write_plain(
        &mut self,
        keys: &Keys,
        basis: Basis,
        next: Version,
        data: &[u8],
        ttl: Duration,
    ) -> Result<PlainWrite, PipelineError> {
        let ttl_millis = millis(ttl);
        if basis.seen.is_none() && !basis.locked {
            return self.create_plain(keys, &[data, &record::trailer(next)], ttl_millis);
        }
        let may_use =
            |watch: &Watch| watch.version == basis.seen && watch.fits(basis.token, basis.locked);
        let Some((watch, user_outlives)) = self.take_watch(may_use, ttl) else {
            return Ok(PlainWrite::AskScript);
        };
        let (login, trailer) = match &watch.login {
            None => (&[][..], record::trailer(next)),
            Some(login) if user_outlives => (login.as_bytes(), record::trailer_with_login(next)),
            // The script extends the user's key.
            Some(_) => return Ok(PlainWrite::AskScript),
        };
        let replacement = Replacement {
            value: [data, login, &trailer],
            ttl_millis,
        };
        self.transact(keys, &watch, Some(&replacement))
    }

    /// Ends a session without a login, or puts another record into its place, and releases the lock.
    pub(super) fn end_plain(
        &mut self,
        keys: &Keys,
        token: Token,
        generation: Option<Generation>,
        replacement: Option<&Replacement<'_>>,
    ) -> Result<PlainWrite, PipelineError> {
        let may_use = |watch: &Watch| {
            let seen = watch.version.map(|version| version.generation);
            seen.is_some() && seen == generation && watch.login.is_none() && watch.fits(token, true)
        };
        match self.take_watch(may_use, Duration::ZERO) {
            Some((watch, _)) => self.transact(keys, &watch, replacement),
            None => Ok(PlainWrite::AskScript),
        }
    }

    /// Takes the watch of the open connection, if it may be used.
    ///
    /// With it comes whether its user's key outlives a session that lives for `ttl`.
    fn take_watch(
        &mut self,
        may_use: impl FnOnce(&Watch) -> bool,
        ttl: Duration,
    ) -> Option<(Watch, bool)> {
        let plain = &mut self.connection.as_mut()?.plain;
        let watch = plain.watch.take().filter(may_use)?;
        let login = watch.login.as_ref();
        let user_outlives = login.is_some_and(|login| plain.user_outlives(login, ttl));
        Some((watch, user_outlives))
    }

    /// Stores a record that nobody can know yet.
    pub(super) fn create_plain(
        &mut self,
        keys: &Keys,
        value: &[&[u8]],
        ttl_millis: u64,
    ) -> Result<PlainWrite, PipelineError> {
        let replies = self.exchange_plain(1, |out, _| {
            out.extend_from_slice(b"*6\r\n$3\r\nSET\r\n");
            word(out, &[keys.record().as_bytes()]);
            word(out, value);
            out.extend_from_slice(b"$2\r\nNX\r\n$2\r\nPX\r\n");
            number(out, ttl_millis);
        })?;
        Ok(match replies.as_slice() {
            [Value::Okay] => PlainWrite::Done,
            _ => PlainWrite::AskScript,
        })
    }

    /// Replaces or removes the record and releases the lock, if nothing has changed.
    fn transact(
        &mut self,
        keys: &Keys,
        watch: &Watch,
        replacement: Option<&Replacement<'_>>,
    ) -> Result<PlainWrite, PipelineError> {
        let login = watch.login.as_ref();
        let acts = 1 + usize::from(watch.locked);
        let count = 2 + acts + usize::from(login.is_some());
        let replies = self.exchange_plain(count, |out, _| {
            if let Some(login) = login {
                pack_has_login(out, keys, login.user(), login.login());
            }
            pack_transaction(out, keys, watch, replacement);
        })?;
        if let Some(connection) = &mut self.connection {
            connection.plain.is_watching = false;
        }
        let done = match replies.last() {
            Some(Value::Array(done)) => done,
            // Nothing was done, and the transaction may still be open: its connection is of no use any more.
            Some(Value::ServerError(error)) if error.code() != EXEC_ABORT => {
                self.connection = None;
                return Ok(PlainWrite::AskScript);
            }
            _ => return Ok(PlainWrite::AskScript),
        };
        let is_done = |reply: &Value| matches!(reply, Value::Okay | Value::Int(_));
        if done.len() != acts || !done.iter().all(is_done) {
            return Ok(PlainWrite::AskScript);
        }
        match login {
            Some(_) if replies.first() != Some(&Value::Int(1)) => self.check_login(keys),
            _ => Ok(PlainWrite::Done),
        }
    }
}

impl RedisStore {
    /// Has a script look whether the session's login lives. If not, the script ends the session.
    fn check_login(&mut self, keys: &Keys) -> Result<PlainWrite, PipelineError> {
        let replies = self.try_pipeline(&[Script::Peek.call(keys)], Duration::ZERO)?;
        let answer = self
            .script_answer(replies.into_iter().next().unwrap_or_default())
            .map_err(PipelineError::Refused)?;
        Ok(match answer.code {
            1 => PlainWrite::Done,
            _ => PlainWrite::LoginGone,
        })
    }
}

impl Watch {
    /// Whether it is of the request that commits, and of as much as that relies on.
    fn fits(&self, token: Token, locked: bool) -> bool {
        self.token == token && self.locked == locked
    }
}

fn pack_transaction(
    out: &mut Vec<u8>,
    keys: &Keys,
    watch: &Watch,
    replacement: Option<&Replacement<'_>>,
) {
    let record = keys.record().as_bytes();
    out.extend_from_slice(b"*1\r\n$5\r\nMULTI\r\n");
    if let Some(Replacement { value, ttl_millis }) = replacement {
        let length: usize = value.iter().map(|part| part.len()).sum();
        out.reserve(length + 512);
        out.extend_from_slice(b"*6\r\n$3\r\nSET\r\n");
        word(out, &[record]);
        word(out, value);
        // In a transaction this says nothing new. It fences the write should `MULTI` be refused.
        word(
            out,
            &[if watch.version.is_some() {
                b"XX"
            } else {
                b"NX"
            }],
        );
        out.extend_from_slice(b"$2\r\nPX\r\n");
        number(out, *ttl_millis);
    } else {
        out.extend_from_slice(b"*2\r\n$3\r\nDEL\r\n");
        word(out, &[record]);
    }
    if watch.locked {
        out.extend_from_slice(b"*2\r\n$3\r\nDEL\r\n");
        word(out, &[keys.lock().as_bytes()]);
    }
    out.extend_from_slice(b"*1\r\n$4\r\nEXEC\r\n");
}
