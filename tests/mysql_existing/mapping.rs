//! Columns that do not fit, and ids and values that only some tables tell apart.

use super::old_sites::{INNODB, LAST_ACCESS_COLUMNS, MYISAM, SYMFONY};
use super::shared_table::SharedTable;
use crate::common::checkpoints::{php, release, wait_at, with_checkpoints};
use rsso_testkit::{MariaDb, WorkDir};

/// Data that the column cannot hold are a warning, and the stored session stays.
#[test]
fn data_too_large_for_the_column_is_a_warning() {
    let shared = SharedTable::new(&INNODB);
    let output = shared.rsso().run_code(&with_checkpoints(
        r#"session('known', 1); session_id('known'); session_start(); $_SESSION['bytes'] = "\xff\xfe\0"; session_write_close(); echo 'on';"#,
    ));
    assert_eq!(output.stdout, "on", "{output:#?}");
    assert!(
        output.stderr.contains("should be a BLOB"),
        "{}",
        output.stderr
    );
    assert_eq!(shared.run_old("echo session('known');"), "1");
    let shared = SharedTable::new(&MYISAM);
    let output = shared.rsso().run_code(&with_checkpoints(
        "session('known', 1); session_id('known'); session_start(); $_SESSION['long'] = str_repeat('x', 70000); session_write_close(); echo 'on';",
    ));
    assert_eq!(output.stdout, "on", "{output:#?}");
    assert!(
        output.stderr.contains("does not fit the column"),
        "{}",
        output.stderr
    );
    assert_eq!(shared.run_old("echo session('known');"), "1");
}

/// In the default collation of `varchar`, `ABC` equals `abc`; no visitor may get another's session for that.
#[test]
fn ids_that_differ_only_in_case_share_no_session() {
    for site in [&INNODB, &MYISAM] {
        let shared = SharedTable::new(site);
        shared.run_old("session('abc', 1);");
        for strict in ["0", "1"] {
            let php = shared.rsso().ini("session.use_strict_mode", strict);
            let output = php.run_code(&with_checkpoints("echo session('ABC', 2);"));
            assert_eq!(output.stdout, "");
            assert!(
                output.stderr.contains("rsso.mysql_columns")
                    && output.stderr.contains("Rsso\\StoreException"),
                "{}",
                output.stderr
            );
        }
        shared.run_rsso("(new Rsso\\SessionHandler)->destroy('ABC');");
        // The exception has released the lock, although its process lives.
        let mut caught = shared.rsso().spawn_code(&with_checkpoints(
            "try { session('ABC'); } catch (Rsso\\StoreException) { checkpoint('caught'); }",
        ));
        wait_at(&mut caught, "caught");
        let with_short_wait = shared.rsso().ini("rsso.lock_wait", "0.5");
        for id in ["abc", "ABC"] {
            let output =
                with_short_wait.run_code(&with_checkpoints(&format!("echo session('{id}');")));
            assert!(!output.stderr.contains("LockTimeout"), "{}", output.stderr);
        }
        release(&shared.dir, "caught");
        assert_eq!(caught.wait().ok(), "");
    }
    let shared = SharedTable::new(&SYMFONY);
    assert_eq!(
        shared
            .run_rsso("session('abc', 1); session('ABC', 2); echo session('abc'), session('ABC');"),
        "12"
    );
}

#[test]
fn a_wrong_mapping_is_an_exception_that_names_the_directive() {
    let mariadb = MariaDb::start();
    mariadb.sql(INNODB.create);
    mariadb.sql(
        "CREATE VIEW seen AS SELECT * FROM sessions;
         CREATE TABLE keyless (id varchar(32), data text, t int);
         CREATE TABLE dated (id varchar(32) PRIMARY KEY, data text, t timestamp)",
    );
    let dir = WorkDir::new();
    for (table, columns, words) in [
        (
            "nonesuch",
            LAST_ACCESS_COLUMNS,
            ["rsso.mysql_table", "nonesuch"],
        ),
        (
            "app.sessions",
            LAST_ACCESS_COLUMNS,
            ["rsso.mysql_table", "app.sessions"],
        ),
        ("seen", LAST_ACCESS_COLUMNS, ["rsso.mysql_table", "VIEW"]),
        (
            "sessions",
            "id=sid,data=session_data,time=session_last_access",
            ["rsso.mysql_columns", "'sid'"],
        ),
        (
            "sessions",
            "id=session_id,data=d,time=session_last_access",
            ["rsso.mysql_columns", "'d'"],
        ),
        (
            "sessions",
            "id=session_id,data=session_data,expires=e",
            ["rsso.mysql_columns", "'e'"],
        ),
        (
            "keyless",
            "id=id,data=data,time=t",
            ["rsso.mysql_columns", "unique"],
        ),
        (
            "dated",
            "id=id,data=data,time=t",
            ["rsso.mysql_columns", "timestamp"],
        ),
        ("sessions", "", ["rsso.mysql_columns", "id=COLUMN"]),
    ] {
        let php = php(&mariadb.url(), &dir)
            .ini("rsso.mysql_table", table)
            .ini("rsso.mysql_columns", columns);
        let output = php.run_code(&with_checkpoints("session('known', 1);"));
        assert!(
            output.stderr.contains("Rsso\\")
                && words.iter().all(|word| output.stderr.contains(word)),
            "{table} {columns}: {}",
            output.stderr
        );
        assert!(!output.stderr.contains(mariadb.password()));
    }
    assert_eq!(mariadb.sql("SELECT COUNT(*) FROM sessions"), "0");
}

#[test]
fn a_null_is_an_empty_session() {
    let shared = SharedTable::new(&INNODB);
    shared.mariadb.sql(&format!(
        "INSERT INTO sessions SET session_id = 'known', session_data = NULL, {}",
        shared.site.live
    ));
    assert_eq!(shared.run_rsso("echo session('known') ?? 'none';"), "none");
    assert_eq!(
        shared.run_rsso("echo session('known', 1) ?? 'none';"),
        "none"
    );
    assert_eq!(shared.run_old("echo session('known');"), "1");
}
