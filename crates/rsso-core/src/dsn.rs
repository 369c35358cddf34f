//! Where sessions live, as one typed value: parsed once, percent-decoded, printed without secrets.

use std::fmt;
use std::path::{Path, PathBuf};

use url::{Host, Url};

use crate::error::{Error, Result};
use crate::secret::Secret;

mod query;
use query::Query;

/// The schemes, for messages.
const SCHEMES: &str = "sqlite:/path/to/file.db, redis://host:port/db, rediss://host:port/db, \
                       redis+unix:///path/to/socket?db=N";

/// Stands where a URL with a user must have a host and a socket has none.
const NO_HOST: &str = "socket.invalid";

/// A parsed DSN. `Display` and `Debug` show it without its password.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dsn {
    /// The embedded store.
    Sqlite(SqliteDsn),
    /// One Redis server.
    Redis(RedisDsn),
}

/// `sqlite:/abs/path.db[?mode=0660]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteDsn {
    /// The database file.
    pub path: PathBuf,
    /// Permission bits of the files: 0600, or 0660 for pools that share a group.
    pub mode: u32,
}

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

/// PEM files for TLS; what is absent falls back to the system's trust store and no client certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// `?ca=`: trust only these authorities.
    pub ca: Option<PathBuf>,
    /// `?cert=`: the client's certificate chain.
    pub cert: Option<PathBuf>,
    /// `?key=`: its private key.
    pub key: Option<PathBuf>,
}

impl Dsn {
    /// True where `text` is meant as a DSN rather than as a directory: it begins with a scheme.
    #[must_use]
    pub fn looks_like(text: &str) -> bool {
        text.split_once(':').is_some_and(|(scheme, rest)| {
            (rest.starts_with("//") || scheme.eq_ignore_ascii_case("sqlite"))
                && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        })
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
            Some("mysql") => Err("mysql:// is not supported by this version".to_owned()),
            Some(other) if Self::looks_like(text) => {
                Err(format!("unknown scheme {other}://; accepted are {SCHEMES}"))
            }
            _ => Err(format!("is not a DSN; accepted are {SCHEMES}")),
        }
        .map_err(refuse)
    }

    /// The files that using this DSN opens on this machine.
    #[must_use]
    pub fn files(&self) -> Vec<&Path> {
        match self {
            Self::Sqlite(dsn) => vec![&dsn.path],
            Self::Redis(RedisDsn {
                address: RedisAddress::Unix(path),
                ..
            }) => vec![path],
            Self::Redis(RedisDsn {
                address: RedisAddress::Tcp { tls, .. },
                ..
            }) => tls
                .iter()
                .flat_map(|files| [&files.ca, &files.cert, &files.key])
                .filter_map(Option::as_deref)
                .collect(),
        }
    }

    /// The same DSN with a password from elsewhere (`rsso.password`, `rsso.password_file`).
    #[must_use]
    pub fn with_password(mut self, password: Secret) -> Self {
        if let Self::Redis(redis) = &mut self {
            redis.password = password;
        }
        self
    }
}

impl fmt::Display for Dsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(dsn) => write!(f, "sqlite:{}", dsn.path.display()),
            Self::Redis(dsn) => dsn.fmt(f),
        }
    }
}

impl SqliteDsn {
    fn parse(rest: &str) -> Result<Self, String> {
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        // "sqlite:///abs" and "sqlite:/abs" name the same file.
        let path = path.strip_prefix("//").unwrap_or(path);
        let path = query::decode(path)?;
        if !path.starts_with('/') {
            return Err(
                "sqlite: needs an absolute path, as in sqlite:/var/lib/rsso/sessions.db".to_owned(),
            );
        }
        if path.ends_with('/') {
            return Err("sqlite: needs the path of a file, not of a directory".to_owned());
        }
        let mut query = Query::parse(query)?;
        let mode = match query.take("mode") {
            None => 0o600,
            Some(mode) => u32::from_str_radix(&mode, 8)
                .ok()
                .filter(|m| m & 0o600 == 0o600 && m & !0o660 == 0)
                .ok_or("mode must be 0600, 0640, 0620 or 0660")?,
        };
        query.finish()?;
        Ok(Self {
            path: path.into(),
            mode,
        })
    }
}

impl RedisDsn {
    fn parse(text: &str) -> Result<Self, String> {
        // A URL with a user needs a host; a socket has none.
        let text = match text.split_once("@/") {
            Some((start, path)) if text.starts_with("redis+unix:") => {
                format!("{start}@{NO_HOST}/{path}")
            }
            _ => text.to_owned(),
        };
        let url = Url::parse(&text).map_err(|error| {
            format!("cannot be parsed ({error}); percent-encode '/', '?', '#', '@' and '%' in a password, or use rsso.password")
        })?;
        if url.fragment().is_some() {
            return Err("has a '#': write it as %23, or use rsso.password".to_owned());
        }
        let mut query = Query::parse(url.query().unwrap_or_default())?;
        let user = Some(query::decode(url.username())?).filter(|u| !u.is_empty());
        let password = query::decode(url.password().unwrap_or_default())?;
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
            let tls = (url.scheme() == "rediss").then(|| TlsFiles {
                ca: query.take("ca").map(PathBuf::from),
                cert: query.take("cert").map(PathBuf::from),
                key: query.take("key").map(PathBuf::from),
            });
            if tls
                .as_ref()
                .is_some_and(|t| t.cert.is_some() != t.key.is_some())
            {
                return Err("cert and key go together".to_owned());
            }
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
            password: Secret::new(password),
            db,
        })
    }
}

impl fmt::Display for RedisDsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match (&self.user, self.password.is_empty()) {
            (None, true) => String::new(),
            (Some(user), true) => format!("{user}@"),
            (user, false) => format!("{}:***@", user.as_deref().unwrap_or_default()),
        };
        match &self.address {
            RedisAddress::Tcp { host, port, tls } => {
                let scheme = if tls.is_some() { "rediss" } else { "redis" };
                let host = if host.contains(':') {
                    format!("[{host}]")
                } else {
                    host.clone()
                };
                write!(f, "{scheme}://{who}{host}:{port}/{}", self.db)
            }
            RedisAddress::Unix(path) => {
                write!(f, "redis+unix://{who}{}?db={}", path.display(), self.db)
            }
        }
    }
}

fn host(url: &Url) -> Result<String, String> {
    let missing = || "needs a host, as in redis://127.0.0.1:6379".to_owned();
    match url.host().ok_or_else(missing)? {
        Host::Domain("") => Err(missing()),
        // A scheme that is not one of the web's keeps IPv4 addresses and names as they are.
        Host::Domain(name) => query::decode(name),
        Host::Ipv4(ip) => Ok(ip.to_string()),
        Host::Ipv6(ip) => Ok(ip.to_string()),
    }
}

#[cfg(test)]
mod tests;
