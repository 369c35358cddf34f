//! Sending commands and reading their replies: at once, or before the connection's next use.
//!
//! What always holds:
//! - A connection is put back only after a pipeline without an I/O error.
//! - An unanswered command is answered, or sent again, before anything else is.
//! - If an unanswered command is refused twice, its connection is dropped, and a lock that it holds ends with it.

use std::time::Duration;

use redis::{Cmd, Value};

use super::connection::{Connection, PayloadBeforeCommand, Pipeline, is_server_error};
use super::error::is_write_refusal;
use super::pipeline_error::{LostAnswer, PipelineError};
use super::scripts::Script;
use super::staged_payload::StagedPayload;
use super::store::RedisStore;
use rsso_core::error::Result;

/// Unanswered commands at once; a request leaves one or two.
const MAX_UNANSWERED: usize = 16;

/// After so long without traffic a firewall may have forgotten the connection.
pub(super) const MAX_TRUSTED_IDLE: Duration = Duration::from_secs(10);

impl RedisStore {
    /// Takes the open connection, or makes one. The caller puts it back.
    pub(super) fn take_connection(&mut self) -> Result<Connection> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => self.connect(),
        }
    }

    /// Runs commands that may run twice.
    ///
    /// They are sent again on a new connection if the old one was closed while it was idle. So are they if an idle
    /// connection does not answer that a firewall may have forgotten.
    pub(super) fn pipeline(&mut self, commands: &[Cmd]) -> Result<Vec<Value>> {
        self.retried_once(|store| store.try_pipeline(commands, Duration::ZERO))
            .map_err(PipelineError::into_error)
    }

    /// Makes an attempt that may be made twice, again if an idle connection was closed.
    pub(super) fn retried_once<T>(
        &mut self,
        attempt: impl Fn(&mut Self) -> Result<T, PipelineError>,
    ) -> Result<T, PipelineError> {
        let idle = self.connection.as_ref().map(Connection::idle_time);
        match attempt(self) {
            Err(PipelineError::AnswerLost(lost)) if may_try_again(&lost, idle) => {
                self.replace_connection(&lost).and_then(|_| attempt(self))
            }
            other => other,
        }
    }

    /// Runs one command that may run twice.
    pub(super) fn command(&mut self, command: Cmd) -> Result<Value> {
        let replies = self.pipeline(&[command])?;
        self.reply_value(replies.into_iter().next().unwrap_or_default())
    }

    /// Sends commands once, and reads their replies. The server may block for `block_time`.
    pub(super) fn try_pipeline(
        &mut self,
        commands: &[Cmd],
        block_time: Duration,
    ) -> Result<Vec<Value>, PipelineError> {
        self.try_pipeline_after(None, commands, block_time)
    }

    /// As [`Self::try_pipeline`], after a payload, which has the first reply.
    pub(super) fn try_pipeline_after(
        &mut self,
        payload: Option<&StagedPayload<'_>>,
        commands: &[Cmd],
        block_time: Duration,
    ) -> Result<Vec<Value>, PipelineError> {
        let mut connection = self.take_connection().map_err(PipelineError::NotSent)?;
        let unanswered = self.unanswered.len();
        let payload = payload.map(|payload| PayloadBeforeCommand {
            index: unanswered,
            payload,
        });
        if unanswered == 0 {
            let pipeline = Pipeline {
                payload,
                block_time,
                ..Pipeline::of(commands)
            };
            let replies = connection.run(&self.target, &pipeline)?;
            self.connection = Some(connection);
            return Ok(replies);
        }
        let all = [&self.unanswered, commands].concat();
        let pipeline = Pipeline {
            commands: &all,
            already_sent: connection.unread_replies(),
            payload,
            block_time,
        };
        let mut replies = connection.run(&self.target, &pipeline)?;
        self.connection = Some(self.settle_unanswered(connection, &mut replies)?);
        Ok(replies)
    }

    /// Takes the replies to unanswered commands from the front, and sends the commands again if one was refused.
    pub(super) fn settle_unanswered(
        &mut self,
        connection: Connection,
        replies: &mut Vec<Value>,
    ) -> Result<Connection, PipelineError> {
        let earlier = std::mem::take(&mut self.unanswered);
        let mut answers = replies.drain(..earlier.len());
        match answers.any(|reply| is_server_error(&reply)) {
            true => self.resend_refused(connection, &earlier),
            false => Ok(connection),
        }
    }

    /// Sends refused commands again, and drops the connection at another refusal.
    fn resend_refused(
        &mut self,
        mut connection: Connection,
        refused: &[Cmd],
    ) -> Result<Connection, PipelineError> {
        let replies = connection.run(&self.target, &Pipeline::of(refused))?;
        let Some(Value::ServerError(error)) = replies.into_iter().find(is_server_error) else {
            return Ok(connection);
        };
        // A lock that could not be released ends with its connection.
        drop(connection);
        if is_write_refusal(&error) {
            // The new connection learns that the server refuses writes: sessions can still be read.
            self.connection = self.connect().ok();
        }
        Err(PipelineError::Refused(self.target.refusal_error(
            "the server refused the end of the request before",
            &error,
        )))
    }

    /// Calls a script that may run twice, without waiting for its answer.
    ///
    /// The next pipeline reads the answer first, and sends the call again if the connection is gone.
    pub(super) fn call_unanswered(&mut self, script: Script, call: Cmd) -> Result<()> {
        self.forget_watch();
        let has_room = self.unanswered.len() < MAX_UNANSWERED;
        // A server that lacks the script would do nothing, and nobody would know: the first call on each connection
        // is waited for.
        let is_ready = |connection: &mut Connection| has_room && connection.knows_script(script);
        let Some(mut connection) = self.connection.take_if(is_ready) else {
            for reply in self.pipeline(&[call])? {
                self.reply_value(reply)?;
            }
            if let Some(connection) = &mut self.connection {
                connection.mark_known(script);
            }
            return Ok(());
        };
        let sent = connection.send(&call);
        self.unanswered.push(call);
        match sent {
            Ok(()) => {
                self.connection = Some(connection);
                Ok(())
            }
            // An empty pipeline sends it on another connection.
            Err(_) => self.pipeline(&[]).map(|_| ()),
        }
    }

    fn connect(&mut self) -> Result<Connection> {
        let connection = self.target.connect()?;
        self.lock_renewer.set_worker_connection(connection.socket());
        Ok(connection)
    }

    /// Makes a new connection, and has the server close the lost one.
    ///
    /// True if nothing that was sent on the old one can be done any more: the server has closed it, or has ended.
    pub(super) fn replace_connection(&mut self, lost: &LostAnswer) -> Result<bool, PipelineError> {
        let connection = self.connect().map_err(PipelineError::NotSent)?;
        let kill = lost.connection.kill_command(&connection.id);
        let server_restarted = lost.connection.is_of_another_server_run(&connection.id);
        self.connection = Some(connection);
        let Some(kill) = kill else {
            return Ok(server_restarted);
        };
        // Unanswered commands are sent after it.
        let unanswered = std::mem::take(&mut self.unanswered);
        let killed = self.try_pipeline(&[kill], Duration::ZERO);
        self.unanswered = unanswered;
        Ok(matches!(killed?.as_slice(), [Value::Int(_)]))
    }
}

/// Whether commands whose answer was lost may be sent again.
///
/// `idle` is how long it had been idle; `None` if it was new.
fn may_try_again(lost: &LostAnswer, idle: Option<Duration>) -> bool {
    match idle {
        Some(idle) => !lost.timed_out || idle >= MAX_TRUSTED_IDLE,
        None => false,
    }
}
