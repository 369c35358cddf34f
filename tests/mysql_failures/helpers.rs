//! Scripts and checks that the tests of failures share.

use std::time::Duration;

use crate::common::checkpoints::php;
use rsso_testkit::php::Output;
use rsso_testkit::{MariaDb, Php, WorkDir};

/// How many seconds an answer may take: well below the handler's longest wait for a lock by default.
pub const IN_TIME: Duration = Duration::from_secs(8);

pub fn php_with_short_timeouts(dsn: &str, dir: &WorkDir) -> Php {
    php(dsn, dir)
        .ini("rsso.connect_timeout", "1")
        .ini("rsso.read_timeout", "1")
}

/// Holds the session `known`, with `n` changed from 1 to 2, over the gate `here`.
pub const CHANGE: &str =
    "session('known', 1); session_id('known'); session_start(); $_SESSION['n'] = 2;
    checkpoint('here'); session_write_close(); echo 'on';";

/// As [`CHANGE`], without a change.
pub const NO_CHANGE: &str = "session('known', 1); session_id('known'); session_start();
    checkpoint('here'); session_write_close(); echo 'on';";

/// The script went on, with one warning that says so.
pub fn assert_warned(output: &Output, words: &[&str]) {
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

pub fn assert_store_exception(output: &Output, mariadb: &MariaDb) {
    let output = format!("{}{}", output.stdout, output.stderr);
    assert!(output.contains("Rsso\\StoreException"), "{output}");
    assert!(
        !output.contains(mariadb.password()),
        "the password is in the message"
    );
}
