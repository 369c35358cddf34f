//! An answer of a MySQL server that is lost: what is said then is true, now and later.

use std::thread;
use std::time::Duration;

use rsso_core::login::Seat;
use rsso_core::store::{Change, End, Outcome, Token};
use rsso_testkit::{MariaDb, eventually};

use crate::common::fixture::{HOUR, Held};
use crate::common::login_helpers::{at_most, user, wish};
use crate::common::mysql_helpers::{
    MAPPED, Thief, complaint, key, make_mapped_table, through, worker,
};

const SOON: Duration = Duration::from_secs(20);
const NATIVE: [(&str, &str); 0] = [];

/// Both layouts, each with a session `old` in it, its owner behind a thief and another worker beside it.
fn for_each_layout(act: impl Fn(&MariaDb, &Thief, &[(&str, &str)])) {
    let mariadb = MariaDb::start();
    make_mapped_table(&mariadb, "INTEGER UNSIGNED", "InnoDB");
    let thief = Thief::before(mariadb.port());
    for directives in [&NATIVE[..], &MAPPED[..]] {
        act(&mariadb, &thief, directives);
    }
}

/// Another client keeps the rows of the layout's table locked, for so many seconds from the beginning of `act`.
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
    for_each_layout(|mariadb, thief, directives| {
        let mut owner = worker(&through(mariadb, thief.port()), directives);
        let mut other = worker(&mariadb.url(), directives);
        let key = key(directives);
        other.put(&key, b"old", HOUR);
        // Under its expiry and beyond it: two statements. And a session that is new.
        for ttl in [HOUR, 2 * HOUR] {
            let held = owner.locked(&key);
            thief.steal_next_answer();
            let outcome = owner.write_for(&held, b"new", ttl);
            assert!(matches!(outcome, Outcome::Stored(_)), "{outcome:?}");
            assert_eq!(other.locked(&key).data.unwrap(), b"new");
            other = worker(&mariadb.url(), directives);
        }
        assert!(other.destroy(&key));
        let held = owner.locked(&key);
        thief.steal_next_answer();
        let outcome = owner.write_for(&held, b"new", HOUR);
        assert!(matches!(outcome, Outcome::Stored(_)), "{outcome:?}");
        assert_eq!(other.peek(&key).unwrap(), b"new");
    });
}

#[test]
fn an_emptied_session_whose_answer_is_lost_is_emptied_once() {
    for_each_layout(|mariadb, thief, directives| {
        let mut owner = worker(&through(mariadb, thief.port()), directives);
        let key = key(directives);
        // Each answer of the act, prepared or not.
        for lost in [1, 1, 2, 2, 3, 3, 4, 4] {
            let mut other = worker(&mariadb.url(), directives);
            other.put(&key, b"old", HOUR);
            let held = owner.locked(&key);
            let end = End {
                seen: held.seen.map(|seen| seen.generation),
                ..End::default()
            };
            thief.steal_answer(lost);
            let lock = (held.token, true);
            let existed = owner.store.destroy_leaving_empty(&key, lock, end, HOUR);
            thief.steal_answer(0);
            assert!(existed.unwrap(), "{lost}");
            // The empty one is a courtesy.
            let left = other.locked(&key).data.unwrap_or_default();
            assert_eq!(left, b"", "{lost}");
        }
    });
}

#[test]
fn a_rotation_whose_answer_is_lost_is_found_to_be_done() {
    for_each_layout(|mariadb, thief, directives| {
        let mut owner = worker(&through(mariadb, thief.port()), directives);
        let mut other = worker(&mariadb.url(), directives);
        let alice = user("alice");
        let mut from = key(directives);
        owner.put(&from, b"old", HOUR);
        let held = owner.locked(&from);
        let claim = wish(&alice, "web", at_most(1));
        owner.try_claim(&held, &claim).unwrap();
        owner.store.release(&from, held.token).unwrap();
        for lost in 1..40 {
            let to = key(directives);
            let held = owner.locked(&from);
            let seat = Seat {
                seen: None,
                token: Token::random().unwrap(),
                ttl: HOUR,
            };
            thief.steal_answer(lost);
            let rotated = (owner.store).rotate((&from, Some(held.token)), &to, seat, claim.login);
            thief.steal_answer(0);
            assert!(rotated.unwrap().is_some(), "{lost}");
            assert_eq!(other.login_of(&to), Some(claim.login), "{lost}");
            from = to;
        }
    });
}

#[test]
fn a_lock_that_was_regained_for_a_commit_in_vain_is_given_back() {
    for_each_layout(|mariadb, _, directives| {
        let short = [("read_timeout", "1")];
        let directives_too = [directives, &short[..]].concat();
        let mut owner = worker(&mariadb.url(), &directives_too);
        let mut other = worker(&mariadb.url(), directives);
        let key = key(directives);
        owner.put(&key, b"old", HOUR);
        // As after a claim of a new id: nobody else can have the lock.
        let held = Held {
            locked: true,
            ..owner.unlocked(&key)
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

/// Row and mark are no one transaction there: but what is found to be stored is.
#[test]
fn a_write_to_myisam_whose_answer_is_lost_is_found_to_be_stored() {
    let mariadb = MariaDb::start();
    make_mapped_table(&mariadb, "INTEGER UNSIGNED", "MyISAM");
    let thief = Thief::before(mariadb.port());
    let mut owner = worker(&through(&mariadb, thief.port()), &MAPPED);
    let mut other = worker(&mariadb.url(), &MAPPED);
    let key = key(&MAPPED);
    owner.put(&key, b"old", HOUR);
    for lost in 1..8 {
        let held = owner.locked(&key);
        thief.steal_answer(lost);
        let data = format!("new {lost}");
        let outcome = owner.write_for(&held, data.as_bytes(), HOUR);
        thief.steal_answer(0);
        assert!(matches!(outcome, Outcome::Stored(_)), "{lost}: {outcome:?}");
        assert_eq!(other.peek(&key).unwrap(), data.as_bytes());
    }
}

#[test]
fn a_write_that_waits_for_a_row_is_ended_and_made_again_once() {
    for_each_layout(|mariadb, _, directives| {
        let proxy = rsso_testkit::Proxy::start(mariadb.port());
        let long = [("read_timeout", "10")];
        let directives_too = [directives, &long[..]].concat();
        let mut owner = worker(&through(mariadb, proxy.port()), &directives_too);
        let key = key(directives);
        owner.put(&key, b"old", HOUR);
        let held = owner.locked(&key);
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
            proxy.cut();
            let (mut owner, outcome) = write.join().unwrap();
            assert!(matches!(outcome, Outcome::Stored(_)), "{outcome:?}");
            assert_eq!(owner.peek(&key).unwrap(), b"new");
        });
    });
}

#[test]
fn a_write_behind_locked_tables_is_not_stored_later_if_that_was_said() {
    for_each_layout(|mariadb, _, directives| {
        // The server's own time-out is over no earlier than ours: the answer is lost.
        let short = [("read_timeout", "1")];
        let directives_too = [directives, &short[..]].concat();
        let mut owner = worker(&mariadb.url(), &directives_too);
        let mut other = worker(&mariadb.url(), directives);
        let key = key(directives);
        owner.put(&key, b"old", HOUR);
        let held = owner.locked(&key);
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
            let said = complaint(done);
            if said.contains("is unchanged") {
                thread::sleep(Duration::from_secs(5));
                assert_eq!(other.peek(&key).unwrap(), b"old", "{said}");
            } else {
                assert!(said.contains("not known whether"), "{said}");
            }
        });
    });
}

#[test]
fn a_stopped_servers_write_is_not_known() {
    for_each_layout(|mariadb, _, directives| {
        let short = [("read_timeout", "1"), ("connect_timeout", "1")];
        let directives_too = [directives, &short[..]].concat();
        let mut owner = worker(&mariadb.url(), &directives_too);
        let key = key(directives);
        // A statement that is only prepared has changed nothing: this one was.
        for data in [b"new", b"old"] {
            owner.put(&key, data, HOUR);
        }
        let held = owner.locked(&key);
        mariadb.pause();
        let done = owner
            .store
            .commit(&key, held.basis(HOUR), Change::Write(b"new", HOUR));
        mariadb.resume();
        let said = complaint(done);
        assert!(said.contains("not known whether"), "{said}");
        assert!(!said.contains("unchanged"), "{said}");
    });
}

#[test]
fn a_write_after_which_another_wrote_is_not_known() {
    for_each_layout(|mariadb, thief, directives| {
        let mut owner = worker(&through(mariadb, thief.port()), directives);
        let mut other = worker(&mariadb.url(), directives);
        let key = key(directives);
        other.put(&key, b"old", HOUR);
        let held = owner.unlocked(&key);
        assert!(matches!(owner.write(&held, b"old"), Outcome::Stored(_)));
        let held = owner.unlocked(&key);
        thief.hold();
        thief.steal_next_answer();
        let outcome = thread::scope(|scope| {
            let write = scope.spawn(|| owner.write(&held, b"new"));
            eventually("the write has landed", SOON, || {
                (other.peek(&key).unwrap() == b"new").then_some(())
            });
            let late = other.unlocked(&key);
            assert!(matches!(other.write(&late, b"late"), Outcome::Stored(_)));
            thief.tell();
            write.join().unwrap()
        });
        assert_eq!(outcome, Outcome::Unknown);
        assert_eq!(other.peek(&key).unwrap(), b"late");
    });
}

#[test]
fn a_claim_whose_commits_answer_is_lost_is_not_known() {
    let mariadb = MariaDb::start();
    let thief = Thief::before(mariadb.port());
    let mut owner = worker(&through(&mariadb, thief.port()), &NATIVE);
    let mut other = worker(&mariadb.url(), &NATIVE);
    let (key, alice) = (key(&NATIVE), user("alice"));
    owner.put(&key, b"old", HOUR);
    let mut said = Vec::new();
    // Whichever answer of the act is lost: what is said of it holds.
    for lost in 1..40 {
        let held = owner.locked(&key);
        let claim = wish(&alice, "web", at_most(0));
        thief.steal_answer(lost);
        let done = owner.try_claim(&held, &claim);
        thief.steal_answer(0);
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
                said.push(error);
            }
        }
        owner.store.release(&key, held.token).unwrap();
        other
            .store
            .kick(
                &alice,
                &rsso_core::login::Which::default(),
                &crate::common::login_helpers::kick_order(),
            )
            .unwrap();
        owner.put(&key, b"old", HOUR);
    }
    assert!(
        said.iter().any(|said| said.contains("not known whether")),
        "no answer to a COMMIT was lost: {said:#?}"
    );
}

#[test]
fn a_destroy_whose_answer_is_lost_removes_nothing_later() {
    for_each_layout(|mariadb, thief, directives| {
        let mut owner = worker(&through(mariadb, thief.port()), directives);
        let mut other = worker(&mariadb.url(), directives);
        let key = key(directives);
        other.put(&key, b"old", HOUR);
        owner.peek(&key);
        thief.steal_next_answer();
        let seen = other.unlocked(&key).seen.map(|seen| seen.generation);
        let end = End {
            seen,
            ..End::default()
        };
        assert!(owner.store.destroy(&key, None, end).unwrap());
        assert_eq!(other.peek(&key), None);
    });
}
