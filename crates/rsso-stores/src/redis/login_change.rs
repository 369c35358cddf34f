//! What all acts that change logins share.

use std::time::Duration;

use redis::Cmd;

use super::commands::millis;
use super::mutation::{Resend, known};
use super::scripts::Script;
use super::{RedisStore, keys, record};
use rsso_core::error::{Error, Result};
use rsso_core::login::User;
use rsso_core::login::event::{Moment, json};
use rsso_core::sid::SessionKey;
use rsso_core::store::{End, Generation, MAYBE_CHANGED, NOT_CHANGED, Token, Version};

/// What a script that changes logins has answered.
pub(super) struct Changed {
    pub(super) code: i64,
    pub(super) details: Vec<Vec<u8>>,
    /// It was sent twice: the first may have done it.
    pub(super) sent_twice: bool,
}

impl RedisStore {
    /// Removes a session; see [`rsso_core::store::Store::destroy`].
    pub(super) fn end_session(
        &mut self,
        key: &SessionKey,
        token: Option<Token>,
        end: End<'_>,
        empty: Option<Duration>,
    ) -> Result<bool> {
        if let Some(token) = token {
            self.lock_renewer.end(token);
        }
        let newborn = match empty {
            Some(_) => record::trailer(Version {
                generation: Generation::random()?,
                revision: token.map_or_else(Token::random, Ok)?.into(),
            }),
            None => Vec::new(),
        };
        let (grave, tombstone_ttl) = match end.grave {
            Some((kick, ttl)) => (json(kick), millis(ttl)),
            None => (String::new(), 0),
        };
        let mut destroy = Script::Destroy.call(&self.keys(key, token));
        destroy
            .arg(token.map(|t| t.as_bytes().to_vec()).unwrap_or_default())
            .arg(
                end.seen
                    .map(|g| record::generation(g).to_vec())
                    .unwrap_or_default(),
            )
            .arg(i32::from(end.alone))
            .arg(grave)
            .arg(tombstone_ttl);
        self.at(&mut destroy, &Moment::now()?);
        destroy
            .arg(newborn)
            .arg(empty.map(millis).unwrap_or_default());
        let done = self.change(destroy, Resend::Same)?;
        // What the second does not find, the first has removed, or there was none.
        Ok(done.code > 0 || (done.sent_twice && end.seen.is_some()))
    }

    /// Adds when it happens, how long its events are kept and how many.
    pub(super) fn at(&self, call: &mut Cmd, moment: &Moment) {
        let kept = format!("{} {}", millis(self.events.ttl), self.events.most);
        call.arg(&moment.words()[..]).arg(kept);
    }

    pub(super) fn run(&mut self, call: Cmd) -> Result<(i64, Vec<Vec<u8>>)> {
        let mut replies = self.pipeline(&[call])?.into_iter();
        self.answer(replies.next().unwrap_or_default())
    }

    /// Calls a script that changes logins. True where it was sent twice: the first may have done it.
    pub(super) fn change(&mut self, call: Cmd, resend: Resend) -> Result<Changed> {
        let answered = self
            .mutate(None, &[call], resend)
            .map_err(|unanswered| unanswered.into_error(NOT_CHANGED, MAYBE_CHANGED))?;
        let sent_twice = answered.sent_twice;
        let known_of_it = if sent_twice {
            MAYBE_CHANGED
        } else {
            NOT_CHANGED
        };
        let mut replies = answered.replies.into_iter();
        let (code, details) = self
            .answer(replies.next().unwrap_or_default())
            .map_err(|error| known(known_of_it, error))?;
        Ok(Changed {
            code,
            details,
            sent_twice,
        })
    }

    /// The second of two acts was refused: the first may have been done, and undone by others since.
    pub(super) fn unknown(&self) -> Error {
        self.unexpected(MAYBE_CHANGED)
    }

    pub(super) fn user_key(&self, user: &User) -> String {
        keys::user(&self.prefix, &user.key())
    }
}
