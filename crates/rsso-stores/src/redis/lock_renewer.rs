//! The worker's side of the thread that keeps its locks, and watches the locks that it waits for.
//!
//! A lock is a key with an expiry, and names its owner's connection.
//! - While the owner works, the thread extends the expiry.
//! - If the named connection is closed under a living owner, the thread puts its own connection into the lock. Causes
//!   are the server's idle `timeout`, a restart, a firewall.
//! - If the owner is killed, its thread dies with it.
//! - While its worker waits, the thread checks the lock's owner every [`WATCH_INTERVAL`]. If the owner is gone, and the
//!   lock names no other connection in time, it frees the lock for the first in the queue.
//!
//! What always holds: the thread starts with the first lock of a process, never earlier. It has a connection of its
//! own, made when first needed; most requests end before that. A forked child has no such thread, and starts its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::eventfd::{EfdFlags, EventFd};
use parking_lot::Mutex;

use super::keys::Keys;
use super::lock_tasks::{
    LockDuty, LockTask, OwnConnection, SharedTasks, TaskState, WATCH_INTERVAL,
};
use super::renewer_thread;
use super::socket::Socket;
use super::stale_lock::StaleLock;
use super::target::Target;
use rsso_core::deadline::Deadline;
use rsso_core::store::Token;

/// The handle of the thread.
pub(super) struct LockRenewer {
    target: Target,
    /// `None` until the thread starts.
    shared: Option<Arc<SharedTasks>>,
    /// The worker's connection. The thread wakes up when it is closed.
    worker: Option<Arc<Socket>>,
}

impl LockRenewer {
    pub(super) fn new(target: Target) -> Self {
        Self {
            target,
            shared: None,
            worker: None,
        }
    }

    /// Notes the worker's new connection.
    pub(super) fn set_worker_connection(&mut self, socket: &Arc<Socket>) {
        self.worker = Some(Arc::clone(socket));
        if let Some(shared) = &self.shared {
            shared.state.lock().worker = Some(Arc::clone(socket));
            shared.wake();
        }
    }

    /// Renews a lock that was granted on this connection.
    ///
    /// The first time is after a third of its expiry. Hardly any request lives that long, so adding the task makes no
    /// system call.
    pub(super) fn renew(
        &mut self,
        token: Token,
        keys: &Arc<Keys>,
        ttl: Duration,
        socket: &Arc<Socket>,
    ) {
        let owner = OwnConnection::Worker(Arc::clone(socket));
        self.add(token, keys, LockDuty::Renew { ttl, owner }, ttl / 3);
    }

    /// Watches a lock that this request waits for.
    ///
    /// The first time is when `stale_lock` may be freed, or earlier.
    pub(super) fn watch(
        &mut self,
        token: Token,
        keys: &Arc<Keys>,
        until: Deadline,
        stale_lock: Option<StaleLock>,
    ) {
        let first = stale_lock
            .as_ref()
            .map_or(WATCH_INTERVAL, StaleLock::remaining);
        let duty = LockDuty::Watch { until, stale_lock };
        self.add(token, keys, duty, first.min(WATCH_INTERVAL));
    }

    /// Whether the thread runs; it starts with the first task.
    pub(super) fn has_thread(&self) -> bool {
        self.shared.is_some()
    }

    /// Stops renewing or watching the lock of `token`.
    pub(super) fn stop(&mut self, token: Token) {
        if let Some(shared) = &self.shared {
            shared.state.lock().tasks.retain(|task| task.token != token);
        }
    }

    /// Adds a task. The thread is woken if it might sleep for longer than until then.
    fn add(&mut self, token: Token, keys: &Arc<Keys>, duty: LockDuty, wait: Duration) {
        let max_sleep = match duty {
            LockDuty::Renew { ttl, .. } => ttl / 6,
            LockDuty::Watch { .. } => WATCH_INTERVAL,
        };
        if self.shared.is_none() {
            self.shared = self.start(max_sleep);
        }
        // Without a thread (the system has none left) the expiry alone decides.
        let Some(shared) = &self.shared else {
            return;
        };
        let mut state = shared.state.lock();
        if max_sleep.min(wait) < state.max_sleep {
            state.max_sleep = state.max_sleep.min(max_sleep);
            shared.wake();
        }
        state.tasks.retain(|task| task.token != token);
        state.tasks.push(LockTask {
            token,
            keys: Arc::clone(keys),
            duty,
            due: Instant::now() + wait,
        });
    }

    fn start(&self, max_sleep: Duration) -> Option<Arc<SharedTasks>> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let shared = Arc::new(SharedTasks {
            state: Mutex::new(TaskState {
                tasks: Vec::new(),
                worker: self.worker.clone(),
                max_sleep,
                is_over: false,
            }),
            wake_up: EventFd::from_flags(flags).ok()?,
        });
        renewer_thread::spawn(Arc::clone(&shared), self.target.clone()).then_some(shared)
    }
}

impl Drop for LockRenewer {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            shared.state.lock().is_over = true;
            shared.wake();
        }
    }
}
