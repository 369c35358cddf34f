//! Connections to Redis servers: passwords, users, unix sockets, TLS.
//!
//! A session written by one PHP is read by another, and no output contains the password.

use std::path::Path;

use crate::common::php::php_without_cookies;
use rsso_testkit::{Handler, Php, RedisServer, WorkDir};

const PASSWORD: &str = "mauve-ele:ph@nt/?#%20";

fn php(dsn: &str, dir: &Path) -> Php {
    php_without_cookies(&Handler::Dsn(dsn.to_owned()), dir)
}

fn assert_keeps_sessions(redis: &RedisServer, php: &Php) {
    let write = "<?php session_id('known'); session_start(); $_SESSION['word'] = 'kept';";
    assert_eq!(php.run_code(write).ok(), "");
    let read = "<?php session_id('known'); session_start(); echo $_SESSION['word'];";
    assert_eq!(php.run_code(read).ok(), "kept");
    assert!(redis.dbsize() > 0, "the session is somewhere else");
    let info = php.run_code("<?php session_start(); phpinfo();").ok();
    assert!(
        !info.contains("mauve"),
        "phpinfo() tells the password:\n{info}"
    );
}

#[test]
fn no_password_works() {
    let (redis, dir) = (RedisServer::start(), WorkDir::new());
    assert_keeps_sessions(&redis, &php(&redis.url(), dir.path()));
}

#[test]
fn a_password_of_any_characters_works() {
    let (redis, dir) = (
        RedisServer::builder().password(PASSWORD).start(),
        WorkDir::new(),
    );
    assert_keeps_sessions(&redis, &php(&redis.url(), dir.path()));
}

#[test]
fn a_named_user_works() {
    let redis = RedisServer::builder()
        .password("another")
        .user("rsso", PASSWORD)
        .start();
    let dir = WorkDir::new();
    assert_keeps_sessions(&redis, &php(&redis.url(), dir.path()));
}

#[test]
fn a_unix_socket_works() {
    let (redis, dir) = (RedisServer::start(), WorkDir::new());
    assert_keeps_sessions(&redis, &php(&redis.unix_url(), dir.path()));
}

#[test]
fn a_password_outside_the_dsn_works() {
    let (redis, dir) = (
        RedisServer::builder().password(PASSWORD).start(),
        WorkDir::new(),
    );
    let bare = format!("redis://127.0.0.1:{}", redis.port());
    for dsn in [bare, redis.unix_url()] {
        let file = dir
            .write("password", &format!("{PASSWORD}\n"))
            .display()
            .to_string();
        assert_keeps_sessions(
            &redis,
            &php(&dsn, dir.path()).ini("rsso.password", PASSWORD),
        );
        assert_keeps_sessions(
            &redis,
            &php(&dsn, dir.path()).ini("rsso.password_file", &file),
        );
    }
}

#[test]
fn tls_with_a_private_authority_works() {
    let (redis, dir) = (RedisServer::builder().tls().start(), WorkDir::new());
    let ca = redis
        .ca_file()
        .expect("started with TLS")
        .display()
        .to_string();
    let trusting = format!("{}?ca={ca}", redis.url());
    assert_keeps_sessions(&redis, &php(&trusting, dir.path()));
    // An authority that the system does not know is not trusted.
    let stranger =
        php(&redis.url(), dir.path()).run_code("<?php session_id('known'); session_start();");
    assert!(
        stranger.stderr.contains("Rsso\\StoreException"),
        "{}",
        stranger.stderr
    );
}
