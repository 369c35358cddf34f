//! Many clients of one session are served in order, and no update is lost.

use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use rsso_core::SessionKey;
use rsso_core::store::Outcome;

use crate::common::fixture::{Fixture, HOUR};

pub fn waiters_are_served_in_order(fixture: &dyn Fixture) {
    let key = fixture.new_key();
    let mut owner = fixture.client();
    let held = owner.read_locked(&key);
    let served = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for number in 0..6 {
            let (key, served) = (&key, &served);
            scope.spawn(move || {
                let mut client = fixture.client();
                let held = client.read_locked(key);
                served.lock().unwrap().push(number);
                client.store.release(key, held.token).unwrap();
            });
            // Long enough for this waiter to queue before the next one.
            thread::sleep(Duration::from_millis(150));
        }
        assert!(served.lock().unwrap().is_empty());
        owner.store.release(&key, held.token).unwrap();
    });
    assert_eq!(served.into_inner().unwrap(), [0, 1, 2, 3, 4, 5]);
}

pub fn no_update_is_lost(fixture: &dyn Fixture) {
    let key = fixture.new_key();
    fixture.client().put(&key, b"0", HOUR);
    count_to_800(fixture, &key);
}

pub fn no_update_is_lost_on_a_new_session(fixture: &dyn Fixture) {
    count_to_800(fixture, &fixture.new_key());
}

fn count_to_800(fixture: &dyn Fixture, key: &SessionKey) {
    let start = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut client = fixture.client();
                start.wait();
                for _ in 0..100 {
                    let held = client.read_locked(key);
                    let count = held.data.as_deref().map_or(0, number) + 1;
                    thread::yield_now();
                    assert!(matches!(
                        client.write(&held, count.to_string().as_bytes()),
                        Outcome::Stored(_)
                    ));
                }
            });
        }
    });
    assert_eq!(fixture.client().peek(key).as_deref().map(number), Some(800));
}

fn number(data: &[u8]) -> u32 {
    std::str::from_utf8(data).unwrap().parse().unwrap()
}
