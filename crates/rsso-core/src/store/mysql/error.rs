//! What a server's errors mean to whoever runs the site.

use std::io::{self, ErrorKind};

use mysql::{DriverError, Error as Driver, MySqlError};
use mysql_common::proto::codec::error::PacketCodecError;

use crate::error::Error;

/// An act that failed.
pub(super) struct Broken {
    /// The connection was found dead, before or while the statement ran: another one may do.
    pub(super) retry: bool,
    /// The connection is as good as before: the server answered.
    pub(super) keep: bool,
    pub(super) error: Error,
}

/// "No such table".
pub(super) const NO_TABLE: u16 = 1146;
/// "Deadlock found": the statement was rolled back.
pub(super) const DEADLOCK: u16 = 1213;
/// "Lock wait timeout exceeded".
pub(super) const LOCK_WAIT: u16 = 1205;

/// The server's number for the error, if it is the server's.
pub(super) fn code(error: &Driver) -> Option<u16> {
    match error {
        Driver::MySqlError(error) => Some(error.code),
        _ => None,
    }
}

/// The error of an act that another one got ahead of, and that begins again: as a deadlock does.
pub(super) fn overtaken() -> Driver {
    Driver::MySqlError(MySqlError {
        state: "40001".to_owned(),
        code: DEADLOCK,
        message: "another transaction has made the same session meanwhile".to_owned(),
    })
}

/// True where the connection is gone: closed while it lay idle, killed, or the server stopped.
pub(super) fn is_broken(error: &Driver) -> bool {
    match error {
        // 1053 shutdown, 1927 killed (MariaDB), 3169 killed, 4031 idle too long (MySQL 8).
        Driver::MySqlError(error) => matches!(error.code, 1053 | 1927 | 3169 | 4031),
        Driver::DriverError(_) => true,
        other => io_error(other).is_some_and(|error| !is_timeout(error)),
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// The I/O error in an error of the driver, which wraps it in two ways.
fn io_error(error: &Driver) -> Option<&io::Error> {
    match error {
        Driver::IoError(error) | Driver::CodecError(PacketCodecError::Io(error)) => Some(error),
        _ => None,
    }
}

/// The error for the user: what to look at, never the password.
pub(super) fn explain(address: &str, doing: &str, error: Driver) -> Error {
    let text = error.to_string();
    let advice = match code(&error) {
        Some(1044 | 1045 | 1698) => {
            "the server refused the user or password (rsso.dsn, rsso.password)"
        }
        Some(1049) => "there is no such database (rsso.dsn)",
        Some(1040 | 1203) => "the server has no connection left (max_connections)",
        Some(NO_TABLE) => {
            "the table is missing: run `rsso schema mysql --apply`, or see docs/mysql.md"
        }
        Some(1142) => {
            "the user may not do this: grant it, or create the tables with `rsso schema mysql --apply`"
        }
        Some(1054) => "a column is missing (rsso.mysql_columns)",
        Some(1153 | 2020) => "the session is larger than the server's max_allowed_packet",
        Some(1406) => "the session or its id does not fit the column",
        Some(1366) => {
            "the data column's character set cannot hold the session: it should be a BLOB"
        }
        Some(LOCK_WAIT | 3572) => {
            "another transaction kept the row locked for all of rsso.read_timeout"
        }
        Some(1290 | 1836 | 1792) => "the server is read-only: name the primary in rsso.dsn",
        Some(1665) => "binlog_format=STATEMENT cannot log what logins need: set it to MIXED or ROW",
        Some(1114 | 1021) => "the server's disk is full",
        Some(_) => "",
        None if text.contains("acket too large") || text.contains("acket is too large") => {
            "the session is larger than the server's max_allowed_packet"
        }
        None => match (&error, io_error(&error)) {
            (Driver::DriverError(DriverError::CouldNotConnect(_)), _) => {
                "nothing listens at this address, or nobody may reach it (rsso.dsn)"
            }
            (Driver::DriverError(DriverError::ConnectTimeout), _) => {
                "no answer in time (rsso.connect_timeout)"
            }
            (_, Some(io)) if is_timeout(io) => {
                "no answer in time (rsso.connect_timeout, rsso.read_timeout)"
            }
            (_, Some(io)) if io.kind() == ErrorKind::ConnectionRefused => {
                "nothing listens at this address (rsso.dsn)"
            }
            _ => "",
        },
    };
    if advice.is_empty() {
        Error::store(address, doing, error)
    } else {
        Error::store(address, format!("{doing}: {advice}"), error)
    }
}
