//! What a request remembers of its sessions between PHP's calls.

use super::created_ids::CreatedIds;
use super::current::{Current, Stage};
use super::found_kick::FoundKick;
use super::outcome::Refusal;
use super::pending_rotation::{PendingRotation, RotatedIds};
use crate::error::Error;
use crate::login::{SessionLogin, User};
use crate::process;
use crate::settings::Settings;
use crate::sid::{SessionId, SessionKey};
use crate::store::Store;

/// The sessions of one request.
///
/// The presented session is the one whose id the browser has sent.
#[derive(Debug)]
pub struct RequestState {
    pub(super) pid: u32,
    pub(super) created_ids: CreatedIds,
    pub(super) current: Option<Current>,
    /// The session that was read last was ended by another request meanwhile.
    pub(super) current_ended: bool,
    /// The rotation under way: its login goes to the id that is read next.
    pub(super) rotation: Option<PendingRotation>,
    /// The old ids of sessions that were rotated a moment ago.
    pub(super) rotated_ids: RotatedIds,
    /// Why the presented session is gone.
    pub(super) kick: Option<FoundKick>,
    /// Why the session that was closed last is gone. The next id that is made may inherit that.
    pub(super) kick_of_closed: Option<FoundKick>,
    /// Strict mode has refused the id that the browser presented; the next id replaces it.
    pub(super) replaces_refused: bool,
    /// The session that was closed last, if it has no login: the [`Current::predecessor`] of the id
    /// that replaces it.
    pub(super) predecessor: Option<SessionKey>,
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
            created_ids: CreatedIds::default(),
            current: None,
            current_ended: false,
            rotation: None,
            rotated_ids: RotatedIds::default(),
            kick: None,
            kick_of_closed: None,
            replaces_refused: false,
            predecessor: None,
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

    /// PHP opens a session. `session_reset()` opens it again without a close, which changes nothing.
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
        let predecessor = self.predecessor.take().filter(|_| replaces);
        self.created_ids
            .add(sid, inherits && self.current_ended, predecessor);
    }

    /// True between a session's read and its close.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.current.as_ref().is_some_and(|c| !c.is_closed())
    }

    /// The login of the session that was read last.
    #[must_use]
    pub fn login(&self) -> Option<&SessionLogin> {
        self.current.as_ref()?.login.as_ref()
    }

    /// The session's login, if it is this user's on this device. To claim it again changes nothing.
    #[must_use]
    pub fn login_if_of(&self, user: &User, device: &str) -> Option<&SessionLogin> {
        let fits = |bound: &&SessionLogin| {
            bound.user == user.key() && bound.login.identity.device == device
        };
        self.login().filter(fits)
    }

    /// True if the session that is read next may replace the one that was closed last.
    #[must_use]
    pub fn may_rotate(&self) -> bool {
        self.is_rotating() || self.predecessor.is_some()
    }

    /// True while the new id of a session with a login is not known yet.
    #[must_use]
    pub fn is_rotating(&self) -> bool {
        self.rotation.is_some()
    }

    /// True while a lock is held or a rotation is under way, so that ending needs the store.
    #[must_use]
    pub fn holds_something(&self) -> bool {
        self.current.as_ref().is_some_and(Current::is_locked) || self.is_rotating()
    }

    /// Ends the use of a session of which nothing is held.
    pub fn close_without_store(&mut self) {
        self.end_use();
        if let Some(current) = &mut self.current {
            current.stage = Stage::Closed;
        }
    }

    /// The next id does not replace the session that was closed last.
    pub fn forget_predecessor(&mut self) {
        self.predecessor = None;
    }

    /// Forgets everything without I/O, for a request whose store is gone.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Forgets what belongs only to the session in use.
    pub(super) fn end_use(&mut self) {
        if let Some(current) = self.current.as_ref().filter(|c| !c.is_closed()) {
            self.predecessor = current.presented_key();
        }
        self.created_ids.publish();
        self.unreadable = None;
        self.replaces_refused = false;
        self.kick_of_closed = self.kick.take();
    }

    /// Gives up, in a forked child, the locks that are the parent's.
    pub(super) fn notice_fork(&mut self) {
        let pid = process::process_id();
        if self.pid != pid {
            self.pid = pid;
            self.rotation = None;
            self.created_ids.publish();
            if let Some(current) = &mut self.current {
                current.forget_lock();
                current.refusal = Some(Refusal::Forked);
            }
        }
    }
}
