//! `rsso gc` on real stores removes expired sessions, but none that is in use.

use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::PathBuf;

use crate::common::{
    STORE_FAILED, json, lock_session, open_store, rsso, rsso_with, sqlite, sqlite_sessions,
    store_session,
};

use rsso_testkit::{MariaDb, WorkDir};

/// A SQLite database with the sessions `alive`, `used` (expired) and `expired1`, `expired2`, ...
fn sqlite_store(dir: &WorkDir, expired: usize) -> (PathBuf, String) {
    let path = dir.join("sessions.db");
    let dsn = format!("sqlite:{}", path.display());
    fill(&dsn, expired);
    sqlite(&path, "UPDATE rsso_sessions SET expires = 1");
    store_session(&mut *open_store(&dsn), "alive");
    (path, dsn)
}

fn fill(dsn: &str, expired: usize) {
    let mut store = open_store(dsn);
    store_session(&mut *store, "used");
    for at in 1..=expired {
        store_session(&mut *store, &format!("expired{at}"));
    }
}

#[test]
fn on_sqlite_only_expired_sessions_are_removed() {
    let dir = WorkDir::new();
    let (path, dsn) = sqlite_store(&dir, 3);
    let mut user = open_store(&dsn);
    lock_session(&mut *user, "used");
    assert_eq!(
        rsso(&["gc", "--dsn", &dsn]).ok(),
        format!("{dsn}: removed 3 expired sessions\n")
    );
    assert_eq!(sqlite_sessions(&path), 2);
    drop(user);
    let object = json(&rsso_with(&[("RSSO_DSN", &dsn)], &["gc", "--json"]).ok());
    assert_eq!(object, serde_json::json!({"removed": 1, "store": dsn}));
    assert_eq!(rsso(&["gc", "--quiet", "--dsn", &dsn]).ok(), "");
    assert_eq!(sqlite_sessions(&path), 1);
}

#[test]
fn a_missing_sqlite_file_is_not_created() {
    let dir = WorkDir::new();
    let path = dir.join("typo.db");
    let dsn = format!("sqlite:{}", path.display());
    let output = rsso(&["gc", "--dsn", &dsn]).failed(STORE_FAILED);
    assert!(output.contains("there is no such file"), "{output}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_file_that_is_no_database_is_a_store_error() {
    let dir = WorkDir::new();
    let path = dir.write(
        "text",
        &"not a database, but long enough to be one. ".repeat(100),
    );
    let dsn = format!("sqlite:{}", path.display());
    let output = rsso(&["gc", "--dsn", &dsn]).failed(STORE_FAILED);
    assert!(output.starts_with(&format!("rsso: {dsn}: ")), "{output}");
}

/// PHP cannot open a store whose write-ahead log belongs to root.
#[test]
fn root_creates_no_files_beside_another_users_database() {
    let dir = WorkDir::new();
    let (path, dsn) = sqlite_store(&dir, 1);
    if std::fs::metadata(&path).unwrap().uid() != 0 {
        return; // only root can be root
    }
    chown(&path, Some(33), Some(33)).unwrap();
    let output = rsso(&["gc", "--dsn", &dsn]).failed(STORE_FAILED);
    assert!(
        output.contains("runuser -u www-data -- rsso gc"),
        "{output}"
    );
    assert_eq!(sqlite_sessions(&path), 3);
}

#[test]
fn on_mariadb_only_expired_sessions_are_removed() {
    let mariadb = MariaDb::start();
    let url = mariadb.url();
    fill(&url, 450);
    mariadb.sql("UPDATE rsso_sessions SET expires = 1");
    let mut user = open_store(&url);
    lock_session(&mut *user, "used");
    store_session(&mut *open_store(&url), "alive");
    let output = rsso(&["gc", "--dsn", &url]).ok();
    assert!(
        output.ends_with(": removed 450 expired sessions\n"),
        "{output}"
    );
    assert!(!output.contains(mariadb.password()), "{output}");
    assert_eq!(mariadb.sql("SELECT COUNT(*) FROM rsso_sessions"), "2");
    drop(user);
    let object = json(&rsso(&["gc", "--json", "--dsn", &url]).ok());
    assert_eq!(object["removed"], 1);
    assert!(object["store"].as_str().unwrap().starts_with("mysql://app"));
    assert_eq!(rsso(&["gc", "--quiet", "--dsn", &url]).ok(), "");
    assert_eq!(mariadb.sql("SELECT COUNT(*) FROM rsso_sessions"), "1");
}

#[test]
fn an_existing_table_loses_sessions_by_the_given_lifetime() {
    let mariadb = MariaDb::start();
    mariadb.sql(
        "CREATE TABLE old (session_id VARBINARY(64) PRIMARY KEY, session_data BLOB, last INT NOT NULL);
         INSERT INTO old VALUES ('new', '', UNIX_TIMESTAMP()), ('hour', '', UNIX_TIMESTAMP() - 3600),
                                ('day', '', UNIX_TIMESTAMP() - 86400)",
    );
    let url = mariadb.url();
    rsso(&["schema", "mysql", "--apply", "--dsn", &url]).ok();
    let gc = |lifetime: &str| {
        let arguments = [
            "gc",
            "--json",
            "--dsn",
            &url,
            "--mysql-table",
            "old",
            "--mysql-columns",
            "id=session_id,data=session_data,time=last",
            "--lifetime",
            lifetime,
        ];
        json(&rsso(&arguments).ok())["removed"].clone()
    };
    assert_eq!(gc("7200"), 1);
    assert_eq!(
        mariadb.sql("SELECT session_id FROM old ORDER BY last"),
        "hour\nnew"
    );
    assert_eq!(gc("1440"), 1);
    assert_eq!(mariadb.sql("SELECT session_id FROM old"), "new");
}

#[test]
fn the_password_may_come_from_the_environment_or_a_file_and_is_in_no_output() {
    let mariadb = MariaDb::start();
    let dir = WorkDir::new();
    let file = dir.write_secret("password", &format!("{}\n", mariadb.password()));
    let file = file.to_str().unwrap();
    let dsn = format!("mysql://app@127.0.0.1:{}/app", mariadb.port());
    let (password, url) = (mariadb.password(), mariadb.url());
    for (variables, arguments) in [
        (&[("RSSO_PASSWORD", password)][..], &["--dsn", &dsn][..]),
        (&[("RSSO_PASSWORD_FILE", file), ("RSSO_DSN", &dsn)], &[]),
        (&[], &["--dsn", &dsn, "--password-file", file]),
        // A flag overrides a variable, also the password inside a DSN.
        (
            &[("RSSO_PASSWORD", "wrong")],
            &["--dsn", &dsn, "--password-file", file],
        ),
        (&[("RSSO_PASSWORD", "wrong")], &["--dsn", &url]),
    ] {
        let output = rsso_with(variables, &[&["gc"], arguments].concat()).ok();
        assert!(
            output.ends_with(": removed 0 expired sessions\n"),
            "{output}"
        );
        assert!(!output.contains(password), "{output}");
    }
    for arguments in [
        &["gc"][..],
        &["gc", "--json"],
        &["schema", "mysql", "--apply"],
    ] {
        let wrong = mariadb.url_with_password("mauve-wrong");
        let output = rsso(&[arguments, &["--dsn", &wrong]].concat()).failed(STORE_FAILED);
        assert!(output.contains("refused the user or password"), "{output}");
        assert!(!output.contains("mauve"), "{output}");
    }
}

#[test]
fn a_missing_server_is_a_store_error() {
    let dsn = "mysql://app:mauve@127.0.0.1:1/app";
    for arguments in [
        &["gc", "--dsn", dsn][..],
        &["schema", "mysql", "--apply", "--dsn", dsn],
    ] {
        let output = rsso(arguments).failed(STORE_FAILED);
        assert!(output.starts_with("rsso: mysql://app"), "{output}");
        assert!(output.contains("nothing listens"), "{output}");
        assert!(!output.contains("mauve"), "{output}");
        let line = rsso(&[arguments, &["--json"]].concat()).failed(STORE_FAILED);
        assert!(
            json(&line)["error"]
                .as_str()
                .unwrap()
                .starts_with("mysql://app"),
            "{line}"
        );
    }
}
