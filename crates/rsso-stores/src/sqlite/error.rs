//! What errors of SQLite and of its files mean: the kind of each, and advice for the user.

use std::io::{self, ErrorKind};
use std::path::Path;

use rusqlite::{ErrorCode, ffi};

use super::owner::{self, ForeignFile};
use super::schema;

use rsso_core::error::{Error, StoreErrorKind};
use rsso_core::store::{MAYBE_CHANGED, MAYBE_STORED, NOT_CHANGED, NOT_STORED};

const NO_ROOM: &str = "the disk or quota is full: free some space";

const USABLE_DIRECTORY: &str =
    "the directory must exist and be writable for PHP's user (rsso.dsn, session.save_path)";

const SEE_DSN: &str = "see rsso.dsn, session.save_path";

/// What was being done, for the message.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operation {
    Open,
    Read,
    Write,
    Gc,
    Login,
}

impl Operation {
    /// Whether it changes what is stored.
    pub(super) fn changes(self) -> bool {
        matches!(self, Self::Write | Self::Login | Self::Gc)
    }

    /// Begins an error after which the outcome is unknown.
    pub(super) fn unknown_outcome(self) -> &'static str {
        match self {
            Self::Write => MAYBE_STORED,
            Self::Login => MAYBE_CHANGED,
            Self::Open | Self::Read => "cannot read the session",
            Self::Gc => "it is not known whether expired sessions were removed",
        }
    }
}

/// The error for an error of SQLite, with advice if there is any.
///
/// `path` is the database's. If its files belong to somebody else, the error says so.
pub(super) fn explain(
    address: &str,
    path: &Path,
    operation: Operation,
    error: rusqlite::Error,
) -> Error {
    let outcome_unknown = is_outcome_unknown(&error);
    let act = match operation {
        Operation::Open => "cannot open the database",
        Operation::Read => "cannot read the session",
        Operation::Write | Operation::Login | Operation::Gc if outcome_unknown => {
            operation.unknown_outcome()
        }
        Operation::Write => NOT_STORED,
        Operation::Gc => "cannot remove expired sessions",
        Operation::Login => NOT_CHANGED,
    };
    if let Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) =
        error.sqlite_error_code()
        && let Some(not_ours) = owner::foreign_file(path)
    {
        let problem = format!("{act}: {not_ours}");
        return Error::store(StoreErrorKind::NotAllowed, address, problem, error);
    }
    let (kind, advice) = advice(error.sqlite_error_code());
    let problem = match advice {
        "" => act.to_owned(),
        advice => format!("{act}: {advice}"),
    };
    Error::store(kind, address, problem, error)
}

/// The error for a file whose schema this rsso does not know.
pub(super) fn explain_newer_schema(address: &str, version: i32) -> Error {
    let problem = format!(
        "a newer rsso has made the file (schema {version}; this rsso knows {}): install the newer rsso here, too, \
         or name another file in rsso.dsn",
        schema::VERSION
    );
    Error::store_plain(StoreErrorKind::Configuration, address, problem)
}

/// The kind of an error of SQLite, and advice, which may be empty.
fn advice(code: Option<ErrorCode>) -> (Option<StoreErrorKind>, &'static str) {
    use StoreErrorKind as Kind;
    let (kind, advice) = match code {
        Some(ErrorCode::DiskFull) => (Kind::Full, NO_ROOM),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => (
            Kind::Damaged,
            "the file is damaged: move it away with its -wal and -shm files (rsso makes a new one), or restore it from a backup",
        ),
        Some(ErrorCode::CannotOpen) => (Kind::Unreachable, USABLE_DIRECTORY),
        Some(ErrorCode::PermissionDenied) => (Kind::NotAllowed, USABLE_DIRECTORY),
        Some(ErrorCode::ReadOnly) => (
            Kind::ReadOnly,
            "file and directory must be writable for PHP's user (?mode=0660 shares them with a group)",
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
            Kind::TimedOut,
            "another process kept the database locked for all of rsso.read_timeout",
        ),
        Some(ErrorCode::TooBig) => (Kind::TooLarge, ""),
        Some(ErrorCode::SystemIoFailure) => return (None, "the file system reported an error"),
        _ => return (None, ""),
    };
    (Some(kind), advice)
}

/// The error for an error of the file system.
pub(super) fn explain_file(address: &str, act: &str, error: io::Error) -> Error {
    if let Some(not_ours) = ForeignFile::in_error(&error) {
        let problem = format!("{act}: {not_ours}");
        return Error::store_plain(StoreErrorKind::NotAllowed, address, problem);
    }
    let (kind, advice) = advice_for_file(error.kind());
    Error::store(kind, address, format!("{act}: {advice}"), error)
}

fn advice_for_file(error: ErrorKind) -> (Option<StoreErrorKind>, &'static str) {
    use StoreErrorKind as Kind;
    let (kind, advice) = match error {
        ErrorKind::NotFound => (Kind::Unreachable, USABLE_DIRECTORY),
        ErrorKind::PermissionDenied => (Kind::NotAllowed, USABLE_DIRECTORY),
        ErrorKind::ReadOnlyFilesystem => (
            Kind::ReadOnly,
            "the file system is read-only (rsso.dsn, session.save_path)",
        ),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => (Kind::Full, NO_ROOM),
        ErrorKind::NotADirectory | ErrorKind::IsADirectory => (Kind::Configuration, SEE_DSN),
        _ => return (None, SEE_DSN),
    };
    (Some(kind), advice)
}

/// Whether a change may turn out to be stored, although it failed.
///
/// What is rolled back is gone, and so is what a full disk cut short. But if the log has all of it and
/// its index has not, for lack of memory, a recovery of the log after a crash finds the change.
fn is_outcome_unknown(error: &rusqlite::Error) -> bool {
    // Reading and locking come before anything is written.
    const HARMLESS: [i32; 8] = [
        ffi::SQLITE_IOERR_READ,
        ffi::SQLITE_IOERR_SHORT_READ,
        ffi::SQLITE_IOERR_LOCK,
        ffi::SQLITE_IOERR_RDLOCK,
        ffi::SQLITE_IOERR_CHECKRESERVEDLOCK,
        ffi::SQLITE_IOERR_BLOCKED,
        ffi::SQLITE_IOERR_ACCESS,
        ffi::SQLITE_IOERR_FSTAT,
    ];
    match error.sqlite_error() {
        Some(error) => match error.code {
            ErrorCode::SystemIoFailure => !HARMLESS.contains(&error.extended_code),
            ErrorCode::OutOfMemory => true,
            _ => false,
        },
        None => false,
    }
}

/// Whether no room is left.
pub(super) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// Whether the connection is still good, because the database was only busy.
pub(super) fn leaves_connection_usable(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(operation: Operation, code: i32) -> Error {
        let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        explain("sqlite:/s.db", Path::new("/nowhere/s.db"), operation, error)
    }

    fn said(operation: Operation, code: i32) -> String {
        explained(operation, code).to_string()
    }

    #[test]
    fn each_error_of_sqlite_has_its_kind() {
        use StoreErrorKind as Kind;
        for (code, kind) in [
            (ffi::SQLITE_CANTOPEN, Some(Kind::Unreachable)),
            (ffi::SQLITE_BUSY, Some(Kind::TimedOut)),
            (ffi::SQLITE_LOCKED, Some(Kind::TimedOut)),
            (ffi::SQLITE_FULL, Some(Kind::Full)),
            (ffi::SQLITE_READONLY, Some(Kind::ReadOnly)),
            (ffi::SQLITE_TOOBIG, Some(Kind::TooLarge)),
            (ffi::SQLITE_CORRUPT, Some(Kind::Damaged)),
            (ffi::SQLITE_NOTADB, Some(Kind::Damaged)),
            (ffi::SQLITE_PERM, Some(Kind::NotAllowed)),
            (ffi::SQLITE_IOERR_WRITE, None),
            (ffi::SQLITE_NOMEM, None),
        ] {
            assert_eq!(explained(Operation::Write, code).kind(), kind, "{code}");
        }
    }

    #[test]
    fn each_error_of_the_file_system_has_its_kind() {
        use StoreErrorKind as Kind;
        for (error, kind) in [
            (ErrorKind::NotFound, Some(Kind::Unreachable)),
            (ErrorKind::StorageFull, Some(Kind::Full)),
            (ErrorKind::QuotaExceeded, Some(Kind::Full)),
            (ErrorKind::ReadOnlyFilesystem, Some(Kind::ReadOnly)),
            (ErrorKind::PermissionDenied, Some(Kind::NotAllowed)),
            (ErrorKind::NotADirectory, Some(Kind::Configuration)),
            (ErrorKind::Interrupted, None),
        ] {
            let explained = explain_file("sqlite:/s.db", "cannot open the file", error.into());
            assert_eq!(explained.kind(), kind, "{error:?}");
        }
    }

    #[test]
    fn what_is_said_of_a_change_is_what_is_known() {
        let changes = [
            (Operation::Write, NOT_STORED, MAYBE_STORED),
            (Operation::Login, NOT_CHANGED, MAYBE_CHANGED),
        ];
        for (operation, certain, unknown) in changes {
            for code in [
                ffi::SQLITE_BUSY,
                ffi::SQLITE_FULL,
                ffi::SQLITE_CORRUPT,
                ffi::SQLITE_READONLY,
                ffi::SQLITE_IOERR_READ,
                ffi::SQLITE_IOERR_RDLOCK,
            ] {
                assert!(said(operation, code).contains(certain), "{code}");
            }
            for code in [
                ffi::SQLITE_IOERR,
                ffi::SQLITE_IOERR_WRITE,
                ffi::SQLITE_IOERR_FSYNC,
                ffi::SQLITE_IOERR_SHMSIZE,
                ffi::SQLITE_NOMEM,
            ] {
                assert!(said(operation, code).contains(unknown), "{code}");
            }
        }
    }
}
