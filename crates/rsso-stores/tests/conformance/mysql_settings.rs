//! Server settings that are hostile to sessions do not matter, because each connection sets its own.

use std::thread;
use std::time::{Duration, Instant};

use rsso_testkit::MariaDb;

use crate::common::fixture::HOUR;
use crate::common::login_helpers::{new_claim, user, with_max_logins};
use crate::common::mysql_helpers::{
    EXISTING_TABLE, connect, create_existing_table, error_text, new_key,
};

/// Settings that an administrator, a hoster or an old application may have made global.
const HOSTILE: &str = "SET GLOBAL wait_timeout = 1, interactive_timeout = 1, max_statement_time = 1,
    lock_wait_timeout = 1, innodb_lock_wait_timeout = 1, idle_transaction_timeout = 1,
    idle_write_transaction_timeout = 1, tx_read_only = 1, tx_isolation = 'SERIALIZABLE',
    sql_big_selects = 0, max_join_size = 1, completion_type = 2, sql_select_limit = 1,
    sql_safe_updates = 1, sql_auto_is_null = 1, low_priority_updates = 1, autocommit = 0,
    max_sort_length = 8, net_read_timeout = 1, net_write_timeout = 1,
    sql_mode = 'ANSI_QUOTES,ORACLE,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,ONLY_FULL_GROUP_BY'";

/// Runs a slow owner and a waiter, then logins.
fn assert_sessions_work(mariadb: &MariaDb, directives: &[(&str, &str)]) {
    let mut owner = connect(&mariadb.url(), directives);
    let mut waiter = connect(&mariadb.url(), directives);
    let key = new_key(directives);
    owner.put(&key, b"old", HOUR);
    let held = owner.read_locked(&key);
    let then = thread::scope(|scope| {
        let asked = Instant::now();
        let waiting = scope.spawn(|| waiter.read_locked(&key));
        thread::sleep(Duration::from_millis(2500));
        owner.write(&held, b"owner's");
        let then = waiting.join().unwrap();
        assert_eq!(then.data.as_deref(), Some(&b"owner's"[..]));
        assert!(asked.elapsed() >= Duration::from_millis(2500));
        then
    });
    waiter.write(&then, b"waiter's");
    let (alice, held) = (user("alice"), owner.read_locked(&key));
    for device in ["web", "tv"] {
        owner.claim(&held, &new_claim(&alice, device, with_max_logins(1)));
    }
    owner.store.release(&key, held.token).unwrap();
    assert_eq!(owner.store.logins(&alice).unwrap().len(), 1);
    assert!(owner.destroy(&key));
    owner.store.gc(None).unwrap();
    assert_eq!(waiter.peek(&key), None);
}

#[test]
fn hostile_settings_of_the_server_do_not_matter() {
    let mariadb = MariaDb::start();
    create_existing_table(&mariadb, "INTEGER UNSIGNED", "InnoDB");
    mariadb.sql(HOSTILE);
    assert_sessions_work(&mariadb, &[]);
    assert_sessions_work(&mariadb, &EXISTING_TABLE);
}

#[test]
fn a_server_without_prepared_statements_is_sent_text() {
    let mariadb = MariaDb::start();
    create_existing_table(&mariadb, "INTEGER UNSIGNED", "InnoDB");
    mariadb.sql("SET GLOBAL max_prepared_stmt_count = 0");
    assert_sessions_work(&mariadb, &[]);
    assert_sessions_work(&mariadb, &EXISTING_TABLE);
    let every_byte: Vec<u8> = (0..=255).collect();
    for directives in [&[][..], &EXISTING_TABLE[..]] {
        let (mut a, mut b) = (
            connect(&mariadb.url(), directives),
            connect(&mariadb.url(), directives),
        );
        let key = new_key(directives);
        a.put(&key, &every_byte, HOUR);
        assert_eq!(b.peek(&key).unwrap(), every_byte);
    }
}

#[test]
fn two_connections_of_an_account_are_enough_for_two_workers() {
    let mariadb = MariaDb::start();
    mariadb.sql("ALTER USER app@'%' WITH MAX_USER_CONNECTIONS 2");
    assert_sessions_work(&mariadb, &[]);
}

#[test]
fn the_error_beyond_max_allowed_packet_names_the_limit() {
    let mariadb = MariaDb::builder().config("max_allowed_packet=18M").start();
    let mut owner = connect(&mariadb.url(), &[("read_timeout", "20")]);
    let key = new_key(&[]);
    owner.put(&key, b"old", HOUR);
    // In one packet, and in the pieces that the driver makes of more than 16 MiB.
    for size in [17 << 20, 20 << 20, 40 << 20] {
        let data = vec![b'x'; size];
        let held = owner.read_locked(&key);
        let change = rsso_core::store::Change::Write(&data, HOUR);
        let done = owner.store.commit(&key, held.basis(HOUR), change);
        if size < 18 << 20 {
            assert!(done.is_ok(), "{done:?}");
            continue;
        }
        let error = error_text(done);
        for words in ["max_allowed_packet", "18874368", "is unchanged"] {
            assert!(error.contains(words), "{size}, without {words}: {error}");
        }
    }
}
