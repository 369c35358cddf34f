//! What a request remembers of its sessions.

use std::time::Instant;

use super::found_kick::FoundKick;
use super::ids::MadeIds;
use super::leaving::{Leaving, Left};
use super::outcome::Refusal;
use crate::error::{Error, Result};
use crate::login::Bound;
use crate::process;
use crate::settings::Settings;
use crate::sid::{SessionId, SessionKey};
use crate::store::{Store, Token, Version};

/// The sessions of one request.
#[derive(Debug)]
pub struct RequestState {
    pub(super) pid: u32,
    pub(super) made: MadeIds,
    pub(super) current: Option<Current>,
    /// The session that this request read last was ended by another one meanwhile.
    pub(super) ended: bool,
    /// A session with a login whose id is being rotated: its login goes to the id that is read next.
    pub(super) leaving: Option<Leaving>,
    /// Sessions whose login was carried to a new id a moment ago.
    pub(super) left: Left,
    /// Why the session that the browser presented is gone.
    pub(super) kick: Option<FoundKick>,
    /// The same of the session that was closed last, for the id that it is rotated to.
    pub(super) kick_of_closed: Option<FoundKick>,
    /// Strict mode has refused the id that the browser presented: the next id takes its place.
    pub(super) replaces_refused: bool,
    /// The session that was left last, where it has no login: what [`Current::ancestor`] will be of the id
    /// that takes its place.
    pub(super) ancestor: Option<SessionKey>,
    /// The id whose validation failed, and why: its read fails with this.
    pub(super) unreadable: Option<(SessionId, Error)>,
}

/// The session that was read last.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) sid: SessionId,
    pub(super) key: SessionKey,
    pub(super) token: Token,
    pub(super) locked: bool,
    pub(super) seen: Option<Version>,
    /// The login that it has.
    pub(super) login: Option<Bound>,
    /// Until when it lives without a refresh, where the store can tell.
    pub(super) lives_until: Option<Instant>,
    /// The session that the browser presented, where this one took its place on the way to a login.
    pub(super) ancestor: Option<SessionKey>,
    /// Nothing was stored under its id, or an empty session.
    pub(super) blank: bool,
    /// What a validation fetched and the read that follows will take.
    pub(super) prefetched: Option<Vec<u8>>,
    /// Set where a write must be refused: why.
    pub(super) refusal: Option<Refusal>,
    /// It was made for this request and not closed since: nobody else can know its id.
    pub(super) private: bool,
    /// PHP has closed the session; what was read of it still counts for a late write.
    pub(super) closed: bool,
}

impl Default for RequestState {
    fn default() -> Self {
        Self {
            pid: process::process_id(),
            made: MadeIds::default(),
            current: None,
            ended: false,
            leaving: None,
            left: Left::default(),
            kick: None,
            kick_of_closed: None,
            replaces_refused: false,
            ancestor: None,
            unreadable: None,
        }
    }
}

impl Current {
    /// What an id that takes its place takes the place of, on the way to a login; a login it takes along.
    pub(super) fn presented(&self) -> Option<SessionKey> {
        let first = || self.ancestor.as_ref().unwrap_or(&self.key).clone();
        self.login.is_none().then(first)
    }

    /// Gives its lock back, if there is one.
    pub(super) fn give_back(&mut self, store: &mut dyn Store) -> Result<()> {
        match std::mem::take(&mut self.locked) {
            true => store.release(&self.key, self.token),
            false => Ok(()),
        }
    }

    pub(super) fn unread(sid: &SessionId, settings: &Settings) -> Result<Self> {
        Ok(Self {
            sid: sid.clone(),
            key: SessionKey::of(sid, settings.hashes_ids()),
            token: Token::random()?,
            locked: false,
            seen: None,
            login: None,
            lives_until: None,
            ancestor: None,
            blank: true,
            prefetched: None,
            refusal: None,
            private: false,
            closed: false,
        })
    }
}
