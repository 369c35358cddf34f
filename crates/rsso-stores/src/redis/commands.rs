//! Commands and numbers that several calls of the store send.

use std::time::Duration;

use redis::{Cmd, cmd};

use super::keys::Keys;
use super::scripts::Script;
use rsso_core::deadline::bounded;
use rsso_core::store::Token;

/// Releases the lock of `token`; a waiting request leaves the queue.
pub(super) fn release_lock(keys: &Keys, token: Token, is_waiting: bool) -> Cmd {
    let mut release = Script::Release.call(keys);
    release.arg(token.as_bytes()).arg(i32::from(is_waiting));
    release
}

/// Reads the record.
pub(super) fn get_record(keys: &Keys) -> Cmd {
    let mut get = cmd("GET");
    get.arg(keys.record());
    get
}

/// Milliseconds for Redis.
///
/// They are at least one, and few enough for Lua to write them as a whole number.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(bounded(time).as_millis())
        .unwrap_or(u64::MAX)
        .max(1)
}

/// Frees the lock if its value still is `lock`.
///
/// If there is no lock, it wakes the next waiter. The caller waits with `token` for so long.
pub(super) fn free_stale_lock(keys: &Keys, lock: &[u8], token: Token, wait: Duration) -> Cmd {
    let mut free = Script::FreeStale.call(keys);
    free.arg(lock)
        .arg(token.as_bytes())
        .arg(wait.as_millis().to_string());
    free
}
