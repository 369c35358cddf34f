//! What a request remembers of its sessions between PHP's calls.

use super::current::{Current, Stage};
use super::found_kick::FoundKick;
use super::ids::MadeIds;
use super::leaving::{Leaving, Left};
use super::outcome::Refusal;
use crate::error::Error;
use crate::login::{Bound, User};
use crate::process;
use crate::settings::Settings;
use crate::sid::{SessionId, SessionKey};
use crate::store::Store;

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
    /// Why the session that was closed last is gone, for the id that it is rotated to.
    pub(super) kick_of_closed: Option<FoundKick>,
    /// Strict mode has refused the id that the browser presented: the next id takes its place.
    pub(super) replaces_refused: bool,
    /// The session that was left last, where it has no login: what [`Current::ancestor`] will be of the id
    /// that takes its place.
    pub(super) ancestor: Option<SessionKey>,
    /// The id whose validation failed: its read fails as well.
    pub(super) unreadable: Option<Unreadable>,
}

/// An id whose validation failed.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) sid: SessionId,
    pub(super) error: Error,
}

/// The sessions of a request, with the store and the settings that one call uses.
pub struct Request<'a> {
    /// What the request remembers between two calls.
    pub state: &'a mut RequestState,
    /// Where its sessions live.
    pub store: &'a mut dyn Store,
    /// The settings that count for this call.
    pub settings: &'a Settings,
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

impl RequestState {
    /// This state with the store and the settings of one call.
    pub fn with<'a>(&'a mut self, store: &'a mut dyn Store, settings: &'a Settings) -> Request<'a> {
        Request {
            state: self,
            store,
            settings,
        }
    }

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

    /// True between a session's read and its close.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.current.as_ref().is_some_and(|c| !c.is_closed())
    }

    /// The login of the session that was read last.
    #[must_use]
    pub fn login(&self) -> Option<&Bound> {
        self.current.as_ref()?.login.as_ref()
    }

    /// The session's login, if it is this user's on this device: claiming it again changes nothing.
    #[must_use]
    pub fn has_login(&self, user: &User, device: &str) -> Option<&Bound> {
        let fits =
            |bound: &&Bound| bound.user == user.key() && bound.login.identity.device == device;
        self.login().filter(fits)
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
        self.current.as_ref().is_some_and(Current::is_locked) || self.is_rotating()
    }

    /// Ends the use of a session where nothing is held: needs no store.
    pub fn close_unlocked(&mut self) {
        self.end_use();
        if let Some(current) = &mut self.current {
            current.stage = Stage::Closed;
        }
    }

    /// The session that was left last is not what the next id takes the place of.
    pub fn forget_ancestor(&mut self) {
        self.ancestor = None;
    }

    /// Forgets everything, without I/O: for a request whose store is gone.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// What belongs to the session in use, and to no later one, ends.
    pub(super) fn end_use(&mut self) {
        if let Some(current) = self.current.as_ref().filter(|c| !c.is_closed()) {
            self.ancestor = current.presented();
        }
        self.made.publish();
        self.unreadable = None;
        self.replaces_refused = false;
        self.kick_of_closed = self.kick.take();
    }

    /// In a forked child the lock is the parent's: keep hands off it.
    pub(super) fn notice_fork(&mut self) {
        let pid = process::process_id();
        if self.pid != pid {
            self.pid = pid;
            self.leaving = None;
            self.made.publish();
            if let Some(current) = &mut self.current {
                current.lock_is_gone();
                current.refusal = Some(Refusal::Forked);
            }
        }
    }
}
