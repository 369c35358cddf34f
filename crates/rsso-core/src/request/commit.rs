//! The end of a session's use: what the request has made of it is stored, where it still may be.

use std::time::Duration;

use super::{Refusal, RequestState, Written};
use crate::deadline::from_now;
use crate::error::Result;
use crate::packing;
use crate::record::stored;
use crate::settings::Settings;
use crate::sid::{SessionId, SessionKey};
use crate::store::{Basis, Change, Outcome, Store, Token};

impl RequestState {
    /// Stores the session for `ttl`, and gives its lock back.
    ///
    /// # Errors
    /// [`crate::Error::LockTimeout`] or [`crate::Error::Store`].
    pub fn write(
        &mut self,
        store: &mut dyn Store,
        settings: &Settings,
        sid: &SessionId,
        data: &[u8],
        ttl: Duration,
    ) -> Result<Written> {
        self.commit(store, settings, sid, Change::Write(data, ttl))
    }

    pub(super) fn commit(
        &mut self,
        store: &mut dyn Store,
        settings: &Settings,
        sid: &SessionId,
        change: Change<'_>,
    ) -> Result<Written> {
        self.notice_fork();
        let seen_before = self
            .current
            .as_ref()
            .filter(|c| c.sid == *sid)
            .map(|c| c.seen);
        match &self.current {
            Some(c) if c.sid == *sid => {
                if settings.lock && !c.locked && !c.private && c.refusal.is_none() {
                    self.open(store, settings, sid, false)?;
                }
            }
            _ if self.made.is_private(sid) => {
                self.take_up(store, settings, sid, change.ttl())?;
            }
            _ => {
                // A framework has read the id it was given, and goes on with another one.
                let kick = self.kick.take();
                self.open(store, settings, sid, false)?;
                self.inherit_from(kick, store, settings);
            }
        }
        let Some(current) = self.current.as_mut() else {
            return Ok(Written::Refused(Refusal::Gone));
        };
        if let Some(refusal) = current.refusal {
            return Ok(Written::Refused(refusal));
        }
        // What was read before the lock was given up must still be what is stored.
        if let Some(before) = seen_before
            && current.seen != before
        {
            let refusal = match (before, current.seen) {
                (None, _) => Refusal::LockLost,
                (Some(before), Some(now)) if now.generation == before.generation => {
                    Refusal::LockLost
                }
                _ => Refusal::Gone,
            };
            self.ended = refusal == Refusal::Gone;
            let refusal = match refusal {
                Refusal::Gone if self.kick.is_some() => Refusal::Kicked,
                refusal => refusal,
            };
            return Ok(Written::Refused(refusal));
        }
        if current.seen.is_none() && change.is_empty() && !settings.store_empty {
            current.give_back(store)?;
            return Ok(Written::Stored);
        }
        let basis = Basis {
            token: current.token,
            locked: current.locked,
            seen: current.seen,
            lives: current.lives_for(change.ttl()),
        };
        let packed;
        let ttl = stored(change.ttl());
        let change = match change {
            Change::Write(data, _) if store.shares_data() => Change::Write(data, ttl),
            Change::Write(data, _) => {
                packed = packing::pack(data, settings.compress, settings.compress_min);
                Change::Write(&packed, ttl)
            }
            Change::Touch(_) => Change::Touch(ttl),
        };
        let outcome = store.commit(&current.key, basis, change);
        current.locked = false;
        current.private = false;
        match outcome? {
            Outcome::Stored(version) => {
                self.made.stored(sid);
                current.seen = Some(version);
                if !basis.lives {
                    // The end of a login that was rotated away is not put off.
                    let put_off = current.login.as_ref().is_none_or(|login| !login.rotated);
                    current.lives_until = put_off.then(|| from_now(ttl));
                }
                // A token commits one write.
                current.token = Token::random()?;
                Ok(Written::Stored)
            }
            Outcome::Gone => {
                self.ended = true;
                let had_login = current.login.is_some();
                let refusal = why_gone(store, &current.key, had_login);
                Ok(Written::Refused(refusal))
            }
            Outcome::LockLost => Ok(Written::Refused(Refusal::LockLost)),
            Outcome::Unknown => Ok(Written::Refused(Refusal::Unknown)),
        }
    }
}

/// Why the session that was to be written is not there any more.
pub(super) fn why_gone(store: &mut dyn Store, key: &SessionKey, had_login: bool) -> Refusal {
    // Only a login can be kicked. A store that cannot say it now has said that nothing was stored.
    match had_login.then(|| store.kick_of(key)) {
        Some(Ok(Some(_))) => Refusal::Kicked,
        _ => Refusal::Gone,
    }
}
