//! `session_regenerate_id()`: what becomes of the old id.
//!
//! With a login: what PHP does in several calls (destroy or write of the old id, close, open, read
//! of the new one), the store does in one step when the new id is known.
//!
//! Without one: the session is destroyed, and an empty one stands under its id for
//! [`ROTATION_GRACE`]. A request beside the login, which still carries that id, goes on as nobody.
//! Strict mode would give it another id, in a cookie that takes the place of the login's.

use std::time::Duration;

use super::commit::why_gone;
use super::leaving::Leaving;
use super::{Current, Refusal, RequestState, Written};
use crate::deadline::bounded;
use crate::error::Result;
use crate::login::{Bound, ROTATION_GRACE};
use crate::settings::Settings;
use crate::sid::SessionId;
use crate::store::{Change, End, Lock, Rotation, Store, Token};

impl RequestState {
    /// `session_regenerate_id(true)` destroys the old id. One that has a login is left alone until
    /// the new id is known; one without becomes an empty session for [`ROTATION_GRACE`].
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
        let left = self.current.as_ref().filter(|c| c.sid == *sid);
        self.ancestor = left.and_then(Current::presented);
        let is_stored = |c: &mut Current| c.sid == *sid && c.seen.is_some() && c.refusal.is_none();
        match self.current.take_if(is_stored) {
            Some(current) if current.login.is_some() => {
                self.leave(current, true);
                Ok(())
            }
            Some(current) => self.empty(store, &current),
            None => self.destroy(store, settings, sid),
        }
    }

    /// The session that was left last is not what the next id takes the place of.
    pub fn forget_ancestor(&mut self) {
        self.ancestor = None;
    }

    /// Ends a session without a login and begins an empty one under its id. Its lock is held until
    /// then: who waits for it finds the empty one.
    fn empty(&mut self, store: &mut dyn Store, current: &Current) -> Result<()> {
        self.made.forget(&current.sid);
        let end = End {
            seen: current.seen.map(|seen| seen.generation),
            alone: self.left.contains(&current.key),
            grave: None,
        };
        let lock = Lock {
            token: current.token,
            held: current.locked,
        };
        let existed = store.destroy_leaving_empty(&current.key, lock, end, ROTATION_GRACE)?;
        self.ended = !existed;
        Ok(())
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

    /// A rotation that got no new id must not reach for the id of whoever comes next.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn cancel_rotation(&mut self, store: &mut dyn Store) -> Result<()> {
        self.notice_fork();
        match self.leaving.take() {
            Some(leaving) => self.stay(store, &leaving),
            None => Ok(()),
        }
    }

    fn leave(&mut self, current: Current, destroyed: bool) {
        let Some(login) = current.login else { return };
        self.ancestor = None;
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
        let rotation = Rotation {
            from: &leaving.key,
            lock: leaving.token,
            to: &current.key,
            login: leaving.login.login.identity.login,
            token: Token::random()?,
            ttl: bounded(ttl),
        };
        match store.rotate(&rotation)? {
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
                current.refusal = Some(why_gone(store, &leaving.key, true));
                self.ended = true;
            }
        }
        self.made.take(sid);
        self.made.stored(sid);
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
