//! Connections to a MySQL or MariaDB server: made with time-outs, dropped at the first I/O error.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mysql::prelude::Queryable as _;
use mysql::{ClientIdentity, Conn, Error as Driver, OptsBuilder, Params, Row, SslOpts, Statement};

use super::error::{Broken, explain, is_broken};
use crate::dsn::MysqlDsn;
use crate::error::{Error, Result};

/// Counts the connections of this process.
static CONNECTIONS: AtomicU64 = AtomicU64::new(1);

/// Prepared statements of a connection: more than there are, an act on logins alone has some twenty.
const KEPT: usize = 60;
const KEPT_BY_DRIVER: usize = 64;

/// How to reach the server.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) dsn: MysqlDsn,
    pub(super) address: String,
    pub(super) connect_timeout: Duration,
    pub(super) read_timeout: Duration,
    /// The connection's character set.
    pub(super) charset: String,
}

/// An open connection. Which one holds a lock matters, so it has a number: one of our own, for a
/// server that was restarted counts from the start again.
pub(super) struct Session {
    connection: Conn,
    /// By their texts, which the driver would parse each time.
    statements: HashMap<Box<str>, Statement>,
    pub(super) number: u64,
    mariadb: bool,
}

impl Target {
    /// Connects; an answer may take `patience` longer than `rsso.read_timeout`.
    pub(super) fn connect(&self, patience: Duration) -> Result<Session> {
        let options = self.options(patience);
        let mut connection =
            Conn::new(options).map_err(|error| explain(&self.address, "cannot connect", error))?;
        let version: String = connection
            .query_first("SELECT VERSION()")
            .map_err(|error| explain(&self.address, "cannot connect", error))?
            .unwrap_or_default();
        Ok(Session {
            number: CONNECTIONS.fetch_add(1, Ordering::Relaxed),
            mariadb: version.contains("MariaDB"),
            statements: HashMap::new(),
            connection,
        })
    }

    fn options(&self, patience: Duration) -> OptsBuilder {
        let lock_wait = self.read_timeout.as_secs().max(1);
        let options = OptsBuilder::new()
            .ip_or_hostname(Some(self.dsn.host.clone()))
            .tcp_port(self.dsn.port)
            .user(self.dsn.user.clone())
            .pass(Some(self.dsn.password.expose()).filter(|p| !p.is_empty()))
            .db_name(Some(self.dsn.database.clone()))
            .prefer_socket(false)
            .tcp_connect_timeout(Some(self.connect_timeout))
            .read_timeout(Some(self.read_timeout + patience))
            .write_timeout(Some(self.read_timeout))
            .stmt_cache_size(KEPT_BY_DRIVER)
            .init(vec![
                format!("SET NAMES {}", self.charset),
                // Whatever the server's modes are: text that does not fit is an error, never cut off.
                format!(
                    "SET SESSION sql_mode = 'STRICT_ALL_TABLES', autocommit = 1, \
                     innodb_lock_wait_timeout = {lock_wait}"
                ),
            ]);
        let options = match &self.dsn.socket {
            Some(path) => options.socket(Some(path.to_string_lossy())),
            None => options,
        };
        let Some(files) = &self.dsn.tls else {
            return options;
        };
        let identity = match (&files.cert, &files.key) {
            (Some(cert), Some(key)) => Some(ClientIdentity::new(cert.clone(), key.clone())),
            _ => None,
        };
        options.ssl_opts(
            SslOpts::default()
                .with_root_cert_path(files.ca.clone())
                .with_client_identity(identity),
        )
    }
}

impl Session {
    /// Runs a prepared statement and returns its first row.
    pub(super) fn first(
        &mut self,
        sql: &str,
        values: impl Into<Params>,
    ) -> Result<Option<Row>, Driver> {
        let statement = self.statement(sql)?;
        self.connection.exec_first(&statement, values)
    }

    /// Runs a prepared statement and returns all rows, of which there are few.
    pub(super) fn all(&mut self, sql: &str, values: impl Into<Params>) -> Result<Vec<Row>, Driver> {
        let statement = self.statement(sql)?;
        self.connection.exec(&statement, values)
    }

    /// Runs a prepared statement and returns how many rows it changed.
    pub(super) fn change(&mut self, sql: &str, values: impl Into<Params>) -> Result<u64, Driver> {
        let statement = self.statement(sql)?;
        self.connection.exec_drop(&statement, values)?;
        Ok(self.connection.affected_rows())
    }

    /// Prepared once for each connection.
    fn statement(&mut self, sql: &str) -> Result<Statement, Driver> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        // What the driver closes, to make room, is never among them: it has room for more than these.
        if self.statements.len() == KEPT {
            self.statements.clear();
        }
        let statement = self.connection.prep(sql)?;
        self.statements.insert(sql.into(), statement.clone());
        Ok(statement)
    }

    /// What the last statement has given to `LAST_INSERT_ID()`.
    pub(super) fn last_id(&self) -> u64 {
        self.connection.last_insert_id()
    }

    /// Runs a statement that cannot be prepared: of ours alone, with no value of anybody's in it.
    pub(super) fn run(&mut self, sql: &str) -> Result<(), Driver> {
        self.connection.query_drop(sql)
    }

    /// Seconds to wait as `GET_LOCK` takes them: MySQL has whole ones only.
    pub(super) fn lock_wait(&self, wait: Duration) -> f64 {
        if self.mariadb {
            wait.as_secs_f64()
        } else {
            wait.as_secs_f64().ceil()
        }
    }
}

/// What an act on a connection came to, for whoever decides whether to try again.
pub(super) fn judge<T>(
    target: &Target,
    doing: &str,
    result: Result<T, Driver>,
) -> Result<T, Broken> {
    result.map_err(|error| {
        let broken = is_broken(&error);
        Broken {
            retry: broken,
            keep: !broken && error.is_server_error(),
            error: explain(&target.address, doing, error),
        }
    })
}

trait ServerError {
    fn is_server_error(&self) -> bool;
}

impl ServerError for Driver {
    fn is_server_error(&self) -> bool {
        matches!(self, Self::MySqlError(_))
    }
}

impl From<Broken> for Error {
    fn from(broken: Broken) -> Self {
        broken.error
    }
}
