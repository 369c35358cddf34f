//! `rsso.lock_waiters`: how many requests may wait for one session.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rsso_core::Error;

use crate::common::fixture::{Fixture, HOUR, new_sid};
use crate::common::php_request::Request;

const TWO: &[(&str, &str)] = &[("lock_waiters", "2"), ("lock_wait", "20")];

pub fn waiters_beyond_the_limit_are_refused(fixture: &dyn Fixture) {
    let id = new_sid();
    let key = fixture.key_of(&id);
    let mut owner = fixture.client();
    owner.put(&key, b"data", HOUR);
    let held = owner.read_locked(&key);
    let refused = AtomicUsize::new(0);
    thread::scope(|scope| {
        let waiters: Vec<_> = (0..5)
            .map(|_| {
                scope.spawn(|| {
                    let mut request = Request::begin_with(fixture, TWO);
                    let store = request.client.store.as_mut();
                    let read = request.state.with(store, &request.settings).read(&id, HOUR);
                    match &read {
                        Ok(data) => assert_eq!(data, b"data"),
                        Err(Error::LockWaiters { limit: 2 }) => {
                            refused.fetch_add(1, Ordering::SeqCst);
                        }
                        Err(other) => panic!("{other}"),
                    }
                    request.end();
                    read.is_ok()
                })
            })
            .collect();
        // Those beyond the limit are refused while the lock is still held.
        while refused.load(Ordering::SeqCst) < 3 {
            thread::sleep(Duration::from_millis(10));
        }
        owner.store.release(&key, held.token).unwrap();
        let served = waiters.into_iter().map(|w| w.join().unwrap());
        assert_eq!(served.filter(|served| *served).count(), 2);
    });
}

pub fn a_limit_of_waiters_does_not_affect_a_free_lock(fixture: &dyn Fixture) {
    let id = new_sid();
    let mut request = Request::begin_with(fixture, TWO);
    assert_eq!(request.read(&id), b"");
    let mut other = fixture.client();
    assert!(
        other
            .try_lock(&fixture.key_of(&id), Duration::ZERO, HOUR)
            .is_err()
    );
    request.end();
}

pub fn a_waiter_that_timed_out_no_longer_counts(fixture: &dyn Fixture) {
    let id = new_sid();
    let key = fixture.key_of(&id);
    let mut owner = fixture.client();
    let one: &[(&str, &str)] = &[("lock_waiters", "1"), ("lock_wait", "0.2")];
    let held = owner.read_locked(&key);
    let mut request = Request::begin_with(fixture, one);
    for _ in 0..3 {
        let store = request.client.store.as_mut();
        let read = request.state.with(store, &request.settings).read(&id, HOUR);
        assert!(matches!(read, Err(Error::LockTimeout { .. })), "{read:?}");
        request.close();
    }
    owner.store.release(&key, held.token).unwrap();
    assert_eq!(request.read(&id), b"");
    request.end();
}
