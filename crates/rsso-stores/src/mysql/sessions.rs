//! The store's acts on sessions.

use std::mem::ManuallyDrop;
use std::time::{Duration, Instant};

use super::MysqlStore;
use super::connections::ConnectionRole;
use rsso_core::deadline::Deadline;
use rsso_core::error::{Error, Result};
use rsso_core::sid::SessionKey;
use rsso_core::store::{
    Basis, Change, End, Load, Loaded, Lock, Outcome, Store, Token, destroy_then_create_empty,
};

/// A lock whose wait took less time than this may have been free: a round trip takes time, too.
const SHORTEST_WAIT: Duration = Duration::from_millis(5);

impl Store for MysqlStore {
    fn address(&self) -> &str {
        &self.connections.target.address
    }

    fn shares_data(&self) -> bool {
        self.layout.is_shared()
    }

    fn ready(&mut self) -> Result<()> {
        self.connections.ready()
    }

    fn load(&mut self, key: &SessionKey, want: Load) -> Result<Loaded> {
        let Some(terms) = want.lock else {
            return self.read_unlocked(key);
        };
        if let Some(loaded) = self.reload(key, want.token)? {
            return Ok(loaded);
        }
        if self.holds_lock_of(key) {
            // This very worker holds it through another handler. The server would grant it again, because its
            // locks belong to the connection, and waiting could only time out.
            return Err(Error::LockTimeout {
                waited: Duration::ZERO,
            });
        }
        let wait = terms.deadline.remaining();
        // Whoever has found this lock taken the last time waits at once: it is likely to be taken again.
        let is_contended = self.contended.take_if(|session| session == key).is_some();
        if !is_contended || wait.is_zero() {
            let read = self.read_locked(key, want, ConnectionRole::Main, Duration::ZERO)?;
            if let Some(loaded) = read {
                return Ok(loaded);
            }
        }
        let wait = terms.deadline.remaining();
        if !wait.is_zero() {
            let mut held = self.held.values();
            self.connections.main_is_idle =
                !held.any(|held| self.connections.is_main(held.connection));
            let role = self.connections.lock_wait_role(wait);
            let asked = Instant::now();
            if let Some(loaded) = self.read_locked(key, want, role, wait)? {
                if asked.elapsed() >= SHORTEST_WAIT {
                    self.contended = Some(key.clone());
                }
                return Ok(loaded);
            }
        }
        Err(Error::LockTimeout {
            waited: Duration::ZERO,
        })
    }

    fn commit(&mut self, key: &SessionKey, basis: Basis, change: Change<'_>) -> Result<Outcome> {
        self.commit_session(key, basis, change)
    }

    fn release(&mut self, _key: &SessionKey, token: Token) -> Result<()> {
        match self.held.remove(&token) {
            Some(held) => self.release_lock(&held),
            None => Ok(()),
        }
    }

    fn destroy(&mut self, key: &SessionKey, token: Option<Token>, end: End<'_>) -> Result<bool> {
        self.destroy_session(key, token, end)
    }

    fn destroy_leaving_empty(
        &mut self,
        key: &SessionKey,
        lock: Lock,
        end: End<'_>,
        ttl: Duration,
    ) -> Result<bool> {
        match self.replace_session_with_empty(key, lock.token, end, ttl)? {
            true => Ok(true),
            false => destroy_then_create_empty(self, key, lock, end, ttl),
        }
    }

    fn gc(&mut self, until: Option<Deadline>) -> Result<u64> {
        self.collect_garbage(until)
    }

    fn abandon(self: Box<Self>) {
        let _left_open = ManuallyDrop::new(self);
    }
}
