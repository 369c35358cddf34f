//! The session that a request has read last, and how far its use is.

use std::time::Instant;

use super::outcome::Refusal;
use crate::deadline::bounded;
use crate::error::Result;
use crate::login::SessionLogin;
use crate::settings::Settings;
use crate::sid::{SessionId, SessionKey};
use crate::store::{Generation, Loaded, Lock, Store, Token, Version};

/// The session that was read last.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) sid: SessionId,
    pub(super) key: SessionKey,
    pub(super) token: Token,
    pub(super) stage: Stage,
    /// The version that was read; `None` for a missing record.
    pub(super) seen: Option<Version>,
    /// The login that it had when it was read.
    pub(super) login: Option<SessionLogin>,
    /// Until when it lives without a refresh, if the store can tell.
    pub(super) lives_until: Option<Instant>,
    /// The session that the browser presented, if this one replaces it on the way to a login.
    pub(super) predecessor: Option<SessionKey>,
    /// Its record was missing, or held no data.
    pub(super) is_empty: bool,
    /// The data that a validation has read, for the read that follows.
    pub(super) prefetched: Option<Vec<u8>>,
    /// Why a write must be refused, if it must.
    pub(super) refusal: Option<Refusal>,
}

/// How far PHP's use of a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its id was made for this request: nobody else can know it, and it needs no lock.
    Private,
    /// It is in use, without its lock.
    Unlocked,
    /// It is in use, and this request holds its lock.
    Locked,
    /// PHP has closed it; what was read of it still counts for a late write.
    Closed,
}

impl Current {
    /// A session that has not been read yet.
    pub(super) fn unread(sid: &SessionId, settings: &Settings) -> Result<Self> {
        Ok(Self {
            sid: sid.clone(),
            key: SessionKey::of(sid, settings.hashes_ids()),
            token: Token::random()?,
            stage: Stage::Unlocked,
            seen: None,
            login: None,
            lives_until: None,
            predecessor: None,
            is_empty: true,
            prefetched: None,
            refusal: None,
        })
    }

    pub(super) fn is_private(&self) -> bool {
        self.stage == Stage::Private
    }

    pub(super) fn is_locked(&self) -> bool {
        self.stage == Stage::Locked
    }

    pub(super) fn is_closed(&self) -> bool {
        self.stage == Stage::Closed
    }

    /// Its token, and whether that holds its lock.
    pub(super) fn lock(&self) -> Lock {
        Lock {
            token: self.token,
            held: self.is_locked(),
        }
    }

    /// The token of its lock, if this request holds it.
    pub(super) fn lock_token(&self) -> Option<Token> {
        self.is_locked().then_some(self.token)
    }

    /// The life of the record that was read.
    pub(super) fn generation(&self) -> Option<Generation> {
        self.seen.map(|seen| seen.generation)
    }

    /// The predecessor of an id that replaces this one: the first that the browser presented. None
    /// for a session with a login, which goes along.
    pub(super) fn presented_key(&self) -> Option<SessionKey> {
        let first = || self.predecessor.as_ref().unwrap_or(&self.key).clone();
        self.login.is_none().then(first)
    }

    /// Its lock counts as held, if requests take locks: nobody else can know its id yet.
    pub(super) fn assume_lock(&mut self, settings: &Settings) {
        if settings.lock {
            self.stage = Stage::Locked;
        }
    }

    /// Its lock, if it was held, is held no more.
    pub(super) fn forget_lock(&mut self) {
        if self.is_locked() {
            self.stage = Stage::Unlocked;
        }
    }

    /// Its id may be known to others from now on.
    pub(super) fn publish(&mut self) {
        if self.is_private() {
            self.stage = Stage::Unlocked;
        }
    }

    /// Releases its lock, if it is held.
    pub(super) fn release_lock(&mut self, store: &mut dyn Store) -> Result<()> {
        let held = self.lock_token();
        self.forget_lock();
        match held {
            Some(token) => store.release(&self.key, token),
            None => Ok(()),
        }
    }

    /// Takes over what a read that began at `started` has found, and returns the data.
    pub(super) fn loaded(&mut self, loaded: Loaded, started: Instant) -> Option<Vec<u8>> {
        self.stage = match loaded.locked {
            true => Stage::Locked,
            false => Stage::Unlocked,
        };
        self.prefetched = None;
        let (data, seen) = loaded.record.map(|r| (r.data, r.version)).unzip();
        self.seen = seen;
        self.is_empty = data.as_ref().is_none_or(Vec::is_empty);
        self.lives_until = loaded.expires_in.map(|left| started + bounded(left));
        self.login = loaded.login;
        data
    }
}
