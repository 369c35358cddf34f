//! The thread that shows a lock's owner is alive, and finds out for a waiter that it is not.
//!
//! A lock is a key with an expiry, and names its owner's connection. While its owner works on, the keeper
//! extends the expiry; when that connection ends under a living owner (the server's idle `timeout`, a
//! restart, a firewall), the keeper vouches: the lock then names the keeper's own connection. When the owner
//! is killed the keeper dies with it. While its worker waits, the keeper asks the server every [`WATCH`]
//! whether the owner still exists, and if nobody has vouched in time frees the lock for the first in the queue.
//!
//! What always holds: the thread starts with the first lock of a process, never earlier; it has a
//! connection of its own, made when first needed (most requests end before that); and a forked
//! child, which has no such thread, starts its own.

use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use parking_lot::Mutex;

use super::connection::{Link, Target};
use super::keys::Keys;
use super::renewer;
use super::socket::{self, PEER_CLOSED, Socket};
use super::suspect::Suspect;
use crate::deadline::Deadline;
use crate::store::Token;

/// How often a waiter's keeper looks after the owner.
pub(super) const WATCH: Duration = Duration::from_secs(1);

/// Handle of the thread.
pub(super) struct Keeper {
    target: Target,
    shared: Option<Arc<Shared>>,
    /// The worker's connection: its end wakes the thread.
    worker: Option<Arc<Socket>>,
}

/// What worker and thread share.
pub(super) struct Shared {
    state: Mutex<State>,
    changed: EventFd,
}

struct State {
    tasks: Vec<Task>,
    /// The worker's connection, as long as it stands.
    worker: Option<Arc<Socket>>,
    /// How long the thread sleeps when nothing wakes it: a sixth of the shortest time-to-live.
    tick: Duration,
    over: bool,
}

/// One lock to renew or to watch.
#[derive(Clone)]
pub(super) struct Task {
    pub(super) token: Token,
    pub(super) keys: Arc<Keys>,
    pub(super) duty: Duty,
    due: Instant,
}

/// What there is to do for a lock.
#[derive(Clone)]
pub(super) enum Duty {
    /// It is ours.
    Renew { ttl: Duration, owner: NamedOwner },
    /// It is in our way, until we give up.
    Watch {
        until: Deadline,
        suspect: Option<Suspect>,
    },
}

/// Which of our connections a lock names.
#[derive(Clone)]
pub(super) enum NamedOwner {
    /// The worker's.
    Worker(Arc<Socket>),
    /// The keeper's.
    Keeper,
}

impl Keeper {
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
        let owner = NamedOwner::Worker(Arc::clone(socket));
        self.add(token, keys, Duty::Renew { ttl, owner }, ttl / 3);
    }

    /// This request waits for the lock: look after its owner, first when a suspicion is ripe.
    pub(super) fn watch(
        &mut self,
        token: Token,
        keys: &Arc<Keys>,
        until: Deadline,
        suspect: Option<Suspect>,
    ) {
        let first = suspect.as_ref().map_or(WATCH, Suspect::remaining);
        let duty = Duty::Watch { until, suspect };
        if let Some(shared) = self.add(token, keys, duty, first.min(WATCH)) {
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
        duty: Duty,
        wait: Duration,
    ) -> Option<Arc<Shared>> {
        let tick = match duty {
            Duty::Renew { ttl, .. } => ttl / 6,
            Duty::Watch { .. } => WATCH,
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
        state.tasks.push(Task {
            token,
            keys: Arc::clone(keys),
            duty,
            due: Instant::now() + wait,
        });
        drop(state);
        Some(Arc::clone(shared))
    }

    fn start(&self, tick: Duration) -> Option<Arc<Shared>> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                tasks: Vec::new(),
                worker: self.worker.clone(),
                tick,
                over: false,
            }),
            changed: EventFd::from_flags(flags).ok()?,
        });
        renewer::spawn(Arc::clone(&shared), self.target.clone()).then_some(shared)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            shared.state.lock().over = true;
            shared.wake();
        }
    }
}

impl Shared {
    fn wake(&self) {
        // It fails only where it was woken more often than anybody counts.
        let _ = self.changed.write(1);
    }

    /// Sleeps until something is due; `None` ends the thread. `link` is the thread's connection: its end, and
    /// that of the worker's, make vouching due.
    pub(super) fn next(&self, link: &mut Option<Link>) -> Option<Vec<Task>> {
        loop {
            let (sleep, worker) = {
                let mut state = self.state.lock();
                if state.over {
                    return None;
                }
                if link.as_ref().is_some_and(Link::is_closed) {
                    *link = None;
                }
                let due = state.due(link.is_some());
                if !due.is_empty() {
                    return Some(due);
                }
                (state.sleep(), state.worker.clone())
            };
            self.sleep(sleep, worker.as_deref(), link.as_ref());
        }
    }

    fn sleep(&self, sleep: Duration, worker: Option<&Socket>, link: Option<&Link>) {
        let mut fds = vec![PollFd::new(self.changed.as_fd(), PollFlags::POLLIN)];
        for socket in [worker, link.map(|link| &**link.socket())]
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
    pub(super) fn put_off(&self, token: Token, duty: Duty, wait: Duration) {
        let mut state = self.state.lock();
        if let Some(task) = state.tasks.iter_mut().find(|task| task.token == token) {
            task.duty = duty;
            task.due = Instant::now() + wait;
        }
    }
}

impl State {
    /// The tasks that are due, by time or because the connection that a lock names is gone.
    fn due(&mut self, linked: bool) -> Vec<Task> {
        // One that has ended would wake the thread for ever.
        self.worker.take_if(|worker| worker.is_closed());
        let now = Instant::now();
        let mut due = Vec::new();
        for task in &mut self.tasks {
            if let Duty::Renew { owner, .. } = &task.duty
                && !owner.stands(linked)
                && !task.is_retried(now)
            {
                task.due = now;
            }
            if task.due <= now {
                due.push(task.clone());
                // Until it has been done; what fails is tried again.
                task.due = now + renewer::RETRY;
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

impl Task {
    /// It was due a moment ago, and is about to be tried again.
    fn is_retried(&self, now: Instant) -> bool {
        self.due <= now + renewer::RETRY
    }
}

impl NamedOwner {
    /// Whether the connection still exists.
    fn stands(&self, linked: bool) -> bool {
        match self {
            Self::Worker(socket) => !socket.is_closed(),
            Self::Keeper => linked,
        }
    }
}
