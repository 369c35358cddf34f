//! A SQLite file of schema 2: it is upgraded in place, and an rsso that knows no later schema may use it meanwhile.

use std::thread;
use std::time::Duration;

use rsso_core::SessionKey;
use rsso_core::login::LoginSelector;
use rsso_core::store::Outcome;
use rusqlite::{Connection, OptionalExtension as _, named_params};

use crate::common::first_version::{
    assert_is_what_was_stored, bob, expired, first, plain, rows, successor, use_everything,
};
use crate::common::fixture::{Fixture as _, SqliteFixture};
use crate::common::login_helpers::{user, with_max_logins};
use crate::common::mysql_helpers::error_text;
use crate::common::timed_barrier::TimedBarrier;

const TABLES: &str = include_str!("first_version/sqlite.sql");

/// What the earlier version says to the tables.
const BIND: &str = "INSERT OR REPLACE INTO rsso_bindings (session, generation, login, until)
    VALUES (:id, :generation, :login, NULL)";
const UNBIND: &str = "DELETE FROM rsso_bindings WHERE session = :id";
const REMOVE_BINDINGS: &str = "DELETE FROM rsso_bindings WHERE login = :login";
const LIMIT_BINDING: &str = "UPDATE rsso_bindings SET until = :until WHERE session = :id";
const COPY_SESSION: &str =
    "INSERT OR REPLACE INTO rsso_sessions (id, generation, revision, expires, data)
     SELECT :to, :generation, :revision, :expires, data FROM rsso_sessions WHERE id = :from";
const INSERT: &str = "INSERT INTO rsso_sessions (id, generation, revision, expires, data)
    VALUES (:id, :generation, :revision, :expires, :data)
    ON CONFLICT (id) DO UPDATE SET
      generation = CASE WHEN expires <= :now THEN excluded.generation ELSE generation END,
      revision = excluded.revision, expires = excluded.expires, data = excluded.data
    WHERE :any_revision OR expires <= :now OR revision = excluded.revision
    RETURNING generation";
const EMPTY_UNBOUND: &str = "UPDATE rsso_sessions
    SET generation = :new_generation, revision = :revision, expires = :expires, data = x''
    WHERE id = :id AND generation = COALESCE(:generation, generation)
      AND NOT EXISTS (SELECT 1 FROM rsso_bindings WHERE session = :id)";
const LOAD: &str = "SELECT s.data, s.revision, l.user FROM rsso_sessions AS s
    LEFT JOIN rsso_bindings AS b ON b.session = s.id AND b.generation = s.generation
    LEFT JOIN rsso_logins AS l ON l.login = b.login
    WHERE s.id = :id AND s.expires > :alive_at";
const UPDATE_DATA: &str = "UPDATE rsso_sessions SET data = :data, revision = randomblob(16)
    WHERE id = :id AND revision = :seen";

/// Sessions whose columns are not what bindings and logins say.
const CONTRADICTIONS: &str = "SELECT COUNT(*) FROM rsso_sessions AS s
    LEFT JOIN rsso_bindings AS b ON b.session = s.id AND b.generation = s.generation
    LEFT JOIN rsso_logins AS l ON l.login = b.login
    WHERE s.user IS NOT l.user OR s.identity IS NOT l.identity OR s.more IS NOT l.more
      OR s.until IS NOT iif(l.login IS NULL, NULL, b.until)";

/// A file that the earlier version has filled.
fn filled() -> SqliteFixture {
    let fixture = SqliteFixture::prepare();
    let raw = fixture.raw();
    raw.execute_batch("PRAGMA journal_mode = WAL").unwrap();
    raw.execute_batch(TABLES).unwrap();
    raw.execute_batch(&rows()).unwrap();
    fixture
}

fn number(raw: &Connection, sql: &str) -> i64 {
    raw.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[track_caller]
fn assert_columns_agree(raw: &Connection, after: &str) {
    assert_eq!(number(raw, CONTRADICTIONS), 0, "{after}");
}

fn id(key: &SessionKey) -> Vec<u8> {
    key.as_bytes().to_vec()
}

#[test]
fn a_file_of_schema_2_is_read_with_its_logins() {
    let fixture = filled();
    assert_is_what_was_stored(&mut fixture.client());
    let raw = fixture.raw();
    assert_columns_agree(&raw, "the upgrade");
    assert_eq!(number(&raw, "PRAGMA user_version"), 3);
    assert_is_what_was_stored(&mut fixture.client());
}

#[test]
fn sessions_of_schema_2_go_on_after_the_upgrade() {
    let fixture = filled();
    let raw = fixture.raw();
    use_everything(&mut fixture.client(), &mut |after| {
        assert_columns_agree(&raw, after);
    });
}

#[test]
fn what_the_earlier_version_writes_reaches_the_columns() {
    for recursive in ["OFF", "ON"] {
        let fixture = filled();
        let mut client = fixture.client();
        assert_is_what_was_stored(&mut client);
        let raw = fixture.raw();
        raw.execute_batch(&format!("PRAGMA recursive_triggers = {recursive}"))
            .unwrap();
        // Its tables are there already.
        raw.execute_batch(TABLES).unwrap();
        let login = client.login_of(&bob()).unwrap().to_bytes();

        let version = client.read_unlocked(&plain()).seen.unwrap();
        let generation = version.generation.0.cast_signed();
        let values =
            named_params! { ":id": id(&plain()), ":generation": generation, ":login": login };
        raw.execute(BIND, values).unwrap();
        assert_columns_agree(&raw, "a claim");
        assert_eq!(
            client.read_unlocked(&plain()).login.unwrap().user,
            user("bob").key()
        );
        let values = named_params! { ":id": id(&plain()), ":until": 5_000_000_000_i64 };
        raw.execute(LIMIT_BINDING, values).unwrap();
        assert_columns_agree(&raw, "a rotation");
        assert!(client.read_unlocked(&plain()).login.unwrap().rotated);

        let copy = fixture.new_key();
        let values = named_params! { ":from": id(&plain()), ":to": id(&copy), ":generation": 5,
        ":revision": &[0_u8; 16][..], ":expires": 5_000_000_000_i64 };
        raw.execute(COPY_SESSION, values).unwrap();
        let values = named_params! { ":id": id(&copy), ":generation": 5, ":login": login };
        raw.execute(BIND, values).unwrap();
        assert_columns_agree(&raw, "a new id");
        assert!(client.read_unlocked(&copy).login.is_some());
        // Over a session that has a login.
        let values = named_params! { ":from": id(&plain()), ":to": id(&first()), ":generation": 6,
        ":revision": &[0_u8; 16][..], ":expires": 5_000_000_000_i64 };
        raw.execute(COPY_SESSION, values).unwrap();
        assert_columns_agree(&raw, "a session in place of another");
        assert!(client.read_unlocked(&first()).login.is_none());

        raw.execute(UNBIND, named_params! { ":id": id(&plain()) })
            .unwrap();
        assert_columns_agree(&raw, "a sign-out");
        assert!(client.read_unlocked(&plain()).login.is_none());
        raw.execute(REMOVE_BINDINGS, named_params! { ":login": login })
            .unwrap();
        assert_columns_agree(&raw, "a kick");
        assert!(client.read_unlocked(&copy).login.is_none());

        let values = named_params! { ":id": id(&expired()), ":generation": 9, ":any_revision": true,
        ":revision": &[1_u8; 16][..], ":expires": 5_000_000_000_i64, ":data": b"x", ":now": 2000 };
        let generation: i64 = raw.query_row(INSERT, values, |row| row.get(0)).unwrap();
        assert_eq!(generation, 9);
        assert_columns_agree(&raw, "a new session under an expired id");
        assert!(client.read_unlocked(&expired()).login.is_none());
        let values = named_params! { ":id": id(&copy), ":new_generation": 10, ":generation": 5,
        ":revision": &[1_u8; 16][..], ":expires": 5_000_000_000_i64 };
        assert_eq!(raw.execute(EMPTY_UNBOUND, values).unwrap(), 1);
        assert_columns_agree(&raw, "an emptied session");
    }
}

#[test]
fn an_upgrade_during_use_loses_nothing() {
    const STEPS: i64 = 60;
    let fixture = filled();
    let (old, new) = (2, 4);
    let start = TimedBarrier::new(old + new);
    let first_use = fixture.raw();
    let zero = named_params! { ":id": id(&successor()) };
    let reset = "UPDATE rsso_sessions SET data = x'30' WHERE id = :id";
    first_use.execute(reset, zero).unwrap();
    thread::scope(|scope| {
        for _ in 0..old {
            scope.spawn(|| {
                let raw = fixture.raw();
                raw.busy_timeout(Duration::from_secs(30)).unwrap();
                start.wait();
                for _ in 0..STEPS {
                    while !increment_as_before(&raw, &successor()) {}
                }
            });
        }
        for number in 0..new {
            let (fixture, start) = (&fixture, &start);
            scope.spawn(move || {
                start.wait();
                let mut client = fixture.client();
                for step in 0..STEPS {
                    let held = client.read_unlocked(&first());
                    assert!(held.login.is_some(), "signed out");
                    let held = client.read_locked(&bob());
                    assert!(held.login.is_some(), "signed out");
                    let count = held.data.as_deref().unwrap().len();
                    let outcome = client.write(&held, &vec![b'x'; count + 1]);
                    assert!(matches!(outcome, Outcome::Stored(_)));
                    if step % 10 == 0 {
                        let me = user(format!("user {number}"));
                        client.sign_in(&fixture.new_key(), &me, with_max_logins(1));
                        assert_eq!(client.logins(&me).len(), 1);
                    }
                }
            });
        }
    });
    let mut client = fixture.client();
    let sum = i64::try_from(old).unwrap() * STEPS;
    assert_eq!(
        client.peek(&successor()).unwrap(),
        sum.to_string().into_bytes()
    );
    let length = client.peek(&bob()).unwrap().len();
    assert_eq!(
        length,
        "n|i:5;".len() + new * usize::try_from(STEPS).unwrap()
    );
    assert_columns_agree(&fixture.raw(), "everything");
}

/// Adds one to a number as a request of the earlier version does; false if another one was faster.
fn increment_as_before(raw: &Connection, key: &SessionKey) -> bool {
    let values = named_params! { ":id": id(key), ":alive_at": 2000 };
    let mut load = raw.prepare_cached(LOAD).unwrap();
    let read = load.query_row(values, |row| {
        let (data, revision, login): (Vec<u8>, Vec<u8>, Option<Vec<u8>>) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        assert!(login.is_some(), "signed out");
        Ok((data, revision))
    });
    let (data, revision) = read.optional().unwrap().unwrap();
    let count: i64 = String::from_utf8(data).unwrap().parse().unwrap();
    let data = (count + 1).to_string().into_bytes();
    let values = named_params! { ":id": id(key), ":seen": revision, ":data": data };
    let mut update = raw.prepare_cached(UPDATE_DATA).unwrap();
    update.execute(values).unwrap() == 1
}

#[test]
fn tables_with_another_prefix_are_upgraded_at_their_first_use() {
    let fixture = filled();
    assert_is_what_was_stored(&mut fixture.client());
    let raw = fixture.raw();
    // The earlier version makes them in a file that is up to date.
    let others = |sql: &str| sql.replace("rsso_", "other_");
    raw.execute_batch(&others(&TABLES.replace("PRAGMA user_version = 2;", "")))
        .unwrap();
    raw.execute_batch(&others(&rows())).unwrap();
    let mut client = fixture.client_with(&[("prefix", "other_")]);
    assert_is_what_was_stored(&mut client);
    assert_eq!(number(&raw, &others(CONTRADICTIONS)), 0);
    client.kick(&user("alice"), &LoginSelector::default());
    assert_is_what_was_stored(&mut fixture.client());
}

#[test]
fn a_file_of_a_newer_version_is_refused_with_the_way_out() {
    let fixture = filled();
    drop(fixture.client().read_unlocked(&first()));
    let raw = fixture.raw();
    raw.execute_batch("PRAGMA user_version = 4").unwrap();
    let error = error_text(fixture.client().store.ready());
    for words in ["newer rsso", "schema 4", "knows 3", "rsso.dsn"] {
        assert!(error.contains(words), "without {words}: {error}");
    }
    assert_eq!(number(&raw, "PRAGMA user_version"), 4);
}
