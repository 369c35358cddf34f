//! The lock: one owner, a deadline for who waits, an end with whatever ends the owner.

use std::thread;
use std::time::{Duration, Instant};

use rsso_core::store::{End, LockTerms, Outcome, Token};
use rsso_core::{Deadline, Error, SessionKey};

use crate::common::fixture::{Ground, HOUR, TTL, Worker};

const AT_ONCE: Duration = Duration::ZERO;

/// How long a release may be under way that nobody has waited for.
const UNDER_WAY: Duration = Duration::from_secs(5);

fn is_free(worker: &mut Worker, key: &SessionKey) -> bool {
    is_free_within(UNDER_WAY, worker, key)
}

fn is_taken(worker: &mut Worker, key: &SessionKey) -> bool {
    !is_free_within(AT_ONCE, worker, key)
}

fn is_free_within(wait: Duration, worker: &mut Worker, key: &SessionKey) -> bool {
    match worker.try_lock(key, wait, TTL) {
        Ok(held) => {
            worker.store.release(key, held.token).unwrap();
            true
        }
        Err(Error::LockTimeout { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

pub fn a_lock_is_held_by_one(ground: &dyn Ground) {
    let (mut a, mut b) = (ground.worker(), ground.worker());
    let key = ground.key();
    let held = a.locked(&key);
    assert!(is_taken(&mut b, &key));
    a.store.release(&key, held.token).unwrap();
    assert!(is_free(&mut b, &key));
}

pub fn the_same_token_is_granted_again(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let key = ground.key();
    let held = worker.locked(&key);
    let terms = LockTerms {
        deadline: Deadline::after(AT_ONCE),
        ttl: TTL,
    };
    assert!(
        worker
            .load(&key, held.token, Some(terms), false)
            .unwrap()
            .locked
    );
    assert!(is_taken(&mut ground.worker(), &key));
}

pub fn a_wait_ends_at_its_deadline(ground: &dyn Ground) {
    let (mut a, mut b) = (ground.worker(), ground.worker());
    let key = ground.key();
    let _held = a.locked(&key);
    let started = Instant::now();
    let waited = b.try_lock(&key, Duration::from_millis(300), TTL);
    assert!(
        matches!(waited, Err(Error::LockTimeout { .. })),
        "{waited:?}"
    );
    assert!(started.elapsed() >= Duration::from_millis(290));
    // Generous: the machine may be busy, but it is not the lock's 30 seconds.
    assert!(started.elapsed() < Duration::from_secs(10));
}

pub fn every_end_of_a_request_gives_the_lock_back(ground: &dyn Ground) {
    let (mut a, mut b) = (ground.worker(), ground.worker());
    let key = ground.key();
    let ends: [fn(&mut Worker, &crate::common::fixture::Held); 4] = [
        |w, h| assert!(matches!(w.write(h, b"x"), Outcome::Stored(_))),
        |w, h| assert!(matches!(w.touch(h, HOUR), Outcome::Stored(_))),
        |w, h| w.store.release(&h.key, h.token).unwrap(),
        |w, h| {
            let token = Some(h.token);
            assert!(w.store.destroy(&h.key, token, End::default()).unwrap());
        },
    ];
    for end in ends {
        let held = a.locked(&key);
        assert!(is_taken(&mut b, &key));
        end(&mut a, &held);
        assert!(is_free(&mut b, &key));
    }
    // A refused write as well.
    b.put(&key, b"x", HOUR);
    let held = a.locked(&key);
    b.destroy(&key);
    assert_eq!(a.write(&held, b"y"), Outcome::Gone);
    assert!(is_free(&mut b, &key));
}

pub fn a_missing_session_that_is_only_checked_is_not_locked(ground: &dyn Ground) {
    let (mut a, mut b) = (ground.worker(), ground.worker());
    let key = ground.key();
    let terms = LockTerms {
        deadline: Deadline::after(AT_ONCE),
        ttl: TTL,
    };
    let checked = a
        .load(&key, Token::random().unwrap(), Some(terms), true)
        .unwrap();
    assert!(!checked.locked);
    assert!(is_free(&mut b, &key));
    b.put(&key, b"x", HOUR);
    let checked = a
        .load(&key, Token::random().unwrap(), Some(terms), true)
        .unwrap();
    assert!(checked.locked);
    assert!(is_taken(&mut b, &key));
}

pub fn a_stranger_cannot_free_a_lock(ground: &dyn Ground) {
    let (mut a, mut b) = (ground.worker(), ground.worker());
    let key = ground.key();
    let _held = a.locked(&key);
    b.store.release(&key, Token::random().unwrap()).unwrap();
    b.destroy(&key);
    assert!(is_taken(&mut b, &key));
}

pub fn a_read_without_lock_does_not_wait(ground: &dyn Ground) {
    let (mut a, mut b) = (ground.worker(), ground.worker());
    let key = ground.key();
    a.put(&key, b"x", HOUR);
    let _held = a.locked(&key);
    assert_eq!(b.peek(&key).unwrap(), b"x");
}

pub fn an_owner_whose_connection_is_gone_holds_nothing(ground: &dyn Ground) {
    let mut b = ground.worker();
    let key = ground.key();
    let mut a = ground.worker();
    let _held = a.locked(&key);
    drop(a);
    let held = b
        .try_lock(&key, Duration::from_secs(5), TTL)
        .expect("the next request gets the lock at once");
    assert!(held.locked);
}

pub fn a_waiter_is_freed_when_the_owner_dies(ground: &dyn Ground) {
    let key = ground.key();
    let mut a = ground.worker();
    let _held = a.locked(&key);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            ground
                .worker()
                .try_lock(&key, Duration::from_secs(15), TTL)
                .map(|h| h.locked)
        });
        thread::sleep(Duration::from_millis(300));
        drop(a);
        assert!(
            waiter
                .join()
                .unwrap()
                .expect("found out before the lock's time was up")
        );
    });
}

pub fn a_living_owner_keeps_its_lock_beyond_its_time(ground: &dyn Ground) {
    let key = ground.key();
    let ttl = Duration::from_secs(1);
    let mut a = ground.worker();
    a.put(&key, b"0", HOUR);
    let held = a.try_lock(&key, AT_ONCE, ttl).unwrap();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let mut b = ground.worker();
            b.try_lock(&key, Duration::from_secs(20), ttl).unwrap().data
        });
        thread::sleep(Duration::from_secs(3));
        assert!(matches!(a.write(&held, b"1"), Outcome::Stored(_)));
        assert_eq!(waiter.join().unwrap().unwrap(), b"1");
    });
}

pub fn who_gave_up_waiting_does_not_get_the_lock_later(ground: &dyn Ground) {
    let (mut a, mut b, mut c) = (ground.worker(), ground.worker(), ground.worker());
    let key = ground.key();
    let held = a.locked(&key);
    assert!(b.try_lock(&key, Duration::from_millis(100), TTL).is_err());
    a.store.release(&key, held.token).unwrap();
    // The place that b gave up must not keep the lock from anybody.
    let held = c.try_lock(&key, Duration::from_secs(5), TTL).unwrap();
    assert!(held.locked);
    c.store.release(&key, held.token).unwrap();
    assert!(
        b.try_lock(&key, Duration::from_secs(5), TTL)
            .unwrap()
            .locked
    );
}
