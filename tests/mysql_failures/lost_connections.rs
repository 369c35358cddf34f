//! Connections that end under a request: closed while idle, killed, or lost in a restart.

use std::thread;
use std::time::Duration;

use super::helpers::{CHANGE, NO_CHANGE, assert_warned};
use crate::common::SOON;
use crate::common::checkpoints::{
    php, release, run_with_pause, stored_n, wait_at, with_checkpoints,
};
use rsso_testkit::{MariaDb, WorkDir, eventually};

#[test]
fn an_idle_connection_closed_by_the_server_is_opened_again() {
    let (mariadb, dir) = (
        MariaDb::builder().config("wait_timeout=1").start(),
        WorkDir::new(),
    );
    let php = php(&mariadb.url(), &dir);
    let output = php.run_code(&with_checkpoints(
        "session('known', 1); sleep(2); echo session('known', 2); sleep(2); echo session('known');
         sleep(2); session('', 5); sleep(2); session_id('known'); session_start(); session_destroy();",
    ));
    assert_eq!(output.ok(), "12");
    assert_eq!(stored_n(&php), "none");
}

#[test]
fn a_request_longer_than_wait_timeout_keeps_its_changes() {
    let (mariadb, dir) = (
        MariaDb::builder().config("wait_timeout=1").start(),
        WorkDir::new(),
    );
    let php = php(&mariadb.url(), &dir);
    let output = php.run_code(&with_checkpoints(
        "session('known', 1); session_id('known'); session_start(); $_SESSION['n']++; sleep(3); session_write_close();
         session_id(''); session_start(); $_SESSION['n'] = 1; sleep(3); session_write_close(); echo session(session_id());",
    ));
    assert_eq!(output.ok(), "1");
    assert_eq!(stored_n(&php), "2");
}

#[test]
fn a_connection_killed_between_requests_is_opened_again() {
    let (mariadb, dir) = (MariaDb::start(), WorkDir::new());
    let php = php(&mariadb.url(), &dir);
    let code =
        "session('known', 1); checkpoint('here'); echo session('known', 2), session('known');";
    let output = run_with_pause(&php, &dir, code, || {
        assert!(mariadb.kill_connections() > 0);
    });
    assert_eq!(output.ok(), "12");
}

#[test]
fn a_write_after_a_kill_is_stored_if_nobody_else_wrote() {
    for (code, n) in [(CHANGE, "2"), (NO_CHANGE, "1")] {
        let (mariadb, dir) = (MariaDb::start(), WorkDir::new());
        let php = php(&mariadb.url(), &dir);
        let output = run_with_pause(&php, &dir, code, || {
            assert!(mariadb.kill_connections() > 0);
        });
        assert_eq!(output.ok(), "on");
        assert_eq!(stored_n(&php), n);
    }
}

#[test]
fn a_write_after_a_kill_is_refused_if_it_would_lose_an_update() {
    let (mariadb, dir) = (MariaDb::start(), WorkDir::new());
    let php = php(&mariadb.url(), &dir);
    let output = run_with_pause(&php, &dir, CHANGE, || {
        assert!(mariadb.kill_connections() > 0);
        // This succeeds at once, because the server releases the lock with the connection.
        let other = php.run_code(&with_checkpoints("echo session('known', 10);"));
        assert_eq!(other.ok(), "1");
    });
    assert_eq!(stored_n(&php), "10", "an update is lost");
    assert_warned(&output, &["lost the session's lock"]);
}

#[test]
fn a_touch_after_a_kill_is_silent_if_another_wrote() {
    let (mariadb, dir) = (MariaDb::start(), WorkDir::new());
    let php = php(&mariadb.url(), &dir);
    let output = run_with_pause(&php, &dir, NO_CHANGE, || {
        mariadb.kill_connections();
        php.run_code(&with_checkpoints("session('known', 10);"))
            .ok();
    });
    assert_eq!(output.ok(), "on");
    assert_eq!(stored_n(&php), "10");
}

#[test]
fn a_write_after_a_kill_does_not_revive_a_destroyed_session() {
    let destroy = "session_id('known'); session_start(); session_destroy();";
    for (again, n) in [("", "none"), ("session('known', 20);", "20")] {
        let (mariadb, dir) = (MariaDb::start(), WorkDir::new());
        let php = php(&mariadb.url(), &dir);
        let output = run_with_pause(&php, &dir, CHANGE, || {
            mariadb.kill_connections();
            php.run_code(&with_checkpoints(&format!("{destroy} {again}")))
                .ok();
        });
        assert_warned(&output, &["destroyed"]);
        assert_eq!(stored_n(&php), n);
    }
}

#[test]
fn a_new_session_survives_a_kill_before_its_first_write() {
    for id in ["", "known"] {
        let (mariadb, dir) = (MariaDb::start(), WorkDir::new());
        let php = php(&mariadb.url(), &dir);
        let code = format!(
            "session_id('{id}'); session_start(); $_SESSION['n'] = 3; checkpoint('here'); session_write_close();
             echo session(session_id());"
        );
        let output = run_with_pause(&php, &dir, &code, || {
            assert!(mariadb.kill_connections() > 0);
        });
        assert_eq!(output.ok(), "3", "id {id:?}");
    }
}

#[test]
fn a_killed_waiter_gets_the_session_or_a_timely_exception() {
    let (mariadb, dir) = (MariaDb::start(), WorkDir::new());
    let php = php(&mariadb.url(), &dir);
    let mut owner = php.spawn_code(&with_checkpoints(
        "session('known', 1); session_id('known'); session_start(); $_SESSION['n'] = 2; checkpoint('held');",
    ));
    wait_at(&mut owner, "held");
    let owners = mariadb.connections();
    let waiter = php.spawn_code(&with_checkpoints("echo session('known');"));
    let waiting = eventually("somebody waits", SOON, || {
        mariadb
            .connections()
            .into_iter()
            .find(|id| !owners.contains(id))
    });
    thread::sleep(Duration::from_millis(300));
    mariadb.sql(&format!("KILL {waiting}"));
    thread::sleep(Duration::from_millis(300));
    release(&dir, "held");
    assert_eq!(owner.wait().ok(), "");
    let output = waiter.wait();
    assert!(
        output.stdout == "2" || output.stderr.contains("Rsso\\StoreException"),
        "{output:#?}"
    );
    assert_eq!(stored_n(&php), "2");
}

#[test]
fn a_restart_between_requests_is_not_noticed() {
    for crash in [false, true] {
        let (mut mariadb, dir) = (MariaDb::start(), WorkDir::new());
        let php = php(&mariadb.url(), &dir);
        let code =
            "session('known', 1); checkpoint('here'); echo session('known', 2), session('known');";
        let output = run_with_pause(&php, &dir, code, || restart(&mut mariadb, crash));
        assert_eq!(output.ok(), "12", "crash: {crash}");
    }
}

#[test]
fn a_restart_between_read_and_write_loses_nothing() {
    for crash in [false, true] {
        let (mut mariadb, dir) = (MariaDb::start(), WorkDir::new());
        let php = php(&mariadb.url(), &dir);
        let output = run_with_pause(&php, &dir, CHANGE, || restart(&mut mariadb, crash));
        assert_eq!(output.ok(), "on", "crash: {crash}");
        assert_eq!(stored_n(&php), "2", "crash: {crash}");
    }
}

#[test]
fn a_restart_between_read_and_write_overwrites_no_other_write() {
    let (mut mariadb, dir) = (MariaDb::start(), WorkDir::new());
    let php = php(&mariadb.url(), &dir);
    let output = run_with_pause(&php, &dir, CHANGE, || {
        restart(&mut mariadb, false);
        php.run_code(&with_checkpoints("session('known', 10);"))
            .ok();
    });
    assert_eq!(stored_n(&php), "10", "an update is lost");
    assert_warned(&output, &["lost the session's lock"]);
}

fn restart(mariadb: &mut MariaDb, crash: bool) {
    if crash {
        mariadb.kill9();
    }
    mariadb.restart();
}
