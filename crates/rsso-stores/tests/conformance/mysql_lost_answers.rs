//! Lost answers of a MySQL server: what rsso reports then is true, and stays true.

use std::thread;
use std::time::Duration;

use rsso_core::store::{Change, End, Lock, Outcome, Rotation, Token};
use rsso_testkit::{MariaDb, eventually};

use crate::common::fixture::{HOUR, HeldSession};
use crate::common::login_helpers::{new_claim, user, with_max_logins};
use crate::common::lossy_proxy::LossyProxy;
use crate::common::mysql_helpers::{
    EXISTING_TABLE, connect, create_existing_table, error_text, new_key, url_with_port,
};

const SOON: Duration = Duration::from_secs(20);
const OWN_TABLES: [(&str, &str); 0] = [];

/// Runs `act` for each kind of table, with a lossy proxy.
fn for_each_layout(act: impl Fn(&MariaDb, &LossyProxy, &[(&str, &str)])) {
    let mariadb = MariaDb::start();
    create_existing_table(&mariadb, "INTEGER UNSIGNED", "InnoDB");
    let proxy = LossyProxy::to(mariadb.port());
    for directives in [&OWN_TABLES[..], &EXISTING_TABLE[..]] {
        act(&mariadb, &proxy, directives);
    }
}

/// Runs `act` while another client locks the sessions for some seconds.
fn beside_locked_rows<'env>(
    mariadb: &'env MariaDb,
    directives: &[(&str, &str)],
    seconds: u32,
    act: impl for<'scope> FnOnce(&'scope thread::Scope<'scope, 'env>),
) {
    let table = match directives.is_empty() {
        true => "rsso_sessions",
        false => "sessions",
    };
    thread::scope(|scope| {
        scope.spawn(move || {
            mariadb.sql(&format!(
                "BEGIN; SELECT 1 FROM {table} FOR UPDATE; DO GET_LOCK('ready', 0); DO SLEEP({seconds}); COMMIT"
            ))
        });
        eventually("the row is locked", SOON, || {
            (mariadb.sql("SELECT IS_USED_LOCK('ready') IS NULL") == "0").then_some(())
        });
        act(scope);
    });
}

#[test]
fn a_write_whose_answer_is_lost_is_found_to_be_stored() {
    for_each_layout(|mariadb, proxy, directives| {
        let mut owner = connect(&url_with_port(mariadb, proxy.port()), directives);
        let mut other = connect(&mariadb.url(), directives);
        let key = new_key(directives);
        other.put(&key, b"old", HOUR);
        // Within the expiry and beyond it, which are two statements; then a new session.
        for ttl in [HOUR, 2 * HOUR] {
            let held = owner.read_locked(&key);
            proxy.drop_next_answer();
            let outcome = owner.write_for(&held, b"new", ttl);
            assert!(matches!(outcome, Outcome::Stored(_)), "{outcome:?}");
            assert_eq!(other.read_locked(&key).data.unwrap(), b"new");
            other = connect(&mariadb.url(), directives);
        }
        assert!(other.destroy(&key));
        let held = owner.read_locked(&key);
        proxy.drop_next_answer();
        let outcome = owner.write_for(&held, b"new", HOUR);
        assert!(matches!(outcome, Outcome::Stored(_)), "{outcome:?}");
        assert_eq!(other.peek(&key).unwrap(), b"new");
    });
}

#[test]
fn emptying_a_session_succeeds_even_if_an_answer_is_lost() {
    for_each_layout(|mariadb, proxy, directives| {
        let mut owner = connect(&url_with_port(mariadb, proxy.port()), directives);
        let key = new_key(directives);
        // Each answer of the operation, with its statement prepared or not.
        for lost in [1, 1, 2, 2, 3, 3, 4, 4] {
            let mut other = connect(&mariadb.url(), directives);
            other.put(&key, b"old", HOUR);
            let held = owner.read_locked(&key);
            let end = End {
                seen: held.seen.map(|seen| seen.generation),
                ..End::default()
            };
            proxy.drop_answer(lost);
            let lock = Lock {
                token: held.token,
                held: true,
            };
            let existed = owner.store.destroy_leaving_empty(&key, lock, end, HOUR);
            proxy.drop_answer(0);
            assert!(existed.unwrap(), "{lost}");
            // The empty session may be missing.
            let left = other.read_locked(&key).data.unwrap_or_default();
            assert_eq!(left, b"", "{lost}");
        }
    });
}

#[test]
fn a_rotation_whose_answer_is_lost_is_found_to_be_done() {
    for_each_layout(|mariadb, proxy, directives| {
        let mut owner = connect(&url_with_port(mariadb, proxy.port()), directives);
        let mut other = connect(&mariadb.url(), directives);
        let alice = user("alice");
        let mut from = new_key(directives);
        owner.put(&from, b"old", HOUR);
        let held = owner.read_locked(&from);
        let claim = new_claim(&alice, "web", with_max_logins(1));
        owner.try_claim(&held, &claim).unwrap();
        owner.store.release(&from, held.token).unwrap();
        for lost in 1..40 {
            let to = new_key(directives);
            let held = owner.read_locked(&from);
            let rotation = Rotation {
                from: &from,
                lock: Some(held.token),
                to: &to,
                login: claim.login,
                token: Token::random().unwrap(),
                ttl: HOUR,
            };
            proxy.drop_answer(lost);
            let rotated = owner.store.rotate(&rotation);
            proxy.drop_answer(0);
            assert!(rotated.unwrap().is_some(), "{lost}");
            assert_eq!(other.login_of(&to), Some(claim.login), "{lost}");
            from = to;
        }
    });
}

#[test]
fn a_failed_commit_frees_the_lock_that_it_took_again() {
    for_each_layout(|mariadb, _, directives| {
        let short = [("read_timeout", "1")];
        let with_timeout = [directives, &short[..]].concat();
        let mut owner = connect(&mariadb.url(), &with_timeout);
        let mut other = connect(&mariadb.url(), directives);
        let key = new_key(directives);
        owner.put(&key, b"old", HOUR);
        // As after a claim of a new id, whose lock nobody else can have.
        let held = HeldSession {
            locked: true,
            ..owner.read_unlocked(&key)
        };
        beside_locked_rows(mariadb, directives, 5, |_| {
            let done = owner
                .store
                .commit(&key, held.basis(HOUR), Change::Write(b"new", HOUR));
            assert!(done.is_err(), "{done:?}");
        });
        let other = other.try_lock(&key, Duration::from_secs(3), HOUR);
        assert_eq!(other.unwrap().data.unwrap(), b"old");
    });
}

/// MyISAM has no transactions, but a write that is found to be stored is stored.
#[test]
fn a_write_to_myisam_whose_answer_is_lost_is_found_to_be_stored() {
    let mariadb = MariaDb::start();
    create_existing_table(&mariadb, "INTEGER UNSIGNED", "MyISAM");
    let proxy = LossyProxy::to(mariadb.port());
    let mut owner = connect(&url_with_port(&mariadb, proxy.port()), &EXISTING_TABLE);
    let mut other = connect(&mariadb.url(), &EXISTING_TABLE);
    let key = new_key(&EXISTING_TABLE);
    owner.put(&key, b"old", HOUR);
    for lost in 1..8 {
        let held = owner.read_locked(&key);
        proxy.drop_answer(lost);
        let data = format!("new {lost}");
        let outcome = owner.write_for(&held, data.as_bytes(), HOUR);
        proxy.drop_answer(0);
        assert!(matches!(outcome, Outcome::Stored(_)), "{lost}: {outcome:?}");
        assert_eq!(other.peek(&key).unwrap(), data.as_bytes());
    }
}

#[test]
fn a_write_that_waits_for_a_row_is_killed_and_repeated_once() {
    for_each_layout(|mariadb, _, directives| {
        let proxy = rsso_testkit::Proxy::start(mariadb.port());
        let long = [("read_timeout", "10")];
        let with_timeout = [directives, &long[..]].concat();
        let mut owner = connect(&url_with_port(mariadb, proxy.port()), &with_timeout);
        let key = new_key(directives);
        owner.put(&key, b"old", HOUR);
        let held = owner.read_locked(&key);
        beside_locked_rows(mariadb, directives, 3, |scope| {
            let write = scope.spawn(move || {
                let outcome = owner.write_for(&held, b"new", HOUR);
                (owner, outcome)
            });
            eventually("the write waits", SOON, || {
                let waiting = mariadb.sql(
                    "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'",
                );
                (waiting == "1").then_some(())
            });
            proxy.disconnect_all();
            let (mut owner, outcome) = write.join().unwrap();
            assert!(matches!(outcome, Outcome::Stored(_)), "{outcome:?}");
            assert_eq!(owner.peek(&key).unwrap(), b"new");
        });
    });
}

#[test]
fn a_write_that_was_reported_as_failed_is_not_stored_later() {
    for_each_layout(|mariadb, _, directives| {
        // The server's own timeout ends no earlier than ours, so the answer is lost.
        let short = [("read_timeout", "1")];
        let with_timeout = [directives, &short[..]].concat();
        let mut owner = connect(&mariadb.url(), &with_timeout);
        let mut other = connect(&mariadb.url(), directives);
        let key = new_key(directives);
        owner.put(&key, b"old", HOUR);
        let held = owner.read_locked(&key);
        thread::scope(|scope| {
            scope.spawn(|| {
                mariadb.sql(
                    "CREATE TABLE IF NOT EXISTS sessions (a INT); DO GET_LOCK('ready', 0);
                     LOCK TABLES rsso_sessions WRITE, sessions WRITE; DO SLEEP(4); UNLOCK TABLES",
                )
            });
            eventually("the tables are locked", SOON, || {
                (mariadb.sql("SELECT IS_USED_LOCK('ready') IS NULL") == "0").then_some(())
            });
            thread::sleep(Duration::from_millis(300));
            let done = owner
                .store
                .commit(&key, held.basis(HOUR), Change::Write(b"new", HOUR));
            let error = error_text(done);
            if error.contains("is unchanged") {
                thread::sleep(Duration::from_secs(5));
                assert_eq!(other.peek(&key).unwrap(), b"old", "{error}");
            } else {
                assert!(error.contains("not known whether"), "{error}");
            }
        });
    });
}

#[test]
fn a_write_to_a_paused_server_has_an_unknown_outcome() {
    for_each_layout(|mariadb, _, directives| {
        let short = [("read_timeout", "1"), ("connect_timeout", "1")];
        let with_timeout = [directives, &short[..]].concat();
        let mut owner = connect(&mariadb.url(), &with_timeout);
        let key = new_key(directives);
        // The statement must be executed, because one that is only prepared changes nothing.
        for data in [b"new", b"old"] {
            owner.put(&key, data, HOUR);
        }
        let held = owner.read_locked(&key);
        mariadb.pause();
        let done = owner
            .store
            .commit(&key, held.basis(HOUR), Change::Write(b"new", HOUR));
        mariadb.resume();
        let error = error_text(done);
        assert!(error.contains("not known whether"), "{error}");
        assert!(!error.contains("unchanged"), "{error}");
    });
}

#[test]
fn a_lost_answer_then_anothers_write_means_an_unknown_outcome() {
    for_each_layout(|mariadb, proxy, directives| {
        let mut owner = connect(&url_with_port(mariadb, proxy.port()), directives);
        let mut other = connect(&mariadb.url(), directives);
        let key = new_key(directives);
        other.put(&key, b"old", HOUR);
        let held = owner.read_unlocked(&key);
        assert!(matches!(owner.write(&held, b"old"), Outcome::Stored(_)));
        let held = owner.read_unlocked(&key);
        proxy.delay_disconnect();
        proxy.drop_next_answer();
        let outcome = thread::scope(|scope| {
            let write = scope.spawn(|| owner.write(&held, b"new"));
            eventually("the write has landed", SOON, || {
                (other.peek(&key).unwrap() == b"new").then_some(())
            });
            let late = other.read_unlocked(&key);
            assert!(matches!(other.write(&late, b"late"), Outcome::Stored(_)));
            proxy.disconnect_now();
            write.join().unwrap()
        });
        assert_eq!(outcome, Outcome::Unknown);
        assert_eq!(other.peek(&key).unwrap(), b"late");
    });
}

#[test]
fn a_claim_whose_commit_answer_is_lost_has_an_unknown_outcome() {
    let mariadb = MariaDb::start();
    let proxy = LossyProxy::to(mariadb.port());
    let mut owner = connect(&url_with_port(&mariadb, proxy.port()), &OWN_TABLES);
    let mut other = connect(&mariadb.url(), &OWN_TABLES);
    let (key, alice) = (new_key(&OWN_TABLES), user("alice"));
    owner.put(&key, b"old", HOUR);
    let mut errors = Vec::new();
    // Whichever answer is lost, the report is true.
    for lost in 1..40 {
        let held = owner.read_locked(&key);
        let claim = new_claim(&alice, "web", with_max_logins(0));
        proxy.drop_answer(lost);
        let done = owner.try_claim(&held, &claim);
        proxy.drop_answer(0);
        let is_there = other
            .store
            .logins(&alice)
            .unwrap()
            .iter()
            .any(|login| login.identity == claim.identity());
        match done {
            Ok(_) => assert!(is_there, "{lost}"),
            Err(error) => {
                let error = error.chain();
                match error.contains("nothing was changed") {
                    true => assert!(!is_there, "{lost}: {error}"),
                    false => assert!(error.contains("not known whether"), "{lost}: {error}"),
                }
                errors.push(error);
            }
        }
        owner.store.release(&key, held.token).unwrap();
        other
            .store
            .kick(
                &alice,
                &rsso_core::login::LoginSelector::default(),
                &crate::common::login_helpers::kick_request(),
            )
            .unwrap();
        owner.put(&key, b"old", HOUR);
    }
    assert!(
        errors
            .iter()
            .any(|error| error.contains("not known whether")),
        "no answer to a COMMIT was lost: {errors:#?}"
    );
}

#[test]
fn a_destroy_whose_answer_is_lost_is_found_to_be_done() {
    for_each_layout(|mariadb, proxy, directives| {
        let mut owner = connect(&url_with_port(mariadb, proxy.port()), directives);
        let mut other = connect(&mariadb.url(), directives);
        let key = new_key(directives);
        other.put(&key, b"old", HOUR);
        owner.peek(&key);
        proxy.drop_next_answer();
        let seen = other.read_unlocked(&key).seen.map(|seen| seen.generation);
        let end = End {
            seen,
            ..End::default()
        };
        assert!(owner.store.destroy(&key, None, end).unwrap());
        assert_eq!(other.peek(&key), None);
    });
}
