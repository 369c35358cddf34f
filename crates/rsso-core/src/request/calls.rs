//! PHP's calls that read, end and leave a session.

use std::time::Duration;

use super::{Current, Refusal, Request};
use crate::error::Result;
use crate::sid::{SessionId, SessionKey};
use crate::store::{End, Token};

impl Request<'_> {
    /// The session's data; empty for one that does not exist. `ttl` is for a login that is carried
    /// to this id.
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
        if let Some(leaving) = self.state.leaving.take_if(|leaving| leaving.is_for(sid)) {
            self.arrive(leaving, sid, ttl)?;
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
        if self.state.made.is_private(sid) && self.in_use(sid).is_none() {
            self.give_up_current()?;
            self.store.ready()?;
            let current = self.unwritten(sid)?;
            self.state.ended = current.refusal == Some(Refusal::Gone);
            self.state.current = Some(current);
            self.inherit_kick();
            return Ok(Vec::new());
        }
        let replaces_refused = self.state.replaces_refused;
        let kick = self.state.kick.take_if(|_| replaces_refused);
        let data = self.open(sid, false)?;
        self.inherit_from(kick);
        Ok(data.unwrap_or_default())
    }

    /// Ends the session and gives its lock back.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn destroy(&mut self, sid: &SessionId) -> Result<()> {
        self.state.notice_fork();
        let current = self.state.current.take_if(|c| c.sid == *sid);
        let never_stored = self.state.made.forget(sid);
        match current {
            Some(current) if current.is_locked() || current.seen.is_some() => {
                let existed = self.end(&current, current.lock_token())?;
                self.state.ended = current.seen.is_some() && !existed;
                Ok(())
            }
            Some(current) if current.is_private() => Ok(()),
            None if never_stored => Ok(()),
            _ => {
                let key = SessionKey::of(sid, self.settings.hashes_ids());
                let end = End {
                    alone: self.state.left.contains(&key),
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

    /// What the end of the session that was read may end.
    pub(super) fn end_of(&self, session: &Current) -> End<'static> {
        End {
            seen: session.generation(),
            alone: self.state.left.contains(&session.key),
            grave: None,
        }
    }

    /// Ends the use of the session; gives back a lock that no write gave back.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn close(&mut self) -> Result<()> {
        self.state.notice_fork();
        self.state.end_use();
        self.give_up_current()
    }

    /// Makes `sid` the session in use, where it was made for this request and another one was read:
    /// Symfony reads the id it was given, and goes on with one that it has just made and never
    /// reads. False where `sid` is neither the session in use nor a new one. `ttl` is for a login
    /// that is carried to this id.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn take_up(&mut self, sid: &SessionId, ttl: Duration) -> Result<bool> {
        self.state.notice_fork();
        if self.in_use(sid).is_some() {
            return Ok(true);
        }
        if !self.state.made.is_private(sid) {
            return Ok(false);
        }
        if let Some(leaving) = self.state.leaving.take_if(|leaving| leaving.is_for(sid)) {
            self.arrive(leaving, sid, ttl)?;
            return Ok(true);
        }
        self.give_up_current()?;
        self.state.current = Some(self.unwritten(sid)?);
        self.inherit_kick();
        Ok(true)
    }

    /// Makes `sid`, which PHP goes on with, the session in use where the one that was read is not stored:
    /// a class has read the id that the browser presented, and PHP has made another one.
    ///
    /// # Errors
    /// [`crate::Error::LockTimeout`] or [`crate::Error::Store`].
    pub fn go_on_with(&mut self, sid: &SessionId, ttl: Duration) -> Result<()> {
        let is_stored = (self.state.current.as_ref()).is_some_and(|c| c.seen.is_some());
        if self.take_up(sid, ttl)? || is_stored || !self.state.is_active() {
            return Ok(());
        }
        self.open_instead(sid)
    }

    /// The end of the request: closes, and cancels a rotation that never got its new id.
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

    /// The session that was read last, if it is this one.
    pub(super) fn in_use(&self, sid: &SessionId) -> Option<&Current> {
        self.state.current.as_ref().filter(|c| c.sid == *sid)
    }

    pub(super) fn give_up_current(&mut self) -> Result<()> {
        match self.state.current.take() {
            Some(mut current) => current.give_back(self.store),
            None => Ok(()),
        }
    }
}
