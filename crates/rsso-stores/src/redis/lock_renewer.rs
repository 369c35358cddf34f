//! The thread that shows a lock's owner is alive, and finds out for a waiter that it is not.
//!
//! A lock is a key with an expiry, and names its owner's connection. While its owner works on, the keeper
//! extends the expiry; when that connection ends under a living owner (the server's idle `timeout`, a
//! restart, a firewall), the keeper vouches: the lock then names the keeper's own connection. When the owner
//! is killed the keeper dies with it. While its worker waits, the keeper asks the server every [`WATCH_INTERVAL`]
//! whether the owner still exists, and if nobody has vouched in time frees the lock for the first in the queue.
//!
//! What always holds: the thread starts with the first lock of a process, never earlier; it has a
//! connection of its own, made when first needed (most requests end before that); and a forked
//! child, which has no such thread, starts its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::eventfd::{EfdFlags, EventFd};
use parking_lot::Mutex;

use super::keys::Keys;
use super::lock_tasks::{
    LockDuty, LockTask, OwnerConnection, SharedTasks, TaskState, WATCH_INTERVAL,
};
use super::renewer_thread;
use super::socket::Socket;
use super::stale_lock::StaleLock;
use super::target::Target;
use rsso_core::deadline::Deadline;
use rsso_core::store::Token;

/// Handle of the thread.
pub(super) struct LockRenewer {
    target: Target,
    shared: Option<Arc<SharedTasks>>,
    /// The worker's connection: its end wakes the thread.
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

    /// The worker has a new connection.
    pub(super) fn follow(&mut self, socket: &Arc<Socket>) {
        self.worker = Some(Arc::clone(socket));
        if let Some(shared) = &self.shared {
            shared.state.lock().worker = Some(Arc::clone(socket));
            shared.wake();
        }
    }

    /// The lock of `token` was granted on this connection: renew it from a third of its time on. Costs no
    /// system call, because hardly a request lives that long.
    pub(super) fn hold(
        &mut self,
        token: Token,
        keys: &Arc<Keys>,
        ttl: Duration,
        socket: &Arc<Socket>,
    ) {
        let owner = OwnerConnection::Worker(Arc::clone(socket));
        self.add(token, keys, LockDuty::Renew { ttl, owner }, ttl / 3);
    }

    /// This request waits for the lock: look after its owner, first when a suspicion is ripe.
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
        if let Some(shared) = self.add(token, keys, duty, first.min(WATCH_INTERVAL)) {
            shared.wake();
        }
    }

    /// The lock is given back, or the wait is over.
    pub(super) fn end(&mut self, token: Token) {
        if let Some(shared) = &self.shared {
            shared.state.lock().tasks.retain(|task| task.token != token);
        }
    }

    fn add(
        &mut self,
        token: Token,
        keys: &Arc<Keys>,
        duty: LockDuty,
        wait: Duration,
    ) -> Option<Arc<SharedTasks>> {
        let tick = match duty {
            LockDuty::Renew { ttl, .. } => ttl / 6,
            LockDuty::Watch { .. } => WATCH_INTERVAL,
        };
        if self.shared.is_none() {
            self.shared = self.start(tick);
        }
        // Without a thread (the system has none left) the time-to-live alone decides.
        let shared = self.shared.as_ref()?;
        let mut state = shared.state.lock();
        if tick < state.tick {
            state.tick = tick;
            shared.wake();
        }
        state.tasks.retain(|task| task.token != token);
        state.tasks.push(LockTask {
            token,
            keys: Arc::clone(keys),
            duty,
            due: Instant::now() + wait,
        });
        drop(state);
        Some(Arc::clone(shared))
    }

    fn start(&self, tick: Duration) -> Option<Arc<SharedTasks>> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let shared = Arc::new(SharedTasks {
            state: Mutex::new(TaskState {
                tasks: Vec::new(),
                worker: self.worker.clone(),
                tick,
                over: false,
            }),
            changed: EventFd::from_flags(flags).ok()?,
        });
        renewer_thread::spawn(Arc::clone(&shared), self.target.clone()).then_some(shared)
    }
}

impl Drop for LockRenewer {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            shared.state.lock().over = true;
            shared.wake();
        }
    }
}
