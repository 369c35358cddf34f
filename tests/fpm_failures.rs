//! A web site whose Redis hangs, crashes or refuses: a timely error without credentials, and no worker is lost.

use std::time::Instant;

use crate::common::Backend;
use crate::common::pages::docroot;
use crate::common::{SOON, Site};
use rsso_testkit::{FpmConfig, Handler, Nginx, PhpFpm, RedisServer, WorkDir};

/// A site with short timeouts and this many workers, on a Redis with a password.
fn site_with_short_timeouts(password: &str, docroot: &WorkDir, workers: usize) -> Site {
    let backend = Backend::from(RedisServer::builder().password(password).start());
    Site::start(backend, docroot.path(), |config| {
        config
            .workers(workers)
            .ini("rsso.connect_timeout", "1")
            .ini("rsso.read_timeout", "1")
            .ini("rsso.lock_ttl", "2")
            .ini("rsso.lock_wait", "10")
    })
}

fn redis_of(site: &mut Site) -> &mut RedisServer {
    let Backend::Redis(redis) = &mut site.backend else {
        panic!("this test is about Redis")
    };
    redis
}

#[test]
fn a_paused_redis_is_a_timely_error_and_the_worker_recovers() {
    let docroot = docroot();
    let mut site = site_with_short_timeouts("mauveelephant", &docroot, 1);
    let browser = site.browser();
    let worker = browser.get("/who.php").ok();

    redis_of(&mut site).pause();
    let asked = Instant::now();
    let page = browser.get("/who.php");
    let waited = asked.elapsed();
    redis_of(&mut site).resume();

    assert_eq!(
        page.status, 500,
        "a page without its session: {}",
        page.body
    );
    assert!(waited < SOON, "a hung store hung the worker: {waited:?}");
    assert_eq!(browser.get("/who.php").ok(), worker);
    let log = site.fpm.error_log();
    assert!(
        log.contains("Rsso\\"),
        "the error says who threw it:\n{log}"
    );
    assert!(
        !log.contains("mauveelephant"),
        "the password is in the log:\n{log}"
    );
}

#[test]
fn a_stopped_redis_is_an_error_and_a_restarted_one_works() {
    let docroot = docroot();
    let mut site = site_with_short_timeouts("mauveelephant", &docroot, 2);
    let browser = site.browser();
    browser.get("/who.php").ok();

    redis_of(&mut site).kill9();
    for _ in 0..4 {
        let page = browser.get("/who.php");
        assert_eq!(
            page.status, 500,
            "a page without its session: {}",
            page.body
        );
        assert!(!page.body.contains("mauveelephant"));
    }
    redis_of(&mut site).restart();
    for _ in 0..4 {
        browser.get("/who.php").ok();
    }
    let log = site.fpm.error_log();
    assert!(
        !log.contains("mauveelephant"),
        "the password is in the log:\n{log}"
    );
}

#[test]
fn a_wrong_password_is_an_error_that_does_not_repeat_it() {
    let docroot = docroot();
    let redis = RedisServer::builder().password("mauveelephant").start();
    let wrong = format!("redis://:beigegiraffe@127.0.0.1:{}", redis.port());
    let fpm = PhpFpm::start(&FpmConfig::new(Handler::Dsn(wrong)));
    let nginx = Nginx::start(docroot.path(), &fpm);
    let page = nginx.browser().get("/who.php");
    assert_eq!(
        page.status, 500,
        "a page without its session: {}",
        page.body
    );
    let output = page.body + &fpm.error_log() + &nginx.error_log();
    assert!(
        output.contains("Rsso\\") && !output.contains("beigegiraffe"),
        "{output}"
    );
}
