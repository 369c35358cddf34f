//! When a lock's owner counts as dead.
//!
//! What always holds: a lock is freed only if its value is still the one that fell under suspicion; a living
//! owner changes it, by naming another of its connections, in less than the time that it is given.

use std::time::{Duration, Instant};

use redis::{Cmd, Value};

use super::connection_id::ConnectionId;

/// How long the owner of a connection that is gone has to vouch for its lock. It notices at once.
const CONNECTION_GONE_GRACE: Duration = Duration::from_millis(500);

/// How long an owner has whose process is seen to live: a busy machine is slow.
const LIVING_PROCESS_GRACE: Duration = Duration::from_secs(3);

/// How long an owner has after a restart or failover: it must reach the new server first.
const SERVER_RESTART_GRACE: Duration = Duration::from_secs(3);

/// A lock whose owner may be dead.
#[derive(Debug, Clone)]
pub(super) struct StaleLock {
    pub(super) lock: Vec<u8>,
    free_at: Instant,
}

impl StaleLock {
    /// How long its owner still has.
    pub(super) fn remaining(&self) -> Duration {
        self.free_at.saturating_duration_since(Instant::now())
    }

    /// The time is up: the lock is free, if it still is this one.
    pub(super) fn may_be_freed(&self) -> bool {
        self.remaining().is_zero()
    }
}

/// What is to be asked about a lock, and what follows from it.
pub(super) enum OwnerCheck {
    /// Its owner lives, or nobody can tell: its time-to-live decides.
    Trust,
    /// Another run of the server made its owner's connection.
    Restarted,
    /// This says whether its owner's connection exists.
    Ask(Cmd),
}

impl OwnerCheck {
    /// The question about a lock, for who is `asking`.
    pub(super) fn of(lock: &[u8], asking: &ConnectionId) -> Self {
        match ConnectionId::in_lock(lock) {
            Some(owner) if owner.is_of_another_server_run(asking) => Self::Restarted,
            Some(owner) => owner.exists_command(asking).map_or(Self::Trust, Self::Ask),
            None => Self::Trust,
        }
    }

    /// What is suspected of `lock`, given the answer to [`Self::Ask`] and what was suspected `before`.
    pub(super) fn stale_lock(
        &self,
        lock: &[u8],
        answer: Option<&Value>,
        before: Option<StaleLock>,
    ) -> Option<StaleLock> {
        let grace = match self {
            Self::Restarted => SERVER_RESTART_GRACE,
            Self::Ask(_) if answer.is_some_and(ConnectionId::says_closed) => CONNECTION_GONE_GRACE,
            Self::Trust | Self::Ask(_) => return None,
        };
        let owner = ConnectionId::in_lock(lock);
        let grace = match owner.and_then(|owner| owner.process_exists()) {
            Some(false) => Duration::ZERO,
            Some(true) => LIVING_PROCESS_GRACE,
            None => grace,
        };
        Some(
            before
                .filter(|before| before.lock == lock && !grace.is_zero())
                .unwrap_or_else(|| StaleLock {
                    lock: lock.to_vec(),
                    free_at: Instant::now() + grace,
                }),
        )
    }
}
