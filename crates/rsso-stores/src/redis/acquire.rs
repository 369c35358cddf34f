//! Taking a session's lock and waiting for it: in order, woken by whoever frees it, without polling.
//!
//! A free lock is taken by plain commands (see [`super::plain_read`]), unless it was found taken the last time.
//! The script that finds the lock taken also puts the request into the queue. The request then sends one pipeline: wait
//! for the wake-up, take the lock, read. Its answer comes when it is the request's turn: one round trip, however long
//! that takes.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value, cmd};

use super::commands::{free_stale_lock, get_record, millis};
use super::connection_id::ConnectionId;
use super::keys::Keys;
use super::lock_tasks::WATCH_INTERVAL;
use super::pipeline_error::PipelineError;
use super::plain_read::PlainRead;
use super::scripts::Script;
use super::stale_lock::{LONGEST_GRACE, OwnerCheck};
use super::store::RedisStore;
use rsso_core::error::{Error, Result};
use rsso_core::sid::SessionKey;
use rsso_core::store::{Load, Loaded, LockTerms, Token};

/// How much longer than a lock's expiry a waiter blocks.
///
/// After that it looks for itself.
const BLOCK_MARGIN: Duration = Duration::from_millis(250);

/// A read that takes the lock.
#[derive(Clone, Copy)]
pub(super) struct LockRequest<'a> {
    session: &'a SessionKey,
    pub(super) keys: &'a Arc<Keys>,
    /// The token of the request.
    pub(super) token: Token,
    /// A missing record is not locked.
    pub(super) only_existing: bool,
    pub(super) terms: LockTerms,
}

/// The outcome of one attempt to take a lock.
#[expect(
    clippy::large_enum_variant,
    reason = "it lives for a moment, and a box would cost each read an allocation"
)]
enum Attempt {
    /// The lock was granted, or there is nothing to lock.
    Done(Loaded),
    /// Another request holds it: the lock's value.
    Taken(Vec<u8>),
}

impl<'a> LockRequest<'a> {
    pub(super) fn new(
        session: &'a SessionKey,
        keys: &'a Arc<Keys>,
        want: Load,
        terms: LockTerms,
    ) -> Self {
        Self {
            session,
            keys,
            token: want.token,
            only_existing: want.only_existing,
            terms,
        }
    }

    /// The read by plain commands.
    fn plain(&self) -> PlainRead<'a> {
        PlainRead {
            session: self.session,
            keys: self.keys,
            token: self.token,
            lock_ttl: Some(self.terms.ttl),
            only_existing: self.only_existing,
        }
    }

    /// The script that takes the lock, for a connection with this id.
    fn acquire(&self, connection_id: &str, is_waiting: bool) -> Cmd {
        let mut acquire = Script::Acquire.call(self.keys);
        acquire
            .arg(self.token.as_bytes())
            .arg(connection_id)
            .arg(millis(self.terms.ttl))
            .arg(i32::from(is_waiting))
            .arg(self.terms.deadline.remaining().as_millis().to_string())
            .arg(i32::from(self.only_existing));
        acquire
    }

    /// The commands that wait for the wake-up, take the lock and read.
    fn wait_then_acquire(&self, connection_id: &str, block_time: Duration) -> [Cmd; 3] {
        let mut wait = cmd("BLPOP");
        // Zero would mean for ever.
        wait.arg(self.keys.wake())
            .arg(format!("{:.3}", block_time.as_secs_f64().max(0.001)));
        let acquire = self.acquire(connection_id, true);
        [wait, acquire, get_record(self.keys)]
    }
}

impl RedisStore {
    /// Takes the lock and reads, or fails at the deadline.
    pub(super) fn load_locked(&mut self, request: LockRequest<'_>) -> Result<Loaded> {
        let mut lock = match self.attempt(request)? {
            Attempt::Done(loaded) => {
                self.contended.take_if(|session| session == request.session);
                return Ok(loaded);
            }
            Attempt::Taken(lock) => lock,
        };
        // Whoever has found this lock taken before leaves its owner to the renewer thread, if there is time for that.
        let is_contended = self.contended.as_ref() == Some(request.session);
        let has_time = request.terms.deadline.remaining() >= LONGEST_GRACE + 2 * WATCH_INTERVAL;
        if !(is_contended && has_time && self.lock_renewer.has_thread()) {
            self.contended = Some(request.session.clone());
            self.check_owner(request, &lock)?;
        }
        while !request.terms.deadline.passed() {
            lock = match self.wait_and_attempt(request)? {
                Attempt::Done(loaded) => return Ok(loaded),
                Attempt::Taken(lock) => lock,
            };
            self.check_owner(request, &lock)?;
        }
        // The caller leaves the queue, as after any other error. The next request checks the owner at once.
        self.contended = None;
        Err(Error::LockTimeout {
            waited: Duration::ZERO,
        })
    }

    /// Waits in the queue for the lock, and tries to take it.
    fn wait_and_attempt(&mut self, request: LockRequest<'_>) -> Result<Attempt> {
        let LockRequest {
            keys, token, terms, ..
        } = request;
        let stale_lock = self.stale_lock.clone();
        self.lock_renewer
            .watch(token, keys, terms.deadline, stale_lock);
        let block_time = terms.deadline.remaining().min(terms.ttl + BLOCK_MARGIN);
        let commands = request.wait_then_acquire(self.connection_id_text(), block_time);
        let replies = self.try_pipeline(&commands, block_time);
        self.lock_renewer.stop(token);
        match replies {
            Ok(replies) => {
                let mut replies = replies.into_iter();
                self.reply_value(replies.next().unwrap_or_default())?;
                self.read_attempt(request, replies)
            }
            // The server has restarted, for example: the request joins the queue again.
            Err(PipelineError::AnswerLost(lost)) if !lost.timed_out => {
                self.replace_connection(&lost)
                    .map_err(PipelineError::into_error)?;
                self.attempt(request)
            }
            Err(error) => Err(error.into_error()),
        }
    }

    /// Tries to take the lock, again if an idle connection was closed.
    ///
    /// The lock names its owner's connection, so the second attempt is another command. The old connection is closed
    /// first: else the first attempt might still be done, and the lock would name a dead owner.
    fn attempt(&mut self, request: LockRequest<'_>) -> Result<Attempt> {
        self.retried_once(|store| store.try_attempt(request))
            .map_err(PipelineError::into_error)
    }

    fn try_attempt(&mut self, request: LockRequest<'_>) -> Result<Attempt, PipelineError> {
        if self.contended.as_ref() != Some(request.session)
            && let Some(loaded) = self.load_plain(request.plain())?
        {
            return Ok(Attempt::Done(loaded));
        }
        // The lock names the connection, which therefore must exist before the command is made.
        self.connection = Some(self.take_connection().map_err(PipelineError::NotSent)?);
        let acquire = request.acquire(self.connection_id_text(), false);
        let replies = self.try_pipeline(&[acquire, get_record(request.keys)], Duration::ZERO)?;
        self.read_attempt(request, replies.into_iter())
            .map_err(PipelineError::Refused)
    }

    fn read_attempt(
        &mut self,
        request: LockRequest<'_>,
        mut replies: impl Iterator<Item = Value>,
    ) -> Result<Attempt> {
        let mut answer = self.script_answer(replies.next().unwrap_or_default())?;
        let record = replies.next().unwrap_or_default();
        match answer.code {
            0 => Ok(Attempt::Taken(answer.details.pop().unwrap_or_default())),
            1 => {
                self.mark_writable();
                if let Some(connection) = &self.connection {
                    let socket = connection.socket();
                    self.lock_renewer
                        .renew(request.token, request.keys, request.terms.ttl, socket);
                }
                self.loaded(true, &answer, record).map(Attempt::Done)
            }
            _ => self.loaded(false, &answer, Value::Nil).map(Attempt::Done),
        }
    }

    /// Checks the lock's owner, and frees a stale lock in time.
    ///
    /// While the request waits, the renewer thread does this. A request that does not wait may be followed by another.
    fn check_owner(&mut self, request: LockRequest<'_>, lock: &[u8]) -> Result<()> {
        let check = OwnerCheck::of(lock, &self.connection_id());
        let answer = match &check {
            OwnerCheck::Ask(list) => self.pipeline(std::slice::from_ref(list))?.pop(),
            OwnerCheck::Impossible | OwnerCheck::ServerRestarted => None,
        };
        self.stale_lock = check.stale_lock(lock, answer.as_ref(), self.stale_lock.take());
        if self
            .stale_lock
            .take_if(|stale_lock| stale_lock.may_be_freed())
            .is_some()
        {
            let wait = request.terms.deadline.remaining();
            self.pipeline(&[free_stale_lock(request.keys, lock, request.token, wait)])?;
        }
        Ok(())
    }

    /// The connection's id for a lock; "" without a connection.
    fn connection_id_text(&self) -> &str {
        self.connection
            .as_ref()
            .map_or("", |connection| &connection.id_text)
    }

    /// The connection's id; an empty one without a connection.
    fn connection_id(&self) -> ConnectionId {
        self.connection
            .as_ref()
            .map(|connection| connection.id.clone())
            .unwrap_or_default()
    }
}
