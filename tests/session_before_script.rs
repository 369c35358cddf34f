//! Sessions that start before the script: `session.auto_start` and upload progress.
//!
//! If such a start fails, it is a warning: the script runs without a session, and the worker survives.

use std::thread;
use std::time::Duration;

use crate::common::stores::on_each_store;
use crate::common::{Backend, SOON, Site};
use rsso_testkit::{FpmConfig, Handler, Nginx, PhpFpm, RedisServer, WorkDir};

const PAGE: &str = r"<?php
if (isset($_GET['hold'])) { session_start(); usleep(1_500_000); exit; }
echo getmypid(), ' ', session_status() === PHP_SESSION_ACTIVE ? 'session' : 'none', ' ',
    $_FILES['f']['size'] ?? 'no file';
";

/// A multipart form that asks for upload progress, with a file; returns content type and body.
fn upload() -> (String, Vec<u8>) {
    let boundary = "boundary";
    let mut body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"PHP_SESSION_UPLOAD_PROGRESS\"\r\n\r\nup\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.bin\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    )
    .into_bytes();
    body.extend(vec![b'x'; 300_000]);
    body.extend(format!("\r\n--{boundary}--\r\n").into_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

fn docroot() -> WorkDir {
    let docroot = WorkDir::new();
    docroot.write("page.php", PAGE);
    docroot
}

#[test]
fn auto_start_without_its_store_keeps_the_worker_alive() {
    let docroot = docroot();
    let redis = RedisServer::builder().password("mauveelephant").start();
    let dsn = redis.url();
    drop(redis);
    for directive in ["rsso.dsn", "session.save_path"] {
        let handler = Handler::Dsn(dsn.clone());
        let mut config = FpmConfig::new(handler)
            .workers(1)
            .ini("session.auto_start", "1");
        if directive == "session.save_path" {
            config = config.ini("rsso.dsn", "").ini("session.save_path", &dsn);
        }
        let fpm = PhpFpm::start(&config);
        let nginx = Nginx::start(docroot.path(), &fpm);
        let browser = nginx.browser();
        browser.set_cookie("PHPSESSID", "aaaabbbbccccddddeeeeffff00");
        let first = browser.get("/page.php").ok();
        assert!(first.ends_with(" none no file"), "{first}");
        assert_eq!(browser.get("/page.php").ok(), first, "the worker lives");
        // The master writes what workers say, maybe after the answer.
        let log = rsso_testkit::eventually("a warning in the log", SOON, || {
            let log = fpm.error_log();
            (log.contains("PHP Warning") && log.contains("nothing listens")).then_some(log)
        });
        assert!(!log.contains("mauveelephant"), "{directive}: {log}");
    }
}

on_each_store!(fn a_taken_lock_loses_no_worker_and_no_upload);

fn a_taken_lock_loses_no_worker_and_no_upload(backend: fn() -> Backend) {
    let docroot = docroot();
    for (name, value) in [
        ("session.auto_start", "1"),
        ("session.upload_progress.enabled", "1"),
    ] {
        let site = Site::start(backend(), docroot.path(), |config| {
            config
                .workers(2)
                .ini("rsso.lock_wait", "0.2")
                .ini("session.upload_progress.enabled", "0")
                .ini(name, value)
        });
        let browser = site.browser();
        browser.set_cookie("PHPSESSID", "aaaabbbbccccddddeeeeffff01");
        let (kind, body) = upload();
        let free = browser.post_body("/page.php", &kind, &body).ok();
        assert!(free.ends_with(" 300000"), "{free}");
        let taken = thread::scope(|scope| {
            scope.spawn(|| browser.get("/page.php?hold=1"));
            thread::sleep(Duration::from_millis(600));
            browser.post_body("/page.php", &kind, &body)
        });
        assert!(
            taken.ok().ends_with(" none 300000"),
            "{}",
            site.fpm.error_log()
        );
        let log = site.fpm.error_log();
        assert!(log.contains("still holds this session's lock"), "{log}");
        assert!(!log.contains("exited"), "no worker ended: {log}");
    }
}
