//! Taking a lock, and waiting for it: in order, woken by whoever frees it, without polling.
//!
//! A request that finds the lock taken is written down among the waiters in the same script. It
//! then sends one pipeline, "wait for the wake-up, take the lock, read", and hears nothing until
//! it is its turn: one round trip, however long it takes.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value, cmd};

use super::commands::{free, get, millis};
use super::connection::{Connection, PipelineError};
use super::connection_id::ConnectionId;
use super::keys::Keys;
use super::pipeline::may_try_again;
use super::scripts::Script;
use super::stale_lock::OwnerCheck;
use super::store::RedisStore;
use rsso_core::error::{Error, Result};
use rsso_core::store::{Load, Loaded, LockTerms, Token};

/// How much longer than a lock can live a waiter sleeps before it looks for itself.
const MARGIN: Duration = Duration::from_millis(250);

/// What an attempt came to: done, or the lock that is in the way.
type Attempt = ControlFlow<Loaded, Vec<u8>>;

impl RedisStore {
    pub(super) fn load_locked(
        &mut self,
        keys: &Arc<Keys>,
        want: Load,
        terms: LockTerms,
    ) -> Result<Loaded> {
        let mut taken = match self.attempt(keys, want, terms)? {
            Attempt::Break(loaded) => return Ok(loaded),
            Attempt::Continue(lock) => lock,
        };
        self.check_owner(keys, &taken, want.token, terms)?;
        while !terms.deadline.passed() {
            let stale_lock = self.stale_lock.clone();
            self.lock_renewer
                .watch(want.token, keys, terms.deadline, stale_lock);
            let sleep = terms.deadline.remaining().min(terms.ttl + MARGIN);
            let replies =
                self.try_pipeline(&wait_then_acquire(self, keys, want, terms, sleep), sleep);
            self.lock_renewer.end(want.token);
            let attempt = match replies {
                Ok(replies) => {
                    let mut replies = replies.into_iter();
                    self.accept(replies.next().unwrap_or_default())?;
                    self.read_attempt(keys, want, terms, replies)?
                }
                // The server restarted, say: queue up anew.
                Err(PipelineError::AnswerLost(lost)) if !lost.timed_out => {
                    self.replace(&lost).map_err(PipelineError::into_error)?;
                    self.attempt(keys, want, terms)?
                }
                Err(failure) => return Err(failure.into_error()),
            };
            taken = match attempt {
                Attempt::Break(loaded) => return Ok(loaded),
                Attempt::Continue(lock) => lock,
            };
            self.check_owner(keys, &taken, want.token, terms)?;
        }
        // Leaving the queue is the caller's, as after any other error.
        Err(Error::LockTimeout {
            waited: Duration::ZERO,
        })
    }

    /// The lock says which connection is its owner's: on another connection it is another command. The
    /// old one is closed first, so that what it still brings does not name a dead owner.
    fn attempt(&mut self, keys: &Arc<Keys>, want: Load, terms: LockTerms) -> Result<Attempt> {
        let idle = self.connection.as_ref().map(Connection::idle);
        match self.try_attempt(keys, want, terms) {
            Err(PipelineError::AnswerLost(lost)) if may_try_again(&lost, idle) => self
                .replace(&lost)
                .and_then(|_| self.try_attempt(keys, want, terms)),
            other => other,
        }
        .map_err(PipelineError::into_error)
    }

    fn try_attempt(
        &mut self,
        keys: &Arc<Keys>,
        want: Load,
        terms: LockTerms,
    ) -> Result<Attempt, PipelineError> {
        self.connection = Some(self.connection().map_err(PipelineError::NotSent)?);
        let acquire = acquire(keys, want, terms, self.id_text(), false);
        let replies = self.try_pipeline(&[acquire, get(keys)], Duration::ZERO)?;
        self.read_attempt(keys, want, terms, replies.into_iter())
            .map_err(PipelineError::Refused)
    }

    fn read_attempt(
        &mut self,
        keys: &Arc<Keys>,
        want: Load,
        terms: LockTerms,
        mut replies: impl Iterator<Item = Value>,
    ) -> Result<Attempt> {
        let (code, mut answer) = self.answer(replies.next().unwrap_or_default())?;
        let record = replies.next().unwrap_or_default();
        match code {
            0 => Ok(Attempt::Continue(answer.pop().unwrap_or_default())),
            1 => {
                self.mark_writable();
                if let Some(connection) = &self.connection {
                    let socket = connection.socket();
                    self.lock_renewer.hold(want.token, keys, terms.ttl, socket);
                }
                self.loaded(true, &answer, record).map(Attempt::Break)
            }
            _ => self.loaded(false, &answer, Value::Nil).map(Attempt::Break),
        }
    }

    /// Looks whether the lock's owner may be dead, and frees it for the head of the queue if that was known
    /// for long enough. Who waits on leaves it to its keeper; who does not may be back with the next request.
    fn check_owner(
        &mut self,
        keys: &Keys,
        lock: &[u8],
        token: Token,
        terms: LockTerms,
    ) -> Result<()> {
        let check = OwnerCheck::of(lock, &self.connection_id());
        let answer = match &check {
            OwnerCheck::Ask(question) => self.pipeline(std::slice::from_ref(question))?.pop(),
            OwnerCheck::Trust | OwnerCheck::Restarted => None,
        };
        self.stale_lock = check.stale_lock(lock, answer.as_ref(), self.stale_lock.take());
        if self
            .stale_lock
            .take_if(|stale_lock| stale_lock.may_be_freed())
            .is_some()
        {
            self.pipeline(&[free(keys, lock, token, terms.deadline.remaining())])?;
        }
        Ok(())
    }

    /// Who this connection is, as a lock holds it; "" without a connection.
    fn id_text(&self) -> &str {
        self.connection
            .as_ref()
            .map_or("", |connection| &connection.id_text)
    }

    /// Who this connection is to the server.
    fn connection_id(&self) -> ConnectionId {
        self.connection
            .as_ref()
            .map(|connection| connection.id.clone())
            .unwrap_or_default()
    }
}

fn acquire(keys: &Keys, want: Load, terms: LockTerms, owner: &str, waiting: bool) -> Cmd {
    let mut acquire = Script::Acquire.call(keys);
    acquire
        .arg(want.token.as_bytes())
        .arg(owner)
        .arg(millis(terms.ttl))
        .arg(i32::from(waiting))
        .arg(terms.deadline.remaining().as_millis().to_string())
        .arg(i32::from(want.only_existing));
    acquire
}

fn wait_then_acquire(
    store: &RedisStore,
    keys: &Keys,
    want: Load,
    terms: LockTerms,
    sleep: Duration,
) -> [Cmd; 3] {
    let mut wait = cmd("BLPOP");
    // Zero would mean for ever.
    wait.arg(keys.wake())
        .arg(format!("{:.3}", sleep.as_secs_f64().max(0.001)));
    let acquire = acquire(keys, want, terms, store.id_text(), true);
    [wait, acquire, get(keys)]
}
