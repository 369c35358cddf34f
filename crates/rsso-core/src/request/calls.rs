//! PHP's calls that read, end and leave a session.

use std::time::{Duration, Instant};

use super::found_kick::FoundKick;
use super::{Current, Refusal, RequestState, waiters};
use crate::deadline::{Deadline, bounded};
use crate::error::{Error, Result};
use crate::settings::{LockFailure, Settings};
use crate::sid::{SessionId, SessionKey};
use crate::store::{End, Load, LockTerms, Store, Token};
use crate::{packing, process};

impl RequestState {
    /// PHP begins to use a session. A second time without a close is `session_reset()`.
    pub fn opened(&mut self) {
        if !self.is_active() {
            self.kick = None;
            self.replaces_refused = false;
            self.unreadable = None;
        }
    }

    /// Remembers an id that was made for this request. One that `inherits`, as in
    /// `session_regenerate_id()`, takes over the data of the session that was read last.
    pub fn created(&mut self, sid: SessionId, inherits: bool) {
        let kick = self.kick_of_closed.take();
        if inherits {
            self.kick = kick;
        }
        let replaces = inherits || self.replaces_refused;
        let ancestor = self.ancestor.take().filter(|_| replaces);
        self.made.add(sid, inherits && self.ended, ancestor);
    }

    /// The session's data; empty for one that does not exist. `ttl` is for a login that is carried
    /// to this id.
    ///
    /// # Errors
    /// [`Error::LockTimeout`] or [`Error::Store`].
    pub fn read(
        &mut self,
        store: &mut dyn Store,
        settings: &Settings,
        sid: &SessionId,
        ttl: Duration,
    ) -> Result<Vec<u8>> {
        self.notice_fork();
        if let Some((of, error)) = self.unreadable.take()
            && of == *sid
        {
            return Err(error);
        }
        if let Some(leaving) = self.leaving.take() {
            if leaving.is_for(sid) {
                self.arrive(store, settings, leaving, sid, ttl)?;
                return Ok(Vec::new());
            }
            self.stay(store, &leaving)?;
        }
        if let Some(data) = self
            .current
            .as_mut()
            .filter(|c| c.sid == *sid)
            .and_then(|c| c.prefetched.take())
        {
            return Ok(data);
        }
        if self.made.is_private(sid) && self.current.as_ref().is_none_or(|c| c.sid != *sid) {
            self.give_up_current(store)?;
            store.ready()?;
            let current = self.unwritten(sid, settings)?;
            self.ended = current.refusal == Some(Refusal::Gone);
            self.current = Some(current);
            self.inherit_kick(store, settings);
            return Ok(Vec::new());
        }
        let kick = self.kick.take_if(|_| self.replaces_refused);
        let data = self.open(store, settings, sid, false)?;
        self.inherit_from(kick, store, settings);
        Ok(data.unwrap_or_default())
    }

    /// Ends the session and gives its lock back.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn destroy(
        &mut self,
        store: &mut dyn Store,
        settings: &Settings,
        sid: &SessionId,
    ) -> Result<()> {
        self.notice_fork();
        let current = self.current.take_if(|c| c.sid == *sid);
        let never_stored = self.made.forget(sid);
        match current {
            Some(current) if current.locked || current.seen.is_some() => {
                let token = current.locked.then_some(current.token);
                let existed = self.end(store, &current, token)?;
                self.ended = current.seen.is_some() && !existed;
                Ok(())
            }
            Some(current) if current.private => Ok(()),
            None if never_stored => Ok(()),
            _ => {
                let key = SessionKey::of(sid, settings.hashes_ids());
                let alone = self.left.contains(&key);
                let end = End {
                    alone,
                    ..End::default()
                };
                store.destroy(&key, None, end).map(|_| ())
            }
        }
    }

    /// Ends the session that was read; says whether it was still there.
    pub(super) fn end(
        &self,
        store: &mut dyn Store,
        session: &Current,
        token: Option<Token>,
    ) -> Result<bool> {
        let end = End {
            seen: session.seen.map(|seen| seen.generation),
            alone: self.left.contains(&session.key),
            grave: None,
        };
        store.destroy(&session.key, token, end)
    }

    /// Ends the use of the session; gives back a lock that no write gave back.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn close(&mut self, store: &mut dyn Store) -> Result<()> {
        self.notice_fork();
        self.end_use();
        self.give_up_current(store)
    }

    /// As [`Self::close`] where nothing is held: needs no store.
    pub fn close_unlocked(&mut self) {
        self.end_use();
        if let Some(current) = &mut self.current {
            current.closed = true;
            current.private = false;
        }
    }

    /// What belongs to the session in use, and to no later one, ends.
    pub(super) fn end_use(&mut self) {
        if let Some(current) = self.current.as_ref().filter(|c| !c.closed) {
            self.ancestor = current.presented();
        }
        self.made.publish();
        self.unreadable = None;
        self.replaces_refused = false;
        self.kick_of_closed = self.kick.take();
    }

    /// Makes `sid` the session in use, where it was made for this request and another one was read:
    /// Symfony reads the id it was given, and goes on with one that it has just made and never
    /// reads. False where `sid` is neither the session in use nor a new one. `ttl` is for a login
    /// that is carried to this id.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn take_up(
        &mut self,
        store: &mut dyn Store,
        settings: &Settings,
        sid: &SessionId,
        ttl: Duration,
    ) -> Result<bool> {
        self.notice_fork();
        if self.current.as_ref().is_some_and(|c| c.sid == *sid) {
            return Ok(true);
        }
        if !self.made.is_private(sid) {
            return Ok(false);
        }
        if let Some(leaving) = self.leaving.take_if(|leaving| leaving.is_for(sid)) {
            self.arrive(store, settings, leaving, sid, ttl)?;
            return Ok(true);
        }
        self.give_up_current(store)?;
        self.current = Some(self.unwritten(sid, settings)?);
        self.inherit_kick(store, settings);
        Ok(true)
    }

    /// True where the session that is read next may be the one that was left, under a new id.
    #[must_use]
    pub fn may_rotate(&self) -> bool {
        self.is_rotating() || self.ancestor.is_some()
    }

    /// True while a session with a login is on its way to a new id.
    #[must_use]
    pub fn is_rotating(&self) -> bool {
        self.leaving.is_some()
    }

    /// True while a lock is held or a rotation is under way, so that ending needs the store.
    #[must_use]
    pub fn holds_something(&self) -> bool {
        self.current.as_ref().is_some_and(|c| c.locked) || self.leaving.is_some()
    }

    /// The end of the request: as [`Self::close`], and a rotation that never got its new id is over.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn finish(&mut self, store: &mut dyn Store) -> Result<()> {
        let closed = self.close(store);
        match self.leaving.take() {
            Some(leaving) => self.stay(store, &leaving).and(closed),
            None => closed,
        }
    }

    /// Forgets everything, without I/O: for a request whose store is gone.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Reads `sid`, under its lock if the settings say so, and makes it the current session.
    pub(super) fn open(
        &mut self,
        store: &mut dyn Store,
        settings: &Settings,
        sid: &SessionId,
        only_existing: bool,
    ) -> Result<Option<Vec<u8>>> {
        if let Some(current) = self.current.as_ref().filter(|c| c.sid != *sid) {
            // A class that asks by a read whether an id is known goes on with another one.
            if current.blank && !current.closed {
                self.ancestor = current.presented();
            }
            self.give_up_current(store)?;
        }
        let mut current = match self.current.take() {
            // The same token again is granted again: session_reset() does not wait for itself.
            Some(current) if current.refusal.is_none() && current.locked => current,
            // The release of the old token may still be under way.
            Some(current) if current.refusal.is_none() => Current {
                token: Token::random()?,
                ..current
            },
            refused => {
                // A claim found it ended, and its lock is still held.
                if let Some(mut refused) = refused {
                    refused.give_back(store)?;
                }
                Current::unread(sid, settings)?
            }
        };
        self.ended = false;
        self.kick_of_closed = None;
        let ancestor = self.ancestor.take();
        let started = Instant::now();
        let lock = settings.lock.then(|| LockTerms {
            deadline: Deadline::after(settings.lock_wait),
            ttl: settings.lock_ttl,
        });
        let load = Load {
            token: current.token,
            lock,
            only_existing,
        };
        let loaded = match waiters::load(store, &current.key, load, settings.lock_waiters) {
            Err(Error::LockTimeout { .. } | Error::LockWaiters { .. })
                if settings.lock_failure == LockFailure::ReadOnly =>
            {
                current.refusal = Some(Refusal::ReadOnly);
                store.load(&current.key, Load { lock: None, ..load })
            }
            Err(Error::LockTimeout { .. }) => Err(Error::LockTimeout {
                waited: started.elapsed(),
            }),
            other => other,
        };
        let loaded = loaded?;
        current.locked = loaded.locked;
        current.closed = false;
        current.private = false;
        current.prefetched = None;
        let (data, seen) = loaded.record.map(|r| (r.data, r.version)).unzip();
        current.seen = seen;
        current.blank = data.as_ref().is_none_or(Vec::is_empty);
        if seen.is_none() && current.ancestor.is_none() {
            current.ancestor = ancestor.filter(|left| *left != current.key);
        }
        current.lives_until = loaded.left.map(|left| started + bounded(left));
        current.login = loaded.login;
        self.kick = loaded.kick.map(|kick| FoundKick::under(kick, &current.key));
        self.current = Some(current);
        match data {
            Some(data) if !store.shares_data() => packing::unpack(data, store.address()).map(Some),
            data => Ok(data),
        }
    }

    /// The state of an id of our own that nobody has written; it counts as taken from now on.
    pub(super) fn unwritten(&mut self, sid: &SessionId, settings: &Settings) -> Result<Current> {
        let mut current = Current::unread(sid, settings)?;
        current.private = true;
        if let Some(made) = self.made.take(sid) {
            current.refusal = made.heir_of_ended.then_some(Refusal::Gone);
            current.ancestor = made.ancestor;
        }
        Ok(current)
    }

    pub(super) fn give_up_current(&mut self, store: &mut dyn Store) -> Result<()> {
        match self.current.take() {
            Some(mut current) => current.give_back(store),
            None => Ok(()),
        }
    }

    /// In a forked child the lock is the parent's: keep hands off it.
    pub(super) fn notice_fork(&mut self) {
        let pid = process::process_id();
        if self.pid != pid {
            self.pid = pid;
            self.leaving = None;
            self.made.publish();
            if let Some(current) = &mut self.current {
                current.locked = false;
                current.refusal = Some(Refusal::Forked);
            }
        }
    }
}
