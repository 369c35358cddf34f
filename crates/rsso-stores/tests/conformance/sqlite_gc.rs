//! SQLite's gc within a request: it checks a bounded number of logins.

use std::thread;
use std::time::Duration;

use rsso_core::Deadline;
use rsso_core::login::event::Kind;
use rsso_core::store::Outcome;

use crate::common::fixture::{Fixture as _, HOUR, SqliteFixture, StoreClient, TTL};
use crate::common::login_helpers::{logins_in_events, new_claim, user, with_max_logins};
use crate::common::store_client::{AFTER_SHORT, SHORT};

/// More logins than one request checks.
const EXPIRED: usize = 50;

/// Adds [`EXPIRED`] users, each with a login whose session is gone.
fn add_expired_logins(fixture: &SqliteFixture, client: &mut StoreClient) {
    for number in 0..EXPIRED {
        let key = fixture.new_key();
        client.add_login(&key, &user(number.to_string()));
        fixture.remove_without_rsso(&key);
    }
}

fn expired_events(client: &mut StoreClient) -> usize {
    let realm = user("anybody").realm;
    logins_in_events(&client.outbox(&realm), Kind::Expired).len()
}

fn gc_in_a_request(client: &mut StoreClient) {
    client.store.gc(Some(Deadline::after(HOUR))).unwrap();
}

#[test]
fn each_request_checks_a_few_more_logins() {
    let fixture = SqliteFixture::prepare();
    let mut client = fixture.client();
    add_expired_logins(&fixture, &mut client);
    let mut before = 0;
    for _ in 0..EXPIRED {
        gc_in_a_request(&mut client);
        let now = expired_events(&mut client);
        assert!((1..EXPIRED / 2).contains(&(now - before)), "{before} {now}");
        before = now;
        if now == EXPIRED {
            break;
        }
    }
    assert_eq!(expired_events(&mut client), EXPIRED);
}

#[test]
fn live_logins_are_checked_in_turn() {
    let fixture = SqliteFixture::prepare();
    let mut client = fixture.client();
    for number in 0..EXPIRED {
        client.add_login(&fixture.new_key(), &user(number.to_string()));
    }
    let key = fixture.new_key();
    client.add_login(&key, &user("behind them"));
    fixture.remove_without_rsso(&key);
    for _ in 0..EXPIRED {
        gc_in_a_request(&mut client);
    }
    assert_eq!(expired_events(&mut client), 1);
}

#[test]
fn explicit_gc_checks_every_login() {
    let fixture = SqliteFixture::prepare();
    let mut client = fixture.client();
    let keys: Vec<_> = (0..EXPIRED).map(|_| fixture.new_key()).collect();
    for (number, key) in keys.iter().enumerate() {
        client.add_login(key, &user(number.to_string()));
    }
    // Whichever logins that has checked.
    gc_in_a_request(&mut client);
    for key in &keys {
        fixture.remove_without_rsso(key);
    }
    client.store.gc(None).unwrap();
    assert_eq!(expired_events(&mut client), EXPIRED);
}

#[test]
fn new_processes_check_different_logins() {
    let fixture = SqliteFixture::prepare();
    let mut client = fixture.client();
    for number in 0..EXPIRED {
        client.add_login(&fixture.new_key(), &user(number.to_string()));
    }
    add_expired_logins(&fixture, &mut client);
    let mut processes = 0;
    while expired_events(&mut client) < EXPIRED {
        gc_in_a_request(&mut fixture.client());
        processes += 1;
        assert!(
            processes < 1000,
            "{} were reported",
            expired_events(&mut client)
        );
    }
}

#[test]
fn gc_past_its_deadline_removes_few() {
    let fixture = SqliteFixture::prepare();
    let mut client = fixture.client();
    for number in 0..120 {
        let held = client.read_unlocked(&fixture.new_key());
        let claim = new_claim(&user(number.to_string()), "web", with_max_logins(0));
        client.claim_for(&held, &claim, SHORT);
    }
    thread::sleep(AFTER_SHORT);
    let over = Deadline::after(Duration::ZERO);
    let removed = client.store.gc(Some(over)).unwrap();
    assert_eq!((removed, expired_events(&mut client)), (50, 50));
    client.store.gc(None).unwrap();
    assert_eq!(expired_events(&mut client), 120);
}

#[test]
fn an_expired_session_of_a_live_login_is_not_reported() {
    let fixture = SqliteFixture::prepare();
    let (mut client, ann) = (fixture.client(), user("ann"));
    let (old, new) = (fixture.new_key(), fixture.new_key());
    let login = client.add_login(&old, &ann);
    client.rotate(&old, &new, login).unwrap();
    let expired = "UPDATE rsso_sessions SET expires = 1 WHERE id = ?1";
    fixture.raw().execute(expired, [old.as_bytes()]).unwrap();
    gc_in_a_request(&mut client);
    assert_eq!((client.peek(&old), expired_events(&mut client)), (None, 0));
    assert_eq!(client.logins(&ann), [login]);
}

#[test]
fn removing_an_expired_session_reports_its_login() {
    let fixture = SqliteFixture::prepare();
    let mut client = fixture.client();
    for number in 0..EXPIRED {
        client.add_login(&fixture.new_key(), &user(number.to_string()));
    }
    let held = client.read_unlocked(&fixture.new_key());
    let claim = new_claim(&user("last"), "web", with_max_logins(0));
    client.claim_for(&held, &claim, SHORT);
    thread::sleep(AFTER_SHORT);
    gc_in_a_request(&mut client);
    assert_eq!(expired_events(&mut client), 1);
}

#[test]
fn events_dated_in_the_future_do_not_keep_old_ones() {
    let fixture = SqliteFixture::prepare();
    let mut client = fixture.client();
    client.add_login(&fixture.new_key(), &user("ann"));
    let raw = fixture.raw();
    let old = "UPDATE rsso_events SET at = unixepoch() + 86400; INSERT INTO rsso_events (realm, at, event)
        VALUES ('default', 1, '{}'), ('default', 2, '{}')";
    raw.execute_batch(old).unwrap();
    client.add_login(&fixture.new_key(), &user("ann"));
    let left = "SELECT COUNT(*) FROM rsso_events WHERE at < 3";
    let left: i64 = raw.query_row(left, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}

#[test]
fn a_login_whose_expired_session_is_in_use_is_not_reported() {
    let fixture = SqliteFixture::prepare();
    let (mut client, mut other, ann) = (fixture.client(), fixture.client(), user("ann"));
    let key = fixture.new_key();
    let claim = new_claim(&ann, "web", with_max_logins(0));
    let held = client.read_unlocked(&key);
    client.claim_for(&held, &claim, SHORT);
    let held = client.try_lock(&key, Duration::ZERO, TTL).unwrap();
    thread::sleep(AFTER_SHORT);
    gc_in_a_request(&mut other);
    other.store.gc(None).unwrap();
    assert_eq!(expired_events(&mut other), 0);
    assert!(matches!(client.write(&held, b"used"), Outcome::Stored(_)));
    assert_eq!(other.logins(&ann), [claim.login]);
}
