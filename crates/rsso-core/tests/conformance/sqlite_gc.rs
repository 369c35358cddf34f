//! What gc costs a request on SQLite, where the database does not remove by itself: a bounded look at logins.

use std::thread;
use std::time::Duration;

use rsso_core::Deadline;
use rsso_core::login::event::Kind;

use super::ground::{Ground as _, HOUR, SqliteGround, Worker};
use super::signing::{addressees, at_most, user, wish};

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
    the_dead(&ground, &mut worker);
    gc_in_a_request(&mut worker);
    worker.store.gc(None).unwrap();
    assert_eq!(told(&mut worker), DEAD);
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
