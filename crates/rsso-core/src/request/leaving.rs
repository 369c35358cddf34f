//! Sessions that are left for a new id.

use std::time::Instant;

use crate::login::{Bound, ROTATION_GRACE};
use crate::sid::{SessionId, SessionKey};
use crate::store::{Generation, Token};

/// How many ids that were left are remembered; rotation in a loop must not grow it.
const MAX_LEFT: usize = 16;

/// Sessions whose login was carried to a new id, for as long as the old id lives.
#[derive(Debug, Default)]
pub(super) struct Left(Vec<(SessionKey, Instant)>);

impl Left {
    pub(super) fn push(&mut self, key: SessionKey) {
        self.0.retain(|(_, since)| since.elapsed() < ROTATION_GRACE);
        if self.0.len() == MAX_LEFT {
            self.0.remove(0);
        }
        self.0.push((key, Instant::now()));
    }

    pub(super) fn contains(&self, key: &SessionKey) -> bool {
        let lives = |since: &Instant| since.elapsed() < ROTATION_GRACE;
        self.0
            .iter()
            .any(|(left, since)| left == key && lives(since))
    }
}

/// A session on its way to a new id.
#[derive(Debug)]
pub(super) struct Leaving {
    pub(super) sid: SessionId,
    pub(super) key: SessionKey,
    /// Of the lock that is still held.
    pub(super) token: Option<Token>,
    pub(super) seen: Option<Generation>,
    pub(super) login: Bound,
    /// The old id was to be destroyed.
    pub(super) destroyed: bool,
}

impl Leaving {
    /// Whether this may be the new id.
    pub(super) fn is_for(&self, sid: &SessionId) -> bool {
        self.sid != *sid
    }
}
