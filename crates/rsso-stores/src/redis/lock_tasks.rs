//! The locks that a process renews or watches: what its worker and the renewer thread share.

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

/// How often the owner of an awaited lock is checked.
pub(super) const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// The pause before a failed task is tried again.
///
/// It is short: a server that restarts is back soon.
const RETRY_INTERVAL: Duration = Duration::from_millis(250);

/// The tasks, and what wakes the thread.
pub(super) struct SharedTasks {
    pub(super) state: Mutex<TaskState>,
    pub(super) wake_up: EventFd,
}

/// The tasks, and what the thread needs to know of its worker.
pub(super) struct TaskState {
    pub(super) tasks: Vec<LockTask>,
    /// The worker's connection while it is open.
    pub(super) worker: Option<Arc<Socket>>,
    /// The longest sleep: a sixth of the shortest expiry of a lock.
    pub(super) max_sleep: Duration,
    /// The worker is done: the thread ends.
    pub(super) is_over: bool,
}

/// One lock to renew or to watch.
#[derive(Clone)]
pub(super) struct LockTask {
    pub(super) token: Token,
    pub(super) keys: Arc<Keys>,
    pub(super) duty: LockDuty,
    pub(super) due: Instant,
}

/// What to do for a lock.
#[derive(Clone)]
pub(super) enum LockDuty {
    /// The worker holds it: extend its expiry.
    Renew { ttl: Duration, owner: OwnConnection },
    /// The worker waits for it: free it if its owner is dead.
    Watch {
        until: Deadline,
        stale_lock: Option<StaleLock>,
    },
}

/// Which connection of this process a lock names.
#[derive(Clone)]
pub(super) enum OwnConnection {
    /// The worker's, which this socket belongs to.
    Worker(Arc<Socket>),
    /// The renewer thread's.
    Renewer,
}

/// What to do next for a lock, and when.
pub(super) struct NextDuty {
    pub(super) duty: LockDuty,
    pub(super) wait: Duration,
}

impl SharedTasks {
    /// Wakes the thread.
    pub(super) fn wake(&self) {
        // It fails only if the counter of wake-ups is full, which wakes the thread too.
        let _ = self.wake_up.write(1);
    }

    /// Sleeps until tasks are due, and returns them; `None` ends the thread.
    ///
    /// The thread wakes up if its own `connection` or the worker's is closed, because the locks must name another one.
    pub(super) fn next_due(&self, connection: &mut Option<Connection>) -> Option<Vec<LockTask>> {
        loop {
            let (sleep, worker) = {
                let mut state = self.state.lock();
                if state.is_over {
                    return None;
                }
                if connection.as_ref().is_some_and(Connection::is_closed) {
                    *connection = None;
                }
                let due = state.take_due(connection.is_some());
                if !due.is_empty() {
                    return Some(due);
                }
                (state.sleep_time(), state.worker.clone())
            };
            self.sleep(sleep, worker.as_deref(), connection.as_ref());
        }
    }

    fn sleep(&self, sleep: Duration, worker: Option<&Socket>, own: Option<&Connection>) {
        let mut fds = vec![PollFd::new(self.wake_up.as_fd(), PollFlags::POLLIN)];
        let own = own.map(|connection| &**connection.socket());
        for socket in [worker, own].into_iter().flatten() {
            fds.push(PollFd::new(socket.as_fd(), PEER_CLOSED));
        }
        // Whatever ends the sleep, the state is looked at again.
        let _ = poll(&mut fds, socket::poll_timeout(sleep));
        let _ = self.wake_up.read();
    }

    /// Sets the next duty of a task that still exists.
    pub(super) fn reschedule(&self, token: Token, next: NextDuty) {
        let mut state = self.state.lock();
        if let Some(task) = state.tasks.iter_mut().find(|task| task.token == token) {
            task.duty = next.duty;
            task.due = Instant::now() + next.wait;
        }
    }
}

impl TaskState {
    /// The tasks that are due.
    ///
    /// Their time has come, or the connection that the lock names is closed.
    fn take_due(&mut self, has_connection: bool) -> Vec<LockTask> {
        // A closed socket would wake the thread again and again.
        self.worker.take_if(|worker| worker.is_closed());
        let now = Instant::now();
        let mut due = Vec::new();
        for task in &mut self.tasks {
            if let LockDuty::Renew { owner, .. } = &task.duty
                && !owner.is_open(has_connection)
                && !task.is_due_soon(now)
            {
                task.due = now;
            }
            if task.due <= now {
                due.push(task.clone());
                // Unless it is rescheduled, it has failed and is tried again.
                task.due = now + RETRY_INTERVAL;
            }
        }
        due
    }

    fn sleep_time(&self) -> Duration {
        let now = Instant::now();
        let next = self.tasks.iter().map(|task| task.due - now).min();
        next.map_or(self.max_sleep, |next| next.min(self.max_sleep))
    }
}

impl LockTask {
    /// Whether it is tried again in a moment.
    fn is_due_soon(&self, now: Instant) -> bool {
        self.due <= now + RETRY_INTERVAL
    }
}

impl OwnConnection {
    /// Whether the connection is open; `has_connection` tells of the thread's.
    fn is_open(&self, has_connection: bool) -> bool {
        match self {
            Self::Worker(socket) => !socket.is_closed(),
            Self::Renewer => has_connection,
        }
    }
}
