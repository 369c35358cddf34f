//! Scripts and checks that the tests of failures share.

use std::time::Duration;

use crate::common::checkpoints::php;
use rsso_testkit::php::Output;
use rsso_testkit::{MariaDb, Php, WorkDir};

/// How long an answer may take: well below the default lock wait.
pub const IN_TIME: Duration = Duration::from_secs(8);

/// PHP with timeouts of one second.
pub fn php_with_short_timeouts(dsn: &str, dir: &WorkDir) -> Php {
    php(dsn, dir)
        .ini("rsso.connect_timeout", "1")
        .ini("rsso.read_timeout", "1")
}

/// A script that changes `n` of the session `known` from 1 to 2; it stops at `here` before it writes.
pub const CHANGE: &str =
    "session('known', 1); session_id('known'); session_start(); $_SESSION['n'] = 2;
    checkpoint('here'); session_write_close(); echo 'on';";

/// [`CHANGE`] without the change.
pub const NO_CHANGE: &str = "session('known', 1); session_id('known'); session_start();
    checkpoint('here'); session_write_close(); echo 'on';";

/// Asserts that the script continued, with one warning that contains these words.
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

/// Asserts that the script failed with a `StoreException` that does not contain the password.
pub fn assert_store_exception(output: &Output, mariadb: &MariaDb) {
    let output = format!("{}{}", output.stdout, output.stderr);
    assert!(output.contains("Rsso\\StoreException"), "{output}");
    assert!(
        !output.contains(mariadb.password()),
        "the password is in the message"
    );
}
