//! Where threads wait for each other, so that what follows happens at the same instant.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// Longer than anything that a store may take.
const BARRIER_TIMEOUT: Duration = Duration::from_secs(30);

/// A barrier that does not wait for ever for a thread that has failed.
pub struct TimedBarrier {
    size: usize,
    came: Mutex<usize>,
    opened: Condvar,
}

impl TimedBarrier {
    pub fn new(size: usize) -> Self {
        Self {
            size,
            came: Mutex::new(0),
            opened: Condvar::new(),
        }
    }

    /// Waits until all are here, as often as there are rounds.
    pub fn wait(&self) {
        let mut came = self.came.lock().unwrap();
        *came += 1;
        let opens_at = came.div_ceil(self.size) * self.size;
        self.opened.notify_all();
        while *came < opens_at {
            let (now, timed_out) = self.opened.wait_timeout(came, BARRIER_TIMEOUT).unwrap();
            came = now;
            assert!(
                *came >= opens_at || !timed_out.timed_out(),
                "another thread has failed"
            );
        }
    }
}
