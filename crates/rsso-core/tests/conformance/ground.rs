//! What a promise stands on: a fresh real store, and as many workers on it as it wants.

use std::time::Duration;

use rsso_core::store::{
    Basis, Change, Load, Loaded, LockTerms, Outcome, Spec, Store, Token, Version,
};
use rsso_core::{Deadline, SessionId, SessionKey, Settings};
use rsso_testkit::{MariaDb, RedisServer};
use tempfile::TempDir;

/// A fresh store for one test.
pub trait Ground: Sync {
    fn prepare() -> Self
    where
        Self: Sized;

    fn dsn(&self) -> String;

    /// The key of a new session, as this store files it.
    fn key(&self) -> SessionKey {
        self.key_of(&sid())
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
    fn worker(&self) -> Worker {
        Worker {
            store: Spec::resolve(&self.settings(), "")
                .unwrap()
                .create()
                .unwrap(),
        }
    }
}

pub struct SqliteGround(TempDir);

impl Ground for SqliteGround {
    fn prepare() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn dsn(&self) -> String {
        format!("sqlite:{}/sessions.db", self.0.path().display())
    }
}

pub struct RedisGround(RedisServer);

impl Ground for RedisGround {
    fn prepare() -> Self {
        Self(RedisServer::start())
    }

    fn dsn(&self) -> String {
        self.0.url()
    }
}

pub struct MysqlGround(MariaDb);

impl Ground for MysqlGround {
    fn prepare() -> Self {
        Self(MariaDb::start())
    }

    fn dsn(&self) -> String {
        self.0.url()
    }
}

/// A table that was there before rsso, of Symfony's shape.
pub struct MappedGround(MariaDb);

impl Ground for MappedGround {
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
}

pub const HOUR: Duration = Duration::from_secs(3600);
pub const TTL: Duration = Duration::from_secs(30);

/// A store with the short words that tests use.
pub struct Worker {
    pub store: Box<dyn Store>,
}

/// A session as one request holds it.
#[derive(Debug)]
pub struct Held {
    pub key: SessionKey,
    pub token: Token,
    pub locked: bool,
    pub seen: Option<Version>,
    pub data: Option<Vec<u8>>,
}

impl Worker {
    pub fn locked(&mut self, key: &SessionKey) -> Held {
        self.try_lock(key, Duration::from_secs(20), TTL).unwrap()
    }

    pub fn try_lock(
        &mut self,
        key: &SessionKey,
        wait: Duration,
        ttl: Duration,
    ) -> rsso_core::Result<Held> {
        let terms = LockTerms {
            deadline: Deadline::after(wait),
            ttl,
        };
        self.load(key, Token::random()?, Some(terms), false)
    }

    pub fn unlocked(&mut self, key: &SessionKey) -> Held {
        self.load(key, Token::random().unwrap(), None, false)
            .unwrap()
    }

    pub fn load(
        &mut self,
        key: &SessionKey,
        token: Token,
        lock: Option<LockTerms>,
        only_existing: bool,
    ) -> rsso_core::Result<Held> {
        let Loaded { record, locked } = self.store.load(
            key,
            Load {
                token,
                lock,
                only_existing,
            },
        )?;
        let (data, seen) = record.map(|r| (r.data, r.version)).unzip();
        Ok(Held {
            key: key.clone(),
            token,
            locked,
            seen,
            data,
        })
    }

    pub fn write(&mut self, held: &Held, data: &[u8]) -> Outcome {
        self.write_for(held, data, HOUR)
    }

    pub fn write_for(&mut self, held: &Held, data: &[u8], ttl: Duration) -> Outcome {
        self.store
            .commit(&held.key, held.basis(), Change::Write(data, ttl))
            .unwrap()
    }

    pub fn touch(&mut self, held: &Held, ttl: Duration) -> Outcome {
        self.store
            .commit(&held.key, held.basis(), Change::Touch(ttl))
            .unwrap()
    }

    /// Writes a session and lets go of it.
    pub fn put(&mut self, key: &SessionKey, data: &[u8], ttl: Duration) {
        let held = self.locked(key);
        assert!(matches!(
            self.write_for(&held, data, ttl),
            Outcome::Stored(_)
        ));
    }

    pub fn peek(&mut self, key: &SessionKey) -> Option<Vec<u8>> {
        self.unlocked(key).data
    }
}

impl Held {
    pub fn basis(&self) -> Basis {
        Basis {
            token: self.token,
            locked: self.locked,
            seen: self.seen,
        }
    }
}

pub fn sid() -> SessionId {
    SessionId::random().unwrap()
}
