//! Sessions of a web site: nginx, a php-fpm pool of several workers, concurrent browsers.
//!
//! PHP's own `files` handler passes, too, which proves that the tests are sound.

use std::thread;
use std::time::Instant;

use crate::common::Backend;
use crate::common::pages::{docroot, holder};
use crate::common::stores::on_every_backend;
use crate::common::{SOON, Site};
use rsso_testkit::{FpmConfig, Handler, Nginx, PhpFpm, RedisServer, eventually};

on_every_backend!(
    concurrent_requests_of_one_session_lose_no_update,
    a_killed_worker_does_not_keep_its_session,
    two_sessions_do_not_wait_for_each_other,
);

fn concurrent_requests_of_one_session_lose_no_update(backend: Backend) {
    const CLIENTS: usize = 8;
    const INCREMENTS: usize = 100;
    let docroot = docroot();
    let site = Site::start(backend, docroot.path(), |config| config.workers(CLIENTS));
    let first = site.browser();
    assert_eq!(first.get("/counter.php").ok(), "1");
    let sid = first.cookie("PHPSESSID").expect("a session cookie");
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let browser = site.browser();
                browser.set_cookie("PHPSESSID", &sid);
                for _ in 0..INCREMENTS {
                    browser.get("/counter.php").ok();
                }
            });
        }
    });
    assert_eq!(
        first.get("/counter.php").ok(),
        (CLIENTS * INCREMENTS + 2).to_string()
    );
    site.assert_store_used();
}

fn a_killed_worker_does_not_keep_its_session(backend: Backend) {
    let docroot = docroot();
    // Redis may not know that the owner died; then the lock lives until its ttl.
    let is_rsso = backend.handler().is_rsso();
    let site = Site::start(backend, docroot.path(), |config| {
        let config = config.workers(4);
        if is_rsso {
            config.ini("rsso.lock_ttl", "2")
        } else {
            config
        }
    });
    let browser = site.browser();
    assert_eq!(browser.get("/counter.php").ok(), "1");
    thread::scope(|scope| {
        let held = scope.spawn(|| browser.get("/hold.php"));
        let pid = holder(&docroot);
        site.fpm.kill9_worker(pid);
        assert_eq!(
            held.join().expect("an answer").status,
            502,
            "the request dies with its worker"
        );

        let asked = Instant::now();
        assert_eq!(browser.get("/counter.php").ok(), "2");
        assert!(
            asked.elapsed() < SOON,
            "the lock outlived its owner: {:?}",
            asked.elapsed()
        );
        eventually("php-fpm respawns the worker", SOON, || {
            let pids = site.fpm.worker_pids();
            (pids.len() == 4 && !pids.contains(&pid)).then_some(())
        });
    });
}

fn two_sessions_do_not_wait_for_each_other(backend: Backend) {
    let docroot = docroot();
    let site = Site::start(backend, docroot.path(), |config| config.workers(4));
    thread::scope(|scope| {
        let held = scope.spawn(|| site.browser().get("/hold.php"));
        holder(&docroot);
        let other = site.browser();
        for n in 1..=3 {
            assert_eq!(other.get("/counter.php").ok(), n.to_string());
        }
        docroot.write("run/go", "");
        assert_eq!(held.join().expect("an answer").ok(), "held");
    });
}

/// A request that starts no session does no I/O.
#[test]
fn a_request_without_a_session_sends_nothing_to_the_store() {
    let docroot = docroot();
    docroot.write("plain.php", "<?php echo 'plain';");
    let redis = RedisServer::start();
    let monitor = redis.monitor();
    let fpm = PhpFpm::start(&FpmConfig::new(Handler::Dsn(redis.url())));
    let nginx = Nginx::start(docroot.path(), &fpm);
    assert_eq!(nginx.browser().get("/plain.php").ok(), "plain");
    assert_eq!(monitor.take(), Vec::<String>::new());

    nginx.browser().get("/counter.php").ok();
    assert!(
        !monitor.take().is_empty(),
        "the monitor would have shown it"
    );
}

/// Opening a store runs code that later requests do not: a worker gives it back after its first request, and what few
/// requests run after the 16th.
#[test]
fn code_that_few_requests_run_does_not_stay_mapped() {
    let docroot = docroot();
    docroot.write(
        "mapped.php",
        "<?php session_start(); $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1; session_write_close();
         $kib = 0;
         foreach (file('/proc/self/smaps') as $line) {
             if (preg_match('/^[0-9a-f]+-[0-9a-f]+ (\\S+)/', $line, $found)) {
                 $is_code = $found[1] === 'r-xp' && str_contains($line, 'librsso');
             } elseif ($is_code && preg_match('/^Rss:\\s+(\\d+)/', $line, $found)) {
                 $kib += $found[1];
             }
         }
         echo $kib;",
    );
    docroot.write(
        "rare.php",
        "<?php session_start(); sso_claim('alice'); sso_release();",
    );
    let site = Site::start(Backend::Sqlite, docroot.path(), |config| config.workers(1));
    let browser = site.browser();
    let mapped = || -> u64 { browser.get("/mapped.php").ok().parse().unwrap() };
    let first: Vec<u64> = (0..14).map(|_| mapped()).collect();
    assert!(0 < first[1] && first[1] < first[0], "{first:?} KiB");
    // After the 16th request, what only the 15th has run is given back.
    browser.get("/rare.php").ok();
    let (before, after) = (mapped(), mapped());
    assert!(after < before, "{before} KiB, then {after}");
}
