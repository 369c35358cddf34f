//! The session's lock: one byte of a file, held by the kernel for an open file description.
//!
//! `fcntl(2)`'s OFD locks need no clean-up: they end with their owner, however it ends; waiters
//! queue in the kernel in the order in which they came. What the kernel does not offer is a
//! deadline, so a request that finds the lock taken lets a thread wait for it and waits for that
//! thread. A request that gives up leaves its thread in the queue; the worker's next request for
//! the same session takes the place over. A thread whose place nobody wants frees the lock as
//! soon as it gets it.
//!
//! What always holds: a granted lock is on the file that the path names now (a deleted file locks
//! out nobody), and no more than [`MAX_WAITING`] threads of a process wait.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::error::explain_file;
use super::open_lock::{Guard, OpenLockFile};
use super::queue::{Answer, Place};
use super::range::Range;
use rsso_core::deadline::Deadline;
use rsso_core::error::{Error, Result};
use rsso_core::store::Token;

/// Threads that may wait at once; more than one only where requests gave up on dead-slow owners.
const MAX_WAITING: usize = 32;

/// The file whose bytes are the locks of one database.
pub(super) struct LockFile {
    path: PathBuf,
    mode: u32,
    /// Kept open: taking a free lock is one system call.
    file: Option<Arc<OpenLockFile>>,
    /// Threads that still wait for requests that gave up.
    waiting: HashMap<Range, Place>,
}

impl LockFile {
    pub(super) fn new(path: PathBuf, mode: u32) -> Self {
        Self {
            path,
            mode,
            file: None,
            waiting: HashMap::new(),
        }
    }

    /// Takes the lock, waiting until `deadline`; `store` is for the message.
    pub(super) fn lock(&mut self, range: Range, deadline: Deadline, store: &str) -> Result<Guard> {
        loop {
            // A free lock is ours only if nobody is on the way to it. The gate is looked at after the
            // lock, and not touched: that would push back whoever queues there.
            if !self.waiting.contains_key(&range)
                && let Some(guard) = self.try_lock(range, store)?
                && guard.gate_is_free().map_err(|error| failed(store, error))?
            {
                return Ok(guard);
            }
            match self.wait(range, deadline, store)? {
                Some(guard) if guard.holds() => return Ok(guard),
                _ => {}
            }
        }
    }

    /// Takes the lock if it is free.
    pub(super) fn try_lock(&mut self, range: Range, store: &str) -> Result<Option<Guard>> {
        loop {
            let file = self.file().map_err(|error| failed(store, error))?;
            match file.try_lock(range).map_err(|error| failed(store, error))? {
                Some(guard) if guard.holds() => return Ok(Some(guard)),
                Some(_) => self.file = None,
                None => return Ok(None),
            }
        }
    }

    /// Waits behind whoever holds the lock; `None` where the place in the queue was lost.
    fn wait(&mut self, range: Range, deadline: Deadline, store: &str) -> Result<Option<Guard>> {
        let timeout = || Error::LockTimeout {
            waited: Duration::ZERO,
        };
        self.waiting
            .retain(|other, place| *other == range || !place.is_over());
        if deadline.passed()
            || (self.waiting.len() >= MAX_WAITING && !self.waiting.contains_key(&range))
        {
            return Err(timeout());
        }
        let fail = |error| failed(store, error);
        let place = match self.waiting.remove(&range) {
            Some(place) => place,
            None => Place::take(self.path.clone(), self.mode, range).map_err(fail)?,
        };
        match place.wait(deadline) {
            Answer::Granted(granted) => granted.map(Some).map_err(fail),
            Answer::GivenAway => Ok(None),
            Answer::NotYet => {
                self.waiting.insert(range, place);
                Err(timeout())
            }
        }
    }

    /// Closes what is open, in a forked child.
    pub(super) fn close(&mut self) {
        self.file = None;
    }

    fn file(&mut self) -> io::Result<Arc<OpenLockFile>> {
        if let Some(file) = &self.file {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(OpenLockFile::open(&self.path, self.mode)?);
        self.file = Some(Arc::clone(&file));
        Ok(file)
    }
}

/// Who looks whether a session is being used: what is, does not expire.
pub(super) struct Uses<'a> {
    pub(super) locks: &'a mut LockFile,
    pub(super) held: &'a HashMap<Token, Guard>,
    /// For messages.
    pub(super) store: &'a str,
}

impl Uses<'_> {
    /// Whether somebody holds the lock of the session with this key. One that cannot be asked for
    /// counts as free.
    pub(super) fn is_used(&mut self, key: &[u8]) -> bool {
        let range = Range::of_bytes(key);
        // The kernel would grant our own lock once more, and take it away with that.
        self.held.values().any(|guard| guard.range() == range)
            || matches!(self.locks.try_lock(range, self.store), Ok(None))
    }
}

fn failed(store: &str, error: io::Error) -> Error {
    explain_file(
        store,
        "cannot open the lock file beside the database",
        error,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_holds_a_lock_keeps_everybody_else_out() {
        let dir = tempfile::tempdir().unwrap();
        let file = || LockFile::new(dir.path().join("lock"), 0o600);
        for range in [Range::OPENING, Range::of_bytes(b"a session")] {
            assert_ne!(range, range.gate());
            let (mut ours, mut theirs) = (file(), file());
            let soon = Deadline::after(Duration::from_secs(10));
            let guard = ours.lock(range, soon, "a store").unwrap();
            assert!(theirs.try_lock(range, "a store").unwrap().is_none());
            let waited = theirs.lock(range, Deadline::after(Duration::from_millis(20)), "a store");
            assert!(
                matches!(waited, Err(Error::LockTimeout { .. })),
                "{waited:?}"
            );
            drop(guard);
            theirs.lock(range, soon, "a store").unwrap();
        }
    }
}
