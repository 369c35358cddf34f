//! When the owner of a lock counts as dead.
//!
//! What always holds: a lock is freed only if its value is the one that was found stale. A living owner changes it in
//! time, by naming another of its connections.

use std::time::{Duration, Instant};

use redis::{Cmd, Value};

use super::connection_id::ConnectionId;

/// How long an owner whose connection is gone has.
///
/// It notices that at once, and names another connection.
const CONNECTION_GONE_GRACE: Duration = Duration::from_millis(500);

/// How long an owner has whose process lives on this machine.
///
/// It is longer, because a busy machine is slow.
const LIVING_PROCESS_GRACE: Duration = Duration::from_secs(3);

/// How long an owner has after a restart or failover.
///
/// It must first reach the new server.
const SERVER_RESTART_GRACE: Duration = Duration::from_secs(3);

/// The longest of these times.
pub(super) const LONGEST_GRACE: Duration = LIVING_PROCESS_GRACE;

/// A lock whose owner may be dead.
#[derive(Debug, Clone)]
pub(super) struct StaleLock {
    /// The lock's value.
    pub(super) value: Vec<u8>,
    free_at: Instant,
}

impl StaleLock {
    /// How long its owner still has.
    pub(super) fn remaining(&self) -> Duration {
        self.free_at.saturating_duration_since(Instant::now())
    }

    /// Whether its owner's time is over. Then it is freed, unless its value has changed.
    pub(super) fn may_be_freed(&self) -> bool {
        self.remaining().is_zero()
    }
}

/// How to find out whether a lock's owner is dead.
pub(super) enum OwnerCheck {
    /// Not at all: it is alive, or nobody can tell. The lock's expiry decides.
    Impossible,
    /// Nothing to ask: the connection ended with another server run.
    ServerRestarted,
    /// This command tells whether its connection exists.
    Ask(Cmd),
}

impl OwnerCheck {
    /// The check of a lock's owner, on the connection `own`.
    pub(super) fn of(lock: &[u8], own: &ConnectionId) -> Self {
        match ConnectionId::from_lock_value(lock) {
            Some(owner) if owner.is_of_another_server_run(own) => Self::ServerRestarted,
            Some(owner) => owner.list_command(own).map_or(Self::Impossible, Self::Ask),
            None => Self::Impossible,
        }
    }

    /// The lock as a stale one, if the owner seems dead.
    ///
    /// `answer` is the reply to [`Self::Ask`]. A lock that was found stale `before` keeps its time.
    pub(super) fn stale_lock(
        &self,
        lock: &[u8],
        answer: Option<&Value>,
        before: Option<StaleLock>,
    ) -> Option<StaleLock> {
        let grace = match self {
            Self::ServerRestarted => SERVER_RESTART_GRACE,
            Self::Ask(_) if answer.is_some_and(ConnectionId::is_absent_from) => {
                CONNECTION_GONE_GRACE
            }
            Self::Impossible | Self::Ask(_) => return None,
        };
        let owner = ConnectionId::from_lock_value(lock);
        let grace = match owner.and_then(|owner| owner.process_exists()) {
            Some(false) => Duration::ZERO,
            Some(true) => LIVING_PROCESS_GRACE,
            None => grace,
        };
        Some(
            before
                .filter(|before| before.value == lock && !grace.is_zero())
                .unwrap_or_else(|| StaleLock {
                    value: lock.to_vec(),
                    free_at: Instant::now() + grace,
                }),
        )
    }
}
