//! Requests during a sign-in present the former session id, as a poll or a second click does.
//!
//! The browser keeps the cookie of the sign-in, and a request that fails sends no cookie.

use std::thread;
use std::time::Duration;

use crate::common::Backend;
use crate::common::Site;
use crate::common::stores::on_each_store;
use rsso_testkit::{Browser, Page, WorkDir};

const ROUNDS: usize = 8;
const POLLS: usize = 3;

/// `handler=object` sets the save handler as an object; `login` is how the application signs in.
const PAGE: &str = r"<?php
if ($_GET['handler'] === 'object') session_set_save_handler(new Rsso\SessionHandler);
session_start();
$before = session_id();
if ($_GET['do'] === 'begin') {
    $_SESSION['cart'] = 'full';
} elseif ($_GET['do'] === 'login') {
    usleep(100_000);
    $_GET['login'] === 'claim' ? sso_claim($_GET['user'] . (isset($_SESSION['user']) ? '-again' : '')) : session_regenerate_id(true);
    $_SESSION['user'] = $_GET['user'];
} elseif ($_GET['do'] === 'poll' && isset($_SESSION['user'])) {
    echo sso_current()?->uid;
}
if ($_GET['do'] === 'who') echo $_SESSION['user'] ?? 'nobody';
";

on_each_store!(
    polls_during_a_sign_in_do_not_replace_its_cookie,
    a_lock_timeout_sends_no_cookie,
);

fn polls_during_a_sign_in_do_not_replace_its_cookie(backend: Backend) {
    let docroot = WorkDir::new();
    docroot.write("page.php", PAGE);
    let site = Site::start(backend, docroot.path(), |config| {
        config
            .workers(POLLS + 1)
            .ini("session.use_strict_mode", "1")
            .ini("rsso.max_logins", "0")
    });
    for handler in ["native", "object"] {
        for login in ["claim", "regenerate"] {
            for round in 0..ROUNDS / 2 {
                let browser = site.browser();
                let page = |what: &str| {
                    format!("/page.php?handler={handler}&login={login}&do={what}&user=u{round}")
                };
                start_session(&browser, &page("begin"));
                // The second sign-in is from a session that has another user's login.
                for what in ["login", "login"] {
                    sign_in_during_polls(&browser, &page(what), &page("poll"));
                    let who = browser.get(&page("who")).ok();
                    assert_eq!(who, format!("u{round}"), "{handler}, {login}");
                }
            }
        }
    }
    let log = site.fpm.error_log();
    assert!(!log.contains("PHP "), "{log}");
}

fn start_session(browser: &Browser, page: &str) {
    browser.get(page).ok();
    assert!(browser.cookie("PHPSESSID").is_some());
}

/// One request signs in while other requests of the browser wait for the session.
fn sign_in_during_polls(browser: &Browser, login: &str, poll: &str) {
    thread::scope(|scope| {
        let signing_in = scope.spawn(|| browser.get(login));
        let polls: Vec<_> = (1..=POLLS)
            .map(|number| {
                scope.spawn(move || {
                    thread::sleep(Duration::from_millis(20) * u32::try_from(number).unwrap());
                    browser.get(poll)
                })
            })
            .collect();
        signing_in.join().unwrap().ok();
        for poll in polls {
            let answer = poll.join().unwrap();
            assert_eq!(
                answer.header("set-cookie"),
                None,
                "a poll goes on as it came"
            );
            answer.ok();
        }
    });
}

const HOLD: &str = "<?php session_start(); usleep(1_500_000); $_SESSION['n'] = 1;";

fn a_lock_timeout_sends_no_cookie(backend: Backend) {
    let docroot = WorkDir::new();
    docroot.write("page.php", PAGE);
    docroot.write("hold.php", HOLD);
    let site = Site::start(backend, docroot.path(), |config| {
        config
            .workers(2)
            .ini("session.use_strict_mode", "1")
            .ini("rsso.lock_wait", "0.2")
    });
    let page = |handler: &str, what: &str| format!("/page.php?handler={handler}&do={what}");
    for handler in ["native", "object"] {
        let browser = site.browser();
        start_session(&browser, &page(handler, "begin"));
        let before = browser.cookie("PHPSESSID");
        let refused: Page = thread::scope(|scope| {
            let holder = scope.spawn(|| browser.get("/hold.php"));
            thread::sleep(Duration::from_millis(500));
            let refused = browser.get(&page(handler, "who"));
            holder.join().unwrap().ok();
            refused
        });
        assert_eq!(refused.status, 500, "{}", refused.body);
        assert_eq!(refused.header("set-cookie"), None);
        assert_eq!(browser.cookie("PHPSESSID"), before);
        assert_eq!(browser.get(&page(handler, "who")).status, 200);
        assert_eq!(browser.cookie("PHPSESSID"), before);
    }
}
