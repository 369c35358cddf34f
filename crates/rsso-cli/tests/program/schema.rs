//! `rsso schema mysql` on a real MariaDB server.

use crate::common::{STORE_FAILED, json, open_store, rsso, rsso_with, store_session};

use rsso_testkit::MariaDb;

const TABLES: &str = "rsso_bindings\nrsso_events\nrsso_kicks\nrsso_logins\nrsso_marks\nrsso_meta\n\
     rsso_realms\nrsso_receipts\nrsso_sessions\nrsso_users";

fn definitions(mariadb: &MariaDb) -> String {
    TABLES
        .lines()
        .map(|name| mariadb.sql(&format!("SHOW CREATE TABLE {name}")))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn applying_the_schema_twice_changes_nothing() {
    let mariadb = MariaDb::start();
    let url = mariadb.url();
    let apply = || rsso(&["schema", "mysql", "--apply", "--dsn", &url]).ok();
    let first = apply();
    assert!(
        first.ends_with(": the tables are there (version 3)\n"),
        "{first}"
    );
    assert!(!first.contains(mariadb.password()), "{first}");
    assert_eq!(mariadb.sql("SHOW TABLES"), TABLES);
    let made = definitions(&mariadb);
    store_session(&mut *open_store(&url), "kept");
    assert_eq!(apply(), first);
    assert_eq!(definitions(&mariadb), made);
    assert_eq!(mariadb.sql("SELECT COUNT(*) FROM rsso_sessions"), "1");
    assert_eq!(
        mariadb.sql("SELECT name, value FROM rsso_meta"),
        "schema\t3"
    );
    let arguments = ["schema", "mysql", "--apply", "--json"];
    let object = json(&rsso_with(&[("RSSO_DSN", &url)], &arguments).ok());
    assert_eq!(object["applied"], true);
}

#[test]
fn the_printed_schema_creates_the_same_tables_in_any_sql_mode() {
    let applied = MariaDb::start();
    rsso(&["schema", "mysql", "--apply", "--dsn", &applied.url()]).ok();
    let script = rsso(&["schema", "mysql"]).ok();
    for modes in ["", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES", "TRADITIONAL"] {
        let printed = MariaDb::builder().sql_mode(modes).start();
        printed.sql(&script);
        printed.sql(&script);
        assert_eq!(printed.sql("SHOW TABLES"), TABLES);
        printed.sql("SET GLOBAL sql_mode = ''");
        assert_eq!(definitions(&printed), definitions(&applied));
    }
}

#[test]
fn a_missing_right_is_reported() {
    let mariadb = MariaDb::start();
    mariadb.sql("REVOKE ALL PRIVILEGES ON app.* FROM app@'%'; GRANT SELECT ON app.* TO app@'%'");
    let url = mariadb.url();
    let output = rsso(&["schema", "mysql", "--apply", "--dsn", &url]).failed(STORE_FAILED);
    assert!(output.contains("the user may not do this"), "{output}");
    assert!(!output.contains(mariadb.password()), "{output}");
}
