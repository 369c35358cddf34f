//! Many workers on one session: in order, and nothing lost.

use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use rsso_core::SessionKey;
use rsso_core::store::Outcome;

use crate::common::fixture::{Ground, HOUR};

pub fn waiters_come_first_come_first_served(ground: &dyn Ground) {
    let key = ground.key();
    let mut owner = ground.worker();
    let held = owner.locked(&key);
    let served = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for number in 0..6 {
            let (key, served) = (&key, &served);
            scope.spawn(move || {
                let mut worker = ground.worker();
                let held = worker.locked(key);
                served.lock().unwrap().push(number);
                worker.store.release(key, held.token).unwrap();
            });
            // Long enough for the waiter to queue up before the next one comes.
            thread::sleep(Duration::from_millis(150));
        }
        assert!(served.lock().unwrap().is_empty());
        owner.store.release(&key, held.token).unwrap();
    });
    assert_eq!(served.into_inner().unwrap(), [0, 1, 2, 3, 4, 5]);
}

pub fn no_update_is_lost(ground: &dyn Ground) {
    let key = ground.key();
    ground.worker().put(&key, b"0", HOUR);
    count_to_800(ground, &key);
}

pub fn no_update_is_lost_on_a_session_that_does_not_exist_yet(ground: &dyn Ground) {
    count_to_800(ground, &ground.key());
}

fn count_to_800(ground: &dyn Ground, key: &SessionKey) {
    let start = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut worker = ground.worker();
                start.wait();
                for _ in 0..100 {
                    let held = worker.locked(key);
                    let count = held.data.as_deref().map_or(0, number) + 1;
                    thread::yield_now();
                    assert!(matches!(
                        worker.write(&held, count.to_string().as_bytes()),
                        Outcome::Stored(_)
                    ));
                }
            });
        }
    });
    assert_eq!(ground.worker().peek(key).as_deref().map(number), Some(800));
}

fn number(data: &[u8]) -> u32 {
    std::str::from_utf8(data).unwrap().parse().unwrap()
}
