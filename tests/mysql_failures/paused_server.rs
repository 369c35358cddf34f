//! A server that hangs or is down: the error comes in time, and the worker recovers.

use std::time::{Duration, Instant};

use super::helpers::{
    CHANGE, IN_TIME, assert_store_exception, assert_warned, php_with_short_timeouts,
};
use crate::common::checkpoints::{
    php, release, run_with_pause, stored_n, wait_at, with_checkpoints,
};
use rsso_testkit::{MariaDb, WorkDir};

#[test]
fn a_paused_server_is_a_timely_exception_and_the_worker_recovers() {
    let (mariadb, dir) = (MariaDb::start(), WorkDir::new());
    let php = php_with_short_timeouts(&mariadb.url(), &dir);
    let mut script = php.spawn_code(&with_checkpoints(
        "session('known', 1); checkpoint('here'); $asked = hrtime(true);
         try { session('known', 2); echo 'no exception'; } catch (Rsso\\StoreException $e) { echo $e->getMessage(), \"\\n\"; }
         echo (hrtime(true) - $asked) / 1e9, \"\\n\"; checkpoint('there'); echo session('known', 3), session('known');",
    ));
    wait_at(&mut script, "here");
    mariadb.pause();
    release(&dir, "here");
    let message = script.line();
    let seconds: f64 = script.line().parse().expect("a number");
    wait_at(&mut script, "there");
    mariadb.resume();
    release(&dir, "there");
    assert_eq!(script.wait().ok(), "13");
    assert!(message.contains("mysql://"), "{message}");
    assert!(
        !message.contains(mariadb.password()),
        "the password is in the message"
    );
    assert!(seconds < IN_TIME.as_secs_f64(), "{seconds} s");
}

#[test]
fn a_server_paused_between_read_and_write_is_a_timely_warning() {
    let (mariadb, dir) = (MariaDb::start(), WorkDir::new());
    let php = php_with_short_timeouts(&mariadb.url(), &dir);
    let asked = Instant::now();
    let output = run_with_pause(&php, &dir, CHANGE, || mariadb.pause());
    let waited = asked.elapsed();
    mariadb.resume();
    assert_warned(&output, &["mysql://"]);
    assert!(
        !output.stderr.contains(mariadb.password()),
        "the password is in the message"
    );
    assert!(waited < IN_TIME, "{waited:?}");
    // The server may have executed the statement when it continued, or not.
    let n = stored_n(&php);
    assert!(n == "1" || n == "2", "{n}");
}

/// The statement waits in the server's socket, and may be executed when the server continues.
#[test]
fn a_write_to_a_paused_server_has_an_unknown_outcome() {
    for handler in ["", "session_set_save_handler(new Rsso\\SessionHandler());"] {
        let (mariadb, dir) = (MariaDb::start(), WorkDir::new());
        let php = php_with_short_timeouts(&mariadb.url(), &dir);
        // The statement was executed before, because one that is only prepared changes nothing.
        let code = format!("{handler} session('known', 0); session('known', 1); {CHANGE}");
        let output = run_with_pause(&php, &dir, &code, || mariadb.pause());
        mariadb.resume();
        // PHP adds its own warning for a handler object.
        assert_eq!(output.stdout, "on", "{output:#?}");
        for word in ["Warning", "not known whether", "mysql://"] {
            assert!(output.stderr.contains(word), "{}", output.stderr);
        }
        assert!(!output.stderr.contains("unchanged"), "{}", output.stderr);
    }
}

#[test]
fn a_paused_server_is_an_exception_for_a_new_worker() {
    let (mariadb, dir) = (MariaDb::start(), WorkDir::new());
    for dsn in [mariadb.url(), mariadb.unix_url()] {
        mariadb.pause();
        let asked = Instant::now();
        let output =
            php_with_short_timeouts(&dsn, &dir).run_code(&with_checkpoints("session('known', 1);"));
        let waited = asked.elapsed();
        mariadb.resume();
        assert_store_exception(&output, &mariadb);
        assert!(waited < IN_TIME, "{waited:?}");
    }
}

#[test]
fn a_stopped_server_is_an_immediate_exception_and_a_restarted_one_works() {
    let (mut mariadb, dir) = (MariaDb::start(), WorkDir::new());
    let php = php(&mariadb.url(), &dir);
    mariadb.kill9();
    for dsn in [mariadb.url(), mariadb.unix_url()] {
        let asked = Instant::now();
        let output = crate::common::checkpoints::php(&dsn, &dir)
            .run_code(&with_checkpoints("session('known', 1);"));
        assert_store_exception(&output, &mariadb);
        assert!(asked.elapsed() < Duration::from_secs(2));
    }
    mariadb.restart();
    php.run_code(&with_checkpoints("session('known', 1);")).ok();
    assert_eq!(stored_n(&php), "1");
}
