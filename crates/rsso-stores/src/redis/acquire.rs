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
use super::connection::{Failure, Link};
use super::connection_id::Owner;
use super::keys::Keys;
use super::pipeline::may_try_again;
use super::scripts::Act;
use super::stale_lock::{self, Inquiry};
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
        self.suspect(keys, &taken, want.token, terms)?;
        while !terms.deadline.passed() {
            let suspect = self.suspect.clone();
            self.keeper.watch(want.token, keys, terms.deadline, suspect);
            let sleep = terms.deadline.remaining().min(terms.ttl + MARGIN);
            let replies =
                self.try_exchange(&wait_then_acquire(self, keys, want, terms, sleep), sleep);
            self.keeper.end(want.token);
            let attempt = match replies {
                Ok(replies) => {
                    let mut replies = replies.into_iter();
                    self.accept(replies.next().unwrap_or_default())?;
                    self.read_attempt(keys, want, terms, replies)?
                }
                // The server restarted, say: queue up anew.
                Err(Failure::Lost(lost)) if !lost.timed_out => {
                    self.replace(&lost).map_err(Failure::into_error)?;
                    self.attempt(keys, want, terms)?
                }
                Err(failure) => return Err(failure.into_error()),
            };
            taken = match attempt {
                Attempt::Break(loaded) => return Ok(loaded),
                Attempt::Continue(lock) => lock,
            };
            self.suspect(keys, &taken, want.token, terms)?;
        }
        // Leaving the queue is the caller's, as after any other error.
        Err(Error::LockTimeout {
            waited: Duration::ZERO,
        })
    }

    /// The lock says which connection is its owner's: on another connection it is another command. The
    /// old one is closed first, so that what it still brings does not name a dead owner.
    fn attempt(&mut self, keys: &Arc<Keys>, want: Load, terms: LockTerms) -> Result<Attempt> {
        let idle = self.link.as_ref().map(Link::idle);
        match self.try_attempt(keys, want, terms) {
            Err(Failure::Lost(lost)) if may_try_again(&lost, idle) => self
                .replace(&lost)
                .and_then(|_| self.try_attempt(keys, want, terms)),
            other => other,
        }
        .map_err(Failure::into_error)
    }

    fn try_attempt(
        &mut self,
        keys: &Arc<Keys>,
        want: Load,
        terms: LockTerms,
    ) -> Result<Attempt, Failure> {
        self.link = Some(self.link().map_err(Failure::NotSent)?);
        let acquire = acquire(keys, want, terms, self.owner_text(), false);
        let replies = self.try_exchange(&[acquire, get(keys)], Duration::ZERO)?;
        self.read_attempt(keys, want, terms, replies.into_iter())
            .map_err(Failure::Refused)
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
                self.took_a_write();
                if let Some(link) = &self.link {
                    let socket = link.socket();
                    self.keeper.hold(want.token, keys, terms.ttl, socket);
                }
                self.loaded(true, &answer, record).map(Attempt::Break)
            }
            _ => self.loaded(false, &answer, Value::Nil).map(Attempt::Break),
        }
    }

    /// Looks whether the lock's owner may be dead, and frees it for the head of the queue if that was known
    /// for long enough. Who waits on leaves it to its keeper; who does not may be back with the next request.
    fn suspect(&mut self, keys: &Keys, lock: &[u8], token: Token, terms: LockTerms) -> Result<()> {
        let inquiry = stale_lock::inquire(lock, &self.owner());
        let answer = match &inquiry {
            Inquiry::Ask(question) => self.exchange(std::slice::from_ref(question))?.pop(),
            Inquiry::Trust | Inquiry::Restarted => None,
        };
        self.suspect = inquiry.conclude(lock, answer.as_ref(), self.suspect.take());
        if self.suspect.take_if(|suspect| suspect.is_ripe()).is_some() {
            self.exchange(&[free(keys, lock, token, terms.deadline.remaining())])?;
        }
        Ok(())
    }

    /// Who this connection is, as a lock holds it; "" without a connection.
    fn owner_text(&self) -> &str {
        self.link.as_ref().map_or("", |link| &link.owner_text)
    }

    /// Who this connection is to the server.
    fn owner(&self) -> Owner {
        self.link
            .as_ref()
            .map(|link| link.owner.clone())
            .unwrap_or_default()
    }
}

fn acquire(keys: &Keys, want: Load, terms: LockTerms, owner: &str, waiting: bool) -> Cmd {
    let mut acquire = Act::Acquire.call(keys);
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
    let acquire = acquire(keys, want, terms, store.owner_text(), true);
    [wait, acquire, get(keys)]
}
