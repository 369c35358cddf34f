//! An open connection, and the statements on it.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mysql::prelude::Queryable as _;
use mysql::{Conn, Error as DbError, Row, Value};
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv};

use super::error::{NO_STATEMENT_LEFT, PacketUse, code, is_definite};
use super::schema_stage::SchemaStage;
use super::statement::{BatchStatement, NamedValues, Statement};
use super::text_statement::with_literals;
use crate::fork;

/// Counts the connections of this process.
static CONNECTIONS: AtomicU64 = AtomicU64::new(1);

/// How many prepared statements a connection keeps: more than there are. An act on logins alone has some twenty.
const STATEMENT_CACHE: usize = 60;

/// An open connection.
///
/// It has a number, because it matters which connection holds a lock. The number is rsso's own, because a server
/// that was restarted counts from the start again.
pub(super) struct Connection {
    /// Before the connection: its descriptor must still be open when this goes.
    _for_fork: fork::Held,
    driver: Conn,
    /// By their texts, because the driver would parse them each time.
    statements: HashMap<Box<str>, mysql::Statement>,
    pub(super) number: u64,
    pub(super) identity: ConnectionIdentity,
    /// A change was sent and not answered, and no rollback undoes it.
    pub(super) unanswered: bool,
    /// The act was sent before, on a connection that has ended, and its answer was lost.
    pub(super) is_second_try: bool,
    /// Whether a rollback undoes the changes of a transaction: not in a MyISAM table.
    pub(super) is_transactional: bool,
    /// The stage of the tables, as far as this worker knows.
    pub(super) stage: SchemaStage,
    in_transaction: bool,
    is_mariadb: bool,
    max_packet: usize,
    sent_bytes: usize,
    charset: String,
}

impl Connection {
    pub(super) fn new(
        driver: Conn,
        identity: ConnectionIdentity,
        is_mariadb: bool,
        max_packet: usize,
        charset: String,
    ) -> Self {
        Self {
            // Its named locks live as long as any process has the connection open.
            _for_fork: fork::hold(driver.as_raw_fd()),
            driver,
            statements: HashMap::new(),
            number: CONNECTIONS.fetch_add(1, Ordering::Relaxed),
            identity,
            unanswered: false,
            is_second_try: false,
            is_transactional: true,
            stage: SchemaStage::default(),
            in_transaction: false,
            is_mariadb,
            max_packet,
            sent_bytes: 0,
            charset,
        }
    }

    /// Runs a statement and returns its first row.
    pub(super) fn query_first<const N: usize>(
        &mut self,
        statement: &Statement,
        values: NamedValues<N>,
    ) -> Result<Option<Row>, DbError> {
        match self.prepare(statement.text(), statement.in_order(values)?)? {
            Prepared::Statement(statement, values) => self.driver.exec_first(&statement, values),
            Prepared::Text(text) => self.driver.query_first(text),
        }
    }

    /// Runs a statement and returns all rows, of which there are few.
    pub(super) fn query_all<const N: usize>(
        &mut self,
        statement: &Statement,
        values: NamedValues<N>,
    ) -> Result<Vec<Row>, DbError> {
        let values = statement.in_order(values)?;
        self.query_text(statement.text(), values)
    }

    /// Runs a statement for all `rows` of values at once; there is at least one.
    pub(super) fn query_batch<const N: usize>(
        &mut self,
        statement: &BatchStatement,
        rows: impl IntoIterator<Item = NamedValues<N>>,
    ) -> Result<Vec<Row>, DbError> {
        let batch = statement.batch(rows)?;
        self.query_text(&batch.text, batch.values)
    }

    fn query_text(&mut self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, DbError> {
        match self.prepare(sql, values)? {
            Prepared::Statement(statement, values) => self.driver.exec(&statement, values),
            Prepared::Text(text) => self.driver.query(text),
        }
    }

    /// Runs a statement and returns how many rows it changed.
    pub(super) fn execute<const N: usize>(
        &mut self,
        statement: &Statement,
        values: NamedValues<N>,
    ) -> Result<u64, DbError> {
        let values = statement.in_order(values)?;
        self.execute_text(statement.text(), values)
    }

    /// Runs a statement for all `rows` of values at once, and returns how many rows it changed.
    pub(super) fn execute_batch<const N: usize>(
        &mut self,
        statement: &BatchStatement,
        rows: impl IntoIterator<Item = NamedValues<N>>,
    ) -> Result<u64, DbError> {
        let batch = statement.batch(rows)?;
        self.execute_text(&batch.text, batch.values)
    }

    /// Runs a statement's text with its values in order, and returns how many rows it changed.
    pub(super) fn execute_text(&mut self, sql: &str, values: Vec<Value>) -> Result<u64, DbError> {
        let ready = self.prepare(sql, values)?;
        if !self.in_transaction {
            self.refuse_if_closed()?;
        }
        let done = self.send(ready);
        if let Err(error) = &done
            && !is_definite(error)
            && !(self.in_transaction && self.is_transactional)
        {
            self.unanswered = true;
        }
        done
    }

    /// Runs a statement that changes the connection alone: without an answer nothing is lost.
    pub(super) fn change_connection_state<const N: usize>(
        &mut self,
        statement: &Statement,
        values: NamedValues<N>,
    ) -> Result<(), DbError> {
        let ready = self.prepare(statement.text(), statement.in_order(values)?)?;
        self.send(ready).map(|_| ())
    }

    /// Fails if the server has ended the connection already: what is not sent has certainly not happened.
    pub(super) fn refuse_if_closed(&self) -> Result<(), DbError> {
        // No answer is due, so anything that can be read is the server's notice, or the end of the stream.
        let peek = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
        match recv(self.driver.as_raw_fd(), &mut [0], peek) {
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(()),
            _ => Err(DbError::IoError(ErrorKind::BrokenPipe.into())),
        }
    }

    fn send(&mut self, ready: Prepared) -> Result<u64, DbError> {
        match ready {
            Prepared::Statement(statement, values) => self.driver.exec_drop(&statement, values)?,
            Prepared::Text(text) => self.driver.query_drop(text)?,
        }
        Ok(self.driver.affected_rows())
    }

    fn prepare(&mut self, sql: &str, values: Vec<Value>) -> Result<Prepared, DbError> {
        self.sent_bytes = size(&values);
        match self.statement(sql) {
            Ok(statement) => Ok(Prepared::Statement(statement, values)),
            Err(error) if code(&error) == Some(NO_STATEMENT_LEFT) => {
                match with_literals(sql, &values, &self.charset) {
                    Some(text) => Ok(Prepared::Text(text)),
                    None => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// The prepared statement; each is prepared once.
    fn statement(&mut self, sql: &str) -> Result<mysql::Statement, DbError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        // The driver, which closes statements to make room, has room for more than these.
        if self.statements.len() == STATEMENT_CACHE {
            self.statements.clear();
        }
        let statement = self.driver.prep(sql)?;
        self.statements.insert(sql.into(), statement.clone());
        Ok(statement)
    }

    /// True if a row that this statement finds by its key stays locked until its end.
    ///
    /// MariaDB does so in a prepared statement. In a text, or on MySQL, it may free the row as soon as it has read it.
    pub(super) fn keeps_row_locks(&mut self, statement: &Statement) -> Result<bool, DbError> {
        if !self.is_mariadb {
            return Ok(false);
        }
        match self.statement(statement.text()) {
            Ok(_) => Ok(true),
            Err(error) if code(&error) == Some(NO_STATEMENT_LEFT) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What the last statement has given to `LAST_INSERT_ID()`.
    pub(super) fn last_id(&self) -> u64 {
        self.driver.last_insert_id()
    }

    /// Runs a statement that cannot be prepared; no value of a user is in it.
    pub(super) fn run_unprepared(&mut self, sql: &str) -> Result<(), DbError> {
        self.sent_bytes = 0;
        self.driver.query_drop(sql)
    }

    /// Notes whether a transaction is open.
    pub(super) fn set_in_transaction(&mut self, is: bool) {
        self.in_transaction = is;
    }

    /// How much of a packet the last statement took.
    pub(super) fn packet_use(&self) -> PacketUse {
        PacketUse {
            sent_bytes: self.sent_bytes,
            max_packet: self.max_packet,
        }
    }

    /// Seconds to wait as `GET_LOCK` takes them: MySQL has whole ones only.
    pub(super) fn lock_wait_seconds(&self, wait: Duration) -> f64 {
        if self.is_mariadb {
            wait.as_secs_f64()
        } else {
            wait.as_secs_f64().ceil()
        }
    }
}

/// A statement that can be sent.
enum Prepared {
    Statement(mysql::Statement, Vec<Value>),
    Text(String),
}

fn size(values: &[Value]) -> usize {
    let bytes = |value: &Value| match value {
        Value::Bytes(bytes) => bytes.len(),
        _ => 0,
    };
    values.iter().map(bytes).sum()
}

/// What tells a connection from all others.
#[derive(Debug, Clone)]
pub(super) struct ConnectionIdentity {
    /// Host, port and id of the server.
    pub(super) server: String,
    /// The name of the lock that this connection alone has.
    pub(super) lock: String,
}
