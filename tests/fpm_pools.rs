//! Several pools on one machine or one store: none reads, breaks or waits for another's sessions.
//!
//! These tests need root, as pools of several users do.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::common::pages::docroot;
use rsso_testkit::{FpmConfig, Handler, Nginx, PhpFpm, RedisServer, WorkDir};

/// Two users without a DSN and a save path each get a store that the other cannot read.
#[test]
fn two_users_without_any_setting_do_not_collide() {
    let docroot = docroot();
    let temp = WorkDir::new();
    let shared = temp.web_dir("tmp");
    fs::set_permissions(&shared, PermissionsExt::from_mode(0o1777)).expect("a public directory");
    let shared = shared.display().to_string();
    let pools = ["www-data", "nobody"].map(|user| {
        PhpFpm::start(
            &FpmConfig::new(Handler::Sqlite)
                .user(user)
                .ini("session.save_path", "")
                .ini("sys_temp_dir", &shared)
                .env("TMPDIR", &shared),
        )
    });
    let sid = "sharedsidsharedsidsharedsid";
    for pool in &pools {
        let nginx = Nginx::start(docroot.path(), pool);
        let browser = nginx.browser();
        browser.set_cookie("PHPSESSID", sid);
        assert_eq!(
            browser.get("/counter.php").ok(),
            "1",
            "{}",
            pool.error_log()
        );
        assert_eq!(browser.get("/counter.php").ok(), "2");
    }
    let stores: Vec<_> = fs::read_dir(&shared)
        .expect("list")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    assert_eq!(stores.len(), 2, "one store for each user: {stores:?}");
    for store in stores {
        let mode = PermissionsExt::mode(&fs::metadata(&store).expect("a store").permissions());
        assert_eq!(
            mode & 0o077,
            0,
            "{} is open to others: {mode:o}",
            store.display()
        );
    }
}

/// Debian's default: one directory for the sessions of all users, which nobody can list.
#[test]
fn two_users_with_one_save_path_do_not_collide() {
    let docroot = docroot();
    let temp = WorkDir::new();
    let shared = temp.join("sessions");
    fs::create_dir(&shared).expect("make a directory");
    fs::set_permissions(&shared, PermissionsExt::from_mode(0o1733)).expect("as Debian has it");
    let shared = shared.display().to_string();
    let pools = ["www-data", "nobody"].map(|user| {
        let config = FpmConfig::new(Handler::Sqlite).user(user);
        PhpFpm::start(&config.ini("session.save_path", &shared))
    });
    for pool in &pools {
        let nginx = Nginx::start(docroot.path(), pool);
        let browser = nginx.browser();
        assert_eq!(
            browser.get("/counter.php").ok(),
            "1",
            "{}",
            pool.error_log()
        );
        assert_eq!(browser.get("/counter.php").ok(), "2");
    }
}

/// Two pools on one Redis, with different prefixes.
#[test]
fn two_pools_with_two_prefixes_share_a_redis_and_no_session() {
    let docroot = docroot();
    let redis = RedisServer::start();
    let pools = ["a:", "b:"].map(|prefix| {
        let config = FpmConfig::new(Handler::Dsn(redis.url()));
        PhpFpm::start(&config.ini("rsso.prefix", prefix))
    });
    for pool in &pools {
        let nginx = Nginx::start(docroot.path(), pool);
        let browser = nginx.browser();
        browser.set_cookie("PHPSESSID", "sharedsidsharedsidsharedsid");
        assert_eq!(browser.get("/counter.php").ok(), "1");
        assert_eq!(browser.get("/counter.php").ok(), "2");
    }
    let keys = redis.cli(&["keys", "*"]);
    assert!(
        keys.lines()
            .all(|key| key.starts_with("a:") || key.starts_with("b:")),
        "{keys}"
    );
}
