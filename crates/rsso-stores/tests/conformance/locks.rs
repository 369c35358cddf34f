//! The lock: it has one owner, waits for it are bounded, and it ends with its owner.

use std::thread;
use std::time::{Duration, Instant};

use rsso_core::store::{End, LockTerms, Outcome, Token};
use rsso_core::{Deadline, Error, SessionKey};

use crate::common::fixture::{Fixture, HOUR, StoreClient, TTL};

const NO_WAIT: Duration = Duration::ZERO;

/// How long a release may take if its client did not wait for it.
const RELEASE_LIMIT: Duration = Duration::from_secs(5);

fn becomes_free(client: &mut StoreClient, key: &SessionKey) -> bool {
    is_free_within(RELEASE_LIMIT, client, key)
}

fn is_taken(client: &mut StoreClient, key: &SessionKey) -> bool {
    !is_free_within(NO_WAIT, client, key)
}

fn is_free_within(wait: Duration, client: &mut StoreClient, key: &SessionKey) -> bool {
    match client.try_lock(key, wait, TTL) {
        Ok(held) => {
            client.store.release(key, held.token).unwrap();
            true
        }
        Err(Error::LockTimeout { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

pub fn only_one_request_holds_a_lock(fixture: &dyn Fixture) {
    let (mut a, mut b) = (fixture.client(), fixture.client());
    let key = fixture.new_key();
    let held = a.read_locked(&key);
    assert!(is_taken(&mut b, &key));
    a.store.release(&key, held.token).unwrap();
    assert!(becomes_free(&mut b, &key));
}

pub fn the_same_token_gets_its_lock_again(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let key = fixture.new_key();
    let held = client.read_locked(&key);
    let terms = LockTerms {
        deadline: Deadline::after(NO_WAIT),
        ttl: TTL,
    };
    assert!(
        client
            .load(&key, held.token, Some(terms), false)
            .unwrap()
            .locked
    );
    assert!(is_taken(&mut fixture.client(), &key));
}

pub fn a_wait_ends_at_its_deadline(fixture: &dyn Fixture) {
    let (mut a, mut b) = (fixture.client(), fixture.client());
    let key = fixture.new_key();
    let _held = a.read_locked(&key);
    let started = Instant::now();
    let waited = b.try_lock(&key, Duration::from_millis(300), TTL);
    assert!(
        matches!(waited, Err(Error::LockTimeout { .. })),
        "{waited:?}"
    );
    assert!(started.elapsed() >= Duration::from_millis(290));
    // Generous for a busy machine, but less than the lock's 30 seconds.
    assert!(started.elapsed() < Duration::from_secs(10));
}

pub fn every_write_touch_destroy_or_release_call_frees_the_lock(fixture: &dyn Fixture) {
    let (mut a, mut b) = (fixture.client(), fixture.client());
    let key = fixture.new_key();
    let ends: [fn(&mut StoreClient, &crate::common::fixture::HeldSession); 4] = [
        |w, h| assert!(matches!(w.write(h, b"x"), Outcome::Stored(_))),
        |w, h| assert!(matches!(w.touch(h, HOUR), Outcome::Stored(_))),
        |w, h| w.store.release(&h.key, h.token).unwrap(),
        |w, h| {
            let token = Some(h.token);
            assert!(w.store.destroy(&h.key, token, End::default()).unwrap());
        },
    ];
    for end in ends {
        let held = a.read_locked(&key);
        assert!(is_taken(&mut b, &key));
        end(&mut a, &held);
        assert!(becomes_free(&mut b, &key));
    }
    // A refused write releases it, too.
    b.put(&key, b"x", HOUR);
    let held = a.read_locked(&key);
    b.destroy(&key);
    assert_eq!(a.write(&held, b"y"), Outcome::Gone);
    assert!(becomes_free(&mut b, &key));
}

pub fn checking_for_a_missing_session_does_not_lock_it(fixture: &dyn Fixture) {
    let (mut a, mut b) = (fixture.client(), fixture.client());
    let key = fixture.new_key();
    let terms = LockTerms {
        deadline: Deadline::after(NO_WAIT),
        ttl: TTL,
    };
    let checked = a
        .load(&key, Token::random().unwrap(), Some(terms), true)
        .unwrap();
    assert!(!checked.locked);
    assert!(becomes_free(&mut b, &key));
    b.put(&key, b"x", HOUR);
    let checked = a
        .load(&key, Token::random().unwrap(), Some(terms), true)
        .unwrap();
    assert!(checked.locked);
    assert!(is_taken(&mut b, &key));
}

pub fn a_lock_is_not_freed_by_another_requests_release_or_destroy(fixture: &dyn Fixture) {
    let (mut a, mut b) = (fixture.client(), fixture.client());
    let key = fixture.new_key();
    let _held = a.read_locked(&key);
    b.store.release(&key, Token::random().unwrap()).unwrap();
    b.destroy(&key);
    assert!(is_taken(&mut b, &key));
}

pub fn a_read_without_lock_does_not_wait(fixture: &dyn Fixture) {
    let (mut a, mut b) = (fixture.client(), fixture.client());
    let key = fixture.new_key();
    a.put(&key, b"x", HOUR);
    let _held = a.read_locked(&key);
    assert_eq!(b.peek(&key).unwrap(), b"x");
}

pub fn a_lock_ends_with_its_owners_connection(fixture: &dyn Fixture) {
    let mut b = fixture.client();
    let key = fixture.new_key();
    let mut a = fixture.client();
    let _held = a.read_locked(&key);
    drop(a);
    let held = b
        .try_lock(&key, Duration::from_secs(5), TTL)
        .expect("the next request gets the lock at once");
    assert!(held.locked);
}

pub fn a_waiter_gets_the_lock_when_the_owner_dies(fixture: &dyn Fixture) {
    let key = fixture.new_key();
    let mut a = fixture.client();
    let _held = a.read_locked(&key);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            fixture
                .client()
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

pub fn a_live_owner_keeps_its_lock_beyond_its_ttl(fixture: &dyn Fixture) {
    let key = fixture.new_key();
    let ttl = Duration::from_secs(1);
    let mut a = fixture.client();
    a.put(&key, b"0", HOUR);
    let held = a.try_lock(&key, NO_WAIT, ttl).unwrap();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let mut b = fixture.client();
            b.try_lock(&key, Duration::from_secs(20), ttl).unwrap().data
        });
        thread::sleep(Duration::from_secs(3));
        assert!(matches!(a.write(&held, b"1"), Outcome::Stored(_)));
        assert_eq!(waiter.join().unwrap().unwrap(), b"1");
    });
}

pub fn a_waiter_that_gave_up_does_not_get_the_lock_later(fixture: &dyn Fixture) {
    let (mut a, mut b, mut c) = (fixture.client(), fixture.client(), fixture.client());
    let key = fixture.new_key();
    let held = a.read_locked(&key);
    assert!(b.try_lock(&key, Duration::from_millis(100), TTL).is_err());
    a.store.release(&key, held.token).unwrap();
    // The place in the queue that b gave up must not block anybody.
    let held = c.try_lock(&key, Duration::from_secs(5), TTL).unwrap();
    assert!(held.locked);
    c.store.release(&key, held.token).unwrap();
    assert!(
        b.try_lock(&key, Duration::from_secs(5), TTL)
            .unwrap()
            .locked
    );
}
