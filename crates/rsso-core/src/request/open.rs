//! Reading a session, under its lock if the settings say so: it becomes the current one.

use std::time::Instant;

use super::current::Stage;
use super::found_kick::FoundKick;
use super::{Current, Refusal, Request, waiters};
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::packing;
use crate::settings::LockFailure;
use crate::sid::SessionId;
use crate::store::{Load, Loaded, LockTerms, Token};

impl Request<'_> {
    /// Reads `sid`, under its lock if the settings say so, and makes it the current session.
    pub(super) fn open(&mut self, sid: &SessionId, only_existing: bool) -> Result<Option<Vec<u8>>> {
        let mut current = self.take_for_read(sid)?;
        self.state.current_ended = false;
        self.state.kick_of_closed = None;
        let predecessor = self.state.predecessor.take();
        let started = Instant::now();
        let mut loaded = self.load(&mut current, only_existing)?;
        let kick = loaded.kick.take();
        let data = current.loaded(loaded, started);
        if current.seen.is_none() && current.predecessor.is_none() {
            current.predecessor = predecessor.filter(|left| *left != current.key);
        }
        self.state.kick = kick.map(|kick| FoundKick::under(kick, &current.key));
        self.state.current = Some(current);
        match data {
            Some(data) if !self.store.shares_data() => {
                packing::unpack(data, self.store.address()).map(Some)
            }
            data => Ok(data),
        }
    }

    /// Opens `sid` for a framework that has read the id it was given, and goes on with this one.
    pub(super) fn open_instead(&mut self, sid: &SessionId) -> Result<()> {
        let kick = self.state.kick.take();
        self.open(sid, false)?;
        self.inherit_found_kick(kick);
        Ok(())
    }

    /// Takes the current session out of the state to read it again, or releases another one.
    fn take_for_read(&mut self, sid: &SessionId) -> Result<Current> {
        if let Some(current) = self.state.current.as_ref().filter(|c| c.sid != *sid) {
            // A class that asks by a read whether an id is known goes on with another one.
            if current.is_empty && !current.is_closed() {
                self.state.predecessor = current.presented_key();
            }
            self.release_current()?;
        }
        match self.state.current.take() {
            // The same token again is granted again: session_reset() does not wait for itself.
            Some(current) if current.refusal.is_none() && current.is_locked() => Ok(current),
            // The release of the old token may still be under way.
            Some(current) if current.refusal.is_none() => Ok(Current {
                token: Token::random()?,
                ..current
            }),
            refused => {
                // A claim has found that it ended, and its lock is still held.
                if let Some(mut refused) = refused {
                    refused.release_lock(self.store)?;
                }
                Current::unread(sid, self.settings)
            }
        }
    }

    /// Reads the record; without its lock on a timeout, if `rsso.lock_failure` allows it.
    fn load(&mut self, current: &mut Current, only_existing: bool) -> Result<Loaded> {
        let settings = self.settings;
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
        match waiters::load(self.store, &current.key, load, settings.lock_waiters) {
            Err(Error::LockTimeout { .. } | Error::LockWaiters { .. })
                if settings.lock_failure == LockFailure::ReadOnly =>
            {
                current.refusal = Some(Refusal::ReadOnly);
                let unlocked = Load { lock: None, ..load };
                self.store.load(&current.key, unlocked)
            }
            Err(Error::LockTimeout { .. }) => Err(Error::LockTimeout {
                waited: started.elapsed(),
            }),
            other => other,
        }
    }

    /// Takes out the session of a created id, which nobody has stored.
    pub(super) fn take_created(&mut self, sid: &SessionId) -> Result<Current> {
        let mut current = Current::unread(sid, self.settings)?;
        current.stage = Stage::Private;
        if let Some(created) = self.state.created_ids.take(sid) {
            current.refusal = created.inherits_ended.then_some(Refusal::Gone);
            current.predecessor = created.predecessor;
        }
        Ok(current)
    }
}
