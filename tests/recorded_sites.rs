//! PHP records its settings in the store at a sign-in, and `rsso serve --check` compares them with the gateway's.

use std::process::{Command, Output};

use crate::common::php::php_without_cookies;
use rsso_testkit::{Handler, MariaDb, RedisServer, WorkDir};

/// A process of a site with unusual settings, which signs in three times.
fn sign_in(handler: &Handler, how: &str) {
    let dir = WorkDir::new();
    let php = php_without_cookies(handler, dir.path())
        .ini("session.name", "shopid")
        .ini("session.cookie_path", "/shop/")
        .ini("rsso.prefix", "shop_")
        .ini("rsso.realm", "shop")
        .ini("rsso.hash_ids", "0")
        .ini("rsso.auto_claim", "user")
        .ini("rsso.max_logins", "0");
    let code = format!(
        "<?php for ($i = 0; $i < 3; $i++) {{ session_id(\"s$i\"); session_start(); {how} session_write_close(); }}"
    );
    assert_eq!(php.run_code(&code).ok(), "");
}

const CLAIM: &str = "sso_claim('ann', options: ['rotate_id' => false]);";
const AUTO_CLAIM: &str = "$_SESSION['user'] = 'ann';";

fn check(dsn: &str, arguments: &[&str]) -> Output {
    let program = rsso_testkit::php::extension().with_file_name("rsso");
    let mut check = Command::new(program);
    check
        .args(["serve", "--check", "--dsn", dsn])
        .args(arguments);
    check.output().expect("run rsso")
}

fn assert_compared(handler: &Handler, how: &str) {
    let dsn = handler.dsn();
    sign_in(handler, how);
    let output = check(dsn, &[]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{errors}");
    for difference in [
        "rsso.prefix is 'shop_' in PHP",
        "rsso.realm is 'shop' in PHP, and 'default' here",
        "rsso.hash_ids is '0' in PHP, and '1' here",
        "session.name is 'shopid' in PHP, and --cookie is 'PHPSESSID' here",
        "session.cookie_path is '/shop/' in PHP",
    ] {
        assert!(errors.contains(difference), "{errors}");
    }
    let dir = WorkDir::new();
    let file = dir.write("serve.toml", "rsso.hash_ids = false");
    let file = file.display().to_string();
    let right = [
        "--prefix", "shop_", "--realm", "shop", "--cookie", "shopid", "--config", &file,
    ];
    let output = check(dsn, &right);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn on_sqlite_php_records_its_settings() {
    for how in [CLAIM, AUTO_CLAIM] {
        let dir = WorkDir::new();
        let file = dir.join("rsso.sqlite");
        assert_compared(&Handler::Dsn(format!("sqlite:{}", file.display())), how);
    }
}

#[test]
fn on_redis_php_records_its_settings() {
    for how in [CLAIM, AUTO_CLAIM] {
        let redis = RedisServer::start();
        assert_compared(&Handler::Dsn(redis.url()), how);
    }
}

#[test]
fn on_mysql_php_records_its_settings() {
    for how in [CLAIM, AUTO_CLAIM] {
        let mariadb = MariaDb::start();
        assert_compared(&Handler::Dsn(mariadb.url()), how);
    }
}

#[test]
fn one_process_records_its_site_once() {
    let redis = RedisServer::start();
    let handler = Handler::Dsn(redis.url());
    let monitor = redis.monitor();
    let count = |command: &str, lines: &[String]| {
        let named = format!("\"{command}\" \"rsso:words\"");
        lines
            .iter()
            .filter(|line| line.to_ascii_lowercase().contains(&named))
            .count()
    };
    sign_in(&handler, CLAIM);
    let lines = monitor.take();
    assert_eq!((count("hset", &lines), count("hgetall", &lines)), (1, 1));
    sign_in(&handler, AUTO_CLAIM);
    let lines = monitor.take();
    assert_eq!((count("hset", &lines), count("hgetall", &lines)), (0, 1));
}

/// A Redis user may be limited to the keys of the prefix.
#[test]
fn a_redis_user_limited_to_a_prefix_records_its_site_below_it() {
    let redis = RedisServer::start();
    redis.cli(&["acl", "setuser", "shop", "on", ">pw", "~shop_*", "+@all"]);
    let dsn = redis.url().replace("redis://", "redis://shop:pw@");
    sign_in(&Handler::Dsn(dsn.clone()), CLAIM);
    let output = check(
        &dsn,
        &["--prefix", "shop_", "--realm", "shop", "--cookie", "shopid"],
    );
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        errors.contains("rsso.hash_ids is '0' in PHP, and '1' here"),
        "{output:?}"
    );
}
