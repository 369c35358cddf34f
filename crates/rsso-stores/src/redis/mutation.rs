//! Acts that change something, and what is known of one whose answer was lost.
//!
//! What always holds: an act is sent a second time only after the connection of the first was closed at our
//! word, or its server has ended, or the connection broke; and whoever sent it twice is told so, because a
//! refusal of the second says nothing of the first.

use std::time::Duration;

use redis::{Cmd, Value, cmd};

use super::connection::{Failure, Link};
use super::pipeline::FORGOTTEN;
use super::staged_payload::Stage;
use super::store::RedisStore;
use rsso_core::error::Error;

/// After so long an act looks first whether its connection still stands, because what is never sent was
/// certainly not done. That is one system call, which a faster request need not pay.
const IDLE: Duration = Duration::from_millis(1);

/// An act that was answered.
pub(super) struct Answered {
    pub(super) replies: Vec<Value>,
    /// It was sent twice: the first may have done it.
    pub(super) again: bool,
}

/// An act without an answer.
pub(super) enum Unanswered {
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
    pub(super) fn act(
        &mut self,
        stage: Option<&Stage<'_>>,
        commands: &[Cmd],
        resend: Resend,
    ) -> Result<Answered, Unanswered> {
        let idle = self.link.as_ref().map_or(Duration::ZERO, Link::idle);
        self.link
            .take_if(|link: &mut Link| idle >= IDLE && link.is_closed());
        if idle >= FORGOTTEN && self.link.is_some() {
            // A question may be asked twice; an act had better not.
            let mut exists = cmd("EXISTS");
            exists.arg(format!("{}probe", self.prefix));
            self.exchange(&[exists]).map_err(Unanswered::NotSent)?;
        }
        let lost = match self.try_exchange_behind(stage, commands, Duration::ZERO) {
            Ok(replies) => {
                return Ok(Answered {
                    replies,
                    again: false,
                });
            }
            Err(Failure::NotSent(error)) => return Err(Unanswered::NotSent(error)),
            Err(Failure::Refused(error)) => return Err(Unanswered::Unknown(error)),
            Err(Failure::Lost(lost)) => lost,
        };
        // Whatever becomes of it, what was sent must not be done at some later time.
        let fenced = self.replace(&lost);
        let may_resend =
            resend == Resend::Same && fenced.is_ok_and(|fenced| fenced || !lost.timed_out);
        if may_resend && let Ok(replies) = self.try_exchange_behind(stage, commands, Duration::ZERO)
        {
            return Ok(Answered {
                replies,
                again: true,
            });
        }
        Err(Unanswered::Unknown(lost.error))
    }
}

/// What is known goes before what has happened.
pub(super) fn known(known: &str, error: Error) -> Error {
    error.with_outcome(known)
}

impl Unanswered {
    /// The error, behind what is known: nothing was changed, or nobody can tell.
    pub(super) fn into_error(self, not_done: &str, maybe_done: &str) -> Error {
        match self {
            Self::NotSent(error) => known(not_done, error),
            Self::Unknown(error) => known(maybe_done, error),
        }
    }
}
