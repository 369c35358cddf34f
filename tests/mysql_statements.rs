//! How many statements a session costs a MySQL server, counted in its general log.
//!
//! The count is the difference between a short and a long run of one process, so that it excludes the connection.

use std::thread;
use std::time::{Duration, Instant};

use crate::common::checkpoints::{php, release, wait_at, with_checkpoints};
use rsso_testkit::mariadb::Statement;
use rsso_testkit::{MariaDb, WorkDir};

const SHORT: usize = 5;
const LONG: usize = 25;

/// Asserts that one `session` costs at most this many statements.
///
/// It is PHP code that runs with a different `$i` each time.
fn assert_costs(session: &str, ini: &[(&str, &str)], at_most: usize) {
    // Strict mode would not accept a given id for a new session.
    let known = "$strict = ini_set('session.use_strict_mode', '0'); session('known', 0); \
                 ini_set('session.use_strict_mode', $strict);";
    assert_costs_after(known, session, ini, at_most);
}

/// [`assert_costs`] after the PHP code `before`.
fn assert_costs_after(before: &str, session: &str, ini: &[(&str, &str)], at_most: usize) {
    assert_costs_with(before, session, ini, at_most, |_| 0);
}

/// [`assert_costs_after`] with this many more statements for the time that the sessions took.
fn assert_costs_with(
    before: &str,
    session: &str,
    ini: &[(&str, &str)],
    at_most: usize,
    refreshes: fn(Duration) -> usize,
) {
    let (mariadb, dir) = (MariaDb::start(), WorkDir::new());
    let php = ini
        .iter()
        .fold(php(&mariadb.url(), &dir), |php, (name, value)| {
            php.ini(name, value)
        });
    let run = |times: usize| -> Vec<Statement> {
        let code = format!(
            "{before} checkpoint('run{times}'); for ($i = 1; $i <= {times}; $i++) {{ {session} }}"
        );
        let log = mariadb.general_log();
        let mut script = php.spawn_code(&with_checkpoints(&code));
        wait_at(&mut script, &format!("run{times}"));
        log.take();
        release(&dir, &format!("run{times}"));
        assert_eq!(script.wait().ok(), "");
        log.take_round_trips()
    };
    let short = run(SHORT);
    let since = Instant::now();
    let long = run(LONG);
    let refreshes = refreshes(since.elapsed());
    let more = long.len() - short.len();
    let sessions = LONG - SHORT;
    let last: Vec<_> = long
        .iter()
        .rev()
        .take(2 * at_most + 2)
        .map(|statement| format!("{}: {:.200}", statement.command, statement.text))
        .collect();
    assert!(
        more <= at_most * sessions + refreshes,
        "{more} statements for {sessions} sessions instead of {at_most} each: {session}\nthe last ones, backwards: {last:#?}"
    );
    assert!(more >= sessions, "nothing was counted: {session}");
}

#[test]
fn an_existing_session_costs_two_statements() {
    for strict in ["0", "1"] {
        for session in ["session('known', $i);", "session('known');"] {
            assert_costs(session, &[("session.use_strict_mode", strict)], 2);
        }
    }
}

#[test]
fn a_session_whose_expiry_is_extended_costs_three_statements() {
    for session in ["session('known', $i);", "session('known');"] {
        let later = "ini_set('session.gc_maxlifetime', ini_get('session.gc_maxlifetime') + 1000);";
        assert_costs(&format!("{later} {session}"), &[], 3);
    }
}

#[test]
fn a_new_session_costs_two_statements() {
    assert_costs("session('', $i);", &[], 2);
}

#[test]
fn a_session_that_is_only_read_costs_two_statements() {
    assert_costs(
        "session_id('known'); session_start(['read_and_close' => true]);",
        &[],
        2,
    );
}

/// The login of a session, and the reason why it ended, are read with the session.
#[test]
fn a_login_costs_no_more_statements() {
    let claim = "session_id('known'); session_start(); sso_claim('alice', 'web', ['rotate_id' => false]); \
                 session_write_close();";
    for (session, strict) in [
        ("session('known', $i);", "0"),
        ("session('known', $i);", "1"),
        ("session('known');", "0"),
        (
            "session_id('known'); session_start(); sso_current() ?? exit('no login'); session_write_close();",
            "0",
        ),
    ] {
        // Once before, with and without touching the login, so that preparing statements is not counted.
        let before = format!(
            "$strict = ini_set('session.use_strict_mode', '0'); {claim} \
             ini_set('session.use_strict_mode', $strict); $i = 0; {session} sleep(1); {session}"
        );
        // The login is touched once a second, with one more statement.
        let refreshes = |took: Duration| usize::try_from(took.as_secs()).unwrap() + 1;
        let ini = [("session.use_strict_mode", strict)];
        assert_costs_with(&before, session, &ini, 2, refreshes);
    }
    let asks = "session_id('known'); session_start(); sso_kicked() ?? exit('not kicked'); session_abort();";
    let before = format!("{claim} sso_kick('alice'); {asks}");
    // The reason of the kick is read after the missing session.
    assert_costs_after(&before, asks, &[], 3);
}

/// Nineteen for the claim, which kicks the user's other login, and four for the new session.
#[test]
fn a_claim_in_place_of_another_login_costs_23_statements() {
    let claim = "session_id(bin2hex(random_bytes(16))); session_start(); \
                 sso_claim('alice', 'web', ['rotate_id' => false, 'max_logins' => 1]); session_write_close();";
    let ini = [("session.use_strict_mode", "0"), ("rsso.storm_limit", "0")];
    assert_costs_after(&format!("{claim} {claim} {claim}"), claim, &ini, 23);
}

#[test]
fn destroying_a_session_without_a_login_costs_three_statements() {
    // Four come before: the missing session, the reason why it is missing, and the new session with its lock.
    let destroys = "session_id('known'); session_start(); session_destroy();";
    assert_costs(&format!("session('known', 1); {destroys}"), &[], 7);
}

#[test]
fn a_session_without_locks_costs_two_statements() {
    let without = [("rsso.lock", "0")];
    assert_costs("session('known', $i);", &without, 2);
    assert_costs("session('known');", &without, 2);
}

#[test]
fn nothing_is_sent_while_waiting() {
    let (mariadb, dir) = (MariaDb::start(), WorkDir::new());
    let php = php(&mariadb.url(), &dir);
    let mut owner = php.spawn_code(&with_checkpoints(
        "session('known', 1); session_id('known'); session_start(); checkpoint('held'); $_SESSION['n'] = 2;",
    ));
    wait_at(&mut owner, "held");
    let log = mariadb.general_log();
    let waiter = php.spawn_code(&with_checkpoints("echo session('known');"));
    thread::sleep(Duration::from_millis(700));
    assert!(!log.take_round_trips().is_empty(), "nobody waits");
    thread::sleep(Duration::from_millis(1500));
    let sent = log.take();
    assert!(sent.is_empty(), "sent while waiting: {sent:#?}");
    release(&dir, "held");
    assert_eq!(owner.wait().ok(), "");
    assert_eq!(waiter.wait().ok(), "2");
}
