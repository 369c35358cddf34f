//! Sending commands and getting their answers: at once, or, for what nobody need wait for, before the
//! connection's next use.
//!
//! What always holds: a connection is put back only after an exchange without an I/O error; a command that
//! was posted is answered, or sent again, before anything else is; what is refused twice costs the
//! connection, and with it the lock that it may still hold.

use std::time::Duration;

use redis::{Cmd, Value};

use super::connection::{self, Connection, LostAnswer, PipelineError};
use super::error::is_write_refusal;
use super::scripts::Script;
use super::staged_payload::StagedPayload;
use super::store::RedisStore;
use rsso_core::error::{Error, Result};

/// Commands whose answers nobody has read: a request posts one or two.
const MAX_UNANSWERED: usize = 16;

/// After so long without traffic a connection may be one that a firewall has forgotten.
pub(super) const MAX_TRUSTED_IDLE: Duration = Duration::from_secs(10);

impl RedisStore {
    pub(super) fn connection(&mut self) -> Result<Connection> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => self.connect(),
        }
    }

    /// Sends commands that may run twice. A connection that was closed while it lay idle (the server
    /// restarted, say) is replaced once; so is one that gives no answer after it lay idle for so long
    /// that a firewall may have forgotten it.
    pub(super) fn pipeline(&mut self, commands: &[Cmd]) -> Result<Vec<Value>> {
        let idle = self.connection.as_ref().map(Connection::idle);
        match self.try_pipeline(commands, Duration::ZERO) {
            Err(PipelineError::AnswerLost(lost)) if may_try_again(&lost, idle) => self
                .replace(&lost)
                .and_then(|_| self.try_pipeline(commands, Duration::ZERO)),
            other => other,
        }
        .map_err(PipelineError::into_error)
    }

    /// Sends commands in one write and reads their answers.
    pub(super) fn try_pipeline(
        &mut self,
        commands: &[Cmd],
        extra: Duration,
    ) -> Result<Vec<Value>, PipelineError> {
        self.try_pipeline_after(None, commands, extra)
    }

    /// Sends commands behind a payload that is staged first; the first answer is the payload's.
    pub(super) fn try_pipeline_after(
        &mut self,
        stage: Option<&StagedPayload<'_>>,
        commands: &[Cmd],
        extra: Duration,
    ) -> Result<Vec<Value>, PipelineError> {
        let mut connection = self.connection().map_err(PipelineError::NotSent)?;
        // The link is put back only after an exchange without an I/O error.
        if self.unanswered.is_empty() {
            let stage = stage.map(|stage| (0, stage));
            let replies = connection.pipeline(&self.target, commands, stage, 0, extra)?;
            self.connection = Some(connection);
            return Ok(replies);
        }
        let unanswered = self.unanswered.len();
        let sent = connection.unread();
        let all = [&self.unanswered, commands].concat();
        let stage = stage.map(|stage| (unanswered, stage));
        let mut replies = connection.pipeline(&self.target, &all, stage, sent, extra)?;
        let sent_twice = std::mem::take(&mut self.unanswered);
        if replies
            .drain(..unanswered)
            .any(|reply| connection::is_server_error(&reply))
        {
            let answers =
                connection.pipeline(&self.target, &sent_twice, None, 0, Duration::ZERO)?;
            if let Some(Value::ServerError(error)) =
                answers.into_iter().find(connection::is_server_error)
            {
                // A lock that could not be given back ends with the connection, which is dropped.
                drop(connection);
                if is_write_refusal(&error) {
                    // Whoever reads on finds a connection that knows it.
                    self.connection = self.connect().ok();
                }
                return Err(PipelineError::Refused(self.target.refused(
                    "the server refused the end of the request before",
                    &error,
                )));
            }
        }
        self.connection = Some(connection);
        Ok(replies)
    }

    /// Calls a script that may run twice, and does not wait for its answer: the next exchange reads that
    /// first, and sends the call again where its connection is gone.
    pub(super) fn post(&mut self, script: Script, call: Cmd) -> Result<()> {
        let room = self.unanswered.len() < MAX_UNANSWERED;
        // A server that was not given this script would do nothing, and nobody would hear of it: the
        // first call on each connection is waited for.
        let ready = |connection: &mut Connection| room && connection.has_answered(script);
        let Some(mut connection) = self.connection.take_if(ready) else {
            for reply in self.pipeline(&[call])? {
                self.accept(reply)?;
            }
            if let Some(connection) = &mut self.connection {
                connection.ran(script);
            }
            return Ok(());
        };
        let sent = connection.post(&call);
        self.unanswered.push(call);
        match sent {
            Ok(()) => {
                self.connection = Some(connection);
                Ok(())
            }
            // On another connection.
            Err(_) => self.pipeline(&[]).map(|_| ()),
        }
    }

    fn connect(&mut self) -> Result<Connection> {
        let connection = self.target.connect()?;
        self.lock_renewer.follow(connection.socket());
        Ok(connection)
    }

    /// Makes a new connection in place of one that was lost. True where nothing can be done any more that
    /// was sent on the old one: its server has ended, or has closed it at our word.
    pub(super) fn replace(&mut self, lost: &LostAnswer) -> Result<bool, PipelineError> {
        let connection = self.connect().map_err(PipelineError::NotSent)?;
        let kill = lost.connection.kill_command(&connection.id);
        let another_run = lost.connection.is_of_another_server_run(&connection.id);
        self.connection = Some(connection);
        let Some(kill) = kill else {
            return Ok(another_run);
        };
        // Posted commands wait for their turn: this one is alone.
        let unanswered = std::mem::take(&mut self.unanswered);
        let killed = self.try_pipeline(&[kill], Duration::ZERO);
        self.unanswered = unanswered;
        Ok(matches!(killed?.as_slice(), [Value::Int(_)]))
    }
}

/// Whether what was sent on a connection that had lain idle (`None`: that was new) is sent again.
pub(super) fn may_try_again(lost: &LostAnswer, idle: Option<Duration>) -> bool {
    match idle {
        Some(idle) => !lost.timed_out || idle >= MAX_TRUSTED_IDLE,
        None => false,
    }
}

impl PipelineError {
    /// What the user is told.
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::NotSent(error) | Self::Refused(error) => error,
            Self::AnswerLost(lost) => lost.error,
        }
    }
}
