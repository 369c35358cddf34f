//! `rsso gc` on real stores: what has expired goes, what is used or alive stays.

use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::PathBuf;

use crate::common::{
    STORE_FAILED, hold, json, rsso, rsso_with, sqlite, sqlite_sessions, store_session, worker,
};
use rsso_testkit::{MariaDb, WorkDir};

/// A SQLite database with the sessions `alive`, `used` (expired) and `expired1`, `expired2`, ...
fn sqlite_store(dir: &WorkDir, expired: usize) -> (PathBuf, String) {
    let path = dir.join("sessions.db");
    let dsn = format!("sqlite:{}", path.display());
    fill(&dsn, expired);
    sqlite(&path, "UPDATE rsso_sessions SET expires = 1");
    store_session(&mut *worker(&dsn), "alive");
    (path, dsn)
}

fn fill(dsn: &str, expired: usize) {
    let mut store = worker(dsn);
    store_session(&mut *store, "used");
    for at in 1..=expired {
        store_session(&mut *store, &format!("expired{at}"));
    }
}

#[test]
fn sqlite_loses_what_has_expired_and_nothing_else() {
    let dir = WorkDir::new();
    let (path, dsn) = sqlite_store(&dir, 3);
    let mut user = worker(&dsn);
    hold(&mut *user, "used");
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
fn a_sqlite_file_that_is_missing_is_not_made() {
    let dir = WorkDir::new();
    let path = dir.join("typo.db");
    let dsn = format!("sqlite:{}", path.display());
    let said = rsso(&["gc", "--dsn", &dsn]).failed(STORE_FAILED);
    assert!(said.contains("there is no such file"), "{said}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_file_that_is_no_database_is_a_failure_of_the_store() {
    let dir = WorkDir::new();
    let path = dir.write(
        "text",
        &"not a database, but long enough to be one. ".repeat(100),
    );
    let dsn = format!("sqlite:{}", path.display());
    let said = rsso(&["gc", "--dsn", &dsn]).failed(STORE_FAILED);
    assert!(said.starts_with(&format!("rsso: {dsn}: ")), "{said}");
}

/// Root's lock file or write-ahead log would shut PHP's user out.
#[test]
fn root_leaves_nothing_beside_another_users_file() {
    let dir = WorkDir::new();
    let (path, dsn) = sqlite_store(&dir, 1);
    if std::fs::metadata(&path).unwrap().uid() != 0 {
        return; // only root can be root
    }
    chown(&path, Some(33), Some(33)).unwrap();
    let said = rsso(&["gc", "--dsn", &dsn]).failed(STORE_FAILED);
    assert!(said.contains("runuser -u www-data -- rsso gc"), "{said}");
    assert_eq!(sqlite_sessions(&path), 3);
}

#[test]
fn mariadb_loses_what_has_expired_and_nothing_else() {
    let mariadb = MariaDb::start();
    let url = mariadb.url();
    fill(&url, 450);
    mariadb.sql("UPDATE rsso_sessions SET expires = 1");
    let mut user = worker(&url);
    hold(&mut *user, "used");
    store_session(&mut *worker(&url), "alive");
    let said = rsso(&["gc", "--dsn", &url]).ok();
    assert!(said.ends_with(": removed 450 expired sessions\n"), "{said}");
    assert!(!said.contains(mariadb.password()), "{said}");
    assert_eq!(mariadb.sql("SELECT COUNT(*) FROM rsso_sessions"), "2");
    drop(user);
    let object = json(&rsso(&["gc", "--json", "--dsn", &url]).ok());
    assert_eq!(object["removed"], 1);
    assert!(object["store"].as_str().unwrap().starts_with("mysql://app"));
    assert_eq!(rsso(&["gc", "--quiet", "--dsn", &url]).ok(), "");
    assert_eq!(mariadb.sql("SELECT COUNT(*) FROM rsso_sessions"), "1");
}

#[test]
fn an_existing_table_loses_what_its_lifetime_says() {
    let mariadb = MariaDb::start();
    mariadb.sql(
        "CREATE TABLE old (session_id VARBINARY(64) PRIMARY KEY, session_data BLOB, last INT NOT NULL);
         INSERT INTO old VALUES ('new', '', UNIX_TIMESTAMP()), ('hour', '', UNIX_TIMESTAMP() - 3600),
                                ('day', '', UNIX_TIMESTAMP() - 86400)",
    );
    let url = mariadb.url();
    rsso(&["schema", "mysql", "--apply", "--dsn", &url]).ok();
    let gc = |lifetime: &str| {
        let words = [
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
        json(&rsso(&words).ok())["removed"].clone()
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
fn the_password_comes_from_the_environment_or_a_file_and_is_in_no_output() {
    let mariadb = MariaDb::start();
    let dir = WorkDir::new();
    let file = dir.write_secret("password", &format!("{}\n", mariadb.password()));
    let file = file.to_str().unwrap();
    let dsn = format!("mysql://app@127.0.0.1:{}/app", mariadb.port());
    let (password, url) = (mariadb.password(), mariadb.url());
    for (variables, words) in [
        (&[("RSSO_PASSWORD", password)][..], &["--dsn", &dsn][..]),
        (&[("RSSO_PASSWORD_FILE", file), ("RSSO_DSN", &dsn)], &[]),
        (&[], &["--dsn", &dsn, "--password-file", file]),
        // A flag wins, also with what it brings along.
        (
            &[("RSSO_PASSWORD", "wrong")],
            &["--dsn", &dsn, "--password-file", file],
        ),
        (&[("RSSO_PASSWORD", "wrong")], &["--dsn", &url]),
    ] {
        let said = rsso_with(variables, &[&["gc"], words].concat()).ok();
        assert!(said.ends_with(": removed 0 expired sessions\n"), "{said}");
        assert!(!said.contains(password), "{said}");
    }
    for words in [
        &["gc"][..],
        &["gc", "--json"],
        &["schema", "mysql", "--apply"],
    ] {
        let wrong = mariadb.url_with_password("mauve-wrong");
        let said = rsso(&[words, &["--dsn", &wrong]].concat()).failed(STORE_FAILED);
        assert!(said.contains("refused the user or password"), "{said}");
        assert!(!said.contains("mauve"), "{said}");
    }
}

#[test]
fn a_server_that_is_not_there_is_a_failure_of_the_store() {
    let dsn = "mysql://app:mauve@127.0.0.1:1/app";
    for words in [
        &["gc", "--dsn", dsn][..],
        &["schema", "mysql", "--apply", "--dsn", dsn],
    ] {
        let said = rsso(words).failed(STORE_FAILED);
        assert!(said.starts_with("rsso: mysql://app"), "{said}");
        assert!(said.contains("nothing listens"), "{said}");
        assert!(!said.contains("mauve"), "{said}");
        let line = rsso(&[words, &["--json"]].concat()).failed(STORE_FAILED);
        assert!(
            json(&line)["error"]
                .as_str()
                .unwrap()
                .starts_with("mysql://app"),
            "{line}"
        );
    }
}
