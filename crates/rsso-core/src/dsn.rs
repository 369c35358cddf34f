//! Where sessions live, as one typed value: parsed once, percent-decoded, printed without secrets.

use std::fmt;
use std::path::Path;

use crate::error::{Error, Result};
use crate::secret::Secret;

mod hint;
mod mysql;
mod network;
mod query;
mod redis;
mod sqlite;

pub use mysql::MysqlDsn;
pub use network::TlsFiles;
pub use redis::{RedisAddress, RedisDsn};
pub use sqlite::SqliteDsn;

/// A parsed DSN. `Display` and `Debug` show it without its password.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dsn {
    /// The embedded store.
    Sqlite(SqliteDsn),
    /// One Redis server.
    Redis(RedisDsn),
    /// A MySQL or MariaDB server.
    Mysql(MysqlDsn),
}

impl Dsn {
    /// True where `text` is meant as a DSN rather than as a directory: it begins with a scheme.
    #[must_use]
    pub fn looks_like(text: &str) -> bool {
        hint::looks_like(text)
    }

    /// Parses `text`; `directive` is what an error names (`rsso.dsn`, `session.save_path`).
    ///
    /// # Errors
    /// [`Error::Config`] that says what is accepted, never the password.
    pub fn parse(directive: &str, text: &str) -> Result<Self> {
        let refuse = |problem: String| Error::config(directive, problem);
        if text.contains('\0') {
            return Err(refuse("contains a NUL byte".to_owned()));
        }
        let scheme = text.split_once(':').map(|(s, _)| s.to_ascii_lowercase());
        match scheme.as_deref() {
            Some("sqlite") => SqliteDsn::parse(&text["sqlite:".len()..]).map(Self::Sqlite),
            Some("redis" | "rediss" | "redis+unix") => RedisDsn::parse(text).map(Self::Redis),
            Some(topology @ ("redis+sentinel" | "redis+cluster")) => Err(format!(
                "{topology}:// is not supported by this version; use redis:// with the master's address"
            )),
            Some("mysql") if Self::looks_like(text) => MysqlDsn::parse(text).map(Self::Mysql),
            other => Err(hint::no_dsn(text, other)),
        }
        .map_err(|problem| refuse(problem + hint::cut(text)))
    }

    /// The files that using this DSN opens on this machine.
    #[must_use]
    pub fn files(&self) -> Vec<&Path> {
        match self {
            Self::Sqlite(dsn) => vec![&dsn.path],
            Self::Redis(dsn) => match &dsn.address {
                RedisAddress::Unix(path) => vec![path],
                RedisAddress::Tcp { tls, .. } => tls.iter().flat_map(TlsFiles::paths).collect(),
            },
            Self::Mysql(dsn) => {
                let tls = dsn.tls.iter().flat_map(TlsFiles::paths);
                dsn.socket.as_deref().into_iter().chain(tls).collect()
            }
        }
    }

    /// The password; `None` where the store has none.
    #[must_use]
    pub fn password(&self) -> Option<&Secret> {
        match self {
            Self::Sqlite(_) => None,
            Self::Redis(redis) => Some(&redis.password),
            Self::Mysql(mysql) => Some(&mysql.password),
        }
    }

    /// Whether it holds a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.password().is_some_and(|password| !password.is_empty())
    }

    /// Whether both name one account of one server, reached in one way: the same password is good
    /// for both, and safe with both.
    #[must_use]
    pub fn is_same_server(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Redis(one), Self::Redis(other)) => {
                (&one.address, &one.user) == (&other.address, &other.user)
            }
            (Self::Mysql(one), Self::Mysql(other)) => {
                (&one.host, one.port, &one.socket, &one.user, &one.tls)
                    == (
                        &other.host,
                        other.port,
                        &other.socket,
                        &other.user,
                        &other.tls,
                    )
            }
            _ => false,
        }
    }

    /// The same DSN with a password from elsewhere (`rsso.password`, `rsso.password_file`).
    #[must_use]
    pub fn with_password(mut self, password: Secret) -> Self {
        match &mut self {
            Self::Sqlite(_) => {}
            Self::Redis(redis) => redis.password = password,
            Self::Mysql(mysql) => mysql.password = password,
        }
        self
    }
}

impl fmt::Display for Dsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(dsn) => write!(f, "sqlite:{}", dsn.path.display()),
            Self::Redis(dsn) => dsn.fmt(f),
            Self::Mysql(dsn) => dsn.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;
