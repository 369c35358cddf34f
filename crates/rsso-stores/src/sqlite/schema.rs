//! How a connection is made, and the tables if they are missing.

use std::cell::Cell;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::statements::Statements;

/// Version of the schema, in `PRAGMA user_version`.
const VERSION: i32 = 2;

/// "rsso" in ASCII, in `PRAGMA application_id`.
const APPLICATION_ID: i32 = 0x7273_736f;

/// Opens the file, which exists, and creates the table where it is missing.
pub(super) fn connect(
    path: &Path,
    busy_timeout: Duration,
    sql: &Statements,
) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    // The directory may hold links (/tmp does on some systems); the file itself may not be one.
    let path = path
        .parent()
        .and_then(|dir| dir.canonicalize().ok())
        .map_or_else(
            || path.to_path_buf(),
            |dir| dir.join(path.file_name().unwrap_or_default()),
        );
    let mut connection = Connection::open_with_flags(&path, flags)?;
    WAIT.set(busy_timeout);
    connection.busy_handler(Some(wait_for_writer))?;
    connection.set_prepared_statement_cache_capacity(32);
    // A statement is planned once, whatever its values are.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // NORMAL survives SIGKILL of every process; a power cut may lose the last moments, never the file.
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
    // What a large session, or a reader in the way, made of the log is given back; 1,000 pages are usual.
    connection.execute_batch("PRAGMA journal_size_limit = 4194304;")?;
    // KiB, of each worker's memory: a request needs a few pages, and the system keeps the rest.
    connection.execute_batch("PRAGMA cache_size = -512;")?;
    let version: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version < VERSION {
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE; {}; PRAGMA user_version = {VERSION}; PRAGMA application_id = {APPLICATION_ID}; COMMIT;",
            &*sql.create
        ))?;
    } else {
        // Another prefix in a file that is up to date.
        connection.execute_batch(&sql.create)?;
    }
    Ok(connection)
}

thread_local! {
    static WAIT: Cell<Duration> = const { Cell::new(Duration::from_secs(2)) };
    static SINCE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// A wait for the write lock looks this often at least.
const LONGEST_SLEEP: Duration = Duration::from_micros(1280);

/// Waits for the database's write lock, which others hold for some tens of microseconds: a claim for hundreds.
/// SQLite's own handler would sleep whole milliseconds. Each sleep is a quarter of the wait so far, so that
/// nobody waits much longer than he must.
fn wait_for_writer(attempt: i32) -> bool {
    let now = Instant::now();
    if attempt == 0 {
        SINCE.set(Some(now));
    }
    let waited = SINCE.get().map_or(Duration::ZERO, |since| now - since);
    if waited >= WAIT.get() {
        return false;
    }
    thread::sleep((waited / 4).clamp(Duration::from_micros(20), LONGEST_SLEEP));
    true
}
