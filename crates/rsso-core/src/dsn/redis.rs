//! `redis://`, `rediss://` and `redis+unix://`.

use std::fmt;
use std::path::PathBuf;

use super::network::{TlsFiles, bracketed, credentials, host, parse_url, shown};
use super::query::{self, Query};
use crate::secret::Secret;

/// Stands where a URL with a user must have a host and a socket has none.
const NO_HOST: &str = "socket.invalid";

/// `redis://`, `rediss://` and `redis+unix://`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisDsn {
    /// How to reach the server.
    pub address: RedisAddress,
    /// ACL user; `None` is Redis' `default` user.
    pub user: Option<String>,
    /// Empty for none.
    pub password: Secret,
    /// The database number, 0 by default.
    pub db: i64,
}

/// The ways to a Redis server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisAddress {
    /// Plain TCP, or TLS over it.
    Tcp {
        /// Name or address, IPv6 without its brackets.
        host: String,
        /// 6379 unless said.
        port: u16,
        /// Set for `rediss://`.
        tls: Option<TlsFiles>,
    },
    /// A unix socket.
    Unix(PathBuf),
}

impl RedisDsn {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        // A URL with a user needs a host; a socket has none.
        let text = match text.split_once("@/") {
            Some((start, path)) if text.starts_with("redis+unix:") => {
                format!("{start}@{NO_HOST}/{path}")
            }
            _ => text.to_owned(),
        };
        let url = parse_url(&text)?;
        let (user, password) = credentials(&url)?;
        let mut query = Query::parse(url.query().unwrap_or_default())?;
        let db = match query.take("db") {
            Some(db) => Some(db),
            None if url.scheme() == "redis+unix" => None,
            None => Some(url.path().trim_matches('/').to_owned()).filter(|p| !p.is_empty()),
        };
        let db = match db {
            None => 0,
            Some(db) => db.parse::<u32>().map(i64::from).map_err(|_| {
                "the database must be a number, as in redis://host:6379/2".to_owned()
            })?,
        };
        let address = if url.scheme() == "redis+unix" {
            let path = query::decode(url.path())?;
            if path.len() < 2
                || url
                    .host_str()
                    .is_some_and(|host| !host.is_empty() && host != NO_HOST)
            {
                return Err(
                    "redis+unix needs a path, as in redis+unix:///run/redis/redis.sock".to_owned(),
                );
            }
            RedisAddress::Unix(path.into())
        } else {
            let tls = match url.scheme() {
                "rediss" => Some(TlsFiles::take(&mut query)?),
                _ => None,
            };
            RedisAddress::Tcp {
                host: host(&url)?,
                port: url.port().unwrap_or(6379),
                tls,
            }
        };
        query.finish()?;
        Ok(Self {
            address,
            user,
            password,
            db,
        })
    }
}

impl fmt::Display for RedisDsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = shown(self.user.as_deref(), &self.password);
        match &self.address {
            RedisAddress::Tcp { host, port, tls } => {
                let scheme = if tls.is_some() { "rediss" } else { "redis" };
                let host = bracketed(host);
                write!(f, "{scheme}://{who}{host}:{port}/{}", self.db)
            }
            RedisAddress::Unix(path) => {
                write!(f, "redis+unix://{who}{}?db={}", path.display(), self.db)
            }
        }
    }
}
