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
use super::pending_rotation::PendingRotation;
use super::{Current, Refusal, Request, Written};
use crate::deadline::bounded;
use crate::error::Result;
use crate::login::{ROTATION_GRACE, SessionLogin};
use crate::sid::SessionId;
use crate::store::{Change, End, Rotation, Token};

impl Request<'_> {
    /// `session_regenerate_id(true)` destroys the old id. A session with a login stays until the new id
    /// is known; one without becomes an empty session for [`ROTATION_GRACE`].
    ///
    /// # Errors
    /// As [`Self::destroy`].
    pub fn destroy_for_new_id(&mut self, sid: &SessionId) -> Result<()> {
        self.state.notice_fork();
        self.state.predecessor = self.current_if(sid).and_then(Current::presented_key);
        let is_stored = |c: &mut Current| c.sid == *sid && c.seen.is_some() && c.refusal.is_none();
        match self.state.current.take_if(is_stored) {
            Some(current) if current.login.is_some() => {
                self.begin_rotation(current, true);
                Ok(())
            }
            Some(current) => self.empty(&current),
            None => self.destroy(sid),
        }
    }

    /// Replaces a session without a login by an empty one, under its lock. A request that waits for
    /// the lock finds the empty one.
    fn empty(&mut self, current: &Current) -> Result<()> {
        self.state.created_ids.forget(&current.sid);
        let (lock, end) = (current.lock(), self.end_of(current));
        let existed =
            (self.store).destroy_leaving_empty(&current.key, lock, end, ROTATION_GRACE)?;
        self.state.current_ended = !existed;
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
            self.begin_rotation(current, false);
        }
        Ok(written)
    }

    /// Cancels a rotation that got no new id. The id that is read next may be another visitor's.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn cancel_rotation(&mut self) -> Result<()> {
        self.state.notice_fork();
        match self.state.rotation.take() {
            Some(rotation) => self.undo_rotation(&rotation),
            None => Ok(()),
        }
    }

    fn begin_rotation(&mut self, current: Current, destroyed: bool) {
        let (token, seen) = (current.lock_token(), current.generation());
        let Some(login) = current.login else { return };
        self.state.predecessor = None;
        self.state.rotation = Some(PendingRotation {
            sid: current.sid,
            key: current.key,
            token,
            seen,
            login,
            destroyed,
        });
    }

    /// Moves the login to the new id, which is known now.
    pub(super) fn complete_rotation(
        &mut self,
        pending: PendingRotation,
        sid: &SessionId,
        ttl: Duration,
    ) -> Result<()> {
        // An id that collided, and was looked at on the way.
        self.release_current()?;
        let mut current = Current::unread(sid, self.settings)?;
        let rotation = Rotation {
            from: &pending.key,
            lock: pending.token,
            to: &current.key,
            login: pending.login.login.identity.login,
            token: Token::random()?,
            ttl: bounded(ttl),
        };
        match self.store.rotate(&rotation)? {
            Some(version) => {
                current.seen = Some(version);
                current.login = Some(SessionLogin {
                    rotated: false,
                    ..pending.login
                });
                // Nobody can know the id before this request tells it. Should somebody have written
                // under it by then, this request has not seen that.
                current.assume_lock(self.settings);
                self.state.current_ended = false;
                self.state.rotated_ids.push(pending.key);
            }
            None => {
                current.refusal = Some(why_gone(self.store, &pending.key, true));
                self.state.current_ended = true;
            }
        }
        self.state.created_ids.take(sid);
        self.state.created_ids.stored(sid);
        self.state.current = Some(current);
        Ok(())
    }

    /// Does now what PHP asked for, because no new id came.
    fn undo_rotation(&mut self, pending: &PendingRotation) -> Result<()> {
        if pending.destroyed {
            let end = End {
                seen: pending.seen,
                ..End::default()
            };
            return (self.store)
                .destroy(&pending.key, pending.token, end)
                .map(|_| ());
        }
        match pending.token {
            Some(token) => self.store.release(&pending.key, token),
            None => Ok(()),
        }
    }
}
