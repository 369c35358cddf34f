//! Sessions on Redis, and what the server was asked for.

use rsso_core::SessionKey;
use rsso_core::store::Outcome;
use rsso_testkit::RedisServer;

use crate::common::fixture::{Fixture as _, HOUR, HeldSession, RedisFixture, StoreClient};
use crate::common::login_helpers::{user, with_max_logins};
use crate::common::lossy_proxy::LossyProxy;
use crate::common::store_client::with_directives;

/// How often the server was called so since [`forget_calls`].
pub fn calls(server: &RedisServer, command: &str) -> u64 {
    let all = server.cli(&["info", "commandstats"]);
    let prefix = format!("cmdstat_{command}:calls=");
    let calls = all
        .lines()
        .find_map(|line| line.trim().strip_prefix(&prefix));
    calls.map_or(0, |calls| calls.split(',').next().unwrap().parse().unwrap())
}

pub fn forget_calls(server: &RedisServer) {
    server.cli(&["config", "resetstat"]);
}

/// A client that reaches the server through this proxy, and waits for answers for so many seconds.
pub fn client_through(proxy: &LossyProxy, fixture: &RedisFixture, seconds: &str) -> StoreClient {
    let dsn = format!("redis://127.0.0.1:{}", proxy.port());
    let directives = [("dsn", dsn.as_str()), ("read_timeout", seconds)];
    StoreClient::connect(&with_directives(fixture.settings(), &directives))
}

pub fn read(client: &mut StoreClient, key: &SessionKey, lock: bool) -> HeldSession {
    match lock {
        true => client.read_locked(key),
        false => client.read_unlocked(key),
    }
}

pub fn assert_stored(outcome: Outcome) {
    assert!(matches!(outcome, Outcome::Stored(_)), "{outcome:?}");
}

/// A session with data, and with a login if asked for.
pub fn new_session(fixture: &RedisFixture, has_login: bool) -> SessionKey {
    let key = fixture.new_key();
    let mut client = fixture.client();
    client.put(&key, b"data", HOUR);
    if has_login {
        client.sign_in(&key, &user("ann"), with_max_logins(0));
    }
    key
}

pub fn name_of(key: &SessionKey, letter: char) -> String {
    format!("rsso:{{{}}}:{letter}", key.to_text())
}

pub fn user_key(fixture: &RedisFixture) -> String {
    fixture.server().cli(&["--scan", "--pattern", "rsso:u:*"])
}
