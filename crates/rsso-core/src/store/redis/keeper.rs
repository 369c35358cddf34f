//! The thread that shows a lock's owner is alive, and finds out for a waiter that it is not.
//!
//! A lock is a key with an expiry. While its owner works on, the keeper puts the expiry off; when
//! the owner is killed the keeper dies with it, and the lock runs out. While its worker waits, the
//! keeper asks the server every [`WATCH`] whether the owner's connection still exists, and if not
//! frees the lock for the first in the queue.
//!
//! What always holds: the thread starts with the first lock of a process, never earlier; it has a
//! connection of its own, made when first needed (most requests end before that); and a forked
//! child, which has no such thread, starts its own.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, SigmaskHow};
use parking_lot::{Condvar, Mutex};
use redis::{Cmd, Value, cmd};

use super::connection::{Link, Target};
use super::keys::Keys;
use super::owner::Owner;
use super::scripts::Act;
use super::{millis, wait};
use crate::store::Token;

/// How often a waiter's keeper looks after the owner.
const WATCH: Duration = Duration::from_secs(1);

/// Enough for a TLS handshake.
const STACK: usize = 512 * 1024;

/// Handle of the thread.
pub(super) struct Keeper {
    target: Target,
    shared: Option<Arc<Shared>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    tasks: Vec<Task>,
    /// How long the thread sleeps when nothing wakes it: a sixth of the shortest time-to-live.
    tick: Duration,
    over: bool,
}

/// One lock to renew or to watch.
#[derive(Clone)]
struct Task {
    token: Token,
    keys: Arc<Keys>,
    duty: Duty,
    due: Instant,
}

#[derive(Clone, Copy)]
enum Duty {
    Renew(Duration),
    Watch,
}

impl Keeper {
    pub(super) fn new(target: Target) -> Self {
        Self {
            target,
            shared: None,
        }
    }

    /// The lock of `token` was granted: renew it from a third of its time on. Costs no system
    /// call, for hardly a request lives that long.
    pub(super) fn hold(&mut self, token: Token, keys: &Arc<Keys>, ttl: Duration) {
        self.add(token, keys, Duty::Renew(ttl), ttl / 3);
    }

    /// This request waits for the lock: look after its owner.
    pub(super) fn watch(&mut self, token: Token, keys: &Arc<Keys>) {
        if let Some(shared) = self.add(token, keys, Duty::Watch, WATCH) {
            shared.changed.notify_one();
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
            Duty::Renew(ttl) => ttl / 6,
            Duty::Watch => WATCH,
        };
        if self.shared.is_none() {
            self.shared = start(self.target.clone(), tick);
        }
        // Without a thread (the system has none left) the time-to-live alone decides.
        let shared = self.shared.as_ref()?;
        let mut state = shared.state.lock();
        if tick < state.tick {
            state.tick = tick;
            shared.changed.notify_one();
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
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            shared.state.lock().over = true;
            shared.changed.notify_one();
        }
    }
}

fn start(target: Target, tick: Duration) -> Option<Arc<Shared>> {
    let state = State {
        tasks: Vec::new(),
        tick,
        over: false,
    };
    let shared = Arc::new(Shared {
        state: Mutex::new(state),
        changed: Condvar::new(),
    });
    let theirs = Arc::clone(&shared);
    // PHP's signals are for PHP's thread.
    let mask = SigSet::all()
        .thread_swap_mask(SigmaskHow::SIG_SETMASK)
        .ok()?;
    let spawned = thread::Builder::new()
        .name("rsso-keeper".to_owned())
        .stack_size(STACK)
        .spawn(move || run(&theirs, &target));
    // The mask was read a moment ago; setting it again cannot fail.
    let _ = mask.thread_set_mask();
    spawned.ok().map(|_| shared)
}

fn run(shared: &Shared, target: &Target) {
    let mut link: Option<Link> = None;
    while let Some(due) = next_tasks(shared) {
        for task in due {
            let Some(mut open) = link.take().or_else(|| target.connect().ok()) else {
                break;
            };
            // An I/O error drops the connection; the next turn makes another.
            if perform(&mut open, target, &task).is_some() {
                link = Some(open);
            }
        }
    }
}

/// Sleeps until something is due; `None` ends the thread.
fn next_tasks(shared: &Shared) -> Option<Vec<Task>> {
    let mut state = shared.state.lock();
    loop {
        if state.over {
            return None;
        }
        let now = Instant::now();
        let mut due = Vec::new();
        for task in state.tasks.iter_mut().filter(|task| task.due <= now) {
            due.push(task.clone());
            task.due = now
                + match task.duty {
                    Duty::Renew(ttl) => ttl / 3,
                    Duty::Watch => WATCH,
                };
        }
        if !due.is_empty() {
            return Some(due);
        }
        let next = state.tasks.iter().map(|task| task.due - now).min();
        let sleep = next.map_or(state.tick, |next| next.min(state.tick));
        shared.changed.wait_for(&mut state, sleep);
    }
}

/// One act on the keeper's own connection; `None` where that broke.
fn perform(link: &mut Link, target: &Target, task: &Task) -> Option<()> {
    let own = link.owner.clone();
    let mut ask = |command: Cmd| -> Option<Value> {
        link.exchange(target, &[command], None, 0, Duration::ZERO)
            .ok()?
            .pop()
    };
    match task.duty {
        Duty::Renew(ttl) => {
            let mut renew = Act::Renew.call(&task.keys);
            renew.arg(task.token.as_bytes()).arg(millis(ttl));
            ask(renew)?;
        }
        Duty::Watch => {
            let mut get = cmd("GET");
            get.arg(task.keys.lock());
            let lock = match ask(get)? {
                Value::BulkString(lock) => lock,
                // Run out: nobody will wake the queue but us.
                Value::Nil => {
                    ask(wait::free(&task.keys, b""))?;
                    return Some(());
                }
                _ => return Some(()),
            };
            let owner = Owner::in_lock(&lock);
            if let Some(question) = owner.and_then(|owner| owner.liveness_question(&own))
                && Owner::is_dead(&ask(question)?)
            {
                ask(wait::free(&task.keys, &lock))?;
            }
        }
    }
    Some(())
}
