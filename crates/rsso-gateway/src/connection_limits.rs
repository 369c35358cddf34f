//! How many connections there may be: in total, and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

/// Counts connections, and the most that there may be.
#[derive(Debug)]
pub(crate) struct ConnectionLimits {
    max: usize,
    max_per_address: usize,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// What a connection was counted for, as long as it lives.
#[derive(Debug)]
pub(crate) struct Permits {
    _total: Permit,
    address: Option<Permit>,
}

/// A counted connection. Dropping the permit uncounts it.
#[derive(Debug)]
pub(crate) struct Permit {
    limits: Arc<ConnectionLimits>,
    /// Counted for this address; `None`: counted in total.
    address: Option<IpAddr>,
}

impl Permits {
    /// `address`: counts the connection for its client's address, if that is known already.
    pub(crate) fn new(total: Permit, address: Option<Permit>) -> Self {
        Self {
            _total: total,
            address,
        }
    }

    /// Whether the connection is counted for its client's address.
    pub(crate) fn has_address(&self) -> bool {
        self.address.is_some()
    }

    /// Adds a permit for the client's address, if there is none.
    pub(crate) fn with_address(mut self, address: Option<Permit>) -> Self {
        self.address = self.address.or(address);
        self
    }
}

impl ConnectionLimits {
    pub(crate) fn new(max: usize, max_per_address: usize) -> Self {
        Self {
            max,
            max_per_address,
            counts: Mutex::default(),
        }
    }

    /// Counts a connection in total; `None` at the limit.
    pub(crate) fn admit(self: &Arc<Self>) -> Option<Permit> {
        let mut counts = self.counts.lock();
        (counts.all < self.max).then(|| {
            counts.all += 1;
            Permit {
                limits: Arc::clone(self),
                address: None,
            }
        })
    }

    /// Counts a connection of an address; `None` at the limit.
    pub(crate) fn admit_from(self: &Arc<Self>, address: IpAddr) -> Option<Permit> {
        let mut counts = self.counts.lock();
        let count = counts.by_address.entry(address).or_default();
        (*count < self.max_per_address).then(|| {
            *count += 1;
            Permit {
                limits: Arc::clone(self),
                address: Some(address),
            }
        })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = self.limits.counts.lock();
        let Some(address) = self.address else {
            counts.all -= 1;
            return;
        };
        if let Some(count) = counts.by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                counts.by_address.remove(&address);
            }
        }
    }
}
