//! Storing what a request has made of its session, if that may still be stored.

use std::borrow::Cow;
use std::time::Duration;

use super::{Current, Refusal, Request, Written};
use crate::deadline::from_now;
use crate::error::Result;
use crate::packing;
use crate::record::stored;
use crate::settings::Settings;
use crate::sid::{SessionId, SessionKey};
use crate::store::{Basis, Change, Outcome, Store, Token, Version};

impl Request<'_> {
    /// Stores the session for `ttl`, and releases its lock.
    ///
    /// # Errors
    /// [`crate::Error::LockTimeout`] or [`crate::Error::Store`].
    pub fn write(&mut self, sid: &SessionId, data: &[u8], ttl: Duration) -> Result<Written> {
        self.commit(sid, Change::Write(data, ttl))
    }

    pub(super) fn commit(&mut self, sid: &SessionId, change: Change<'_>) -> Result<Written> {
        self.state.notice_fork();
        if let Some(refusal) = self.prepare_commit(sid, change.ttl())? {
            return Ok(Written::Refused(refusal));
        }
        let Some(current) = self.state.current.as_mut() else {
            return Ok(Written::Refused(Refusal::Gone));
        };
        if let Some(refusal) = current.refusal {
            return Ok(Written::Refused(refusal));
        }
        if current.seen.is_none() && change.is_empty() && !self.settings.store_empty {
            current.release_lock(self.store)?;
            return Ok(Written::Stored);
        }
        let basis = Basis {
            token: current.token,
            locked: current.is_locked(),
            seen: current.seen,
            keeps_expiry: current.needs_no_refresh(change.ttl()),
        };
        let ttl = stored(change.ttl());
        let data = data_to_store(change, self.store, self.settings);
        let change = match &data {
            Some(data) => Change::Write(data, ttl),
            None => Change::Touch(ttl),
        };
        let outcome = self.store.commit(&current.key, basis, change);
        current.forget_lock();
        current.publish();
        match outcome? {
            Outcome::Stored(version) => {
                self.state.created_ids.stored(sid);
                current.stored(version, (!basis.keeps_expiry).then_some(ttl))?;
                Ok(Written::Stored)
            }
            Outcome::Gone => {
                self.state.current_ended = true;
                let had_login = current.login.is_some();
                let refusal = why_gone(self.store, &current.key, had_login);
                Ok(Written::Refused(refusal))
            }
            Outcome::LockLost => Ok(Written::Refused(Refusal::LockLost)),
            Outcome::Unknown => Ok(Written::Refused(Refusal::Unknown)),
        }
    }

    /// Makes `sid` the current session, under its lock. Returns why the write is refused, if it is.
    fn prepare_commit(&mut self, sid: &SessionId, ttl: Duration) -> Result<Option<Refusal>> {
        if let Some(current) = self.current_if(sid) {
            let needs_lock = !current.is_locked() && !current.is_private();
            let seen = current.seen;
            if self.settings.lock && needs_lock && current.refusal.is_none() {
                self.open(sid, false)?;
                return Ok(self.changed_since(seen));
            }
        } else if self.state.created_ids.is_private(sid) {
            self.switch_to_created(sid, ttl)?;
        } else {
            self.open_instead(sid)?;
        }
        Ok(None)
    }

    /// The refusal, if the session was changed after this request had read and released it.
    fn changed_since(&mut self, before: Option<Version>) -> Option<Refusal> {
        let current = self.state.current.as_ref()?;
        if current.refusal.is_some() || current.seen == before {
            return current.refusal;
        }
        let is_gone = before.is_some_and(|before| Some(before.generation) != current.generation());
        self.state.current_ended = is_gone;
        Some(match is_gone {
            true if self.state.kick.is_some() => Refusal::Kicked,
            true => Refusal::Gone,
            false => Refusal::LockLost,
        })
    }
}

impl Current {
    /// Notes the version that was stored, and for how long its expiry was `refreshed`, if it was.
    fn stored(&mut self, version: Version, refreshed: Option<Duration>) -> Result<()> {
        self.seen = Some(version);
        if let Some(ttl) = refreshed {
            // The expiry of an old id is not refreshed.
            let refreshed = self.login.as_ref().is_none_or(|login| !login.rotated);
            self.lives_until = refreshed.then(|| from_now(ttl));
        }
        // A token commits one write.
        self.token = Token::random()?;
        Ok(())
    }
}

/// The data to store: compressed, unless other software reads the table. `None` for [`Change::Touch`].
fn data_to_store<'a>(
    change: Change<'a>,
    store: &dyn Store,
    settings: &Settings,
) -> Option<Cow<'a, [u8]>> {
    match change {
        Change::Write(data, _) if store.shares_data() => Some(Cow::Borrowed(data)),
        Change::Write(data, _) => {
            let packed = packing::pack(data, settings.compress, settings.compress_min);
            Some(packed)
        }
        Change::Touch(_) => None,
    }
}

/// Why the session that was to be stored is gone: ended, or kicked.
pub(super) fn why_gone(store: &mut dyn Store, key: &SessionKey, had_login: bool) -> Refusal {
    // Only a login can be kicked. If the store fails now, it has already said that nothing was stored.
    match had_login.then(|| store.kick_of(key)) {
        Some(Ok(Some(_))) => Refusal::Kicked,
        _ => Refusal::Gone,
    }
}
