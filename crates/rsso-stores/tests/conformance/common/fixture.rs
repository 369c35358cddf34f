//! Fixtures: a fresh, real store for one test, and clients of it.

use data_encoding::HEXLOWER;
use rsso_core::{SessionId, SessionKey, Settings};
use rsso_testkit::{MariaDb, RedisServer};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::common::mysql_helpers::{EXISTING_TABLE, create_existing_table};
use crate::common::store_client::with_directives;
pub use crate::common::store_client::{HOUR, HeldSession, StoreClient, TTL};

/// A fresh store that one test has to itself.
pub trait Fixture: Sync {
    /// Starts the store's server, if it has one.
    fn prepare() -> Self
    where
        Self: Sized;

    /// The value of `rsso.dsn` for this store.
    fn dsn(&self) -> String;

    /// The key of a new session, hashed or not as this store does it.
    fn new_key(&self) -> SessionKey {
        self.key_of(&new_sid())
    }

    /// The key of the session with this id.
    fn key_of(&self, sid: &SessionId) -> SessionKey {
        SessionKey::of(sid, self.settings().hashes_ids())
    }

    /// The default settings, with this store's DSN.
    fn settings(&self) -> Settings {
        with_directives(Settings::default(), &[("dsn", &self.dsn())])
    }

    /// A client with its own connection, as each PHP process has it.
    fn client(&self) -> StoreClient {
        self.client_with(&[])
    }

    /// A client with other values of some directives.
    fn client_with(&self, directives: &[(&str, &str)]) -> StoreClient {
        StoreClient::connect(&with_directives(self.settings(), directives))
    }

    /// A client that keeps at most this many events in the outbox.
    fn client_with_outbox_limit(&self, most: u64) -> StoreClient {
        let mut settings = self.settings();
        settings.logins.events_most = most;
        StoreClient::connect(&settings)
    }

    /// Removes a session as an administrator would, without rsso's knowledge.
    fn remove_without_rsso(&self, key: &SessionKey);

    /// Removes every session as an administrator would, without rsso's knowledge.
    fn remove_all_without_rsso(&self);

    /// The remaining lifetime of a stored session, read from the store itself.
    fn seconds_left(&self, key: &SessionKey) -> u64;
}

/// A new SQLite file.
pub struct SqliteFixture(TempDir);

impl SqliteFixture {
    /// A connection to the database, beside rsso.
    pub fn raw(&self) -> Connection {
        Connection::open(self.0.path().join("sessions.db")).unwrap()
    }
}

impl Fixture for SqliteFixture {
    /// Starts the store's server, if it has one.
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

/// A new Redis server.
pub struct RedisFixture(RedisServer);

impl RedisFixture {
    /// The server that runs the store.
    pub fn server(&self) -> &RedisServer {
        &self.0
    }
}

impl Fixture for RedisFixture {
    /// Starts the store's server, if it has one.
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

/// The name of the Redis key that holds a record.
fn record_name(key: &SessionKey) -> String {
    format!("rsso:{{{}}}:d", key.to_text())
}

/// A new MariaDB server with rsso's own tables.
pub struct MysqlFixture(MariaDb);

impl Fixture for MysqlFixture {
    /// Starts the store's server, if it has one.
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

/// Bytes as an SQL literal.
fn literal(bytes: &[u8]) -> String {
    format!("x'{}'", HEXLOWER.encode(bytes))
}

/// A new MariaDB server with an existing sessions table, of Symfony's shape.
pub struct ExistingTableFixture(MariaDb);

impl Fixture for ExistingTableFixture {
    /// Starts the store's server, if it has one.
    fn prepare() -> Self {
        let mariadb = MariaDb::start();
        create_existing_table(&mariadb, "INTEGER UNSIGNED", "InnoDB");
        Self(mariadb)
    }

    fn dsn(&self) -> String {
        self.0.url()
    }

    fn settings(&self) -> Settings {
        let settings = with_directives(Settings::default(), &[("dsn", &self.dsn())]);
        with_directives(settings, &EXISTING_TABLE)
    }

    fn remove_without_rsso(&self, key: &SessionKey) {
        let id = literal(id_in_table(key));
        let removed = self.0.sql(&format!(
            "DELETE FROM sessions WHERE sess_id = {id}; SELECT ROW_COUNT()"
        ));
        assert_eq!(removed, "1");
    }

    fn remove_all_without_rsso(&self) {
        self.0.sql("DELETE FROM sessions");
    }

    fn seconds_left(&self, key: &SessionKey) -> u64 {
        let id = literal(id_in_table(key));
        let left = self.0.sql(&format!(
            "SELECT sess_lifetime - UNIX_TIMESTAMP() FROM sessions WHERE sess_id = {id}"
        ));
        left.parse().unwrap()
    }
}

/// The session id as the existing table holds it, without the key's prefix.
fn id_in_table(key: &SessionKey) -> &[u8] {
    key.as_bytes().strip_prefix(b"=").unwrap()
}

/// A random session id.
pub fn new_sid() -> SessionId {
    SessionId::random().unwrap()
}
