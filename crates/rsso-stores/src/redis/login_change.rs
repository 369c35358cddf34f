//! What all scripts about logins share.

use redis::Cmd;

use super::commands::millis;
use super::keys;
use super::mutation::Resend;
use super::script_answer::ScriptAnswer;
use super::store::RedisStore;
use rsso_core::error::{Error, Result};
use rsso_core::login::User;
use rsso_core::login::event::Moment;
use rsso_core::store::{MAYBE_CHANGED, NOT_CHANGED};

/// The answer of a script that changes logins.
pub(super) struct LoginChange {
    pub(super) answer: ScriptAnswer,
    /// It was sent twice: the first may have done it.
    pub(super) sent_twice: bool,
}

impl RedisStore {
    /// Adds what a script needs for its events: ids, time and retention.
    pub(super) fn add_event_arguments(&self, call: &mut Cmd, moment: &Moment) {
        let retention = &self.event_retention;
        let kept = format!("{} {}", millis(retention.ttl), retention.most);
        call.arg(&moment.words()[..]).arg(kept);
    }

    /// Calls a script that changes logins.
    pub(super) fn change_logins(&mut self, call: Cmd, resend: Resend) -> Result<LoginChange> {
        let answered = self
            .mutate(None, &[call], resend)
            .map_err(|error| error.into_error(NOT_CHANGED, MAYBE_CHANGED))?;
        let sent_twice = answered.sent_twice;
        let outcome = if sent_twice {
            MAYBE_CHANGED
        } else {
            NOT_CHANGED
        };
        let mut replies = answered.replies.into_iter();
        let answer = self
            .script_answer(replies.next().unwrap_or_default())
            .map_err(|error| error.with_outcome(outcome))?;
        Ok(LoginChange { answer, sent_twice })
    }

    /// Calls a script that changes nothing.
    pub(super) fn call_script(&mut self, call: Cmd) -> Result<ScriptAnswer> {
        let mut replies = self.pipeline(&[call])?.into_iter();
        self.script_answer(replies.next().unwrap_or_default())
    }

    /// The error if the second of two calls was refused.
    ///
    /// Others may have undone the first.
    pub(super) fn outcome_unknown(&self) -> Error {
        self.plain_error(MAYBE_CHANGED)
    }

    pub(super) fn user_key(&self, user: &User) -> String {
        keys::user(&self.prefix, &user.key())
    }
}
