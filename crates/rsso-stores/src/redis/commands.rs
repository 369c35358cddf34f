//! Commands and numbers that several acts send.

use std::time::Duration;

use redis::{Cmd, cmd};

use super::keys::Keys;
use super::scripts::Script;
use rsso_core::deadline::bounded;
use rsso_core::store::Token;

pub(super) fn release(keys: &Keys, token: Token, waiting: bool) -> Cmd {
    let mut release = Script::Release.call(keys);
    release.arg(token.as_bytes()).arg(i32::from(waiting));
    release
}

pub(super) fn get(keys: &Keys) -> Cmd {
    let mut get = cmd("GET");
    get.arg(keys.record());
    get
}

/// Milliseconds as Redis wants them: at least one, and so few that its Lua writes them as a whole number.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(bounded(time).as_millis())
        .unwrap_or(u64::MAX)
        .max(1)
}

/// Frees `lock` if it still is what stands there, or wakes the next waiter if none stands there.
/// Who asks waits with `token` for so long.
pub(super) fn free(keys: &Keys, lock: &[u8], token: Token, wait: Duration) -> Cmd {
    let mut free = Script::FreeStale.call(keys);
    free.arg(lock)
        .arg(token.as_bytes())
        .arg(wait.as_millis().to_string());
    free
}
