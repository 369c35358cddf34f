//! The locks that a process renews or watches: what its worker and its thread share.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::eventfd::EventFd;
use parking_lot::Mutex;

use super::connection::Connection;
use super::keys::Keys;
use super::socket::{self, PEER_CLOSED, Socket};
use super::stale_lock::StaleLock;
use rsso_core::deadline::Deadline;
use rsso_core::store::Token;

/// How often a waiter's keeper looks after the owner.
pub(super) const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// What worker and thread share.
pub(super) struct SharedTasks {
    pub(super) state: Mutex<TaskState>,
    pub(super) changed: EventFd,
}

pub(super) struct TaskState {
    pub(super) tasks: Vec<LockTask>,
    /// The worker's connection, as long as it stands.
    pub(super) worker: Option<Arc<Socket>>,
    /// How long the thread sleeps when nothing wakes it: a sixth of the shortest time-to-live.
    pub(super) tick: Duration,
    pub(super) over: bool,
}

/// One lock to renew or to watch.
#[derive(Clone)]
pub(super) struct LockTask {
    pub(super) token: Token,
    pub(super) keys: Arc<Keys>,
    pub(super) duty: LockDuty,
    pub(super) due: Instant,
}

/// What there is to do for a lock.
#[derive(Clone)]
pub(super) enum LockDuty {
    /// It is ours.
    Renew {
        ttl: Duration,
        owner: OwnerConnection,
    },
    /// It is in our way, until we give up.
    Watch {
        until: Deadline,
        stale_lock: Option<StaleLock>,
    },
}

/// Which of our connections a lock names.
#[derive(Clone)]
pub(super) enum OwnerConnection {
    /// The worker's.
    Worker(Arc<Socket>),
    /// The keeper's.
    Renewer,
}

impl SharedTasks {
    pub(super) fn wake(&self) {
        // It fails only where it was woken more often than anybody counts.
        let _ = self.changed.write(1);
    }

    /// Sleeps until something is due; `None` ends the thread. `link` is the thread's connection: its end, and
    /// that of the worker's, make vouching due.
    pub(super) fn next(&self, connection: &mut Option<Connection>) -> Option<Vec<LockTask>> {
        loop {
            let (sleep, worker) = {
                let mut state = self.state.lock();
                if state.over {
                    return None;
                }
                if connection.as_ref().is_some_and(Connection::is_closed) {
                    *connection = None;
                }
                let due = state.due(connection.is_some());
                if !due.is_empty() {
                    return Some(due);
                }
                (state.sleep(), state.worker.clone())
            };
            self.sleep(sleep, worker.as_deref(), connection.as_ref());
        }
    }

    fn sleep(&self, sleep: Duration, worker: Option<&Socket>, connection: Option<&Connection>) {
        let mut fds = vec![PollFd::new(self.changed.as_fd(), PollFlags::POLLIN)];
        for socket in [worker, connection.map(|connection| &**connection.socket())]
            .into_iter()
            .flatten()
        {
            fds.push(PollFd::new(socket.as_fd(), PEER_CLOSED));
        }
        // Whatever ends the sleep, the state is looked at again.
        let _ = poll(&mut fds, socket::timeout(sleep));
        let _ = self.changed.read();
    }

    /// What came of a task: it is due again after `wait`, with this duty.
    pub(super) fn reschedule(&self, token: Token, duty: LockDuty, wait: Duration) {
        let mut state = self.state.lock();
        if let Some(task) = state.tasks.iter_mut().find(|task| task.token == token) {
            task.duty = duty;
            task.due = Instant::now() + wait;
        }
    }
}

impl TaskState {
    /// The tasks that are due, by time or because the connection that a lock names is gone.
    fn due(&mut self, is_connected: bool) -> Vec<LockTask> {
        // One that has ended would wake the thread for ever.
        self.worker.take_if(|worker| worker.is_closed());
        let now = Instant::now();
        let mut due = Vec::new();
        for task in &mut self.tasks {
            if let LockDuty::Renew { owner, .. } = &task.duty
                && !owner.is_open(is_connected)
                && !task.is_due_soon(now)
            {
                task.due = now;
            }
            if task.due <= now {
                due.push(task.clone());
                // Until it has been done; what fails is tried again.
                task.due = now + RETRY_INTERVAL;
            }
        }
        due
    }

    fn sleep(&self) -> Duration {
        let now = Instant::now();
        let next = self.tasks.iter().map(|task| task.due - now).min();
        next.map_or(self.tick, |next| next.min(self.tick))
    }
}

impl LockTask {
    /// It was due a moment ago, and is about to be tried again.
    fn is_due_soon(&self, now: Instant) -> bool {
        self.due <= now + RETRY_INTERVAL
    }
}

impl OwnerConnection {
    /// Whether the connection still exists.
    fn is_open(&self, is_connected: bool) -> bool {
        match self {
            Self::Worker(socket) => !socket.is_closed(),
            Self::Renewer => is_connected,
        }
    }
}

/// When what failed is tried again: a server that restarts is back soon.
pub(super) const RETRY_INTERVAL: Duration = Duration::from_millis(250);
