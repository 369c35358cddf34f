//! A handler together with the server its store needs: what a test over all stores is given.
//!
//! Holds: no two tests share a store.

use std::fs;
use std::path::Path;

use rsso_testkit::{Handler, MariaDb, RedisServer};

/// A store, running where it is a server.
#[derive(Debug)]
pub enum Backend {
    /// PHP's own handler: proves the harness, not rsso.
    Files,
    Sqlite,
    Redis(Box<RedisServer>),
    MariaDb(Box<MariaDb>),
}

impl From<RedisServer> for Backend {
    fn from(redis: RedisServer) -> Self {
        Self::Redis(Box::new(redis))
    }
}

impl From<MariaDb> for Backend {
    fn from(mariadb: MariaDb) -> Self {
        Self::MariaDb(Box::new(mariadb))
    }
}

impl Backend {
    /// A redis-server with defaults.
    pub fn redis() -> Self {
        RedisServer::start().into()
    }

    /// A MariaDB with defaults.
    pub fn mariadb() -> Self {
        MariaDb::start().into()
    }

    pub fn handler(&self) -> Handler {
        match self {
            Self::Files => Handler::Files,
            Self::Sqlite => Handler::Sqlite,
            Self::Redis(redis) => Handler::Dsn(redis.url()),
            Self::MariaDb(mariadb) => Handler::Dsn(mariadb.url()),
        }
    }

    /// Whether sessions really went where they should; `save_dir` is `session.save_path`.
    ///
    /// # Panics
    /// If the store cannot be looked into.
    pub fn is_used(&self, save_dir: &Path) -> bool {
        match self {
            Self::Files => fs::read_dir(save_dir)
                .expect("list the save path")
                .filter_map(Result::ok)
                .any(|entry| entry.file_name().to_string_lossy().starts_with("sess_")),
            Self::Sqlite => Handler::sqlite_file(save_dir).is_some(),
            Self::Redis(redis) => redis.dbsize() > 0,
            // No table is no session.
            Self::MariaDb(mariadb) => mariadb
                .try_sql("SELECT EXISTS (SELECT * FROM rsso_sessions)")
                .is_ok_and(|exists| exists == "1"),
        }
    }
}
