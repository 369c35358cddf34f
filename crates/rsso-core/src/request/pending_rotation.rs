//! A session whose id is being rotated, and the old ids of those whose id was.

use std::time::Instant;

use crate::login::{ROTATION_GRACE, SessionLogin};
use crate::sid::{SessionId, SessionKey};
use crate::store::{Generation, Token};

/// How many old ids are remembered, so that rotation in a loop does not grow the list.
const MAX_ROTATED: usize = 16;

/// The old ids of rotated sessions, for as long as they live.
#[derive(Debug, Default)]
pub(super) struct RotatedIds(Vec<(SessionKey, Instant)>);

impl RotatedIds {
    pub(super) fn push(&mut self, key: SessionKey) {
        self.0.retain(|(_, since)| since.elapsed() < ROTATION_GRACE);
        if self.0.len() == MAX_ROTATED {
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

/// A session with a login, whose new id is not known yet.
#[derive(Debug)]
pub(super) struct PendingRotation {
    pub(super) sid: SessionId,
    pub(super) key: SessionKey,
    /// The token of the lock that is still held.
    pub(super) token: Option<Token>,
    /// The life of the record that was read.
    pub(super) seen: Option<Generation>,
    pub(super) login: SessionLogin,
    /// PHP has asked for the end of the old id.
    pub(super) destroyed: bool,
}

impl PendingRotation {
    /// Whether this may be the new id: any but the old one.
    pub(super) fn may_go_to(&self, sid: &SessionId) -> bool {
        self.sid != *sid
    }
}
