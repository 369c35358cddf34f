//! What an error of the driver means for the connection and the statement.

use std::io::{self, ErrorKind};

use mysql::{DriverError, Error as DbError, MySqlError};
use mysql_common::proto::codec::error::PacketCodecError;

/// "No such table".
pub(super) const NO_TABLE: u16 = 1146;
/// "Unknown column".
pub(super) const NO_COLUMN: u16 = 1054;
/// "Table definition has changed, please retry transaction".
pub(super) const TABLE_ALTERED: u16 = 1412;
/// "Prepared statement needs to be re-prepared".
pub(super) const STATEMENT_OUTDATED: u16 = 1615;
/// "Deadlock found": the statement was rolled back.
pub(super) const DEADLOCK: u16 = 1213;
/// "Lock wait timeout exceeded".
pub(super) const LOCK_WAIT: u16 = 1205;
/// "Can't create more than `max_prepared_stmt_count` statements".
pub(super) const NO_STATEMENT_LEFT: u16 = 1461;
/// "Unknown thread id".
pub(super) const NO_SUCH_THREAD: u16 = 1094;

/// The server's number for the error, if it is the server's.
pub(super) fn code(error: &DbError) -> Option<u16> {
    match error {
        DbError::MySqlError(error) => Some(error.code),
        _ => None,
    }
}

/// The error of an act that another one overtook: it runs again, as after a deadlock.
pub(super) fn serialization_failure() -> DbError {
    DbError::MySqlError(MySqlError {
        state: "40001".to_owned(),
        code: DEADLOCK,
        message: "another transaction has made the same session meanwhile".to_owned(),
    })
}

/// Whether the connection is gone: closed while it lay idle, killed, or the server stopped.
pub(super) fn is_broken(error: &DbError) -> bool {
    match error {
        DbError::MySqlError(error) => is_disconnect_notice(error.code),
        DbError::DriverError(_) => true,
        other => io_error(other).is_some_and(|error| !is_timeout(error)),
    }
}

/// Whether it is known what became of the statement: the server answered, or nothing was sent.
pub(super) fn is_definite(error: &DbError) -> bool {
    match error {
        // 1317 interrupted: perhaps when it was done.
        DbError::MySqlError(error) => !is_disconnect_notice(error.code) && error.code != 1317,
        DbError::CodecError(PacketCodecError::PacketTooLarge)
        | DbError::DriverError(DriverError::PacketTooLarge) => true,
        _ => false,
    }
}

/// Whether too many connections are open, of the server or of the account.
pub(super) fn is_connection_limit(error: &DbError) -> bool {
    matches!(code(error), Some(1040 | 1203 | 1226))
}

/// Whether a signal came while the connection was being made, to a unix socket whose queue is full.
pub(super) fn is_interrupted(error: &DbError) -> bool {
    matches!(
        error,
        DbError::DriverError(DriverError::CouldNotConnect(Some((
            _,
            _,
            ErrorKind::Interrupted
        ))))
    )
}

/// Whether the server announces that it closes the connection.
///
/// 1053 shutdown, 1927 killed (MariaDB), 3169 killed, 4031 idle too long (MySQL 8).
pub(super) fn is_disconnect_notice(code: u16) -> bool {
    matches!(code, 1053 | 1927 | 3169 | 4031)
}

pub(super) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// The I/O error in an error of the driver, which wraps it in two ways.
pub(super) fn io_error(error: &DbError) -> Option<&io::Error> {
    match error {
        DbError::IoError(error) | DbError::CodecError(PacketCodecError::Io(error)) => Some(error),
        _ => None,
    }
}

/// How many bytes a statement sent, and the server's limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct PacketUse {
    pub(super) sent_bytes: usize,
    pub(super) max_packet: usize,
}
