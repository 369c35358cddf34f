//! `mysql://user:password@host[:port]/database`, for MySQL and MariaDB.

use std::fmt;
use std::path::PathBuf;

use super::network::{TlsFiles, bracketed, credentials, host, parse_url, shown};
use super::query::{self, Query};
use crate::secret::Secret;

/// `mysql://`; `?socket=/path` for a unix socket, `?tls=1` or `?ca=`, `?cert=`, `?key=` for TLS,
/// `?charset=` for the connection to an existing table (utf8mb4 by default).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MysqlDsn {
    /// Name or address, IPv6 without its brackets. Not used with a socket.
    pub host: String,
    /// 3306 unless said.
    pub port: u16,
    /// A unix socket instead of host and port.
    pub socket: Option<PathBuf>,
    /// Account name.
    pub user: Option<String>,
    /// Empty for none.
    pub password: Secret,
    /// The database that holds the tables.
    pub database: String,
    /// TLS, if asked for.
    pub tls: Option<TlsFiles>,
    /// The connection's character set.
    pub charset: Option<String>,
}

impl MysqlDsn {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let url = parse_url(text)?;
        let (user, password) = credentials(&url)?;
        let mut query = Query::parse(url.query().unwrap_or_default())?;
        let database = query::decode(url.path().trim_matches('/'))?;
        if database.is_empty() || database.contains('/') {
            return Err("needs a database, as in mysql://user:password@host/database".to_owned());
        }
        let files = TlsFiles::take(&mut query)?;
        let tls = match query.take("tls").as_deref() {
            Some("1") => true,
            Some("0") if files != TlsFiles::default() => {
                return Err("tls=0 contradicts ca, cert and key".to_owned());
            }
            Some("0") | None => files != TlsFiles::default(),
            Some(_) => return Err("tls must be 0 or 1".to_owned()),
        };
        let charset = query.take("charset");
        let is_name = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if charset
            .as_deref()
            .is_some_and(|c| c.is_empty() || !is_name(c))
        {
            return Err("charset must be a name such as utf8mb4".to_owned());
        }
        let socket = query.take("socket").map(PathBuf::from);
        if socket.as_ref().is_some_and(|path| !path.is_absolute()) {
            return Err("socket must be an absolute path".to_owned());
        }
        let dsn = Self {
            host: host(&url)?,
            port: url.port().unwrap_or(3306),
            socket,
            user,
            password,
            database,
            tls: tls.then_some(files),
            charset,
        };
        query.finish()?;
        Ok(dsn)
    }
}

impl fmt::Display for MysqlDsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = shown(self.user.as_deref(), &self.password);
        let (host, database) = (bracketed(&self.host), &self.database);
        match &self.socket {
            Some(path) => write!(
                f,
                "mysql://{who}{host}/{database}?socket={}",
                path.display()
            ),
            None => write!(f, "mysql://{who}{host}:{}/{database}", self.port),
        }
    }
}
