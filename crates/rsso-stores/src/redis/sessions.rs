//! The store's calls for sessions.

use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::time::Duration;

use redis::Value;

use super::acquire::LockRequest;
use super::commands::{get_record, release_lock};
use super::error::is_write_refusal;
use super::keys::Keys;
use super::pipeline_error::PipelineError;
use super::plain_read::PlainRead;
use super::scripts::Script;
use super::store::RedisStore;
use rsso_core::deadline::Deadline;
use rsso_core::error::{Error, Result};
use rsso_core::sid::SessionKey;
use rsso_core::store::{Basis, Change, End, Load, Loaded, Lock, Outcome, Store, Token};

impl Store for RedisStore {
    fn address(&self) -> &str {
        &self.target.address
    }

    /// Finds out whether the server accepts writes.
    ///
    /// If not, a new session would be lost at its end. It asks only if that is not known: each new connection and each
    /// write has asked.
    fn ready(&mut self) -> Result<()> {
        let connection = self.take_connection()?;
        let is_known = connection.accepts_writes();
        self.connection = Some(connection);
        if is_known {
            return Ok(());
        }
        match self.pipeline(&[self.target.write_probe()])?.pop() {
            Some(Value::ServerError(error)) if is_write_refusal(&error) => Err(self
                .target
                .refusal_error("cannot store a new session", &error)),
            _ => {
                self.mark_writable();
                Ok(())
            }
        }
    }

    fn load(&mut self, key: &SessionKey, want: Load) -> Result<Loaded> {
        let keys = self.keys(key, Some(want.token));
        let Some(terms) = want.lock else {
            let loaded = self.load_unlocked(key, &keys, want.token)?;
            if loaded.record.is_none() && !want.only_existing {
                self.ready()?;
            }
            return Ok(loaded);
        };
        match self.load_locked(LockRequest::new(key, &keys, want, terms)) {
            Err(error @ Error::Store { .. }) if self.refuses_writes() => {
                // A lock is a write, but a stored session can be read without one. It counts as a lock that was lost
                // at once: a commit is refused if another request has written since.
                let loaded = self.load_unlocked(key, &keys, want.token)?;
                match loaded.record {
                    Some(_) => Ok(Loaded {
                        locked: true,
                        ..loaded
                    }),
                    None => Err(error),
                }
            }
            loaded => loaded.inspect_err(|_| {
                // The lock may have been granted nevertheless. Without a connection its owner counts as dead. The
                // first error is the one to report.
                self.lock_renewer.stop(want.token);
                if self.connection.is_some() {
                    let _ = self.pipeline(&[release_lock(&keys, want.token, true)]);
                }
            }),
        }
    }

    fn commit(&mut self, key: &SessionKey, basis: Basis, change: Change<'_>) -> Result<Outcome> {
        self.lock_renewer.stop(basis.token);
        let keys = self.keys(key, Some(basis.token));
        match change {
            Change::Write(data, ttl) => self.write(&keys, basis, data, ttl),
            Change::Touch(ttl) => self.touch(&keys, basis, ttl),
        }
    }

    fn release(&mut self, key: &SessionKey, token: Token) -> Result<()> {
        self.lock_renewer.stop(token);
        let release = release_lock(&self.keys(key, Some(token)), token, false);
        self.call_unanswered(Script::Release, release)
    }

    fn destroy(&mut self, key: &SessionKey, token: Option<Token>, end: End<'_>) -> Result<bool> {
        self.end_session(key, token, end, None)
    }

    fn destroy_leaving_empty(
        &mut self,
        key: &SessionKey,
        lock: Lock,
        end: End<'_>,
        ttl: Duration,
    ) -> Result<bool> {
        self.end_session(key, lock.held.then_some(lock.token), end, Some(ttl))
    }

    /// Does nothing: Redis removes expired keys itself.
    fn gc(&mut self, _until: Option<Deadline>) -> Result<u64> {
        Ok(0)
    }

    fn abandon(self: Box<Self>) {
        let _left_open = ManuallyDrop::new(self);
    }
}

impl RedisStore {
    /// Reads without the lock.
    fn load_unlocked(
        &mut self,
        session: &SessionKey,
        keys: &Arc<Keys>,
        token: Token,
    ) -> Result<Loaded> {
        let plain = PlainRead {
            session,
            keys,
            token,
            lock_ttl: None,
            only_existing: true,
        };
        let loaded = self.retried_once(|store| store.load_plain(plain));
        if let Some(loaded) = loaded.map_err(PipelineError::into_error)? {
            return Ok(loaded);
        }
        let mut replies = self
            .pipeline(&[Script::Peek.call(keys), get_record(keys)])?
            .into_iter();
        let answer = self.script_answer(replies.next().unwrap_or_default())?;
        let record = replies.next().unwrap_or_default();
        // A record that has ended counts as missing even if the script was not allowed to remove it.
        let record = if answer.code == 1 { record } else { Value::Nil };
        self.loaded(false, &answer, record)
    }
}
