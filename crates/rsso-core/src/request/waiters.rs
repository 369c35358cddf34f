//! `rsso.lock_waiters`: how many requests may wait for one session's lock.
//!
//! Each waiter holds a slot: a lock of its own, under a key that no session has. So the stores need no
//! count, and the slot of a killed waiter becomes free like any other lock. A lock that is free at once
//! costs no more than without a limit.

use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::sid::SessionKey;
use crate::store::{Load, Loaded, LockTerms, Store, Token};

/// Reads `key`, and waits for its lock if fewer than `limit` others do; 0 is no limit.
pub(super) fn load(
    store: &mut dyn Store,
    key: &SessionKey,
    want: Load,
    limit: u32,
) -> Result<Loaded> {
    let Some(terms) = want.lock.filter(|_| limit > 0) else {
        return store.load(key, want);
    };
    match store.load(key, at_once(want, terms)) {
        Err(Error::LockTimeout { .. }) => {}
        other => return other,
    }
    let slot = take_slot(store, key, terms, limit)?;
    let loaded = store.load(key, want);
    // A slot that cannot be released ends with its connection, like any lock.
    let _ = store.release(&slot.key, slot.token);
    loaded
}

/// The slot of one waiter.
struct WaiterSlot {
    key: SessionKey,
    token: Token,
}

fn take_slot(
    store: &mut dyn Store,
    key: &SessionKey,
    terms: LockTerms,
    limit: u32,
) -> Result<WaiterSlot> {
    for number in 0..limit {
        let (key, token) = (key.waiter_slot(number), Token::random()?);
        let want = Load {
            token,
            lock: Some(terms),
            only_existing: false,
        };
        match store.load(&key, at_once(want, terms)) {
            Err(Error::LockTimeout { .. }) => {}
            taken => return taken.map(|_| WaiterSlot { key, token }),
        }
    }
    Err(Error::LockWaiters { limit })
}

fn at_once(want: Load, terms: LockTerms) -> Load {
    let lock = LockTerms {
        deadline: Deadline::after(Duration::ZERO),
        ..terms
    };
    Load {
        lock: Some(lock),
        ..want
    }
}
