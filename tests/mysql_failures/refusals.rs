//! A server that refuses: the password, the database, a right, or a session that is too large.

use std::time::Instant;

use super::helpers::{IN_TIME, assert_store_exception, assert_warned};
use crate::common::checkpoints::{php, stored_n, with_checkpoints};
use crate::common::pages::docroot;
use rsso_testkit::{FpmConfig, Handler, MariaDb, Nginx, PhpFpm, WorkDir};

/// Below, near and above the limit: a session fits, or a warning says why and nothing has changed.
#[test]
fn a_session_above_max_allowed_packet_is_a_warning_with_that_name() {
    let mariadb = MariaDb::builder()
        .config("max_allowed_packet=65536")
        .config("net_buffer_length=16384")
        .start();
    let dir = WorkDir::new();
    let php = php(&mariadb.url(), &dir);
    let write = |size: usize| {
        php.run_code(&with_checkpoints(&format!(
            "session_id('known'); session_start(); $_SESSION['n'] = {size};
             $_SESSION['fill'] = substr(str_repeat(implode('', array_map(chr(...), range(0, 255))), 1 + intdiv({size}, 256)), 0, {size});
             session_write_close(); echo 'on'; session('other', {size});"
        )))
    };
    assert_eq!(write(20_000).ok(), "on");
    for size in [70_000, 1_000_000, 20_000_000] {
        let output = write(size);
        assert_warned(&output, &["max_allowed_packet"]);
        assert!(
            !output.stderr.contains(mariadb.password()),
            "the password is in the message"
        );
        assert_eq!(stored_n(&php), "20000", "of {size}");
        let other = php
            .run_code(&with_checkpoints("echo session('other');"))
            .ok();
        assert_eq!(
            other,
            size.to_string(),
            "the same worker's next session, after {size}"
        );
    }
    // Near the limit it is stored, or there is a warning.
    for size in (64_000..66_000).step_by(200) {
        let output = write(size);
        let is_stored = stored_n(&php) == size.to_string();
        assert_eq!(
            is_stored,
            output.stderr.is_empty(),
            "{size}: {}",
            output.stderr
        );
        if !is_stored {
            assert_warned(&output, &["max_allowed_packet"]);
        }
    }
}

#[test]
fn a_wrong_password_and_a_missing_database_are_exceptions() {
    let (mariadb, dir) = (MariaDb::start(), WorkDir::new());
    let output = php(&mariadb.url_with_password("beigegiraffe"), &dir)
        .run_code(&with_checkpoints("session('known', 1);"));
    assert_store_exception(&output, &mariadb);
    assert!(!output.stderr.contains("beigegiraffe"), "{}", output.stderr);
    let elsewhere = mariadb.url().replace("/app", "/elsewhere");
    let output = php(&elsewhere, &dir).run_code(&with_checkpoints("session('known', 1);"));
    assert_store_exception(&output, &mariadb);
    assert!(output.stderr.contains("elsewhere"), "{}", output.stderr);
}

/// Tables are created on first use; without the right to do so, the message names the command for it.
#[test]
fn without_the_right_to_create_tables_the_error_names_the_command() {
    let (mariadb, dir) = (MariaDb::start(), WorkDir::new());
    mariadb.sql(
        "REVOKE ALL PRIVILEGES ON app.* FROM app@'%'; GRANT SELECT, INSERT, UPDATE, DELETE ON app.* TO app@'%'",
    );
    let php = php(&mariadb.url(), &dir);
    let output = php.run_code(&with_checkpoints("session('known', 1);"));
    assert_store_exception(&output, &mariadb);
    assert!(
        output.stderr.contains("rsso schema mysql"),
        "{}",
        output.stderr
    );
    // Once the tables exist, these rights suffice.
    mariadb.sql("GRANT CREATE, ALTER, INDEX, DROP ON app.* TO app@'%'");
    php.run_code(&with_checkpoints("session('known', 1);")).ok();
    mariadb.sql("REVOKE CREATE, ALTER, INDEX, DROP ON app.* FROM app@'%'");
    let output = php.run_code(&with_checkpoints(
        "session('known', 2); session_id('known'); session_start(); session_gc(); session_write_close();
         echo session('known');",
    ));
    assert_eq!(output.ok(), "2");
}

#[test]
fn no_log_of_a_web_site_contains_the_password() {
    let docroot = docroot();
    let mariadb = MariaDb::start();
    let wrong = "beigegiraffe";
    for dsn in [mariadb.url(), mariadb.url_with_password(wrong)] {
        let config = FpmConfig::new(Handler::Dsn(dsn.clone()))
            .workers(1)
            .ini("rsso.connect_timeout", "1")
            .ini("rsso.read_timeout", "1");
        let fpm = PhpFpm::start(&config);
        let nginx = Nginx::start(docroot.path(), &fpm);
        let browser = nginx.browser();
        let is_wrong = dsn.contains(wrong);
        let before = browser.get("/who.php");
        assert_eq!(before.status == 200, !is_wrong, "{}", before.body);
        mariadb.pause();
        let asked = Instant::now();
        let page = browser.get("/who.php");
        let waited = asked.elapsed();
        mariadb.resume();
        assert_eq!(page.status, 500, "{}", page.body);
        assert!(waited < IN_TIME, "{waited:?}");
        let after = browser.get("/who.php");
        assert_eq!(
            (after.status, &after.body),
            (before.status, &before.body),
            "the same worker as before"
        );
        let output = [page.body, fpm.error_log(), nginx.error_log(), mariadb.log()].concat();
        assert!(output.contains("Rsso\\"), "{output}");
        for password in [mariadb.password(), wrong] {
            assert!(
                !output.contains(password),
                "{password} is in the output:\n{output}"
            );
        }
    }
}
