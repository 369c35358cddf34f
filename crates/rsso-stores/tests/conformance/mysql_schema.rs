//! MySQL tables of schema 2: used as they are, and upgraded while they are in use.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rsso_core::store::Outcome;
use rsso_core::{Dsn, SessionKey, Settings};
use rsso_stores::mysql::{MysqlStore, Tables};
use rsso_testkit::MariaDb;

use crate::common::first_version::{
    assert_is_what_was_stored, bob, first, rows, successor, use_everything,
};
use crate::common::fixture::HOUR;
use crate::common::login_helpers::{user, with_max_logins};
use crate::common::mysql_helpers::{
    EXISTING_TABLE, connect, create_existing_table, error_text, new_key,
};

const TABLES: &str = include_str!("first_version/mysql.sql");

/// How the earlier version reads a session, and binds it to a login.
const READ: &str = "SELECT s.data, l.user FROM rsso_sessions AS s
    LEFT JOIN rsso_bindings AS b ON b.session = s.id AND b.generation = s.generation
    LEFT JOIN rsso_logins AS l ON l.login = b.login WHERE s.id = ''";
const BIND: &str = "INSERT INTO rsso_bindings (session, generation, login, until) VALUES ('', 1, '', NULL)
    ON DUPLICATE KEY UPDATE generation = VALUES(generation), login = VALUES(login), until = VALUES(until)";

/// Sessions whose columns are not what bindings and logins say.
const CONTRADICTIONS: &str = "SELECT COUNT(*) FROM rsso_sessions AS s
    LEFT JOIN rsso_bindings AS b ON b.session_key = s.id AND b.generation = s.generation
    LEFT JOIN rsso_logins AS l ON l.login = b.login
    WHERE NOT (s.user <=> l.user AND s.identity <=> l.identity AND s.more <=> l.more
      AND s.until <=> IF(l.login IS NULL, NULL, b.until))";

/// The steps from schema 2, in order: columns, the bindings' key, filling, the end.
const STEPS: usize = 4;

/// A server that the earlier version has filled.
fn filled() -> MariaDb {
    let mariadb = MariaDb::start();
    mariadb.sql(TABLES);
    let rows = rows();
    mariadb.sql(&format!("SET sql_mode = 'NO_BACKSLASH_ESCAPES'; {rows}"));
    mariadb
}

fn upgrade(mariadb: &MariaDb) -> rsso_core::Result<()> {
    let Dsn::Mysql(dsn) = Dsn::parse("rsso.dsn", &mariadb.url()).unwrap() else {
        panic!("not MySQL");
    };
    let events = Settings::default().logins.events();
    let mut store = MysqlStore::new(dsn, None, None, HOUR, HOUR, events).unwrap();
    store.create_tables()
}

fn steps() -> Vec<String> {
    let steps = Tables::new(None).unwrap().steps();
    // The last one notes the version.
    let first = steps.len() - 1 - STEPS;
    steps[first..first + STEPS].to_vec()
}

#[track_caller]
fn assert_columns_agree(mariadb: &MariaDb, after: &str) {
    assert_eq!(mariadb.sql(CONTRADICTIONS), "0", "{after}");
}

#[test]
fn tables_of_schema_2_are_used_as_they_are_by_an_account_that_may_not_alter_them() {
    let mariadb = filled();
    mariadb.sql("REVOKE ALL PRIVILEGES ON app.* FROM app@'%'; GRANT SELECT, INSERT, UPDATE, DELETE ON app.* TO app@'%'");
    let mut client = connect(&mariadb.url(), &[]);
    assert_is_what_was_stored(&mut client);
    use_everything(&mut client, &mut |_| {});
    assert_eq!(mariadb.sql(READ), "", "the earlier version goes on");
}

#[test]
fn sessions_go_on_at_every_stage_of_the_upgrade() {
    for done in 0..=STEPS {
        let mariadb = filled();
        // Connected before, and after.
        let mut before = connect(&mariadb.url(), &[]);
        assert_is_what_was_stored(&mut before);
        for step in &steps()[..done] {
            mariadb.sql(step);
        }
        assert_is_what_was_stored(&mut before);
        let mut client = connect(&mariadb.url(), &[]);
        assert_is_what_was_stored(&mut client);
        use_everything(&mut client, &mut |after| {
            if done == STEPS {
                assert_columns_agree(&mariadb, after);
            }
        });
        // Interrupted here, it goes on from there.
        upgrade(&mariadb).unwrap();
        assert_columns_agree(&mariadb, &format!("{done} steps"));
        assert_eq!(mariadb.sql("SELECT value FROM rsso_meta"), "3");
        assert_eq!(
            before.peek(&successor()),
            None,
            "what was kicked stays kicked"
        );
    }
}

#[test]
fn an_upgraded_table_is_like_a_new_one() {
    let definitions = |mariadb: &MariaDb| {
        ["sessions", "bindings"]
            .map(|table| mariadb.sql(&format!("SHOW CREATE TABLE rsso_{table}")))
    };
    let (old, printed, new) = (filled(), filled(), MariaDb::start());
    upgrade(&old).unwrap();
    upgrade(&new).unwrap();
    let script = Tables::new(None).unwrap().steps().join(";\n");
    printed.sql(&script);
    printed.sql(&script);
    for mariadb in [&old, &printed] {
        assert_eq!(definitions(mariadb), definitions(&new));
        assert_columns_agree(mariadb, "the upgrade");
        assert_is_what_was_stored(&mut connect(&mariadb.url(), &[]));
    }
}

#[test]
fn an_upgrade_under_load_signs_nobody_out_and_loses_nothing() {
    const REQUESTS: usize = 4;
    let mariadb = filled();
    let url = mariadb.url();
    let is_over = AtomicBool::new(false);
    let written = thread::scope(|scope| {
        let threads: Vec<_> = (0..REQUESTS)
            .map(|number| {
                let (url, is_over) = (&url, &is_over);
                scope.spawn(move || requests(url, number, is_over))
            })
            .collect();
        {
            // Whatever happens, the requests end.
            let _end = StoreOnDrop(&is_over);
            for step in steps() {
                mariadb.sql(&step);
                thread::yield_now();
            }
            upgrade(&mariadb).unwrap();
        }
        let written = threads.into_iter().map(|thread| thread.join().unwrap());
        written.sum::<usize>()
    });
    let length = connect(&url, &[]).peek(&bob()).unwrap().len();
    assert_eq!(length, "n|i:5;".len() + written);
    assert_columns_agree(&mariadb, "everything");
}

/// Sets a flag at the end of its life, also if that is a panic.
struct StoreOnDrop<'a>(&'a AtomicBool);

impl Drop for StoreOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Requests until the upgrade is over and a little longer; returns how many bytes they have added to bob's session.
fn requests(url: &str, number: usize, is_over: &AtomicBool) -> usize {
    let mut client = connect(url, &[]);
    let me = user(format!("user {number}"));
    let mut key: SessionKey = new_key(&[]);
    let (mut written, mut rest) = (0, 5);
    while rest > 0 {
        rest -= usize::from(is_over.load(Ordering::Relaxed));
        assert!(client.read_unlocked(&first()).login.is_some(), "signed out");
        let held = client.read_locked(&bob());
        assert!(held.login.is_some(), "signed out");
        let length = held.data.as_deref().unwrap().len();
        let outcome = client.write(&held, &vec![b'x'; length + 1]);
        assert!(matches!(outcome, Outcome::Stored(_)), "{outcome:?}");
        written += 1;
        let (login, _) = client.sign_in(&key, &me, with_max_logins(1));
        let to = new_key(&[]);
        client.rotate(&key, &to, login).expect("the id is rotated");
        assert!(client.read_unlocked(&key).login.unwrap().rotated);
        let next = new_key(&[]);
        let (login, kicks) = client.sign_in(&next, &me, with_max_logins(1));
        assert_eq!((kicks.len(), client.logins(&me)), (1, vec![login]));
        assert!(client.read_unlocked(&to).login.is_none());
        assert_eq!(client.login_of(&next), Some(login));
        assert!(client.store.sign_out(&next, login).unwrap());
        assert!(client.read_unlocked(&next).login.is_none());
        key = new_key(&[]);
    }
    written
}

/// Somebody has dropped the sessions to sign everybody out, and a newer rsso makes the table again.
#[test]
fn a_new_table_of_sessions_beside_old_bindings_is_upgraded_later() {
    let mariadb = filled();
    mariadb.sql("DROP TABLE rsso_sessions");
    let (mut a, key, ann) = (connect(&mariadb.url(), &[]), new_key(&[]), user("ann"));
    let (login, _) = a.sign_in(&key, &ann, with_max_logins(1));
    // One that has not met the tables before.
    let mut b = connect(&mariadb.url(), &[]);
    assert_eq!(b.login_of(&key), Some(login));
    assert!(b.read_unlocked(&key).login.is_some());
    upgrade(&mariadb).unwrap();
    assert_columns_agree(&mariadb, "everything");
    for client in [&mut a, &mut b, &mut connect(&mariadb.url(), &[])] {
        assert!(client.read_unlocked(&key).login.is_some());
    }
}

#[test]
fn an_upgraded_table_refuses_the_earlier_version() {
    let mariadb = filled();
    upgrade(&mariadb).unwrap();
    // It would also make what it misses: that changes nothing.
    mariadb.sql(TABLES);
    for statement in [READ, BIND] {
        let error = mariadb.try_sql(statement).unwrap_err();
        assert!(error.contains("Unknown column"), "{error}");
    }
    assert_eq!(mariadb.sql("SELECT value FROM rsso_meta"), "3");
    assert_is_what_was_stored(&mut connect(&mariadb.url(), &[]));
}

#[test]
fn tables_of_a_newer_version_are_refused_with_the_way_out() {
    let mariadb = filled();
    upgrade(&mariadb).unwrap();
    mariadb.sql(
        "UPDATE rsso_meta SET value = 4; ALTER TABLE rsso_sessions RENAME COLUMN user TO owner",
    );
    let refused = connect(&mariadb.url(), &[]).try_lock(&first(), HOUR, HOUR);
    for error in [error_text(refused), error_text(upgrade(&mariadb))] {
        for words in ["newer rsso", "version 4", "knows 3", "install"] {
            assert!(error.contains(words), "without {words}: {error}");
        }
    }
}

#[test]
fn logins_beside_an_existing_table_go_on_after_the_upgrade() {
    let mariadb = filled();
    create_existing_table(&mariadb, "INTEGER UNSIGNED", "InnoDB");
    let mut client = connect(&mariadb.url(), &EXISTING_TABLE);
    let (key, to) = (new_key(&EXISTING_TABLE), new_key(&EXISTING_TABLE));
    let login = client.add_login(&key, &user("dora"));
    for step in steps() {
        assert_eq!(client.login_of(&key), Some(login));
        mariadb.sql(&step);
    }
    assert_eq!(
        client
            .read_unlocked(&key)
            .login
            .unwrap()
            .login
            .identity
            .login,
        login
    );
    client.rotate(&key, &to, login).expect("the id is rotated");
    let held = client.read_locked(&to);
    assert!(matches!(client.write(&held, b"more"), Outcome::Stored(_)));
    assert!(client.store.sign_out(&to, login).unwrap());
    assert_eq!(client.login_of(&to), None);
}
