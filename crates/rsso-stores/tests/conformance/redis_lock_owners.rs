//! Checks of a lock's owner on Redis: by the request that waits, or by its thread.

use std::thread;
use std::time::Duration;

use rsso_core::Error;
use rsso_testkit::eventually;

use crate::common::fixture::{Fixture as _, RedisFixture, TTL};
use crate::common::redis_helpers::{calls, forget_calls, new_session};

const SOON: Duration = Duration::from_secs(20);

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
        eventually("it waits for the lock", SOON, || {
            let clients = server.cli(&["info", "clients"]);
            clients.contains("blocked_clients:1").then_some(())
        });
        let checks = calls(server, "client|list");
        owner.store.release(&key, held.token).unwrap();
        assert!(waiting.join().unwrap().unwrap().locked);
        assert!(checks > 0);
    });
}
