//! `sso_claim()` with `await_delivery`: it returns when a gateway has delivered the kicks.
//!
//! Without a gateway it returns at once, and a killed gateway does no harm.

use std::time::{Duration, Instant};

use crate::common::php::php_without_cookies;
use rsso_testkit::{Gateway, Handler, MariaDb, RedisServer, WorkDir, eventually};

/// A request that claims a session for ann; returns whether its kicks were delivered.
fn claim(handler: &Handler, session: &str, wait: u32) -> String {
    let dir = WorkDir::new();
    let php = php_without_cookies(handler, dir.path()).ini("rsso.storm_limit", "0");
    php.run_code(&format!(
        "<?php session_id('{session}'); session_start();
        $login = sso_claim('ann', options: ['rotate_id' => false, 'await_delivery' => {wait}]);
        echo json_encode(array_column($login->kicks, 'delivered'));"
    ))
    .ok()
}

fn assert_delivery(handler: &Handler) {
    const LONG: u32 = 10_000;
    let dsn = handler.dsn();
    assert_eq!(claim(handler, "one", LONG), "[]");
    let began = Instant::now();
    assert_eq!(claim(handler, "alone", LONG), "[null]");
    assert!(
        began.elapsed() < Duration::from_millis(LONG.into()),
        "it waited without a gateway"
    );

    let program = rsso_testkit::php::extension().with_file_name("rsso");
    let mut gateway = Gateway::start_ready(&program, &["--dsn", dsn]);
    let mut n = 0;
    eventually("the gateway registers", Duration::from_secs(30), || {
        n += 1;
        (claim(handler, &format!("early{n}"), 1) != "[null]").then_some(())
    });
    claim(handler, "two", 0);
    let mut socket = gateway.socket("two", None).expect("a socket");
    socket.event();
    assert_eq!(claim(handler, "three", LONG), "[true]");
    assert_eq!(socket.read_to_end().1, Some(4001));
    assert_eq!(claim(handler, "four", 200), "[false]");
    // Nothing is delivered any more, and no claim waits longer than it asked for.
    gateway.kill9();
    let delivered = claim(handler, "five", 200);
    assert!(
        ["[false]", "[null]"].contains(&delivered.as_str()),
        "{delivered}"
    );
    assert_eq!(claim(handler, "six", 0), "[null]");
}

#[test]
fn on_sqlite_a_claim_learns_of_the_delivery() {
    let dir = WorkDir::new();
    let file = dir.join("rsso.sqlite");
    assert_delivery(&Handler::Dsn(format!("sqlite:{}", file.display())));
}

#[test]
fn on_redis_a_claim_learns_of_the_delivery() {
    let redis = RedisServer::start();
    assert_delivery(&Handler::Dsn(redis.url()));
}

#[test]
fn on_mysql_a_claim_learns_of_the_delivery() {
    let mariadb = MariaDb::start();
    assert_delivery(&Handler::Dsn(mariadb.url()));
}
