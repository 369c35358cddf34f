//! `session_regenerate_id()` of a session that has a login: what PHP does in several calls (destroy
//! or write of the old id, close, open, read of the new one), the store does in one step when the
//! new id is known.

use std::time::Duration;

use super::{Current, Refusal, RequestState, Written};
use crate::error::Result;
use crate::login::{Bound, Seat};
use crate::settings::Settings;
use crate::sid::{SessionId, SessionKey};
use crate::store::{Change, End, Generation, Store, Token};

/// A session on its way to a new id.
#[derive(Debug)]
pub(super) struct Leaving {
    sid: SessionId,
    key: SessionKey,
    /// Of the lock that is still held.
    token: Option<Token>,
    seen: Option<Generation>,
    login: Bound,
    /// The old id was to be destroyed.
    destroyed: bool,
}

impl Leaving {
    /// Whether this may be the new id.
    pub(super) fn is_for(&self, sid: &SessionId) -> bool {
        self.sid != *sid
    }
}

impl RequestState {
    /// `session_regenerate_id(true)` destroys the old id. One that has a login is left alone until
    /// the new id is known.
    ///
    /// # Errors
    /// As [`Self::destroy`].
    pub fn destroy_for_new_id(
        &mut self,
        store: &mut dyn Store,
        settings: &Settings,
        sid: &SessionId,
    ) -> Result<()> {
        self.notice_fork();
        let has_login = |c: &mut Current| c.sid == *sid && c.login.is_some() && c.refusal.is_none();
        match self.current.take_if(has_login) {
            Some(current) => {
                self.leave(current, true);
                Ok(())
            }
            None => self.destroy(store, settings, sid),
        }
    }

    /// `session_regenerate_id(false)` writes the old id.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn write_for_new_id(
        &mut self,
        store: &mut dyn Store,
        settings: &Settings,
        sid: &SessionId,
        data: &[u8],
        ttl: Duration,
    ) -> Result<Written> {
        let written = self.commit(store, settings, sid, Change::Write(data, ttl))?;
        let may_leave = match written {
            Written::Stored => true,
            Written::Refused(refusal) => refusal == Refusal::LockLost,
        };
        let has_login = |c: &mut Current| c.sid == *sid && c.login.is_some();
        if may_leave && let Some(current) = self.current.take_if(has_login) {
            self.leave(current, false);
        }
        Ok(written)
    }

    fn leave(&mut self, current: Current, destroyed: bool) {
        let Some(login) = current.login else { return };
        self.leaving = Some(Leaving {
            sid: current.sid,
            key: current.key,
            token: current.locked.then_some(current.token),
            seen: current.seen.map(|seen| seen.generation),
            login,
            destroyed,
        });
    }

    /// The new id is known: the login moves there.
    pub(super) fn arrive(
        &mut self,
        store: &mut dyn Store,
        settings: &Settings,
        leaving: Leaving,
        sid: &SessionId,
        ttl: Duration,
    ) -> Result<()> {
        // An id that collided, and was looked at on the way.
        self.give_up_current(store)?;
        let mut current = Current::unread(sid, settings)?;
        let seat = Seat {
            seen: None,
            token: Token::random()?,
            ttl,
        };
        let login = leaving.login.login.identity.login;
        let from = (&leaving.key, leaving.token);
        match store.rotate(from, &current.key, seat, login)? {
            Some(version) => {
                current.seen = Some(version);
                current.login = Some(Bound {
                    rotated: false,
                    ..leaving.login
                });
                // Nobody can know the id before this request tells it. Should somebody have written
                // under it by then, this request has not seen that.
                current.locked = settings.lock;
                self.ended = false;
                self.left.push(leaving.key);
            }
            None => {
                current.refusal = Some(Refusal::Gone);
                self.ended = true;
            }
        }
        self.fresh.retain(|fresh| fresh.sid != *sid);
        self.current = Some(current);
        Ok(())
    }

    /// No new id came: what PHP asked for is done now.
    pub(super) fn stay(&mut self, store: &mut dyn Store, leaving: &Leaving) -> Result<()> {
        if leaving.destroyed {
            let end = End {
                seen: leaving.seen,
                ..End::default()
            };
            return store.destroy(&leaving.key, leaving.token, end).map(|_| ());
        }
        match leaving.token {
            Some(token) => store.release(&leaving.key, token),
            None => Ok(()),
        }
    }
}
