//! The keeper's thread: what it says and asks on its own connection.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{SigSet, SigmaskHow};
use redis::{Cmd, Value, cmd};

use super::commands::{free, millis};
use super::connection::Connection;
use super::lock_tasks::{LockDuty, LockTask, OwnerConnection, SharedTasks, WATCH_INTERVAL};
use super::scripts::Script;
use super::stale_lock::OwnerCheck;
use super::target::Target;

/// Enough for a TLS handshake.
const STACK: usize = 512 * 1024;

/// False where the system has no thread left.
pub(super) fn spawn(shared: Arc<SharedTasks>, target: Target) -> bool {
    // PHP's signals are for PHP's thread.
    let Ok(mask) = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK) else {
        return false;
    };
    let spawned = thread::Builder::new()
        .name("rsso-renewer".to_owned())
        .stack_size(STACK)
        .spawn(move || run(&shared, &target));
    // The mask was read a moment ago; setting it again cannot fail.
    let _ = mask.thread_set_mask();
    spawned.is_ok()
}

fn run(shared: &SharedTasks, target: &Target) {
    let mut connection: Option<Connection> = None;
    while let Some(due) = shared.next(&mut connection) {
        for task in due {
            let Some(mut open) = connection.take().or_else(|| target.connect().ok()) else {
                break;
            };
            // A fault drops the connection; the next turn makes another.
            if let Some((duty, wait)) = perform(&mut open, target, &task) {
                shared.reschedule(task.token, duty, wait);
                connection = Some(open);
            }
        }
    }
}

/// One act on the thread's own connection: what is to be done next, and when; `None` where that broke.
fn perform(
    connection: &mut Connection,
    target: &Target,
    task: &LockTask,
) -> Option<(LockDuty, Duration)> {
    match &task.duty {
        LockDuty::Renew { ttl, owner } => renew(connection, target, task, *ttl, owner),
        LockDuty::Watch { until, stale_lock } => {
            let keys = &task.keys;
            let mut get = cmd("GET");
            get.arg(keys.lock());
            let free = |lock: &[u8]| free(keys, lock, task.token, until.remaining());
            let stale_lock = match ask(connection, target, get)? {
                Value::BulkString(lock) => {
                    let check = OwnerCheck::of(&lock, &connection.id);
                    let answer = match &check {
                        OwnerCheck::Ask(question) => {
                            Some(ask(connection, target, question.clone())?)
                        }
                        OwnerCheck::Trust | OwnerCheck::Restarted => None,
                    };
                    check.stale_lock(&lock, answer.as_ref(), stale_lock.clone())
                }
                // Run out or removed: nobody will wake the queue but us.
                Value::Nil => {
                    ask(connection, target, free(b""))?;
                    None
                }
                _ => None,
            };
            let stale_lock = match stale_lock {
                Some(stale_lock) if stale_lock.may_be_freed() => {
                    ask(connection, target, free(&stale_lock.lock))?;
                    None
                }
                other => other,
            };
            let next = stale_lock.as_ref().map_or(WATCH_INTERVAL, |stale_lock| {
                stale_lock.remaining().min(WATCH_INTERVAL)
            });
            let until = *until;
            Some((LockDuty::Watch { until, stale_lock }, next))
        }
    }
}

/// Extends the lock's time; where the connection that it names has ended it names this one.
fn renew(
    connection: &mut Connection,
    target: &Target,
    task: &LockTask,
    ttl: Duration,
    owner: &OwnerConnection,
) -> Option<(LockDuty, Duration)> {
    let gone = match owner {
        OwnerConnection::Worker(socket) => socket.is_closed(),
        // It may be another connection than the one that vouched.
        OwnerConnection::Renewer => true,
    };
    let owner = if gone {
        let mut set_owner = Script::SetOwner.call(&task.keys);
        set_owner
            .arg(task.token.as_bytes())
            .arg(&connection.id_text)
            .arg(millis(ttl));
        match ask(connection, target, set_owner)? {
            // A full server: it may have room in a moment.
            Value::ServerError(_) => owner.clone(),
            _ => OwnerConnection::Renewer,
        }
    } else {
        owner.clone()
    };
    let mut renew = Script::Renew.call(&task.keys);
    renew.arg(task.token.as_bytes()).arg(millis(ttl));
    ask(connection, target, renew)?;
    Some((LockDuty::Renew { ttl, owner }, ttl / 3))
}

fn ask(connection: &mut Connection, target: &Target, command: Cmd) -> Option<Value> {
    connection
        .pipeline(target, &[command], None, 0, Duration::ZERO)
        .ok()?
        .pop()
}
