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

const EXAMPLE: &str = "mysql://user:password@host:port/database";

impl MysqlDsn {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let rest = text.get("mysql:".len()..).unwrap_or_default();
        if !rest.starts_with("//") {
            return Err(of_pdo(rest));
        }
        let url = parse_url(text)?;
        if url.host().is_none() {
            return Err(format!("needs a host, as in {EXAMPLE}"));
        }
        let (user, password) = credentials(&url)?;
        let mut query = Query::parse(url.query().unwrap_or_default())?;
        let database = query::decode(url.path().trim_matches('/'))?;
        if database.is_empty() || database.contains('/') {
            return Err(format!("needs a database, as in {EXAMPLE}"));
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

/// What is wrong with `mysql:host=…;dbname=…`, and how it is written here. Never shows a password.
fn of_pdo(rest: &str) -> String {
    let part = |name: &str| {
        let mut parts = rest.split(';').filter_map(|part| part.split_once('='));
        let found = parts.find(|(key, _)| key.trim().eq_ignore_ascii_case(name))?;
        let value = found.1.trim();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/:[]".contains(c);
        (!value.is_empty() && value.chars().all(is_plain)).then_some(value)
    };
    let host = part("host").unwrap_or("localhost");
    let port = part("port").map_or_else(String::new, |port| format!(":{port}"));
    let database = part("dbname").unwrap_or("database");
    let socket = part("unix_socket").map_or_else(String::new, |path| format!("?socket={path}"));
    format!(
        "is in PDO's notation; here it is written \"mysql://user:password@{host}{port}/{database}{socket}\", \
         in double quotes"
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        MysqlDsn::parse(text).unwrap_err()
    }

    #[test]
    fn pdos_notation_gets_the_same_address_as_it_is_written_here() {
        for (pdo, here) in [
            (
                "mysql:host=db.example.org;port=3307;dbname=app;charset=utf8mb4",
                "mysql://user:password@db.example.org:3307/app",
            ),
            (
                "mysql:unix_socket=/run/mysqld/mysqld.sock;dbname=app",
                "mysql://user:password@localhost/app?socket=/run/mysqld/mysqld.sock",
            ),
            ("mysql:host=db", "mysql://user:password@db/database"),
            ("mysql:", "mysql://user:password@localhost/database"),
        ] {
            let problem = problem(pdo);
            assert!(problem.contains(&format!("\"{here}\"")), "{problem}");
        }
    }

    #[test]
    fn a_password_in_pdos_notation_is_not_shown() {
        let problem = problem("mysql:host=db;user=u;password=beigegiraffe;dbname=a'b");
        assert!(!problem.contains("beigegiraffe") && !problem.contains("a'b"));
    }

    #[test]
    fn what_is_missing_is_shown_as_mysql_writes_it() {
        for text in ["mysql:///app", "mysql://host", "mysql://host/a/b"] {
            assert!(problem(text).contains(EXAMPLE), "{text}: {}", problem(text));
        }
    }
}
