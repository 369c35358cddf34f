//! A MySQL server that cuts connections, restarts, hangs or refuses: nothing is lost silently, an error comes in time,
//! and no password is told.

use std::time::{Duration, Instant};

use crate::common::SOON;
use crate::common::checkpoints::{
    php, release, run_with_pause, stored_n, wait_at, with_checkpoints,
};
use crate::common::pages::docroot;
use rsso_testkit::php::Output;
use rsso_testkit::{FpmConfig, Handler, MariaDb, Nginx, Php, PhpFpm, WorkDir};

/// How many seconds an answer may take: well below the handler's longest wait for a lock by default.
const IN_TIME: Duration = Duration::from_secs(8);

fn php_with_short_timeouts(dsn: &str, dir: &WorkDir) -> Php {
    php(dsn, dir)
        .ini("rsso.connect_timeout", "1")
        .ini("rsso.read_timeout", "1")
}

/// Holds the session `known`, with `n` changed from 1 to 2, over the gate `here`.
const CHANGE: &str =
    "session('known', 1); session_id('known'); session_start(); $_SESSION['n'] = 2;
    checkpoint('here'); session_write_close(); echo 'on';";

/// As [`CHANGE`], without a change.
const NO_CHANGE: &str = "session('known', 1); session_id('known'); session_start();
    checkpoint('here'); session_write_close(); echo 'on';";

/// The script went on, with one warning that says so.
fn assert_warned(output: &Output, words: &[&str]) {
    assert!(
        output.status.success() && output.stdout == "on",
        "{output:#?}"
    );
    assert_eq!(
        output.stderr.matches("Warning").count(),
        1,
        "{}",
        output.stderr
    );
    for word in words {
        assert!(
            output.stderr.contains(word),
            "without {word:?}: {}",
            output.stderr
        );
    }
}

fn assert_store_exception(output: &Output, mariadb: &MariaDb) {
    let output = format!("{}{}", output.stdout, output.stderr);
    assert!(output.contains("Rsso\\StoreException"), "{output}");
    assert!(
        !output.contains(mariadb.password()),
        "the password is in the message"
    );
}

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
        // At once: the server frees the lock with the connection.
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
    let waiting = rsso_testkit::eventually("somebody waits", SOON, || {
        mariadb
            .connections()
            .into_iter()
            .find(|id| !owners.contains(id))
    });
    std::thread::sleep(Duration::from_millis(300));
    mariadb.sql(&format!("KILL {waiting}"));
    std::thread::sleep(Duration::from_millis(300));
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

/// Below, near and above the limit: a session fits, or there is a warning that says why and nothing has changed.
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
    // What is near the limit is stored, or told of.
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
    // What the server found in its socket when it went on may have been carried out, or not.
    let n = stored_n(&php);
    assert!(n == "1" || n == "2", "{n}");
}

/// The statement is in the server's socket: it may be carried out when it goes on.
#[test]
fn a_write_to_a_paused_server_has_an_unknown_outcome() {
    for handler in ["", "session_set_save_handler(new Rsso\\SessionHandler());"] {
        let (mariadb, dir) = (MariaDb::start(), WorkDir::new());
        let php = php_with_short_timeouts(&mariadb.url(), &dir);
        // Twice before: a statement that is only prepared is certainly not carried out.
        let code = format!("{handler} session('known', 0); session('known', 1); {CHANGE}");
        let output = run_with_pause(&php, &dir, &code, || mariadb.pause());
        mariadb.resume();
        // PHP has a warning of its own for an object's.
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

/// The table is made on first use where that is allowed; where it is not, the message names the command that does it.
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
    // With the tables there, these rights are all it needs.
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

fn assert_no_deadlock(mariadb: &MariaDb) {
    let status = mariadb.sql("SHOW ENGINE INNODB STATUS");
    assert!(
        !status.contains("LATEST DETECTED DEADLOCK"),
        "a deadlock:\n{status}"
    );
    assert_eq!(mariadb.deadlocks(), 0);
}

/// Eight processes, let go at once, 20 times.
#[test]
fn eight_processes_that_start_a_session_cause_no_deadlock() {
    let (mariadb, dir) = (MariaDb::start(), WorkDir::new());
    let php = php(&mariadb.url(), &dir).limit(Duration::from_secs(60));
    // The first run makes the tables too, all eight at once.
    let code = with_checkpoints(
        "checkpoint('start'); for ($i = 0; $i < 20; $i++) {
            session_id(\"new$i\"); session_start(); $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1; session_write_close();
        }",
    );
    let mut processes: Vec<_> = (0..8).map(|_| php.spawn_code(&code)).collect();
    for process in &mut processes {
        wait_at(process, "start");
    }
    release(&dir, "start");
    for process in processes {
        assert_eq!(process.wait().ok(), "");
    }
    let sums = php.run_code(&with_checkpoints(
        "for ($i = 0; $i < 20; $i++) $n[session(\"new$i\")] = 1; echo implode(',', array_keys($n));",
    ));
    assert_eq!(sums.ok(), "8");
    assert_no_deadlock(&mariadb);
}

/// Without locks nothing orders the writers but the server; sessions come, go and expire beside each other.
#[test]
fn eight_processes_that_start_and_end_sessions_cause_no_deadlock() {
    for lock in ["1", "0"] {
        let (mariadb, dir) = (MariaDb::start(), WorkDir::new());
        let php = php(&mariadb.url(), &dir)
            .ini("rsso.lock", lock)
            .ini("session.gc_maxlifetime", "1")
            .limit(Duration::from_secs(60));
        let code = with_checkpoints(
            "set_error_handler(fn () => true); checkpoint('start'); $end = hrtime(true) + 4e9;
            for ($i = 0; hrtime(true) < $end; $i++) {
                session('', $i);
                session('shared' . $i % 5, $i);
                session_id('shared' . ($i + 1) % 5); session_start();
                if ($i % 3 === 0) session_regenerate_id(true);
                if ($i % 7 === 0) session_destroy(); else session_write_close();
                if ($i % 10 === 0) { session_id(''); session_start(); session_gc(); session_write_close(); }
            }",
        );
        let mut processes: Vec<_> = (0..8).map(|_| php.spawn_code(&code)).collect();
        for process in &mut processes {
            wait_at(process, "start");
        }
        release(&dir, "start");
        for process in processes {
            assert_eq!(process.wait().ok(), "", "rsso.lock={lock}");
        }
        assert_no_deadlock(&mariadb);
    }
}
