//! What only this store has to be asked.

use super::*;
use crate::sid::SessionId;

fn store(dir: &tempfile::TempDir) -> SqliteStore {
    let dsn = SqliteDsn {
        path: dir.path().join("s.db"),
        mode: 0o600,
    };
    let second = Duration::from_secs(1);
    SqliteStore::new(dsn, None, second, second).unwrap()
}

fn read(store: &mut SqliteStore, key: &SessionKey) -> Loaded {
    let look = Load {
        token: Token::random().unwrap(),
        lock: None,
        only_existing: false,
    };
    store.load(key, look).unwrap()
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
                lives: false,
            };
            let outcome = store.commit(&key, basis, change).unwrap();
            assert!(matches!(outcome, Outcome::Stored(_)), "{outcome:?}");
        }
        let found = read(&mut store, &key);
        assert_eq!(found.record.unwrap().data, b"data");
        assert!(found.left.unwrap() > Duration::from_secs(1 << 40));
    }
    assert_eq!(store.gc(None).unwrap(), 0);
}
