//! Commands that change something, and what is known if their answer is lost.
//!
//! What always holds: a change is sent a second time only if the first connection broke, or the server has closed it or
//! ended. The caller learns that it was sent twice, because a refusal of the second says nothing of the first.

use std::time::Duration;

use redis::{Cmd, Value, cmd};

use super::connection::Connection;
use super::error::is_write_refusal;
use super::pipeline::MAX_TRUSTED_IDLE;
use super::pipeline_error::PipelineError;
use super::staged_payload::StagedPayload;
use super::store::RedisStore;
use rsso_core::error::Error;

/// After so long without traffic a change first checks its connection.
///
/// What is never sent was certainly not done. The check is a system call, which a faster request need not pay.
const CHECK_AFTER_IDLE: Duration = Duration::from_millis(1);

/// A change that was answered.
pub(super) struct MutationReply {
    pub(super) replies: Vec<Value>,
    /// It was sent twice: the first may have done it.
    pub(super) sent_twice: bool,
}

/// Why a change has no answer.
pub(super) enum MutationError {
    /// It was not sent: nothing has changed.
    NotSent(Error),
    /// It was sent, and it is not known whether it was done.
    Unknown(Error),
}

impl RedisStore {
    /// Sends a change, which sent twice is the same change. A staged payload has the first reply.
    pub(super) fn mutate(
        &mut self,
        payload: Option<&StagedPayload<'_>>,
        commands: &[Cmd],
    ) -> Result<MutationReply, MutationError> {
        self.check_idle_connection()
            .map_err(MutationError::NotSent)?;
        self.forget_watch();
        match self.try_pipeline_after(payload, commands, Duration::ZERO) {
            Ok(replies) => Ok(MutationReply {
                replies,
                sent_twice: false,
            }),
            Err(error) => self.mutate_again(error, payload, commands),
        }
    }

    /// Sends a change a second time, if its first attempt failed so that it may be.
    ///
    /// The first may have been made by other commands than these.
    pub(super) fn mutate_again(
        &mut self,
        error: PipelineError,
        payload: Option<&StagedPayload<'_>>,
        commands: &[Cmd],
    ) -> Result<MutationReply, MutationError> {
        let lost = match error {
            PipelineError::NotSent(error) => return Err(MutationError::NotSent(error)),
            PipelineError::Refused(error) => return Err(MutationError::Unknown(error)),
            PipelineError::AnswerLost(lost) => lost,
        };
        // The old connection is closed even if nothing is sent again: the change must not be done later.
        let closed = self.replace_connection(&lost);
        let may_resend = closed.is_ok_and(|closed| closed || !lost.timed_out);
        if may_resend
            && let Ok(replies) = self.try_pipeline_after(payload, commands, Duration::ZERO)
        {
            return Ok(MutationReply {
                replies,
                sent_twice: true,
            });
        }
        Err(MutationError::Unknown(lost.error))
    }

    /// Drops an idle connection that is closed, and tries a doubtful one.
    pub(super) fn check_idle_connection(&mut self) -> Result<(), Error> {
        let connection = self.connection.as_ref();
        let idle = connection.map_or(Duration::ZERO, Connection::idle_time);
        self.connection.take_if(|connection: &mut Connection| {
            idle >= CHECK_AFTER_IDLE && connection.is_closed()
        });
        if idle >= MAX_TRUSTED_IDLE && self.connection.is_some() {
            // A question may be asked twice.
            let mut exists = cmd("EXISTS");
            exists.arg(format!("{}probe", self.prefix));
            self.pipeline(&[exists])?;
        }
        Ok(())
    }
}

impl MutationReply {
    /// What is known of a change with an error in its replies: `not_done`, or `maybe_done`.
    pub(super) fn outcome_of_error<'a>(&self, not_done: &'a str, maybe_done: &'a str) -> &'a str {
        match self.sent_twice || self.replies.iter().any(is_from_inside_script) {
            true => maybe_done,
            false => not_done,
        }
    }
}

/// Whether a script failed after it had begun, for example at a command that the ACL lacks: what it did before stays.
///
/// A server that accepts no writes refuses the script's first one.
fn is_from_inside_script(reply: &Value) -> bool {
    match reply {
        Value::ServerError(error) if !is_write_refusal(error) => error
            .details()
            .is_some_and(|text| text.contains("user_script")),
        _ => false,
    }
}

impl MutationError {
    /// The error with its outcome: `not_done`, or `maybe_done` if unknown.
    pub(super) fn into_error(self, not_done: &str, maybe_done: &str) -> Error {
        match self {
            Self::NotSent(error) => error.with_outcome(not_done),
            Self::Unknown(error) => error.with_outcome(maybe_done),
        }
    }
}
