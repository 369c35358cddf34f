//! How a connection is made, and the tables if they are missing or older.

use std::cell::Cell;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, TransactionBehavior};

use super::statements::{Statements, TRIGGERS};

/// Version of the schema, in `PRAGMA user_version`.
pub(super) const VERSION: i32 = 3;

/// "rsso" in ASCII, in `PRAGMA application_id`.
const APPLICATION_ID: i32 = 0x7273_736f;

/// Opens the file, which exists, and creates or upgrades its tables, unless a newer rsso has made them.
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
    // KiB, of each worker's memory: a request needs a few pages, which the next one cannot use if another worker has
    // written since. The system keeps the rest. A claim changes up to 20 pages: with fewer it would write some of them
    // several times.
    connection.execute_batch("PRAGMA cache_size = -128;")?;
    // Also for another prefix in a file that is up to date, and for one that an older rsso has added to it.
    if version(&connection)? < VERSION || !is_current(&connection, sql)? {
        upgrade(&mut connection, sql)?;
    } else if version(&connection)? == VERSION {
        // A table that somebody has dropped is made again.
        connection.execute_batch(&sql.create)?;
    }
    Ok(connection)
}

/// The version of the file's schema; above [`VERSION`] if a newer rsso has made it.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i32> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Whether the tables of this prefix have what this version has. A newer one may have it in another way.
fn is_current(connection: &Connection, sql: &Statements) -> rusqlite::Result<bool> {
    let triggers: i64 = connection.query_row(&sql.count_triggers, [], |row| row.get(0))?;
    Ok(usize::try_from(triggers) == Ok(TRIGGERS.len()) || version(connection)? > VERSION)
}

/// Makes the tables, or brings those of an older version up to date; others wait meanwhile.
fn upgrade(connection: &mut Connection, sql: &Statements) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    if version(&transaction)? > VERSION {
        return Ok(());
    }
    transaction.execute_batch(&sql.create)?;
    let has_columns = transaction
        .query_row(&sql.has_login_columns, [], |_| Ok(()))
        .optional()?;
    if has_columns.is_none() {
        transaction.execute_batch(&sql.add_login_columns)?;
    }
    if !is_current(&transaction, sql)? {
        transaction.execute_batch(&sql.fill_login_columns)?;
        transaction.execute_batch(&sql.triggers)?;
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.commit()
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
