//! What a promise stands on: a fresh real store, and as many workers on it as it wants.

use data_encoding::HEXLOWER;
use rsso_stores::Spec;
use rsso_core::{SessionId, SessionKey, Settings};
use rsso_testkit::{MariaDb, RedisServer};
use rusqlite::Connection;
use tempfile::TempDir;

pub use crate::common::store_client::{HOUR, HeldSession, StoreClient, TTL};

/// A fresh store for one test.
pub trait Fixture: Sync {
    fn prepare() -> Self
    where
        Self: Sized;

    fn dsn(&self) -> String;

    /// The key of a new session, as this store files it.
    fn new_key(&self) -> SessionKey {
        self.key_of(&new_sid())
    }

    fn key_of(&self, sid: &SessionId) -> SessionKey {
        SessionKey::of(sid, self.settings().hashes_ids())
    }

    fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        settings.set("dsn", &self.dsn()).unwrap();
        settings
    }

    /// The store as one more worker process would have it: with a connection of its own.
    fn client(&self) -> StoreClient {
        self.client_with(&[])
    }

    /// One with other values of some directives.
    fn client_with(&self, directives: &[(&str, &str)]) -> StoreClient {
        let mut settings = self.settings();
        for (name, value) in directives {
            settings.set(name, value).unwrap();
        }
        client_of(&settings)
    }

    /// One whose outbox keeps so many events.
    fn client_with_outbox_limit(&self, most: u64) -> StoreClient {
        let mut settings = self.settings();
        settings.logins.events_most = most;
        client_of(&settings)
    }

    /// Removes a session as an administrator would: rsso is not told.
    fn remove_without_rsso(&self, key: &SessionKey);

    /// Removes every session in the same way.
    fn remove_all_without_rsso(&self);

    /// How long a session that is stored will live, as the store itself has it written down.
    fn seconds_left(&self, key: &SessionKey) -> u64;
}

fn client_of(settings: &Settings) -> StoreClient {
    let spec = Spec::resolve(settings, "").unwrap();
    StoreClient {
        store: spec.create().unwrap(),
    }
}

pub struct SqliteFixture(TempDir);

impl SqliteFixture {
    pub fn raw(&self) -> Connection {
        Connection::open(self.0.path().join("sessions.db")).unwrap()
    }
}

impl Fixture for SqliteFixture {
    fn prepare() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn dsn(&self) -> String {
        format!("sqlite:{}/sessions.db", self.0.path().display())
    }

    fn remove_without_rsso(&self, key: &SessionKey) {
        let removed = self
            .raw()
            .execute("DELETE FROM rsso_sessions WHERE id = ?1", [key.as_bytes()]);
        assert_eq!(removed.unwrap(), 1);
    }

    fn remove_all_without_rsso(&self) {
        self.raw().execute("DELETE FROM rsso_sessions", []).unwrap();
    }

    fn seconds_left(&self, key: &SessionKey) -> u64 {
        let left: i64 = self
            .raw()
            .query_row(
                "SELECT expires - unixepoch() FROM rsso_sessions WHERE id = ?1",
                [key.as_bytes()],
                |row| row.get(0),
            )
            .unwrap();
        left.try_into().unwrap()
    }
}

pub struct RedisFixture(RedisServer);

impl Fixture for RedisFixture {
    fn prepare() -> Self {
        Self(RedisServer::start())
    }

    fn dsn(&self) -> String {
        self.0.url()
    }

    fn remove_without_rsso(&self, key: &SessionKey) {
        assert_eq!(self.0.cli(&["del", &record_name(key)]), "1");
    }

    fn remove_all_without_rsso(&self) {
        self.0.cli(&["flushall"]);
    }

    fn seconds_left(&self, key: &SessionKey) -> u64 {
        let left: u64 = self.0.cli(&["pttl", &record_name(key)]).parse().unwrap();
        left / 1000
    }
}

fn record_name(key: &SessionKey) -> String {
    format!("rsso:{{{}}}:d", key.to_text())
}

pub struct MysqlFixture(MariaDb);

impl Fixture for MysqlFixture {
    fn prepare() -> Self {
        Self(MariaDb::start())
    }

    fn dsn(&self) -> String {
        self.0.url()
    }

    fn remove_without_rsso(&self, key: &SessionKey) {
        let id = literal(key.as_bytes());
        let removed = self.0.sql(&format!(
            "DELETE FROM rsso_sessions WHERE id = {id}; SELECT ROW_COUNT()"
        ));
        assert_eq!(removed, "1");
    }

    fn remove_all_without_rsso(&self) {
        self.0.sql("DELETE FROM rsso_sessions");
    }

    fn seconds_left(&self, key: &SessionKey) -> u64 {
        let id = literal(key.as_bytes());
        let left = self.0.sql(&format!(
            "SELECT expires - UNIX_TIMESTAMP() FROM rsso_sessions WHERE id = {id}"
        ));
        left.parse().unwrap()
    }
}

/// Bytes, as SQL takes them.
fn literal(bytes: &[u8]) -> String {
    format!("x'{}'", HEXLOWER.encode(bytes))
}

/// A table that was there before rsso, of Symfony's shape.
pub struct ExistingTableFixture(MariaDb);

impl Fixture for ExistingTableFixture {
    fn prepare() -> Self {
        let mariadb = MariaDb::start();
        mariadb.sql(
            "CREATE TABLE sessions (sess_id VARBINARY(128) NOT NULL PRIMARY KEY, sess_data LONGBLOB NOT NULL,
             sess_lifetime INTEGER UNSIGNED NOT NULL, sess_time INTEGER UNSIGNED NOT NULL)",
        );
        Self(mariadb)
    }

    fn dsn(&self) -> String {
        self.0.url()
    }

    fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        for (name, value) in [
            ("dsn", self.dsn().as_str()),
            ("mysql_table", "sessions"),
            (
                "mysql_columns",
                "id=sess_id,data=sess_data,expires=sess_lifetime,time=sess_time",
            ),
        ] {
            settings.set(name, value).unwrap();
        }
        settings
    }

    fn remove_without_rsso(&self, key: &SessionKey) {
        let id = literal(as_the_old_code_has_it(key));
        let removed = self.0.sql(&format!(
            "DELETE FROM sessions WHERE sess_id = {id}; SELECT ROW_COUNT()"
        ));
        assert_eq!(removed, "1");
    }

    fn remove_all_without_rsso(&self) {
        self.0.sql("DELETE FROM sessions");
    }

    fn seconds_left(&self, key: &SessionKey) -> u64 {
        let id = literal(as_the_old_code_has_it(key));
        let left = self.0.sql(&format!(
            "SELECT sess_lifetime - UNIX_TIMESTAMP() FROM sessions WHERE sess_id = {id}"
        ));
        left.parse().unwrap()
    }
}

/// The session id, without what makes a plain key.
fn as_the_old_code_has_it(key: &SessionKey) -> &[u8] {
    key.as_bytes().strip_prefix(b"=").unwrap()
}

pub fn new_sid() -> SessionId {
    SessionId::random().unwrap()
}
