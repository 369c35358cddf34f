//! What the spool keeps at most.

/// What the spool keeps at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Waiting deliveries. If there are more, the oldest are given up.
    pub(crate) pending: i64,
    /// Dead letters. If there are more, the oldest are removed.
    pub(crate) dead: i64,
    /// How long a delivery waits and a dead letter is kept, in milliseconds.
    pub(crate) age: i64,
}

pub(super) const LIMITS: Limits = Limits {
    pending: 1_000_000,
    dead: 100_000,
    age: 7 * 86_400_000,
};
