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
use super::{Current, Refusal, Request, Written};
use crate::deadline::bounded;
use crate::error::Result;
use crate::login::{Bound, ROTATION_GRACE};
use crate::sid::SessionId;
use crate::store::{Change, End, Rotation, Token};

impl Request<'_> {
    /// `session_regenerate_id(true)` destroys the old id. One that has a login is left alone until
    /// the new id is known; one without becomes an empty session for [`ROTATION_GRACE`].
    ///
    /// # Errors
    /// As [`Self::destroy`].
    pub fn destroy_for_new_id(&mut self, sid: &SessionId) -> Result<()> {
        self.state.notice_fork();
        self.state.ancestor = self.in_use(sid).and_then(Current::presented);
        let is_stored = |c: &mut Current| c.sid == *sid && c.seen.is_some() && c.refusal.is_none();
        match self.state.current.take_if(is_stored) {
            Some(current) if current.login.is_some() => {
                self.leave(current, true);
                Ok(())
            }
            Some(current) => self.empty(&current),
            None => self.destroy(sid),
        }
    }

    /// Ends a session without a login and begins an empty one under its id. Its lock is held until
    /// then: who waits for it finds the empty one.
    fn empty(&mut self, current: &Current) -> Result<()> {
        self.state.made.forget(&current.sid);
        let (lock, end) = (current.lock(), self.end_of(current));
        let existed =
            (self.store).destroy_leaving_empty(&current.key, lock, end, ROTATION_GRACE)?;
        self.state.ended = !existed;
        Ok(())
    }

    /// `session_regenerate_id(false)` writes the old id.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn write_for_new_id(
        &mut self,
        sid: &SessionId,
        data: &[u8],
        ttl: Duration,
    ) -> Result<Written> {
        let written = self.commit(sid, Change::Write(data, ttl))?;
        let may_leave = match written {
            Written::Stored => true,
            Written::Refused(refusal) => refusal == Refusal::LockLost,
        };
        let has_login = |c: &mut Current| c.sid == *sid && c.login.is_some();
        if may_leave && let Some(current) = self.state.current.take_if(has_login) {
            self.leave(current, false);
        }
        Ok(written)
    }

    /// A rotation that got no new id must not reach for the id of whoever comes next.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn cancel_rotation(&mut self) -> Result<()> {
        self.state.notice_fork();
        match self.state.leaving.take() {
            Some(leaving) => self.stay(&leaving),
            None => Ok(()),
        }
    }

    fn leave(&mut self, current: Current, destroyed: bool) {
        let (token, seen) = (current.lock_token(), current.generation());
        let Some(login) = current.login else { return };
        self.state.ancestor = None;
        self.state.leaving = Some(Leaving {
            sid: current.sid,
            key: current.key,
            token,
            seen,
            login,
            destroyed,
        });
    }

    /// The new id is known: the login moves there.
    pub(super) fn arrive(
        &mut self,
        leaving: Leaving,
        sid: &SessionId,
        ttl: Duration,
    ) -> Result<()> {
        // An id that collided, and was looked at on the way.
        self.give_up_current()?;
        let mut current = Current::unread(sid, self.settings)?;
        let rotation = Rotation {
            from: &leaving.key,
            lock: leaving.token,
            to: &current.key,
            login: leaving.login.login.identity.login,
            token: Token::random()?,
            ttl: bounded(ttl),
        };
        match self.store.rotate(&rotation)? {
            Some(version) => {
                current.seen = Some(version);
                current.login = Some(Bound {
                    rotated: false,
                    ..leaving.login
                });
                // Nobody can know the id before this request tells it. Should somebody have written
                // under it by then, this request has not seen that.
                current.lock_unread(self.settings);
                self.state.ended = false;
                self.state.left.push(leaving.key);
            }
            None => {
                current.refusal = Some(why_gone(self.store, &leaving.key, true));
                self.state.ended = true;
            }
        }
        self.state.made.take(sid);
        self.state.made.stored(sid);
        self.state.current = Some(current);
        Ok(())
    }

    /// No new id came: what PHP asked for is done now.
    fn stay(&mut self, leaving: &Leaving) -> Result<()> {
        if leaving.destroyed {
            let end = End {
                seen: leaving.seen,
                ..End::default()
            };
            return (self.store)
                .destroy(&leaving.key, leaving.token, end)
                .map(|_| ());
        }
        match leaving.token {
            Some(token) => self.store.release(&leaving.key, token),
            None => Ok(()),
        }
    }
}
