//! The keeper's thread: what it says and asks on its own connection.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{SigSet, SigmaskHow};
use redis::{Cmd, Value, cmd};

use super::commands::{free, millis};
use super::connection::Link;
use super::lock_tasks::{Duty, NamedOwner, Shared, Task, WATCH};
use super::scripts::Act;
use super::stale_lock::{self, Inquiry};
use super::target::Target;

/// Enough for a TLS handshake.
const STACK: usize = 512 * 1024;

/// False where the system has no thread left.
pub(super) fn spawn(shared: Arc<Shared>, target: Target) -> bool {
    // PHP's signals are for PHP's thread.
    let Ok(mask) = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK) else {
        return false;
    };
    let spawned = thread::Builder::new()
        .name("rsso-keeper".to_owned())
        .stack_size(STACK)
        .spawn(move || run(&shared, &target));
    // The mask was read a moment ago; setting it again cannot fail.
    let _ = mask.thread_set_mask();
    spawned.is_ok()
}

fn run(shared: &Shared, target: &Target) {
    let mut link: Option<Link> = None;
    while let Some(due) = shared.next(&mut link) {
        for task in due {
            let Some(mut open) = link.take().or_else(|| target.connect().ok()) else {
                break;
            };
            // A fault drops the connection; the next turn makes another.
            if let Some((duty, wait)) = perform(&mut open, target, &task) {
                shared.put_off(task.token, duty, wait);
                link = Some(open);
            }
        }
    }
}

/// One act on the thread's own connection: what is to be done next, and when; `None` where that broke.
fn perform(link: &mut Link, target: &Target, task: &Task) -> Option<(Duty, Duration)> {
    match &task.duty {
        Duty::Renew { ttl, owner } => renew(link, target, task, *ttl, owner),
        Duty::Watch { until, suspect } => {
            let keys = &task.keys;
            let mut get = cmd("GET");
            get.arg(keys.lock());
            let free = |lock: &[u8]| free(keys, lock, task.token, until.remaining());
            let suspect = match ask(link, target, get)? {
                Value::BulkString(lock) => {
                    let inquiry = stale_lock::inquire(&lock, &link.owner);
                    let answer = match &inquiry {
                        Inquiry::Ask(question) => Some(ask(link, target, question.clone())?),
                        Inquiry::Trust | Inquiry::Restarted => None,
                    };
                    inquiry.conclude(&lock, answer.as_ref(), suspect.clone())
                }
                // Run out or removed: nobody will wake the queue but us.
                Value::Nil => {
                    ask(link, target, free(b""))?;
                    None
                }
                _ => None,
            };
            let suspect = match suspect {
                Some(suspect) if suspect.is_ripe() => {
                    ask(link, target, free(&suspect.lock))?;
                    None
                }
                other => other,
            };
            let next = suspect
                .as_ref()
                .map_or(WATCH, |suspect| suspect.remaining().min(WATCH));
            let until = *until;
            Some((Duty::Watch { until, suspect }, next))
        }
    }
}

/// Extends the lock's time; where the connection that it names has ended it names this one.
fn renew(
    link: &mut Link,
    target: &Target,
    task: &Task,
    ttl: Duration,
    owner: &NamedOwner,
) -> Option<(Duty, Duration)> {
    let gone = match owner {
        NamedOwner::Worker(socket) => socket.is_closed(),
        // It may be another connection than the one that vouched.
        NamedOwner::Keeper => true,
    };
    let owner = if gone {
        let mut vouch = Act::Vouch.call(&task.keys);
        vouch
            .arg(task.token.as_bytes())
            .arg(&link.owner_text)
            .arg(millis(ttl));
        match ask(link, target, vouch)? {
            // A full server: it may have room in a moment.
            Value::ServerError(_) => owner.clone(),
            _ => NamedOwner::Keeper,
        }
    } else {
        owner.clone()
    };
    let mut renew = Act::Renew.call(&task.keys);
    renew.arg(task.token.as_bytes()).arg(millis(ttl));
    ask(link, target, renew)?;
    Some((Duty::Renew { ttl, owner }, ttl / 3))
}

fn ask(link: &mut Link, target: &Target, command: Cmd) -> Option<Value> {
    link.exchange(target, &[command], None, 0, Duration::ZERO)
        .ok()?
        .pop()
}
