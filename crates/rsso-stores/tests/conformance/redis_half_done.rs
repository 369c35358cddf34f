//! Scripts that Redis breaks off, because the ACL lacks a command: what they have done stays, and nobody is told that
//! nothing has changed.

use std::thread;
use std::time::Duration;

use rsso_core::login::event::Kind;
use rsso_core::store::{Change, MAYBE_CHANGED, MAYBE_STORED};
use rsso_testkit::eventually;

use crate::common::fixture::{Fixture as _, RedisFixture, TTL};
use crate::common::login_helpers::{new_claim, user, with_max_logins};
use crate::common::redis_helpers::new_session;

const SOON: Duration = Duration::from_secs(20);

#[test]
fn whoever_a_broken_claim_has_signed_out_is_told() {
    for missing in ["xadd", "hset", "hdel", "setrange"] {
        let fixture = RedisFixture::prepare();
        let (key, mut client, ann) = (fixture.new_key(), fixture.client(), user("ann"));
        let first = client.add_login(&key, &ann);
        let held = client.read_unlocked(&new_session(&fixture, false));
        let denied = format!("-{missing}");
        (fixture.server()).cli(&["acl", "setuser", "default", &denied]);
        let claimed = client.try_claim(&held, &new_claim(&ann, "web", with_max_logins(1)));
        (fixture.server()).cli(&["acl", "setuser", "default", "+@all"]);
        let error = claimed.unwrap_err().to_string();
        assert!(error.contains(MAYBE_CHANGED), "{missing}: {error}");
        let is_told = client.logins_in_events(&ann, Kind::Kicked) == [first];
        let lives = client.login_of(&key) == Some(first);
        assert!(is_told || lives, "{missing}");
        assert_eq!(is_told, missing != "xadd", "{missing}");
    }
}

#[test]
fn a_write_that_breaks_off_as_it_wakes_a_waiter_is_not_said_to_be_lost() {
    let fixture = RedisFixture::prepare();
    let server = fixture.server();
    let key = new_session(&fixture, false);
    let (mut owner, mut waiter) = (fixture.client(), fixture.client());
    let held = owner.read_locked(&key);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| waiter.try_lock(&key, SOON, TTL));
        eventually("it waits for the lock", SOON, || {
            let clients = server.cli(&["info", "clients"]);
            clients.contains("blocked_clients:1").then_some(())
        });
        server.cli(&["acl", "setuser", "default", "-rpush"]);
        let write = Change::Write(b"stored", TTL);
        let written = owner.store.commit(&key, held.basis(TTL), write);
        let error = written.unwrap_err().to_string();
        server.cli(&["acl", "setuser", "default", "+@all"]);
        assert!(error.contains(MAYBE_STORED), "{error}");
        assert_eq!(owner.peek(&key).unwrap(), b"stored");
        drop(owner);
        assert!(waiting.join().unwrap().unwrap().locked);
    });
}
