//! The acts on sessions.

use std::mem::ManuallyDrop;
use std::time::Duration;

use redis::Value;

use super::commands::release;
use super::error::is_write_refusal;
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

    /// A new session on a server that takes no writes would be lost at its end. It is asked only where that
    /// is not known: a new connection has asked, and so has each write.
    fn ready(&mut self) -> Result<()> {
        let connection = self.connection()?;
        let known = connection.takes_writes();
        self.connection = Some(connection);
        if known {
            return Ok(());
        }
        match self.pipeline(&[self.target.probe()])?.pop() {
            Some(Value::ServerError(error)) if is_write_refusal(&error) => {
                Err(self.target.refused("cannot store a new session", &error))
            }
            _ => {
                self.mark_writable();
                Ok(())
            }
        }
    }

    fn load(&mut self, key: &SessionKey, want: Load) -> Result<Loaded> {
        let keys = self.keys(key, Some(want.token));
        let Some(terms) = want.lock else {
            let loaded = self.peek(&keys)?;
            if loaded.record.is_none() && !want.only_existing {
                self.ready()?;
            }
            return Ok(loaded);
        };
        match self.load_locked(&keys, want, terms) {
            Err(error @ Error::Store { .. }) if self.refuses_writes() => {
                // A lock is a write. What is stored can be read without one; it counts as a lock that was
                // lost at once: a commit is refused if another request has written since.
                let loaded = self.peek(&keys)?;
                match loaded.record {
                    Some(_) => Ok(Loaded {
                        locked: true,
                        ..loaded
                    }),
                    None => Err(error),
                }
            }
            loaded => loaded.inspect_err(|_| {
                // The lock may have been granted all the same; without a connection its owner is
                // gone for whoever asks. The first error counts.
                self.lock_renewer.end(want.token);
                if self.connection.is_some() {
                    let _ = self.pipeline(&[release(&keys, want.token, true)]);
                }
            }),
        }
    }

    fn commit(&mut self, key: &SessionKey, basis: Basis, change: Change<'_>) -> Result<Outcome> {
        self.lock_renewer.end(basis.token);
        let keys = self.keys(key, Some(basis.token));
        match change {
            Change::Write(data, ttl) => self.write(&keys, basis, data, ttl),
            Change::Touch(ttl) => self.touch(&keys, basis, ttl),
        }
    }

    fn release(&mut self, key: &SessionKey, token: Token) -> Result<()> {
        self.lock_renewer.end(token);
        let release = release(&self.keys(key, Some(token)), token, false);
        self.post(Script::Release, release)
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

    /// Redis removes what has expired by itself.
    fn gc(&mut self, _until: Option<Deadline>) -> Result<u64> {
        Ok(0)
    }

    fn abandon(self: Box<Self>) {
        let _left_open = ManuallyDrop::new(self);
    }
}
