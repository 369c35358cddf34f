//! Acts that change something, and what is known of one whose answer was lost.
//!
//! What always holds: an act is sent a second time only after the connection of the first was closed at our
//! word, or its server has ended, or the connection broke; and whoever sent it twice is told so, because a
//! refusal of the second says nothing of the first.

use std::time::Duration;

use redis::{Cmd, Value, cmd};

use super::connection::{Connection, PipelineError};
use super::pipeline::MAX_TRUSTED_IDLE;
use super::staged_payload::StagedPayload;
use super::store::RedisStore;
use rsso_core::error::Error;

/// After so long an act looks first whether its connection still stands, because what is never sent was
/// certainly not done. That is one system call, which a faster request need not pay.
const IDLE: Duration = Duration::from_millis(1);

/// An act that was answered.
pub(super) struct MutationReply {
    pub(super) replies: Vec<Value>,
    /// It was sent twice: the first may have done it.
    pub(super) sent_twice: bool,
}

/// An act without an answer.
pub(super) enum MutationError {
    /// It was not sent: nothing has changed.
    NotSent(Error),
    /// It was sent, and nobody can tell what became of it.
    Unknown(Error),
}

/// What to do with an act whose answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resend {
    /// Sent a second time it is the same act.
    Same,
    /// It would be another one.
    Never,
}

impl RedisStore {
    /// Sends an act; a payload that is staged first has the first answer.
    pub(super) fn mutate(
        &mut self,
        stage: Option<&StagedPayload<'_>>,
        commands: &[Cmd],
        resend: Resend,
    ) -> Result<MutationReply, MutationError> {
        let idle = self
            .connection
            .as_ref()
            .map_or(Duration::ZERO, Connection::idle);
        self.connection
            .take_if(|connection: &mut Connection| idle >= IDLE && connection.is_closed());
        if idle >= MAX_TRUSTED_IDLE && self.connection.is_some() {
            // A question may be asked twice; an act had better not.
            let mut exists = cmd("EXISTS");
            exists.arg(format!("{}probe", self.prefix));
            self.pipeline(&[exists]).map_err(MutationError::NotSent)?;
        }
        let lost = match self.try_pipeline_after(stage, commands, Duration::ZERO) {
            Ok(replies) => {
                return Ok(MutationReply {
                    replies,
                    sent_twice: false,
                });
            }
            Err(PipelineError::NotSent(error)) => return Err(MutationError::NotSent(error)),
            Err(PipelineError::Refused(error)) => return Err(MutationError::Unknown(error)),
            Err(PipelineError::AnswerLost(lost)) => lost,
        };
        // Whatever becomes of it, what was sent must not be done at some later time.
        let fenced = self.replace(&lost);
        let may_resend =
            resend == Resend::Same && fenced.is_ok_and(|fenced| fenced || !lost.timed_out);
        if may_resend && let Ok(replies) = self.try_pipeline_after(stage, commands, Duration::ZERO)
        {
            return Ok(MutationReply {
                replies,
                sent_twice: true,
            });
        }
        Err(MutationError::Unknown(lost.error))
    }
}

/// What is known goes before what has happened.
pub(super) fn known(known: &str, error: Error) -> Error {
    error.with_outcome(known)
}

impl MutationError {
    /// The error, behind what is known: nothing was changed, or nobody can tell.
    pub(super) fn into_error(self, not_done: &str, maybe_done: &str) -> Error {
        match self {
            Self::NotSent(error) => known(not_done, error),
            Self::Unknown(error) => known(maybe_done, error),
        }
    }
}
