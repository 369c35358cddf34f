//! The rights of the MySQL account: those that docs/mysql.md names suffice, and all are needed.

use super::old_sites::SYMFONY;
use super::shared_table::SharedTable;
use crate::common::checkpoints::{php, with_checkpoints};
use rsso_testkit::Php;

/// Each right in docs/mysql.md is needed, and no other is.
#[test]
fn the_rights_of_the_documentation_suffice() {
    const ALL: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE"];
    const OF_LOGINS: [(&str, &[&str]); 6] = [
        ("rsso_users", &["SELECT", "INSERT", "UPDATE"]),
        ("rsso_logins", &["SELECT", "INSERT", "DELETE"]),
        ("rsso_bindings", ALL),
        ("rsso_kicks", ALL),
        ("rsso_realms", &["SELECT", "INSERT", "UPDATE"]),
        ("rsso_events", &["SELECT", "INSERT", "DELETE"]),
    ];
    let shared = SharedTable::new(&SYMFONY);
    let native = php(&shared.mariadb.url(), &shared.dir);
    let sessions = with_checkpoints(
        "session('known', 2); session('', 1); session_start(); session_regenerate_id(true);
         session_gc(); session_destroy(); echo session('known');",
    );
    let logins = with_checkpoints(
        "session_start(); sso_claim('alice'); session_write_close();
         session_id(''); session_start(); sso_claim('alice'); sso_notify('alice', 1); session_gc();
         session_regenerate_id(); session_write_close(); echo sso_kick('alice'), count(sso_logins('alice'));",
    );
    let mut realms = 0;
    let mut use_logins = |php: &Php| {
        // A new realm, an old event and an old tombstone.
        realms += 1;
        shared.mariadb.sql(
            "REPLACE INTO rsso_realms VALUES ('old', 1); REPLACE INTO rsso_events VALUES ('old', 1, 1, '{}');
             REPLACE INTO rsso_kicks VALUES ('old', 1, '{}')",
        );
        let php = php.clone().ini("rsso.realm", &format!("realm{realms}"));
        let output = php.run_code(&logins);
        let succeeded = output.stderr.is_empty() && output.stdout == "10";
        (succeeded, format!("{output:#?}"))
    };
    for php in [&native, &shared.rsso()] {
        assert_eq!(php.run_code(&sessions).ok(), "2");
    }
    shared
        .mariadb
        .sql("REVOKE ALL PRIVILEGES ON app.* FROM app@'%'");
    for (php, tables) in [
        (&native, &[("rsso_sessions", ALL)][..]),
        (&shared.rsso(), &[("sessions", ALL), ("rsso_marks", ALL)]),
    ] {
        let tables: Vec<_> = tables.iter().chain(&OF_LOGINS).collect();
        for (table, rights) in &tables {
            shared.mariadb.sql(&format!(
                "GRANT {} ON app.{table} TO app@'%'",
                rights.join(", ")
            ));
        }
        assert_eq!(php.run_code(&sessions).ok(), "2");
        let (succeeded, output) = use_logins(php);
        assert!(succeeded, "{output}");
        for (table, rights) in &tables {
            for right in *rights {
                shared
                    .mariadb
                    .sql(&format!("REVOKE {right} ON app.{table} FROM app@'%'"));
                let output = php.run_code(&sessions);
                let is_needed = !output.stderr.is_empty() || !use_logins(php).0;
                assert!(is_needed, "{right} on {table} is not needed");
                shared
                    .mariadb
                    .sql(&format!("GRANT {right} ON app.{table} TO app@'%'"));
            }
        }
        let (succeeded, output) = use_logins(php);
        assert!(succeeded, "{output}");
        for (table, _) in &tables {
            shared.mariadb.sql(&format!(
                "REVOKE ALL PRIVILEGES ON app.{table} FROM app@'%'"
            ));
        }
    }
}
