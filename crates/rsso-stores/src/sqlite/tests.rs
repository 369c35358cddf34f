//! What only this store has to be asked.

use std::time::Duration;

use rusqlite::Connection;

use super::store::SqliteStore;
use rsso_core::deadline::{Deadline, LONGEST};
use rsso_core::dsn::SqliteDsn;
use rsso_core::settings::Settings;
use rsso_core::sid::{SessionId, SessionKey};
use rsso_core::store::{Basis, Change, End, Load, Loaded, Outcome, Store, Token};

fn store(dir: &tempfile::TempDir) -> SqliteStore {
    let dsn = SqliteDsn {
        path: dir.path().join("s.db"),
        mode: 0o600,
    };
    let second = Duration::from_secs(1);
    SqliteStore::new(dsn, None, second, Settings::default().logins.events()).unwrap()
}

fn read(store: &mut SqliteStore, key: &SessionKey) -> Loaded {
    let look = Load {
        token: Token::random().unwrap(),
        lock: None,
        only_existing: false,
    };
    store.load(key, look).unwrap()
}

fn write(store: &mut SqliteStore, key: &SessionKey, data: &[u8]) {
    let basis = Basis {
        token: Token::random().unwrap(),
        locked: false,
        seen: read(store, key).record.map(|record| record.version),
        keeps_expiry: false,
    };
    let change = Change::Write(data, Duration::from_secs(1000));
    let outcome = store.commit(key, basis, change).unwrap();
    assert!(matches!(outcome, Outcome::Stored(_)), "{outcome:?}");
}

/// SQLite lets all connections of a process share one index, also one that was removed.
#[test]
fn connections_of_one_process_leave_removed_files_together() {
    let keys: Vec<_> = (0..3)
        .map(|_| SessionKey::of(&SessionId::random().unwrap(), true))
        .collect();
    for suffixes in [
        &["-wal"][..],
        &["-shm"],
        &["-wal", "-shm"],
        &["-lock"],
        &["-wal", "-lock"],
        &["-shm", "-lock"],
        &["-wal", "-shm", "-lock"],
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut stores = [store(&dir), store(&dir), store(&dir)];
        for round in 0..6_u8 {
            for (store, key) in stores.iter_mut().zip(&keys) {
                write(store, key, &vec![round; 20_000]);
            }
            for suffix in suffixes {
                std::fs::remove_file(dir.path().join(format!("s.db{suffix}"))).unwrap();
            }
            // Another one each time is the first to notice.
            let first = usize::from(round) % stores.len();
            write(&mut stores[first], &keys[first], &[round; 3]);
            for (at, key) in keys.iter().enumerate() {
                let length = if at == first { 3 } else { 20_000 };
                for store in &mut stores {
                    let found = read(store, key).record.unwrap();
                    assert!(
                        found.data == vec![round; length],
                        "{suffixes:?} {round} {at}"
                    );
                }
            }
        }
        drop(stores);
        let connection = Connection::open(dir.path().join("s.db")).unwrap();
        let sound: String = connection
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(sound, "ok", "{suffixes:?}");
    }
}

#[test]
fn a_lifetime_beyond_all_clocks_is_a_long_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(&dir);
    for seconds in [i64::MAX.cast_unsigned(), u64::MAX, u64::MAX / 1000] {
        let key = SessionKey::of(&SessionId::random().unwrap(), true);
        let ttl = Duration::from_secs(seconds);
        for change in [
            Change::Write(b"first", ttl),
            Change::Write(b"data", ttl),
            Change::Touch(ttl),
        ] {
            let seen = read(&mut store, &key).record.map(|record| record.version);
            let basis = Basis {
                token: Token::random().unwrap(),
                locked: false,
                seen,
                keeps_expiry: false,
            };
            let outcome = store.commit(&key, basis, change).unwrap();
            assert!(matches!(outcome, Outcome::Stored(_)), "{outcome:?}");
        }
        let found = read(&mut store, &key);
        assert_eq!(found.record.unwrap().data, b"data");
        assert!(found.expires_in.unwrap() + Duration::from_secs(60) > LONGEST);
    }
    assert_eq!(store.gc(None).unwrap(), 0);
}

#[test]
fn an_emptying_that_fails_gives_the_lock_back() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, mut other) = (store(&dir), store(&dir));
    let key = SessionKey::of(&SessionId::random().unwrap(), true);
    write(&mut store, &key, b"form");
    let lock = |deadline| Load {
        token: Token::random().unwrap(),
        lock: Some(rsso_core::store::LockTerms {
            deadline: Deadline::after(Duration::from_secs(deadline)),
            ttl: Duration::from_secs(60),
        }),
        only_existing: false,
    };
    let held = lock(1);
    assert!(store.load(&key, held).unwrap().locked);
    let busy = Connection::open(dir.path().join("s.db")).unwrap();
    busy.execute_batch("BEGIN IMMEDIATE").unwrap();
    let lease = rsso_core::store::Lock {
        token: held.token,
        held: true,
    };
    let second = Duration::from_secs(1);
    let emptied = store.destroy_leaving_empty(&key, lease, End::default(), second);
    assert!(emptied.is_err(), "the database was not busy");
    busy.execute_batch("ROLLBACK").unwrap();
    assert!(other.load(&key, lock(5)).unwrap().locked);
}

/// A write waits for the database, and the lock file goes meanwhile.
#[test]
fn a_write_that_outlives_its_lock_is_not_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let (mut slow, mut quick) = (store(&dir), store(&dir));
    let key = SessionKey::of(&SessionId::random().unwrap(), true);
    write(&mut slow, &key, b"1");
    let lock = || Load {
        token: Token::random().unwrap(),
        lock: Some(rsso_core::store::LockTerms {
            deadline: Deadline::after(Duration::from_secs(5)),
            ttl: Duration::from_secs(60),
        }),
        only_existing: false,
    };
    let basis = |look: Load, loaded: &Loaded| Basis {
        token: look.token,
        locked: true,
        seen: loaded.record.as_ref().map(|record| record.version),
        keeps_expiry: false,
    };
    let change = |data| Change::Write(data, Duration::from_secs(1000));
    let busy = Connection::open(dir.path().join("s.db")).unwrap();
    let (look, other) = (lock(), lock());
    let loaded = slow.load(&key, look).unwrap();
    busy.execute_batch("BEGIN IMMEDIATE").unwrap();
    let told = std::thread::scope(|scope| {
        let writes = scope.spawn(|| slow.commit(&key, basis(look, &loaded), change(b"2")));
        std::thread::sleep(Duration::from_millis(300));
        std::fs::remove_file(dir.path().join("s.db-lock")).unwrap();
        let read = quick.load(&key, other).unwrap();
        assert_eq!(read.record.as_ref().unwrap().data, b"1");
        busy.execute_batch("ROLLBACK").unwrap();
        let told = writes.join().unwrap();
        let stored = quick.commit(&key, basis(other, &read), change(b"3"));
        assert!(matches!(stored, Ok(Outcome::Stored(_))), "{stored:?}");
        told
    });
    assert!(told.is_err(), "{told:?}");
    assert_eq!(read(&mut slow, &key).record.unwrap().data, b"3");
}

#[test]
fn all_logins_of_a_user_are_read_without_sorting() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(&dir);
    read(
        &mut store,
        &SessionKey::of(&SessionId::random().unwrap(), true),
    );
    let connection = Connection::open(dir.path().join("s.db")).unwrap();
    let explain = format!("EXPLAIN QUERY PLAN {}", &*store.sql.all_entries);
    let mut statement = connection.prepare(&explain).unwrap();
    let steps = statement
        .query_map([&[0; 32][..]], |row| row.get(3))
        .unwrap();
    let steps: Vec<String> = steps.map(Result::unwrap).collect();
    let reads_by_index = |step: &String| step.starts_with("SEARCH");
    assert!(steps.iter().all(reads_by_index), "{steps:#?}");
}
