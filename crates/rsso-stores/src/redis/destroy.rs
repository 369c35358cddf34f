//! The end of a session: its record is removed, and its login with it.

use std::time::Duration;

use super::commands::millis;
use super::mutation::Resend;
use super::record;
use super::scripts::Script;
use super::store::RedisStore;
use rsso_core::error::Result;
use rsso_core::login::event::{Moment, json};
use rsso_core::sid::SessionKey;
use rsso_core::store::{End, Generation, Token, Tombstone, Version};

impl RedisStore {
    /// Removes a session; see [`rsso_core::store::Store::destroy`].
    ///
    /// With `empty_ttl` an empty session takes its place for so long.
    pub(super) fn end_session(
        &mut self,
        key: &SessionKey,
        token: Option<Token>,
        end: End<'_>,
        empty_ttl: Option<Duration>,
    ) -> Result<bool> {
        if let Some(token) = token {
            self.lock_renewer.stop(token);
        }
        let empty_record = match empty_ttl {
            Some(_) => record::trailer(Version {
                generation: Generation::random()?,
                revision: token.map_or_else(Token::random, Ok)?.into(),
            }),
            None => Vec::new(),
        };
        let (tombstone, tombstone_ttl) = match end.tombstone {
            Some(Tombstone { kick, ttl }) => (json(kick), millis(ttl)),
            None => (String::new(), 0),
        };
        let seen = end.seen.map(record::generation_bytes);
        let mut destroy = Script::Destroy.call(&self.keys(key, token));
        destroy
            .arg(token.map(|t| t.as_bytes().to_vec()).unwrap_or_default())
            .arg(seen.map(|bytes| bytes.to_vec()).unwrap_or_default())
            .arg(i32::from(end.keeps_login))
            .arg(tombstone)
            .arg(tombstone_ttl);
        self.add_event_arguments(&mut destroy, &Moment::now()?);
        destroy
            .arg(empty_record)
            .arg(empty_ttl.map(millis).unwrap_or_default());
        let done = self.change_logins(destroy, Resend::Once)?;
        // If the second call finds nothing, the first has removed it, or there was nothing.
        Ok(done.answer.code > 0 || (done.sent_twice && end.seen.is_some()))
    }
}
