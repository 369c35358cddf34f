//! Checks of a lock's owner on Redis: by the request that waits, or by its thread.

use std::thread;
use std::time::Duration;

use rsso_core::Error;
use rsso_testkit::{RedisServer, eventually};

use crate::common::fixture::{Fixture as _, RedisFixture, TTL};
use crate::common::redis_helpers::{calls, forget_calls, new_session};

const SOON: Duration = Duration::from_secs(20);

fn wait_for_a_blocked_client(server: &RedisServer) {
    eventually("a client waits for the lock", SOON, || {
        let clients = server.cli(&["info", "clients"]);
        clients.contains("blocked_clients:1").then_some(())
    });
}

/// The thread would check it too, but a second later.
#[test]
fn a_waiter_that_timed_out_checks_the_owner_itself_the_next_time() {
    let fixture = RedisFixture::prepare();
    let server = fixture.server();
    let key = new_session(&fixture, false);
    let (mut owner, mut client) = (fixture.client(), fixture.client());
    let held = owner.read_locked(&key);
    let first = client.try_lock(&key, Duration::from_millis(100), TTL);
    assert!(matches!(first, Err(Error::LockTimeout { .. })), "{first:?}");
    forget_calls(server);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| client.try_lock(&key, SOON, TTL));
        wait_for_a_blocked_client(server);
        let checks = calls(server, "client|list");
        owner.store.release(&key, held.token).unwrap();
        assert!(waiting.join().unwrap().unwrap().locked);
        assert!(checks > 0);
    });
}

/// Waking the waiter needs memory, and so does the key that keeps its turn.
#[test]
fn a_full_server_lets_a_lock_go_to_the_next_in_the_queue() {
    let fixture = RedisFixture::prepare();
    let server = fixture.server();
    let key = new_session(&fixture, false);
    let (mut owner, mut waiter) = (fixture.client(), fixture.client());
    let held = owner.read_locked(&key);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| waiter.try_lock(&key, SOON, TTL));
        wait_for_a_blocked_client(server);
        server.cli(&["config", "set", "maxmemory", "1"]);
        owner.store.release(&key, held.token).unwrap();
        eventually("the waiter is woken", SOON, || {
            waiting.is_finished().then_some(())
        });
        // It reads without a lock, or has it: the server lets no script set one.
        let read = waiting.join().unwrap();
        assert!(read.is_err() || read.unwrap().data.is_some());
    });
}
