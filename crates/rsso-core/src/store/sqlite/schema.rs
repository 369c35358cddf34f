//! The table, its statements, and how a connection to it is made.

use std::cell::Cell;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use crate::error::{Error, Result};

/// Version of the schema, in `PRAGMA user_version`.
const VERSION: i32 = 1;

/// "rsso" in ASCII, in `PRAGMA application_id`.
const APPLICATION_ID: i32 = 0x7273_736f;

/// The SQL of each act, with the table's prefix in it.
pub(super) struct Statements {
    create: String,
    pub(super) load: String,
    pub(super) update: String,
    pub(super) insert: String,
    pub(super) touch: String,
    pub(super) destroy: String,
    pub(super) generation: String,
    pub(super) expired: String,
    pub(super) remove_expired: String,
}

impl Statements {
    pub(super) fn new(prefix: Option<&str>) -> Result<Self> {
        let prefix = prefix.unwrap_or("rsso_");
        if !prefix
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_')
        {
            return Err(Error::config(
                "rsso.prefix",
                "with sqlite it is part of a table's name: letters, digits and '_' only",
            ));
        }
        let table = format!("\"{prefix}sessions\"");
        Ok(Self {
            create: format!(
                "CREATE TABLE IF NOT EXISTS {table} (
                    id BLOB PRIMARY KEY NOT NULL,
                    generation INTEGER NOT NULL,
                    revision BLOB NOT NULL,
                    expires INTEGER NOT NULL,
                    data BLOB NOT NULL
                );
                CREATE INDEX IF NOT EXISTS \"{prefix}sessions_expires\" ON {table} (expires, id);"
            ),
            load: format!("SELECT generation, revision, data FROM {table} WHERE id = ?1 AND expires > ?2"),
            // The own revision: this very commit was made before, and is sent again.
            update: format!(
                "UPDATE {table} SET data = :data, revision = :revision, expires = :expires
                 WHERE id = :id AND generation = :generation
                   AND (:any OR revision = :seen OR revision = :revision)"
            ),
            // An expired row that gc has not yet removed is replaced by a record of its own life.
            insert: format!(
                "INSERT INTO {table} (id, generation, revision, expires, data)
                 VALUES (:id, :generation, :revision, :expires, :data)
                 ON CONFLICT (id) DO UPDATE SET
                    generation = CASE WHEN expires <= :now THEN excluded.generation ELSE generation END,
                    revision = excluded.revision, expires = excluded.expires, data = excluded.data
                 WHERE :any OR expires <= :now OR revision = excluded.revision
                 RETURNING generation"
            ),
            touch: format!("UPDATE {table} SET expires = :expires WHERE id = :id AND generation = :generation"),
            destroy: format!("DELETE FROM {table} WHERE id = ?1"),
            generation: format!("SELECT generation FROM {table} WHERE id = ?1"),
            expired: format!(
                "SELECT expires, id FROM {table} WHERE expires <= ?1 AND (expires, id) > (?2, ?3)
                 ORDER BY expires, id LIMIT ?4"
            ),
            remove_expired: format!("DELETE FROM {table} WHERE id = ?1 AND expires <= ?2"),
        })
    }
}

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
    // NORMAL survives SIGKILL of every process; a power cut may lose the last moments, never the file.
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
    let version: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version < VERSION {
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE; {} PRAGMA user_version = {VERSION}; PRAGMA application_id = {APPLICATION_ID}; COMMIT;",
            sql.create
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

/// Waits for the database's write lock, which others hold for single statements: some tens of
/// microseconds. SQLite's own handler would sleep whole milliseconds.
fn wait_for_writer(attempt: i32) -> bool {
    let now = Instant::now();
    if attempt == 0 {
        SINCE.set(Some(now));
    }
    let waited = SINCE.get().map_or(Duration::ZERO, |since| now - since);
    if waited >= WAIT.get() {
        return false;
    }
    let exponent = u32::try_from(attempt).unwrap_or(0).min(6);
    thread::sleep(Duration::from_micros(20 << exponent));
    true
}
