//! Sessions end by themselves, but not while they are used.

use std::thread;
use std::time::Duration;

use rsso_core::store::Outcome;

use crate::common::fixture::{Ground, HOUR, TTL};

/// Stores count whole seconds and never expire early: two of them are over for certain.
const SHORT: Duration = Duration::from_secs(1);
const OVER: Duration = Duration::from_millis(2300);

pub fn an_expired_session_is_missing(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let key = ground.key();
    worker.put(&key, b"x", SHORT);
    assert!(worker.peek(&key).is_some());
    thread::sleep(OVER);
    assert_eq!(worker.peek(&key), None);
}

pub fn a_touch_puts_the_expiry_off(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let key = ground.key();
    worker.put(&key, b"x", SHORT);
    let held = worker.locked(&key);
    assert!(matches!(worker.touch(&held, HOUR), Outcome::Stored(_)));
    thread::sleep(OVER);
    assert_eq!(worker.peek(&key).unwrap(), b"x");
}

pub fn gc_removes_only_what_has_expired(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (old, young) = (ground.key(), ground.key());
    worker.put(&old, b"x", SHORT);
    worker.put(&young, b"y", HOUR);
    thread::sleep(OVER);
    // A store whose server removes by itself has nothing to do.
    assert!(worker.store.gc(None).unwrap() <= 1);
    assert_eq!(worker.peek(&old), None);
    assert_eq!(worker.peek(&young).unwrap(), b"y");
}

pub fn a_session_in_use_does_not_expire(ground: &dyn Ground) {
    let (mut a, mut b) = (ground.worker(), ground.worker());
    let key = ground.key();
    a.put(&key, b"x", SHORT);
    let held = a.try_lock(&key, Duration::ZERO, TTL).unwrap();
    thread::sleep(OVER);
    b.store.gc(None).unwrap();
    assert!(matches!(
        a.write_for(&held, b"kept", HOUR),
        Outcome::Stored(_)
    ));
    assert_eq!(b.peek(&key).unwrap(), b"kept");
}

pub fn an_expired_id_begins_a_new_life(ground: &dyn Ground) {
    let (mut a, mut b) = (ground.worker(), ground.worker());
    let key = ground.key();
    a.put(&key, b"old", SHORT);
    let old = a.unlocked(&key);
    thread::sleep(OVER);
    b.put(&key, b"new", HOUR);
    assert_eq!(a.write(&old, b"old, revived"), Outcome::Gone);
    assert_eq!(b.peek(&key).unwrap(), b"new");
}
