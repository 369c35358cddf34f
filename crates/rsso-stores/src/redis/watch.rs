//! What a connection watches (`WATCH`) between a session's read and its write, and what it may do without scripts.

use std::time::{Duration, Instant};

use redis::{ServerError, Value};

use super::record::LoginBlock;
use rsso_core::store::{Token, Version};

/// How much the server's clock may have been set since it was asked.
const CLOCK_MARGIN: Duration = Duration::from_secs(300);

/// A session as it was read. Whatever changes its keys since then makes `EXEC` answer nil.
pub(super) struct Watch {
    /// The request that has read it.
    pub(super) token: Token,
    /// It has the lock, and nobody waits for that.
    pub(super) locked: bool,
    /// The record that was read; `None` if there was none.
    pub(super) version: Option<Version>,
    /// The session's login.
    pub(super) login: Option<LoginBlock>,
}

/// What a connection may do by plain commands, and what it watches.
pub(super) struct PlainState {
    /// The server, its ACL or a proxy refuses one of the commands.
    pub(super) is_refused: bool,
    /// A transaction has begun that cannot be ended.
    pub(super) is_in_transaction: bool,
    /// Keys may be watched, and may have changed since.
    pub(super) is_watching: bool,
    /// The session that was read last, until a script or another read follows.
    pub(super) watch: Option<Watch>,
    clock: Option<ServerClock>,
}

/// The server's clock, as it was when the connection was made.
struct ServerClock {
    millis: u64,
    asked: Instant,
}

impl PlainState {
    /// From the replies to `TIME` and, if they were sent, `MULTI` and `EXEC`.
    pub(super) fn from_replies(replies: &[Value]) -> Self {
        let (time, transaction) = replies.split_first().unwrap_or((&Value::Nil, &[]));
        Self {
            is_refused: !matches!(transaction, [Value::Okay, Value::Array(_)]),
            is_in_transaction: matches!(transaction, [Value::Okay, Value::ServerError(_)]),
            is_watching: false,
            watch: None,
            clock: ServerClock::from_reply(time),
        }
    }

    /// Whether the user's key outlives a session that lives for `ttl` from now on.
    pub(super) fn user_outlives(&self, login: &LoginBlock, ttl: Duration) -> bool {
        let ends = self
            .clock
            .as_ref()
            .map(|clock| clock.after(ttl + CLOCK_MARGIN));
        ends.is_some_and(|ends| login.user_lives_until() >= ends)
    }

    /// Notes that a command was refused, if it will be again.
    pub(super) fn note_refusal(&mut self, error: &ServerError) {
        self.is_refused |= matches!(error.code(), "NOPERM" | "ERR");
    }
}

impl ServerClock {
    /// From the reply to `TIME`; `None` if the ACL does not allow that.
    fn from_reply(time: &Value) -> Option<Self> {
        let Value::Array(parts) = time else {
            return None;
        };
        let [Value::BulkString(seconds), Value::BulkString(micros)] = parts.as_slice() else {
            return None;
        };
        let read = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<u64>().ok();
        Some(Self {
            millis: read(seconds)?.checked_mul(1000)? + read(micros)? / 1000,
            asked: Instant::now(),
        })
    }

    /// The server's time when `wait` is over, in milliseconds since 1970.
    fn after(&self, wait: Duration) -> u64 {
        let since = self.asked.elapsed().saturating_add(wait).as_millis();
        u64::try_from(since).map_or(u64::MAX, |since| self.millis.saturating_add(since))
    }
}
