//! How many round trips to Redis a session costs, counted by a proxy.
//!
//! The count is the difference between a short and a long run of one process, so that it excludes the connection.

use crate::common::php::php_without_cookies;
use rsso_testkit::{Handler, Proxy, RedisServer, WorkDir};

const SHORT: u64 = 5;
const LONG: u64 = 25;

/// The round trips of one `session`, to a tenth.
///
/// It is PHP code that runs with a different `$i` each time.
fn round_trips_of(prepare: &str, session: &str, ini: &[(&str, &str)]) -> f64 {
    let redis = RedisServer::start();
    let proxy = Proxy::start(redis.port());
    let dir = WorkDir::new();
    let handler = Handler::Dsn(format!("redis://127.0.0.1:{}", proxy.port()));
    let mut php = php_without_cookies(&handler, dir.path());
    for (name, value) in ini {
        php = php.ini(name, value);
    }
    let run = |times: u64| {
        // Strict mode would not accept a given id for a new session.
        let prepare = format!(
            "$strict = ini_get('session.use_strict_mode'); ini_set('session.use_strict_mode', '0');
             {prepare} ini_set('session.use_strict_mode', $strict);"
        );
        let code = format!("<?php {prepare} for ($i = 1; $i <= {times}; $i++) {{ {session} }}");
        let (trips, output) = proxy.count(|| php.run_code(&code));
        assert_eq!(output.ok(), "");
        trips
    };
    // The first run finds none of rsso's scripts on the server. Each of the others follows one that ended with another `$i`
    // than it begins with.
    run(2);
    // An answer that nobody waits for may pass the proxy together with the next one, and count less: the highest of several
    // short runs has all.
    let short = (0..3).map(|_| run(SHORT)).max().unwrap_or_default();
    let long = run(LONG);
    #[expect(clippy::cast_precision_loss, reason = "a few dozen")]
    let per_session = (long - short) as f64 / (LONG - SHORT) as f64;
    (per_session * 10.0).round() / 10.0
}

const KNOWN: &str =
    "session_id('known'); session_start(); $_SESSION['n'] = 0; session_write_close();";

/// [`KNOWN`] with a login, without a new id.
const LOGGED_IN: &str = "session_id('known'); session_start(); $_SESSION['n'] = 0;
    sso_claim('alice', 'web', ['rotate_id' => false]); session_write_close();";

fn assert_costs(session: &str, ini: &[(&str, &str)], at_most: f64) {
    assert_costs_after(KNOWN, session, ini, at_most);
}

fn assert_costs_after(prepare: &str, session: &str, ini: &[(&str, &str)], at_most: f64) {
    let trips = round_trips_of(prepare, session, ini);
    assert!(
        trips <= at_most,
        "{trips} round trips instead of {at_most}: {session}"
    );
    assert!(trips > 0.0, "nothing was counted: {session}");
}

#[test]
fn an_existing_session_that_changes_costs_two_round_trips() {
    let session =
        "session_id('known'); session_start(); $_SESSION['n'] = $i; session_write_close();";
    assert_costs(session, &[("session.use_strict_mode", "0")], 2.0);
    assert_costs(session, &[("session.use_strict_mode", "1")], 2.0);
}

#[test]
fn an_existing_session_that_does_not_change_costs_two_round_trips() {
    assert_costs(
        "session_id('known'); session_start(); session_write_close();",
        &[],
        2.0,
    );
}

#[test]
fn a_new_session_costs_one_round_trip_or_two_with_a_given_id() {
    assert_costs(
        "session_id(session_create_id()); session_start(); $_SESSION['n'] = $i; session_write_close();",
        &[],
        2.0,
    );
    assert_costs(
        "session_id(''); session_start(); $_SESSION['n'] = $i; session_write_close();",
        &[],
        1.0,
    );
}

#[test]
fn a_session_that_is_only_read_costs_two_round_trips() {
    assert_costs(
        "session_id('known'); session_start(['read_and_close' => true]);",
        &[],
        2.0,
    );
}

#[test]
fn a_login_costs_no_more_round_trips() {
    let changed = "session_id('known'); session_start(); $_SESSION['n'] = $i;";
    for (session, costs) in [
        (format!("{changed} session_write_close();"), 2.0),
        (
            "session_id('known'); session_start(); session_write_close();".to_owned(),
            2.0,
        ),
        (
            "session_id('known'); session_start(['read_and_close' => true]);".to_owned(),
            2.0,
        ),
        // The login was read with the data, and claiming again changes nothing.
        (
            format!("{changed} sso_current()->uid; sso_claim('alice'); session_write_close();"),
            2.0,
        ),
    ] {
        for (strict, lock) in [("0", "1"), ("1", "1"), ("0", "0")] {
            let ini = [("session.use_strict_mode", strict), ("rsso.lock", lock)];
            assert_costs_after(LOGGED_IN, &session, &ini, costs);
        }
    }
}

/// Two round trips for the claim, which looks before it acts, and one for the new id, beside those of the session.
#[test]
fn a_claim_costs_two_round_trips_and_its_new_id_one() {
    let ini = [("rsso.storm_limit", "0")];
    let id = "session_id(\"known\"); session_start(); $_SESSION['n'] = $i;";
    let plain = round_trips_of(KNOWN, &format!("{id} session_write_close();"), &ini);
    for (options, costs) in [("", 3.0), (", 'web', ['rotate_id' => false]", 2.0)] {
        let claim = format!("{id} sso_claim('u' . $i{options}); session_write_close();");
        let trips = round_trips_of(KNOWN, &claim, &ini);
        assert!(
            trips <= plain + costs,
            "{trips} instead of {plain} and {costs}: {claim}"
        );
    }
}
