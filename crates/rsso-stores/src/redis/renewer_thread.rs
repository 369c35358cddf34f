//! The thread that renews and watches locks, on a connection of its own.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{SigSet, SigmaskHow};
use redis::{Cmd, Value, cmd};

use super::commands::{free_stale_lock, millis};
use super::connection::{Connection, Pipeline};
use super::lock_tasks::{LockDuty, LockTask, NextDuty, OwnConnection, SharedTasks, WATCH_INTERVAL};
use super::scripts::Script;
use super::stale_lock::{OwnerCheck, StaleLock};
use super::target::Target;
use rsso_core::deadline::Deadline;

/// Enough for a TLS handshake.
const STACK_SIZE: usize = 512 * 1024;

/// Starts the thread. False if the system has no thread left.
pub(super) fn spawn(shared: Arc<SharedTasks>, target: Target) -> bool {
    // Signals must reach PHP's thread.
    let Ok(mask) = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK) else {
        return false;
    };
    let spawned = thread::Builder::new()
        .name("rsso-renewer".to_owned())
        .stack_size(STACK_SIZE)
        .spawn(move || run(&shared, &target));
    // The system has just returned this mask: setting it cannot fail.
    let _ = mask.thread_set_mask();
    spawned.is_ok()
}

fn run(shared: &SharedTasks, target: &Target) {
    let mut connection: Option<Connection> = None;
    while let Some(due) = shared.next_due(&mut connection) {
        for task in due {
            let Some(open) = connection.take().or_else(|| target.connect().ok()) else {
                break;
            };
            let mut client = Client {
                connection: open,
                target,
            };
            // After an error the connection is dropped; the next turn makes another.
            if let Some(next) = client.perform(&task) {
                shared.reschedule(task.token, next);
                connection = Some(client.connection);
            }
        }
    }
}

/// The thread's connection. Its methods return `None` if that broke.
struct Client<'a> {
    connection: Connection,
    target: &'a Target,
}

impl Client<'_> {
    /// Does what is due for a lock.
    fn perform(&mut self, task: &LockTask) -> Option<NextDuty> {
        match &task.duty {
            LockDuty::Renew { ttl, owner } => self.renew(task, *ttl, owner),
            LockDuty::Watch { until, stale_lock } => self.watch(task, *until, stale_lock.clone()),
        }
    }

    /// Checks the owner of an awaited lock, and frees a stale lock.
    fn watch(
        &mut self,
        task: &LockTask,
        until: Deadline,
        before: Option<StaleLock>,
    ) -> Option<NextDuty> {
        let keys = &task.keys;
        let mut get = cmd("GET");
        get.arg(keys.lock());
        let free = |lock: &[u8]| free_stale_lock(keys, lock, task.token, until.remaining());
        let mut stale_lock = match self.ask(get)? {
            Value::BulkString(lock) => {
                let check = OwnerCheck::of(&lock, &self.connection.id);
                let answer = match &check {
                    OwnerCheck::Ask(list) => Some(self.ask(list.clone())?),
                    OwnerCheck::Impossible | OwnerCheck::ServerRestarted => None,
                };
                check.stale_lock(&lock, answer.as_ref(), before)
            }
            // It has expired or was removed: nobody else wakes the next in the queue.
            Value::Nil => {
                self.ask(free(b""))?;
                None
            }
            _ => None,
        };
        if let Some(stale) = stale_lock.take_if(|stale| stale.may_be_freed()) {
            self.ask(free(&stale.value))?;
        }
        let wait = stale_lock.as_ref().map_or(WATCH_INTERVAL, |stale_lock| {
            stale_lock.remaining().min(WATCH_INTERVAL)
        });
        Some(NextDuty {
            duty: LockDuty::Watch { until, stale_lock },
            wait,
        })
    }

    /// Extends a lock's expiry. If the connection that it names is closed, it names this one from now on.
    fn renew(&mut self, task: &LockTask, ttl: Duration, owner: &OwnConnection) -> Option<NextDuty> {
        let is_gone = match owner {
            OwnConnection::Worker(socket) => socket.is_closed(),
            // The lock may name an earlier connection of this thread.
            OwnConnection::Renewer => true,
        };
        let owner = if is_gone {
            self.set_owner(task, ttl, owner)?
        } else {
            owner.clone()
        };
        let mut renew = Script::Renew.call(&task.keys);
        renew.arg(task.token.as_bytes()).arg(millis(ttl));
        self.ask(renew)?;
        Some(NextDuty {
            duty: LockDuty::Renew { ttl, owner },
            wait: ttl / 3,
        })
    }

    /// Puts this connection into a lock; returns what that names now.
    fn set_owner(
        &mut self,
        task: &LockTask,
        ttl: Duration,
        owner: &OwnConnection,
    ) -> Option<OwnConnection> {
        let mut set_owner = Script::SetOwner.call(&task.keys);
        set_owner
            .arg(task.token.as_bytes())
            .arg(&self.connection.id_text)
            .arg(millis(ttl));
        match self.ask(set_owner)? {
            // A full server may have room in a moment.
            Value::ServerError(_) => Some(owner.clone()),
            _ => Some(OwnConnection::Renewer),
        }
    }

    fn ask(&mut self, command: Cmd) -> Option<Value> {
        self.connection
            .run(self.target, &Pipeline::of(&[command]))
            .ok()?
            .pop()
    }
}
