//! The ids that were made for this request.
//!
//! What always holds: an id is private, known to nobody else, until it is read, written or the
//! session in use is closed. After that it is only remembered as our own, which strict mode accepts
//! without a record, until it is stored: then the store knows whether it lives. Neither list grows
//! beyond [`MAX`].

use crate::sid::{SessionId, SessionKey};

/// How many ids are remembered; `session_create_id()` in a loop must not grow it.
const MAX: usize = 16;

#[derive(Debug, Default)]
pub(super) struct MadeIds {
    private: Vec<Private>,
    own: Vec<SessionId>,
}

#[derive(Debug)]
pub(super) struct Private {
    sid: SessionId,
    /// It takes over the data of a session that has ended: they must not come back under it.
    pub(super) heir_of_ended: bool,
    /// The session that the browser presented, where this id was made to take its place.
    pub(super) ancestor: Option<SessionKey>,
}

impl MadeIds {
    pub(super) fn add(
        &mut self,
        sid: SessionId,
        heir_of_ended: bool,
        ancestor: Option<SessionKey>,
    ) {
        push(&mut self.own, sid.clone());
        let made = Private {
            sid,
            heir_of_ended,
            ancestor,
        };
        push(&mut self.private, made);
    }

    /// Whether nobody else can know this id.
    pub(super) fn is_private(&self, sid: &SessionId) -> bool {
        self.private.iter().any(|made| made.sid == *sid)
    }

    /// Whether it was made here, and never stored.
    pub(super) fn is_own(&self, sid: &SessionId) -> bool {
        self.own.contains(sid)
    }

    /// The id is used from now on. Says what it is the heir of.
    pub(super) fn take(&mut self, sid: &SessionId) -> Option<Private> {
        let at = self.private.iter().position(|made| made.sid == *sid)?;
        Some(self.private.remove(at))
    }

    /// The id is stored: whether it is known is the store's to say.
    pub(super) fn stored(&mut self, sid: &SessionId) {
        self.own.retain(|own| own != sid);
    }

    /// The id has ended. Says whether it was private.
    pub(super) fn forget(&mut self, sid: &SessionId) -> bool {
        let was_private = self.is_private(sid);
        self.take(sid);
        self.stored(sid);
        was_private
    }

    /// A session was closed: the browser may know of any id by now.
    pub(super) fn publish(&mut self) {
        self.private.clear();
    }
}

fn push<T>(list: &mut Vec<T>, item: T) {
    if list.len() == MAX {
        list.remove(0);
    }
    list.push(item);
}
