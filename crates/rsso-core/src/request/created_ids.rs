//! The ids that PHP has created for this request.
//!
//! What always holds: an id is private, known to nobody else, until it is read, written or the
//! session in use is closed. After that it is only remembered as our own, which strict mode accepts
//! without a record, until it is stored: then the store knows whether it lives. Neither list grows
//! beyond [`MAX`].

use crate::sid::{SessionId, SessionKey};

/// How many ids are remembered; `session_create_id()` in a loop must not grow it.
const MAX: usize = 16;

#[derive(Debug, Default)]
pub(super) struct CreatedIds {
    private: Vec<Private>,
    own: Vec<SessionId>,
}

#[derive(Debug)]
pub(super) struct Private {
    sid: SessionId,
    /// It inherits the data of a session that has ended. They must not be stored under it.
    pub(super) inherits_ended: bool,
    /// The session that the browser presented, if this id replaces it.
    pub(super) predecessor: Option<SessionKey>,
}

impl CreatedIds {
    pub(super) fn add(
        &mut self,
        sid: SessionId,
        inherits_ended: bool,
        predecessor: Option<SessionKey>,
    ) {
        push(&mut self.own, sid.clone());
        let created = Private {
            sid,
            inherits_ended,
            predecessor,
        };
        push(&mut self.private, created);
    }

    /// Whether nobody else can know this id.
    pub(super) fn is_private(&self, sid: &SessionId) -> bool {
        self.private.iter().any(|created| created.sid == *sid)
    }

    /// Whether it was created here, and never stored.
    pub(super) fn is_own(&self, sid: &SessionId) -> bool {
        self.own.contains(sid)
    }

    /// Takes out a private id, which is used from now on.
    pub(super) fn take(&mut self, sid: &SessionId) -> Option<Private> {
        let at = self
            .private
            .iter()
            .position(|created| created.sid == *sid)?;
        Some(self.private.remove(at))
    }

    /// The id is stored. Whether it is known, the store says from now on.
    pub(super) fn stored(&mut self, sid: &SessionId) {
        self.own.retain(|own| own != sid);
    }

    /// Removes an id that has ended; says whether it was private.
    pub(super) fn forget(&mut self, sid: &SessionId) -> bool {
        let was_private = self.is_private(sid);
        self.take(sid);
        self.stored(sid);
        was_private
    }

    /// Makes all ids public: a session was closed, and the browser may know its id.
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
