//! An open connection, and the statements on it.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mysql::prelude::Queryable as _;
use mysql::{Conn, Error as Driver, Params, Row, Statement, Value};
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv};

use super::error::{Load, NO_STATEMENT_LEFT, code, is_answer};
use super::text_statement::with_values;
use crate::fork;

/// Counts the connections of this process.
static CONNECTIONS: AtomicU64 = AtomicU64::new(1);

/// Prepared statements of a connection: more than there are, an act on logins alone has some twenty.
const KEPT: usize = 60;

/// An open connection. Which one holds a lock matters, so it has a number: one of our own, for a
/// server that was restarted counts from the start again.
pub(super) struct Session {
    /// Before the connection: its descriptor must still be open when this goes.
    _for_fork: fork::Held,
    connection: Conn,
    /// By their texts, which the driver would parse each time.
    statements: HashMap<Box<str>, Statement>,
    pub(super) number: u64,
    pub(super) identity: Identity,
    /// A change was sent that no answer came to, and that no rollback undoes.
    pub(super) unanswered: bool,
    /// The act was sent before, on a connection that is over now, and its answer was lost.
    pub(super) is_second_try: bool,
    /// Whether a rollback undoes the changes of a transaction: not in a MyISAM table.
    pub(super) atomic: bool,
    in_transaction: bool,
    is_mariadb: bool,
    limit: usize,
    sent: usize,
    charset: String,
}

impl Session {
    pub(super) fn new(
        connection: Conn,
        identity: Identity,
        is_mariadb: bool,
        limit: usize,
        charset: String,
    ) -> Self {
        Self {
            // Its named locks live as long as any process has the connection open.
            _for_fork: fork::hold(connection.as_raw_fd()),
            connection,
            statements: HashMap::new(),
            number: CONNECTIONS.fetch_add(1, Ordering::Relaxed),
            identity,
            unanswered: false,
            is_second_try: false,
            atomic: true,
            in_transaction: false,
            is_mariadb,
            limit,
            sent: 0,
            charset,
        }
    }

    /// Runs a prepared statement and returns its first row.
    pub(super) fn first(
        &mut self,
        sql: &str,
        values: impl Into<Params>,
    ) -> Result<Option<Row>, Driver> {
        match self.prepare(sql, values.into())? {
            Ready::Statement(statement, values) => self.connection.exec_first(&statement, values),
            Ready::Text(text) => self.connection.query_first(text),
        }
    }

    /// Runs a prepared statement and returns all rows, of which there are few.
    pub(super) fn all(&mut self, sql: &str, values: impl Into<Params>) -> Result<Vec<Row>, Driver> {
        match self.prepare(sql, values.into())? {
            Ready::Statement(statement, values) => self.connection.exec(&statement, values),
            Ready::Text(text) => self.connection.query(text),
        }
    }

    /// Runs a prepared statement and returns how many rows it changed.
    pub(super) fn change(&mut self, sql: &str, values: impl Into<Params>) -> Result<u64, Driver> {
        let ready = self.prepare(sql, values.into())?;
        if !self.in_transaction {
            self.refuse_if_closed()?;
        }
        let done = self.execute(ready);
        if let Err(error) = &done
            && !is_answer(error)
            && !(self.in_transaction && self.atomic)
        {
            self.unanswered = true;
        }
        done
    }

    /// An error where the server has ended the connection already: what is not sent has certainly not happened.
    pub(super) fn refuse_if_closed(&self) -> Result<(), Driver> {
        // No answer is due, so whatever is there is the server's last word, or its end.
        let peek = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
        match recv(self.connection.as_raw_fd(), &mut [0], peek) {
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(()),
            _ => Err(Driver::IoError(ErrorKind::BrokenPipe.into())),
        }
    }

    /// As [`Self::change`], where nothing is lost if no answer comes: what it does ends with the connection.
    pub(super) fn tell(&mut self, sql: &str, values: impl Into<Params>) -> Result<(), Driver> {
        let ready = self.prepare(sql, values.into())?;
        self.execute(ready).map(|_| ())
    }

    fn execute(&mut self, ready: Ready) -> Result<u64, Driver> {
        match ready {
            Ready::Statement(statement, values) => self.connection.exec_drop(&statement, values)?,
            Ready::Text(text) => self.connection.query_drop(text)?,
        }
        Ok(self.connection.affected_rows())
    }

    fn prepare(&mut self, sql: &str, values: Params) -> Result<Ready, Driver> {
        self.sent = size(&values);
        match self.statement(sql) {
            Ok(statement) => Ok(Ready::Statement(statement, values)),
            Err(error) if code(&error) == Some(NO_STATEMENT_LEFT) => {
                match with_values(sql, &values, &self.charset) {
                    Some(text) => Ok(Ready::Text(text)),
                    None => Err(error),
                }
            }
            Err(error) => Err(error),
        }
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
        self.sent = 0;
        self.connection.query_drop(sql)
    }

    /// Begins a transaction, or says that there is none any more.
    pub(super) fn set_in_transaction(&mut self, is: bool) {
        self.in_transaction = is;
    }

    /// What the last statement carried.
    pub(super) fn load(&self) -> Load {
        Load {
            sent: self.sent,
            limit: self.limit,
        }
    }

    /// Seconds to wait as `GET_LOCK` takes them: MySQL has whole ones only.
    pub(super) fn lock_wait(&self, wait: Duration) -> f64 {
        if self.is_mariadb {
            wait.as_secs_f64()
        } else {
            wait.as_secs_f64().ceil()
        }
    }
}

/// A statement that can be sent.
enum Ready {
    Statement(Statement, Params),
    Text(String),
}

fn size(values: &Params) -> usize {
    let Params::Positional(values) = values else {
        return 0;
    };
    let bytes = |value: &Value| match value {
        Value::Bytes(bytes) => bytes.len(),
        _ => 0,
    };
    values.iter().map(bytes).sum()
}

/// What tells a connection from all others.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    /// Host, port and id of the server.
    pub(super) server: String,
    /// The name of the lock that this connection alone has.
    pub(super) lock: String,
}
