//! What SQLite's errors mean to whoever runs the site.

use std::io::{self, ErrorKind};

use rusqlite::ErrorCode;

use crate::error::Error;
use crate::store::{MAYBE_CHANGED, MAYBE_STORED, NOT_CHANGED, NOT_STORED};

/// What was being done, for the message.
#[derive(Debug, Clone, Copy)]
pub(super) enum Doing {
    Open,
    Read,
    Write,
    Gc,
    Login,
}

impl Doing {
    /// Whether it changes what is stored.
    pub(super) fn changes(self) -> bool {
        matches!(self, Self::Write | Self::Login | Self::Gc)
    }

    /// How an error begins after which nobody can tell whether it was done.
    pub(super) fn is_unknown(self) -> &'static str {
        match self {
            Self::Write => MAYBE_STORED,
            Self::Login => MAYBE_CHANGED,
            Self::Open | Self::Read => "cannot read the session",
            Self::Gc => "it is not known whether expired sessions were removed",
        }
    }
}

/// The store's error, with the way out where there is one.
pub(super) fn explain(address: &str, doing: Doing, error: rusqlite::Error) -> Error {
    let act = match doing {
        Doing::Open => "cannot open the database",
        Doing::Read => "cannot read the session",
        Doing::Write => NOT_STORED,
        Doing::Gc => "cannot remove expired sessions",
        Doing::Login => NOT_CHANGED,
    };
    let advice = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk or quota is full: free some space",
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "the file is damaged: move it away with its -wal and -shm files (rsso makes a new one), or restore it from a backup"
        }
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "the directory must exist and be writable for PHP's user (rsso.dsn, session.save_path)"
        }
        Some(ErrorCode::ReadOnly) => {
            "file and directory must be writable for PHP's user (?mode=0660 shares them with a group)"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another process kept the database locked for all of rsso.read_timeout"
        }
        Some(ErrorCode::SystemIoFailure) => "the file system reported an error",
        _ => return Error::store(address, act, error),
    };
    Error::store(address, format!("{act}: {advice}"), error)
}

/// The same for an error of the file system itself.
pub(super) fn explain_file(address: &str, act: &str, error: io::Error) -> Error {
    let advice = match error.kind() {
        ErrorKind::NotFound | ErrorKind::PermissionDenied => {
            "the directory must exist and be writable for PHP's user (rsso.dsn, session.save_path)"
        }
        ErrorKind::ReadOnlyFilesystem => {
            "the file system is read-only (rsso.dsn, session.save_path)"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "the disk or quota is full: free some space"
        }
        _ => "see rsso.dsn, session.save_path",
    };
    Error::store(address, format!("{act}: {advice}"), error)
}

/// True where the connection is as good as before: it was only busy, or the disk is full.
pub(super) fn spares_connection(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}
