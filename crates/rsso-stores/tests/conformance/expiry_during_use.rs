//! Sessions expire, but never while a request uses them.

use std::thread;
use std::time::Duration;

use rsso_core::store::Outcome;

use crate::common::fixture::{Fixture, HOUR, TTL};
use crate::common::store_client::{AFTER_SHORT, SHORT};

pub fn an_expired_session_is_missing(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let key = fixture.new_key();
    client.put(&key, b"x", SHORT);
    assert!(client.peek(&key).is_some());
    thread::sleep(AFTER_SHORT);
    assert_eq!(client.peek(&key), None);
}

pub fn a_touch_extends_the_expiry(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let key = fixture.new_key();
    client.put(&key, b"x", SHORT);
    let held = client.read_locked(&key);
    assert!(matches!(client.touch(&held, HOUR), Outcome::Stored(_)));
    thread::sleep(AFTER_SHORT);
    assert_eq!(client.peek(&key).unwrap(), b"x");
}

pub fn gc_removes_only_expired_sessions(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (old, young) = (fixture.new_key(), fixture.new_key());
    client.put(&old, b"x", SHORT);
    client.put(&young, b"y", HOUR);
    thread::sleep(AFTER_SHORT);
    // A server that removes expired records itself leaves nothing to do.
    assert!(client.store.gc(None).unwrap() <= 1);
    assert_eq!(client.peek(&old), None);
    assert_eq!(client.peek(&young).unwrap(), b"y");
}

pub fn a_session_in_use_does_not_expire(fixture: &dyn Fixture) {
    let (mut a, mut b) = (fixture.client(), fixture.client());
    let key = fixture.new_key();
    a.put(&key, b"x", SHORT);
    let held = a.try_lock(&key, Duration::ZERO, TTL).unwrap();
    thread::sleep(AFTER_SHORT);
    b.store.gc(None).unwrap();
    assert!(matches!(
        a.write_for(&held, b"kept", HOUR),
        Outcome::Stored(_)
    ));
    assert_eq!(b.peek(&key).unwrap(), b"kept");
}

pub fn a_new_session_under_an_expired_id_is_not_overwritten(fixture: &dyn Fixture) {
    let (mut a, mut b) = (fixture.client(), fixture.client());
    let key = fixture.new_key();
    a.put(&key, b"old", SHORT);
    let old = a.read_unlocked(&key);
    thread::sleep(AFTER_SHORT);
    b.put(&key, b"new", HOUR);
    assert_eq!(a.write(&old, b"old, revived"), Outcome::Gone);
    assert_eq!(b.peek(&key).unwrap(), b"new");
}
