//! Fencing: an ended session does not come back, and a request that lost its lock does not write.

use std::time::Duration;

use rsso_core::store::Outcome;

use crate::common::fixture::{Fixture, HOUR, HeldSession, StoreClient};

fn stays_destroyed(
    fixture: &dyn Fixture,
    read: fn(&mut StoreClient, &rsso_core::SessionKey) -> HeldSession,
) {
    let (mut a, mut b) = (fixture.client(), fixture.client());
    for round in 0..100 {
        let key = fixture.new_key();
        b.put(&key, b"secret", HOUR);
        let held = read(&mut a, &key);
        assert!(held.data.is_some());
        b.destroy(&key);
        if round % 2 == 0 {
            assert_eq!(a.write(&held, b"revived"), Outcome::Gone);
        } else {
            a.touch_without_effect(&held);
        }
        assert_eq!(b.peek(&key), None, "round {round}");
    }
}

pub fn a_destroyed_session_stays_destroyed_with_a_lock(fixture: &dyn Fixture) {
    stays_destroyed(fixture, |client, key| client.read_locked(key));
}

pub fn a_destroyed_session_stays_destroyed_without_a_lock(fixture: &dyn Fixture) {
    stays_destroyed(fixture, |client, key| client.read_unlocked(key));
}

pub fn a_new_session_under_an_old_id_is_not_overwritten(fixture: &dyn Fixture) {
    for held in [StoreClient::read_unlocked, StoreClient::read_locked] {
        let (mut a, mut b) = (fixture.client(), fixture.client());
        let key = fixture.new_key();
        b.put(&key, b"old", HOUR);
        let held = held(&mut a, &key);
        b.destroy(&key);
        // A write without locks does not wait for a lock.
        let none = b.read_unlocked(&key);
        assert!(matches!(b.write(&none, b"new"), Outcome::Stored(_)));
        assert_eq!(a.write(&held, b"old, revived"), Outcome::Gone);
        a.touch_without_effect(&held);
        assert_eq!(b.peek(&key).unwrap(), b"new");
    }
}

pub fn without_locks_the_last_write_wins(fixture: &dyn Fixture) {
    let (mut a, mut b) = (fixture.client(), fixture.client());
    let key = fixture.new_key();
    let (first, second) = (a.read_unlocked(&key), b.read_unlocked(&key));
    assert!(matches!(a.write(&first, b"a"), Outcome::Stored(_)));
    assert!(matches!(b.write(&second, b"b"), Outcome::Stored(_)));
    let (first, second) = (a.read_unlocked(&key), b.read_unlocked(&key));
    assert!(matches!(a.write(&first, b"c"), Outcome::Stored(_)));
    assert!(matches!(b.write(&second, b"d"), Outcome::Stored(_)));
    assert_eq!(a.peek(&key).unwrap(), b"d");
}

/// The lock is lost as if its ttl had passed: here it is released without the owner's knowledge.
pub fn after_a_lost_lock_a_write_is_refused_if_another_wrote(fixture: &dyn Fixture) {
    let (mut a, mut b) = (fixture.client(), fixture.client());
    let key = fixture.new_key();
    b.put(&key, b"start", HOUR);
    let held = a.read_locked(&key);
    a.store.release(&key, held.token).unwrap();
    // Nobody wrote in between, so that no update is lost.
    assert!(matches!(a.write(&held, b"a"), Outcome::Stored(_)));

    let held = a.read_locked(&key);
    a.store.release(&key, held.token).unwrap();
    let other = b.try_lock(&key, Duration::from_secs(5), HOUR).unwrap();
    assert!(matches!(b.write(&other, b"b"), Outcome::Stored(_)));
    assert_eq!(a.write(&held, b"a, late"), Outcome::LockLost);
    assert_eq!(a.peek(&key).unwrap(), b"b");

    let missing = fixture.new_key();
    let held = a.read_locked(&missing);
    a.store.release(&missing, held.token).unwrap();
    b.put(&missing, b"b", HOUR);
    assert_eq!(a.write(&held, b"a, late"), Outcome::LockLost);
    assert_eq!(a.peek(&missing).unwrap(), b"b");
}

/// The other request has read what this one would overwrite, and is about to write.
pub fn after_a_lost_lock_a_write_is_refused_if_another_holds_it(fixture: &dyn Fixture) {
    let (mut a, mut b) = (fixture.client(), fixture.client());
    for stored in [true, false] {
        let key = fixture.new_key();
        if stored {
            b.put(&key, b"start", HOUR);
        }
        let held = a.read_locked(&key);
        a.store.release(&key, held.token).unwrap();
        let other = b.try_lock(&key, Duration::from_secs(5), HOUR).unwrap();
        assert_eq!(a.write(&held, b"a, late"), Outcome::LockLost);
        assert!(matches!(b.write(&other, b"b"), Outcome::Stored(_)));
        assert_eq!(a.peek(&key).unwrap(), b"b");
    }
}
