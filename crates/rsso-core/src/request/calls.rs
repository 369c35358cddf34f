//! PHP's calls that read, destroy and close a session.

use std::time::Duration;

use super::{Current, Refusal, Request};
use crate::error::Result;
use crate::sid::{SessionId, SessionKey};
use crate::store::{End, Token};

impl Request<'_> {
    /// The session's data; empty for one that does not exist. `ttl` is for a login that is rotated to
    /// this id.
    ///
    /// # Errors
    /// [`crate::Error::LockTimeout`] or [`crate::Error::Store`].
    pub fn read(&mut self, sid: &SessionId, ttl: Duration) -> Result<Vec<u8>> {
        self.state.notice_fork();
        if let Some(unreadable) = self.state.unreadable.take()
            && unreadable.sid == *sid
        {
            return Err(unreadable.error);
        }
        if let Some(rotation) = self
            .state
            .rotation
            .take_if(|rotation| rotation.may_go_to(sid))
        {
            self.complete_rotation(rotation, sid, ttl)?;
            return Ok(Vec::new());
        }
        self.cancel_rotation()?;
        if let Some(data) = self
            .state
            .current
            .as_mut()
            .filter(|c| c.sid == *sid)
            .and_then(|c| c.prefetched.take())
        {
            return Ok(data);
        }
        if self.state.created_ids.is_private(sid) && self.current_if(sid).is_none() {
            self.release_current()?;
            self.store.ready()?;
            let current = self.take_created(sid)?;
            self.state.current_ended = current.refusal == Some(Refusal::Gone);
            self.state.current = Some(current);
            self.inherit_kick();
            return Ok(Vec::new());
        }
        let replaces_refused = self.state.replaces_refused;
        let kick = self.state.kick.take_if(|_| replaces_refused);
        let data = self.open(sid, false)?;
        self.inherit_found_kick(kick);
        Ok(data.unwrap_or_default())
    }

    /// Ends the session and releases its lock.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn destroy(&mut self, sid: &SessionId) -> Result<()> {
        self.state.notice_fork();
        let current = self.state.current.take_if(|c| c.sid == *sid);
        let never_stored = self.state.created_ids.forget(sid);
        match current {
            Some(current) if current.is_locked() || current.seen.is_some() => {
                let existed = self.end(&current, current.lock_token())?;
                self.state.current_ended = current.seen.is_some() && !existed;
                Ok(())
            }
            Some(current) if current.is_private() => Ok(()),
            None if never_stored => Ok(()),
            _ => {
                let key = SessionKey::of(sid, self.settings.hashes_ids());
                let end = End {
                    keeps_login: self.state.rotated_ids.contains(&key),
                    ..End::default()
                };
                self.store.destroy(&key, None, end).map(|_| ())
            }
        }
    }

    /// Ends the session that was read; says whether it was still there.
    fn end(&mut self, session: &Current, token: Option<Token>) -> Result<bool> {
        let end = self.end_of(session);
        self.store.destroy(&session.key, token, end)
    }

    /// What the end of the current session may end.
    pub(super) fn end_of(&self, session: &Current) -> End<'static> {
        End {
            seen: session.generation(),
            keeps_login: self.state.rotated_ids.contains(&session.key),
            tombstone: None,
        }
    }

    /// Ends the use of the session, and releases its lock if no write has.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn close(&mut self) -> Result<()> {
        self.state.notice_fork();
        self.state.end_use();
        self.release_current()
    }

    /// Makes a created id the current session, if it is not; false for an id that was not created here.
    ///
    /// Symfony reads the id it was given, and goes on with one that it has just created and never
    /// reads. `ttl` is for a login that is rotated to this id.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn switch_to_created(&mut self, sid: &SessionId, ttl: Duration) -> Result<bool> {
        self.state.notice_fork();
        if self.current_if(sid).is_some() {
            return Ok(true);
        }
        if !self.state.created_ids.is_private(sid) {
            return Ok(false);
        }
        if let Some(rotation) = self
            .state
            .rotation
            .take_if(|rotation| rotation.may_go_to(sid))
        {
            self.complete_rotation(rotation, sid, ttl)?;
            return Ok(true);
        }
        self.release_current()?;
        self.state.current = Some(self.take_created(sid)?);
        self.inherit_kick();
        Ok(true)
    }

    /// Makes `sid` the current session, unless the one that was read is stored.
    ///
    /// A class may have read the id that the browser presented, after which PHP has created another one.
    ///
    /// # Errors
    /// [`crate::Error::LockTimeout`] or [`crate::Error::Store`].
    pub fn switch_to(&mut self, sid: &SessionId, ttl: Duration) -> Result<()> {
        let is_stored = (self.state.current.as_ref()).is_some_and(|c| c.seen.is_some());
        if self.switch_to_created(sid, ttl)? || is_stored || !self.state.is_active() {
            return Ok(());
        }
        self.open_instead(sid)
    }

    /// Closes the session at the end of the request, and cancels a rotation that got no new id.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn finish(&mut self) -> Result<()> {
        let closed = self.close();
        match self.state.is_rotating() {
            true => self.cancel_rotation().and(closed),
            false => closed,
        }
    }

    /// The current session, if it is this one.
    pub(super) fn current_if(&self, sid: &SessionId) -> Option<&Current> {
        self.state.current.as_ref().filter(|c| c.sid == *sid)
    }

    /// Releases the current session, and its lock if that is held.
    pub(super) fn release_current(&mut self) -> Result<()> {
        match self.state.current.take() {
            Some(mut current) => current.release_lock(self.store),
            None => Ok(()),
        }
    }
}
