//! Time columns of an existing table: too small ones are refused, and the others hold any lifetime.

use std::time::Duration;

use rsso_core::store::Outcome;
use rsso_testkit::MariaDb;

use crate::common::fixture::HOUR;
use crate::common::mysql_helpers::{
    EXISTING_TABLE, connect, create_existing_table, error_text, new_key,
};

/// The longest lifetime that PHP's `session.gc_maxlifetime` can express.
const FOR_EVER: Duration = Duration::from_secs(i64::MAX.unsigned_abs());

#[test]
fn a_column_too_small_for_a_time_is_an_error_at_first_use() {
    let mariadb = MariaDb::start();
    for (kind, name) in [
        ("SMALLINT UNSIGNED", "smallint"),
        ("MEDIUMINT", "mediumint"),
        ("TINYINT", "tinyint"),
        ("DECIMAL(9,0)", "decimal"),
        ("VARCHAR(8)", "varchar"),
    ] {
        create_existing_table(&mariadb, kind, "InnoDB");
        let mut owner = connect(&mariadb.url(), &EXISTING_TABLE);
        let error = error_text(owner.try_lock(&new_key(&EXISTING_TABLE), HOUR, HOUR));
        for words in ["rsso.mysql_columns", "sess_lifetime", name, "ALTER TABLE"] {
            assert!(error.contains(words), "{kind}, without {words}: {error}");
        }
    }
}

#[test]
fn a_session_that_never_expires_is_kept() {
    let mariadb = MariaDb::start();
    let kinds = [
        "INT",
        "INT UNSIGNED",
        "BIGINT",
        "BIGINT UNSIGNED",
        "DECIMAL(10,0)",
    ];
    for kind in [None].into_iter().chain(kinds.map(Some)) {
        if let Some(kind) = kind {
            create_existing_table(&mariadb, kind, "InnoDB");
        }
        let directives = if kind.is_some() {
            &EXISTING_TABLE[..]
        } else {
            &[]
        };
        let (mut a, mut b) = (
            connect(&mariadb.url(), directives),
            connect(&mariadb.url(), directives),
        );
        let key = new_key(directives);
        a.put(&key, b"first", FOR_EVER);
        let held = a.read_locked(&key);
        assert_eq!(held.data.as_deref(), Some(&b"first"[..]), "{kind:?}");
        assert!(matches!(a.touch(&held, FOR_EVER), Outcome::Stored(_)));
        let held = a.read_locked(&key);
        let outcome = a.write_for(&held, b"second", FOR_EVER);
        assert!(matches!(outcome, Outcome::Stored(_)), "{kind:?}");
        assert_eq!(b.peek(&key).unwrap(), b"second", "{kind:?}");
        a.store.gc(None).unwrap();
        assert_eq!(b.peek(&key).unwrap(), b"second", "{kind:?}");
    }
}
