//! A browser whose session id is rotated in every request, four requests at a time.
//!
//! It keeps its one login, and `on_conflict=refuse` never locks it out.

use std::thread;

use crate::common::Backend;
use crate::common::Site;
use crate::common::outbox::Outbox;
use crate::common::stores::on_each_store;
use rsso_testkit::WorkDir;

const REQUESTS: usize = 200;
const AT_ONCE: usize = 4;

const PAGE: &str = r"<?php
session_start();
$login = sso_claim('alice', 'web', ['on_conflict' => 'refuse', 'rotate_id' => false]);
$_SESSION['hits'] = ($_SESSION['hits'] ?? 0) + 1;
session_regenerate_id($_GET['delete'] === '1');
echo $login->id;
";

const LIST: &str = r"<?php
foreach (sso_logins('alice') as $login) echo $login->id;
";

on_each_store!(
    a_browser_that_rotates_in_every_request_keeps_its_login,
    a_browser_that_rotates_and_deletes_keeps_its_login,
);

fn a_browser_that_rotates_in_every_request_keeps_its_login(backend: Backend) {
    rotate(backend, "0");
}

fn a_browser_that_rotates_and_deletes_keeps_its_login(backend: Backend) {
    rotate(backend, "1");
}

fn rotate(backend: Backend, delete: &str) {
    let docroot = WorkDir::new();
    docroot.write("rotate.php", PAGE);
    docroot.write("list.php", LIST);
    let site = Site::start(backend, docroot.path(), |config| {
        config
            .workers(AT_ONCE + 1)
            .ini("session.use_strict_mode", "1")
    });
    let browser = site.browser();
    let page = format!("/rotate.php?delete={delete}");
    let login = browser.get(&page).ok();
    assert_eq!(login.len(), 26, "{login}");
    let same_login = || {
        let page = browser.get(&page);
        assert_eq!(
            (page.status, page.body.as_str()),
            (200, login.as_str()),
            "{}",
            site.fpm.error_log()
        );
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| (0..REQUESTS / AT_ONCE).for_each(|_| same_login()));
        }
    });
    same_login();
    assert_eq!(browser.get("/list.php").ok(), login);
    let events = Outbox::of(&site.backend, site.fpm.save_dir()).events();
    assert_eq!(events.len(), 1, "one claim, and nothing else: {events:?}");
    let log = site.fpm.error_log();
    assert!(!log.contains("PHP Fatal"), "{log}");
}
