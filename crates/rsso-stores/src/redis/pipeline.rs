//! Sending commands and getting their answers: at once, or, for what nobody need wait for, before the
//! connection's next use.
//!
//! What always holds: a connection is put back only after an exchange without an I/O error; a command that
//! was posted is answered, or sent again, before anything else is; what is refused twice costs the
//! connection, and with it the lock that it may still hold.

use std::time::Duration;

use redis::{Cmd, Value};

use super::connection::{self, Failure, Link, Lost};
use super::error;
use super::scripts::Act;
use super::staged_payload::Stage;
use super::store::RedisStore;
use rsso_core::error::{Error, Result};

/// Commands whose answers nobody has read: a request posts one or two.
const MAX_POSTED: usize = 16;

/// After so long without traffic a connection may be one that a firewall has forgotten.
pub(super) const FORGOTTEN: Duration = Duration::from_secs(10);

impl RedisStore {
    pub(super) fn link(&mut self) -> Result<Link> {
        match self.link.take() {
            Some(link) => Ok(link),
            None => self.connect(),
        }
    }

    /// Sends commands that may run twice. A connection that was closed while it lay idle (the server
    /// restarted, say) is replaced once; so is one that gives no answer after it lay idle for so long
    /// that a firewall may have forgotten it.
    pub(super) fn exchange(&mut self, commands: &[Cmd]) -> Result<Vec<Value>> {
        let idle = self.link.as_ref().map(Link::idle);
        match self.try_exchange(commands, Duration::ZERO) {
            Err(Failure::Lost(lost)) if may_try_again(&lost, idle) => self
                .replace(&lost)
                .and_then(|_| self.try_exchange(commands, Duration::ZERO)),
            other => other,
        }
        .map_err(Failure::into_error)
    }

    /// Sends commands in one write and reads their answers.
    pub(super) fn try_exchange(
        &mut self,
        commands: &[Cmd],
        extra: Duration,
    ) -> Result<Vec<Value>, Failure> {
        self.try_exchange_behind(None, commands, extra)
    }

    /// Sends commands behind a payload that is staged first; the first answer is the payload's.
    pub(super) fn try_exchange_behind(
        &mut self,
        stage: Option<&Stage<'_>>,
        commands: &[Cmd],
        extra: Duration,
    ) -> Result<Vec<Value>, Failure> {
        let mut link = self.link().map_err(Failure::NotSent)?;
        // The link is put back only after an exchange without an I/O error.
        if self.posted.is_empty() {
            let stage = stage.map(|stage| (0, stage));
            let replies = link.exchange(&self.target, commands, stage, 0, extra)?;
            self.link = Some(link);
            return Ok(replies);
        }
        let posted = self.posted.len();
        let sent = link.unread();
        let all = [&self.posted, commands].concat();
        let stage = stage.map(|stage| (posted, stage));
        let mut replies = link.exchange(&self.target, &all, stage, sent, extra)?;
        let again = std::mem::take(&mut self.posted);
        if replies
            .drain(..posted)
            .any(|reply| connection::is_server_error(&reply))
        {
            let answers = link.exchange(&self.target, &again, None, 0, Duration::ZERO)?;
            if let Some(Value::ServerError(error)) =
                answers.into_iter().find(connection::is_server_error)
            {
                // A lock that could not be given back ends with the connection, which is dropped.
                drop(link);
                if error::refuses_writes(&error) {
                    // Whoever reads on finds a connection that knows it.
                    self.link = self.connect().ok();
                }
                return Err(Failure::Refused(self.target.refused(
                    "the server refused the end of the request before",
                    &error,
                )));
            }
        }
        self.link = Some(link);
        Ok(replies)
    }

    /// Calls a script that may run twice, and does not wait for its answer: the next exchange reads that
    /// first, and sends the call again where its connection is gone.
    pub(super) fn post(&mut self, act: Act, call: Cmd) -> Result<()> {
        let room = self.posted.len() < MAX_POSTED;
        // A server that was not given this script would do nothing, and nobody would hear of it: the
        // first call on each connection is waited for.
        let ready = |link: &mut Link| room && link.has_run(act);
        let Some(mut link) = self.link.take_if(ready) else {
            for reply in self.exchange(&[call])? {
                self.accept(reply)?;
            }
            if let Some(link) = &mut self.link {
                link.ran(act);
            }
            return Ok(());
        };
        let sent = link.post(&call);
        self.posted.push(call);
        match sent {
            Ok(()) => {
                self.link = Some(link);
                Ok(())
            }
            // On another connection.
            Err(_) => self.exchange(&[]).map(|_| ()),
        }
    }

    fn connect(&mut self) -> Result<Link> {
        let link = self.target.connect()?;
        self.keeper.follow(link.socket());
        Ok(link)
    }

    /// Makes a new connection in place of one that was lost. True where nothing can be done any more that
    /// was sent on the old one: its server has ended, or has closed it at our word.
    pub(super) fn replace(&mut self, lost: &Lost) -> Result<bool, Failure> {
        let link = self.connect().map_err(Failure::NotSent)?;
        let kill = lost.owner.kill(&link.owner);
        let another_run = lost.owner.is_of_another_run(&link.owner);
        self.link = Some(link);
        let Some(kill) = kill else {
            return Ok(another_run);
        };
        // Posted commands wait for their turn: this one is alone.
        let posted = std::mem::take(&mut self.posted);
        let killed = self.try_exchange(&[kill], Duration::ZERO);
        self.posted = posted;
        Ok(matches!(killed?.as_slice(), [Value::Int(_)]))
    }
}

/// Whether what was sent on a connection that had lain idle (`None`: that was new) is sent again.
pub(super) fn may_try_again(lost: &Lost, idle: Option<Duration>) -> bool {
    match idle {
        Some(idle) => !lost.timed_out || idle >= FORGOTTEN,
        None => false,
    }
}

impl Failure {
    /// What the user is told.
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::NotSent(error) | Self::Refused(error) => error,
            Self::Lost(lost) => lost.error,
        }
    }
}
