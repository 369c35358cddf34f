//! A barrier for threads that must act at the same instant.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// Longer than any operation of a store.
const BARRIER_TIMEOUT: Duration = Duration::from_secs(30);

/// A barrier that fails the test if another thread never arrives.
pub struct TimedBarrier {
    size: usize,
    arrived: Mutex<usize>,
    opened: Condvar,
}

impl TimedBarrier {
    pub fn new(size: usize) -> Self {
        Self {
            size,
            arrived: Mutex::new(0),
            opened: Condvar::new(),
        }
    }

    /// Waits until all threads have arrived; may be used for many rounds.
    pub fn wait(&self) {
        let mut arrived = self.arrived.lock().unwrap();
        *arrived += 1;
        let opens_at = arrived.div_ceil(self.size) * self.size;
        self.opened.notify_all();
        while *arrived < opens_at {
            let (now, timed_out) = self.opened.wait_timeout(arrived, BARRIER_TIMEOUT).unwrap();
            arrived = now;
            assert!(
                *arrived >= opens_at || !timed_out.timed_out(),
                "another thread has failed"
            );
        }
    }
}
