//! The deliveries of one endpoint that are under way.

use std::collections::HashSet;

/// Whether a delivery is tried for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    First,
    Retry,
}

/// The deliveries under way, and how many of each kind they are.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    pub(super) all: HashSet<i64>,
    pub(super) first_attempts: usize,
    pub(super) retries: usize,
}

impl InFlight {
    pub(super) fn add(&mut self, delivery: i64, attempt: Attempt) {
        self.all.insert(delivery);
        *self.count(attempt) += 1;
    }

    pub(super) fn remove(&mut self, delivery: i64, attempt: Attempt) {
        self.all.remove(&delivery);
        *self.count(attempt) -= 1;
    }

    fn count(&mut self, attempt: Attempt) -> &mut usize {
        match attempt {
            Attempt::First => &mut self.first_attempts,
            Attempt::Retry => &mut self.retries,
        }
    }
}
