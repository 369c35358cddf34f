//! The session's lock: one byte of a file, held by the kernel for an open file description.
//!
//! `fcntl(2)`'s OFD locks need no clean-up: they end with their owner, however it ends; waiters
//! queue in the kernel in the order in which they came. The kernel offers no deadline, so a request that finds
//! the lock taken starts a thread that waits for it, and waits for that thread. A request that gives up leaves its
//! thread in the queue, and the worker's next request for the same session takes it over. A thread that no request
//! waits for frees the lock as soon as it gets it.
//!
//! What always holds: a granted lock is on the file that the path names now, because a deleted file locks nobody
//! out. At most [`MAX_WAITING`] threads of a process wait.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::error::explain_file;
use super::lock_byte::LockByte;
use super::lock_waiter::{LockWaiter, WaitResult};
use super::open_lock::{Guard, OpenLockFile};
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
    waiting: HashMap<LockByte, LockWaiter>,
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
    ///
    /// `is_in_place` checks that the locked file is the one that others lock.
    pub(super) fn lock(
        &mut self,
        byte: LockByte,
        deadline: Deadline,
        store: &str,
        mut is_in_place: impl FnMut(&Guard) -> bool,
    ) -> Result<Guard> {
        loop {
            // A free lock is ours only if nobody queues for it. The queue is checked after the lock, and not
            // touched: that would push back whoever queues there.
            if !self.waiting.contains_key(&byte)
                && let Some(guard) = self.try_lock_checked(byte, store, &mut is_in_place)?
                && guard
                    .nobody_queues()
                    .map_err(|error| failed(store, error))?
            {
                return Ok(guard);
            }
            match self.wait(byte, deadline, store)? {
                Some(guard) if is_in_place(&guard) => return Ok(guard),
                _ => {}
            }
        }
    }

    /// Takes the lock if it is free.
    pub(super) fn try_lock(&mut self, byte: LockByte, store: &str) -> Result<Option<Guard>> {
        self.try_lock_checked(byte, store, &mut Guard::holds)
    }

    fn try_lock_checked(
        &mut self,
        byte: LockByte,
        store: &str,
        is_in_place: &mut impl FnMut(&Guard) -> bool,
    ) -> Result<Option<Guard>> {
        loop {
            let file = self.file().map_err(|error| failed(store, error))?;
            match file.try_lock(byte).map_err(|error| failed(store, error))? {
                Some(guard) if is_in_place(&guard) => return Ok(Some(guard)),
                Some(_) => self.file = None,
                None => return Ok(None),
            }
        }
    }

    /// Waits until the owner frees the lock; `None` if the lock came and was freed again.
    fn wait(&mut self, byte: LockByte, deadline: Deadline, store: &str) -> Result<Option<Guard>> {
        let timeout = || Error::LockTimeout {
            waited: Duration::ZERO,
        };
        self.waiting
            .retain(|other, place| *other == byte || !place.is_over());
        if deadline.passed()
            || (self.waiting.len() >= MAX_WAITING && !self.waiting.contains_key(&byte))
        {
            return Err(timeout());
        }
        let fail = |error| failed(store, error);
        let place = match self.waiting.remove(&byte) {
            Some(place) => place,
            None => LockWaiter::start(self.path.clone(), self.mode, byte).map_err(fail)?,
        };
        match place.wait(deadline) {
            WaitResult::Granted(granted) => granted.map(Some).map_err(fail),
            WaitResult::TurnPassed => Ok(None),
            WaitResult::TimedOut => {
                self.waiting.insert(byte, place);
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

/// Tells which sessions are in use: those do not expire.
pub(super) struct SessionsInUse<'a> {
    pub(super) locks: &'a mut LockFile,
    pub(super) held: &'a HashMap<Token, Guard>,
    /// For messages.
    pub(super) store: &'a str,
}

impl SessionsInUse<'_> {
    /// Whether somebody holds the lock of the session with this key.
    ///
    /// A lock that cannot be checked counts as free.
    pub(super) fn is_used(&mut self, key: &[u8]) -> bool {
        let byte = LockByte::of_bytes(key);
        // The kernel would grant our own lock again, and the release would then free both.
        self.held.values().any(|guard| guard.byte() == byte)
            || matches!(self.locks.try_lock(byte, self.store), Ok(None))
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
        for byte in [LockByte::OPENING, LockByte::of_bytes(b"a session")] {
            assert_ne!(byte, byte.queue());
            let (mut ours, mut theirs) = (file(), file());
            let soon = Deadline::after(Duration::from_secs(10));
            let guard = ours.lock(byte, soon, "a store", Guard::holds).unwrap();
            assert!(theirs.try_lock(byte, "a store").unwrap().is_none());
            let early = Deadline::after(Duration::from_millis(20));
            let waited = theirs.lock(byte, early, "a store", Guard::holds);
            assert!(
                matches!(waited, Err(Error::LockTimeout { .. })),
                "{waited:?}"
            );
            drop(guard);
            theirs.lock(byte, soon, "a store", Guard::holds).unwrap();
        }
    }
}
