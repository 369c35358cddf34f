//! When an unchanged session's expiry is refreshed: not at each use.
//!
//! What always holds: a session lives for at least as long after its last use as PHP asks. So it is
//! given a little more than that, and refreshed when that little is used up.

use std::time::{Duration, Instant};

use super::{Current, Request};
use crate::deadline::bounded;
use crate::error::Result;
use crate::record::stored;
use crate::sid::SessionId;
use crate::store::Change;

const SECOND: Duration = Duration::from_secs(1);

impl Request<'_> {
    /// Makes an unchanged session live for `ttl`, and releases its lock.
    ///
    /// # Errors
    /// [`crate::Error::LockTimeout`] or [`crate::Error::Store`].
    pub fn touch(&mut self, sid: &SessionId, ttl: Duration) -> Result<()> {
        self.state.notice_fork();
        let lives_on = |current: &&mut Current| {
            current.sid == *sid && current.refusal.is_none() && current.needs_no_refresh(ttl)
        };
        if let Some(current) = self.state.current.as_mut().filter(lives_on) {
            return current.release_lock(self.store);
        }
        // A refresh that is refused loses nothing: there were no changes.
        self.commit(sid, Change::Touch(ttl)).map(|_| ())
    }
}

impl Current {
    /// Whether it lives for `ttl` without a refresh.
    pub(super) fn needs_no_refresh(&self, ttl: Duration) -> bool {
        let Some(until) = self.lives_until else {
            return false;
        };
        let ttl = bounded(ttl);
        let left = until.saturating_duration_since(Instant::now());
        // It was to live for longer, and is no more.
        let too_long = left > stored(ttl) + 2 * SECOND;
        // Which login was used last is told by what is left of its sessions: one that was refreshed a
        // second ago, which is what the SQL stores tell apart, is refreshed again.
        let enough = match self.login {
            Some(_) => left + SECOND > stored(ttl),
            None => left >= ttl,
        };
        enough && !too_long
    }
}

impl Change<'_> {
    /// Whether it stores an empty session, as PHP's serializers, igbinary and msgpack write it.
    pub(super) fn is_empty(&self) -> bool {
        const EMPTY: [&[u8]; 5] = [
            b"",
            b"a:0:{}",
            b"\x00\x00\x00\x02\x14\x00",
            b"\x80",
            b"\x90",
        ];
        match self {
            Self::Write(data, _) => EMPTY.contains(data),
            // Of a session that is not there: what is unchanged is nothing.
            Self::Touch(_) => true,
        }
    }
}
