//! What gc costs a request on SQLite, where the database does not remove by itself: a bounded look at logins.

use std::thread;
use std::time::Duration;

use rsso_core::Deadline;
use rsso_core::login::event::Kind;
use rsso_core::store::Outcome;

use crate::common::fixture::{Ground as _, HOUR, SqliteGround, TTL, Worker};
use crate::common::login_helpers::{addressees, at_most, user, wish};

/// More than a request looks at.
const DEAD: usize = 50;

/// As many users, each with a login whose session is gone.
fn the_dead(ground: &SqliteGround, worker: &mut Worker) {
    for number in 0..DEAD {
        let key = ground.key();
        worker.one_more(&key, &user(number.to_string()));
        ground.remove_behind_its_back(&key);
    }
}

fn told(worker: &mut Worker) -> usize {
    let realm = user("anybody").realm;
    addressees(&worker.outbox(&realm), Kind::Expired).len()
}

fn gc_in_a_request(worker: &mut Worker) {
    worker.store.gc(Some(Deadline::after(HOUR))).unwrap();
}

#[test]
fn a_request_looks_at_a_few_logins_and_the_next_at_others() {
    let ground = SqliteGround::prepare();
    let mut worker = ground.worker();
    the_dead(&ground, &mut worker);
    let mut before = 0;
    for _ in 0..DEAD {
        gc_in_a_request(&mut worker);
        let now = told(&mut worker);
        assert!((1..DEAD / 2).contains(&(now - before)), "{before} {now}");
        before = now;
        if now == DEAD {
            break;
        }
    }
    assert_eq!(told(&mut worker), DEAD);
}

#[test]
fn the_living_are_looked_at_in_turn() {
    let ground = SqliteGround::prepare();
    let mut worker = ground.worker();
    for number in 0..DEAD {
        worker.one_more(&ground.key(), &user(number.to_string()));
    }
    let key = ground.key();
    worker.one_more(&key, &user("behind them"));
    ground.remove_behind_its_back(&key);
    for _ in 0..DEAD {
        gc_in_a_request(&mut worker);
    }
    assert_eq!(told(&mut worker), 1);
}

#[test]
fn gc_on_purpose_looks_at_all() {
    let ground = SqliteGround::prepare();
    let mut worker = ground.worker();
    let keys: Vec<_> = (0..DEAD).map(|_| ground.key()).collect();
    for (number, key) in keys.iter().enumerate() {
        worker.one_more(key, &user(number.to_string()));
    }
    // Wherever that has looked.
    gc_in_a_request(&mut worker);
    for key in &keys {
        ground.remove_behind_its_back(key);
    }
    worker.store.gc(None).unwrap();
    assert_eq!(told(&mut worker), DEAD);
}

#[test]
fn new_processes_do_not_all_look_at_the_same() {
    let ground = SqliteGround::prepare();
    let mut worker = ground.worker();
    for number in 0..DEAD {
        worker.one_more(&ground.key(), &user(number.to_string()));
    }
    the_dead(&ground, &mut worker);
    let mut processes = 0;
    while told(&mut worker) < DEAD {
        gc_in_a_request(&mut ground.worker());
        processes += 1;
        assert!(processes < 1000, "{} were told of", told(&mut worker));
    }
}

#[test]
fn a_request_whose_time_is_over_forgets_few() {
    let ground = SqliteGround::prepare();
    let mut worker = ground.worker();
    for number in 0..120 {
        let held = worker.unlocked(&ground.key());
        let claim = wish(&user(number.to_string()), "web", at_most(0));
        worker.claim_for(&held, &claim, Duration::from_secs(1));
    }
    thread::sleep(Duration::from_millis(2300));
    let over = Deadline::after(Duration::ZERO);
    let removed = worker.store.gc(Some(over)).unwrap();
    assert_eq!((removed, told(&mut worker)), (50, 50));
    worker.store.gc(None).unwrap();
    assert_eq!(told(&mut worker), 120);
}

#[test]
fn a_session_that_leaves_its_login_alive_is_told_of_by_nobody() {
    let ground = SqliteGround::prepare();
    let (mut worker, ann) = (ground.worker(), user("ann"));
    let (old, new) = (ground.key(), ground.key());
    let login = worker.one_more(&old, &ann);
    worker.rotate(&old, &new, login).unwrap();
    let expired = "UPDATE rsso_sessions SET expires = 1 WHERE id = ?1";
    ground.raw().execute(expired, [old.as_bytes()]).unwrap();
    gc_in_a_request(&mut worker);
    assert_eq!((worker.peek(&old), told(&mut worker)), (None, 0));
    assert_eq!(worker.logins(&ann), [login]);
}

#[test]
fn the_request_that_removes_a_session_tells_of_its_login() {
    let ground = SqliteGround::prepare();
    let mut worker = ground.worker();
    for number in 0..DEAD {
        worker.one_more(&ground.key(), &user(number.to_string()));
    }
    let held = worker.unlocked(&ground.key());
    let claim = wish(&user("last"), "web", at_most(0));
    worker.claim_for(&held, &claim, Duration::from_secs(1));
    thread::sleep(Duration::from_millis(2300));
    gc_in_a_request(&mut worker);
    assert_eq!(told(&mut worker), 1);
}

#[test]
fn a_clock_that_ran_ahead_keeps_no_old_events() {
    let ground = SqliteGround::prepare();
    let mut worker = ground.worker();
    worker.one_more(&ground.key(), &user("ann"));
    let raw = ground.raw();
    let old = "UPDATE rsso_events SET at = unixepoch() + 86400; INSERT INTO rsso_events (realm, at, event)
        VALUES ('default', 1, '{}'), ('default', 2, '{}')";
    raw.execute_batch(old).unwrap();
    worker.one_more(&ground.key(), &user("ann"));
    let left = "SELECT COUNT(*) FROM rsso_events WHERE at < 3";
    let left: i64 = raw.query_row(left, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}

#[test]
fn a_login_whose_expired_session_is_in_use_is_told_of_by_nobody() {
    let ground = SqliteGround::prepare();
    let (mut worker, mut other, ann) = (ground.worker(), ground.worker(), user("ann"));
    let key = ground.key();
    let claim = wish(&ann, "web", at_most(0));
    let held = worker.unlocked(&key);
    worker.claim_for(&held, &claim, Duration::from_secs(1));
    let held = worker.try_lock(&key, Duration::ZERO, TTL).unwrap();
    thread::sleep(Duration::from_millis(2300));
    gc_in_a_request(&mut other);
    other.store.gc(None).unwrap();
    assert_eq!(told(&mut other), 0);
    assert!(matches!(worker.write(&held, b"used"), Outcome::Stored(_)));
    assert_eq!(other.logins(&ann), [claim.login]);
}
