//! The columns of an existing table that hold times: how much they hold.

use std::time::Duration;

use rsso_core::store::Outcome;
use rsso_testkit::MariaDb;

use crate::common::fixture::HOUR;
use crate::common::mysql_helpers::{MAPPED, complaint, key, make_mapped_table, worker};

/// As long as PHP's `session.gc_maxlifetime` can say.
const FOR_EVER: Duration = Duration::from_secs(i64::MAX.unsigned_abs());

#[test]
fn a_column_too_small_for_a_time_is_noticed_when_the_table_is_looked_at() {
    let mariadb = MariaDb::start();
    for (kind, name) in [
        ("SMALLINT UNSIGNED", "smallint"),
        ("MEDIUMINT", "mediumint"),
        ("TINYINT", "tinyint"),
        ("DECIMAL(9,0)", "decimal"),
        ("VARCHAR(8)", "varchar"),
    ] {
        make_mapped_table(&mariadb, kind, "InnoDB");
        let mut owner = worker(&mariadb.url(), &MAPPED);
        let said = complaint(owner.try_lock(&key(&MAPPED), HOUR, HOUR));
        for words in ["rsso.mysql_columns", "sess_lifetime", name, "ALTER TABLE"] {
            assert!(said.contains(words), "{kind}, without {words}: {said}");
        }
    }
}

#[test]
fn a_session_that_lives_for_ever_is_kept() {
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
            make_mapped_table(&mariadb, kind, "InnoDB");
        }
        let directives = if kind.is_some() { &MAPPED[..] } else { &[] };
        let (mut a, mut b) = (
            worker(&mariadb.url(), directives),
            worker(&mariadb.url(), directives),
        );
        let key = key(directives);
        a.put(&key, b"first", FOR_EVER);
        let held = a.locked(&key);
        assert_eq!(held.data.as_deref(), Some(&b"first"[..]), "{kind:?}");
        assert!(matches!(a.touch(&held, FOR_EVER), Outcome::Stored(_)));
        let held = a.locked(&key);
        let outcome = a.write_for(&held, b"second", FOR_EVER);
        assert!(matches!(outcome, Outcome::Stored(_)), "{kind:?}");
        assert_eq!(b.peek(&key).unwrap(), b"second", "{kind:?}");
        a.store.gc(None).unwrap();
        assert_eq!(b.peek(&key).unwrap(), b"second", "{kind:?}");
    }
}
