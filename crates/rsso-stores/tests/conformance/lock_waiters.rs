//! `rsso.lock_waiters`: how many may wait for one session.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rsso_core::Error;

use crate::common::fixture::{Ground, HOUR, sid};
use crate::common::php_request::Request;

const TWO: &[(&str, &str)] = &[("lock_waiters", "2"), ("lock_wait", "20")];

pub fn so_many_wait_and_no_more(ground: &dyn Ground) {
    let id = sid();
    let key = ground.key_of(&id);
    let mut owner = ground.worker();
    owner.put(&key, b"data", HOUR);
    let held = owner.locked(&key);
    let refused = AtomicUsize::new(0);
    thread::scope(|scope| {
        let waiters: Vec<_> = (0..5)
            .map(|_| {
                scope.spawn(|| {
                    let mut request = Request::begin_with(ground, TWO);
                    let store = request.worker.store.as_mut();
                    let read = request.state.read(store, &request.settings, &id, HOUR);
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
        // Those beyond the limit are turned away while the lock is still held.
        while refused.load(Ordering::SeqCst) < 3 {
            thread::sleep(Duration::from_millis(10));
        }
        owner.store.release(&key, held.token).unwrap();
        let served = waiters.into_iter().map(|w| w.join().unwrap());
        assert_eq!(served.filter(|served| *served).count(), 2);
    });
}

pub fn a_lock_that_is_free_needs_no_place(ground: &dyn Ground) {
    let id = sid();
    let mut request = Request::begin_with(ground, TWO);
    assert_eq!(request.read(&id), b"");
    let mut other = ground.worker();
    assert!(
        other
            .try_lock(&ground.key_of(&id), Duration::ZERO, HOUR)
            .is_err()
    );
    request.end();
}

pub fn a_place_is_given_back(ground: &dyn Ground) {
    let id = sid();
    let key = ground.key_of(&id);
    let mut owner = ground.worker();
    let one: &[(&str, &str)] = &[("lock_waiters", "1"), ("lock_wait", "0.2")];
    let held = owner.locked(&key);
    let mut request = Request::begin_with(ground, one);
    for _ in 0..3 {
        let store = request.worker.store.as_mut();
        let read = request.state.read(store, &request.settings, &id, HOUR);
        assert!(matches!(read, Err(Error::LockTimeout { .. })), "{read:?}");
        request.close();
    }
    owner.store.release(&key, held.token).unwrap();
    assert_eq!(request.read(&id), b"");
    request.end();
}
