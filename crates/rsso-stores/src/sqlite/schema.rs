//! The table, its statements, and how a connection to it is made.

use std::cell::Cell;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::word_table;
use rsso_core::error::{Error, Result};

/// Version of the schema, in `PRAGMA user_version`.
const VERSION: i32 = 2;

/// "rsso" in ASCII, in `PRAGMA application_id`.
const APPLICATION_ID: i32 = 0x7273_736f;

/// The tables, quoted.
pub(super) struct Names {
    pub(super) sessions: String,
    pub(super) users: String,
    pub(super) logins: String,
    /// Which session has which login.
    pub(super) bindings: String,
    /// Tombstones.
    pub(super) kicks: String,
    /// The outbox.
    pub(super) events: String,
    /// Events that tell of a login's end, beside it.
    pub(super) ends: String,
    /// What gateways say.
    receipts: String,
}

/// The SQL of each act, with the table's prefix in it.
pub(super) struct Statements {
    pub(super) prefix: String,
    pub(super) names: Names,
    create: String,
    pub(super) load: String,
    pub(super) update: String,
    pub(super) update_data: String,
    pub(super) insert: String,
    pub(super) touch: String,
    pub(super) destroy_unbound: String,
    pub(super) empty_unbound: String,
    pub(super) is_bound: String,
    pub(super) kick_of: String,
    pub(super) forget_kicks: String,
    pub(super) dead_with_session: String,
    pub(super) logins_in_turn: String,
    pub(super) last_login: String,
    pub(super) events: String,
    pub(super) newest: String,
    pub(super) add_receipt: String,
    pub(super) has_receipt: String,
    pub(super) forget_receipts: String,
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
        let name = |table: &str| format!("\"{prefix}{table}\"");
        let names = Names {
            sessions: name("sessions"),
            users: name("users"),
            logins: name("logins"),
            bindings: name("bindings"),
            kicks: name("kicks"),
            events: name("events"),
            ends: name("ends"),
            receipts: name("receipts"),
        };
        let Names {
            sessions: table,
            users,
            logins,
            bindings,
            kicks,
            events,
            ends,
            receipts,
        } = &names;
        // The old id of a rotated session is not refreshed.
        let expires = format!(
            "MIN(:expires, COALESCE(
                (SELECT until FROM {bindings} WHERE session = :id AND generation = :generation), :expires))"
        );
        Ok(Self {
            create: format!(
                "CREATE TABLE IF NOT EXISTS {table} (
                    id BLOB PRIMARY KEY NOT NULL,
                    generation INTEGER NOT NULL,
                    revision BLOB NOT NULL,
                    expires INTEGER NOT NULL,
                    data BLOB NOT NULL
                );
                CREATE INDEX IF NOT EXISTS \"{prefix}sessions_expires\" ON {table} (expires, id);
                CREATE TABLE IF NOT EXISTS {users} (
                    user BLOB PRIMARY KEY NOT NULL,
                    realm TEXT NOT NULL,
                    head TEXT NOT NULL,
                    sequence INTEGER NOT NULL,
                    storm_since INTEGER NOT NULL,
                    storm_count INTEGER NOT NULL,
                    storm_raging INTEGER NOT NULL
                );
                CREATE TABLE IF NOT EXISTS {logins} (
                    login BLOB PRIMARY KEY NOT NULL,
                    user BLOB NOT NULL,
                    sequence INTEGER NOT NULL,
                    device TEXT NOT NULL,
                    identity TEXT NOT NULL,
                    more TEXT NOT NULL
                );
                CREATE INDEX IF NOT EXISTS \"{prefix}logins_user\" ON {logins} (user, sequence);
                CREATE TABLE IF NOT EXISTS {bindings} (
                    session BLOB PRIMARY KEY NOT NULL,
                    generation INTEGER NOT NULL,
                    login BLOB NOT NULL,
                    until INTEGER
                );
                CREATE INDEX IF NOT EXISTS \"{prefix}bindings_login\" ON {bindings} (login);
                CREATE TABLE IF NOT EXISTS {kicks} (
                    session BLOB PRIMARY KEY NOT NULL,
                    expires INTEGER NOT NULL,
                    detail TEXT NOT NULL
                );
                CREATE INDEX IF NOT EXISTS \"{prefix}kicks_expires\" ON {kicks} (expires);
                CREATE TABLE IF NOT EXISTS {events} (
                    position INTEGER PRIMARY KEY AUTOINCREMENT,
                    realm TEXT NOT NULL,
                    at INTEGER NOT NULL,
                    event TEXT NOT NULL
                );
                CREATE INDEX IF NOT EXISTS \"{prefix}events_realm\" ON {events} (realm, position);
                CREATE TABLE IF NOT EXISTS {ends} (
                    position INTEGER PRIMARY KEY NOT NULL,
                    realm TEXT NOT NULL,
                    at INTEGER NOT NULL,
                    event TEXT NOT NULL
                );
                CREATE INDEX IF NOT EXISTS \"{prefix}ends_realm\" ON {ends} (realm, position);
                CREATE TABLE IF NOT EXISTS {receipts} (
                    name BLOB PRIMARY KEY NOT NULL,
                    until INTEGER NOT NULL
                );
                {words}",
                words = word_table::CREATE
            ),
            load: format!(
                "SELECT s.generation, s.revision, s.data, l.user, l.identity, l.more, b.until, s.expires
                 FROM {table} AS s
                 LEFT JOIN {bindings} AS b ON b.session = s.id AND b.generation = s.generation
                 LEFT JOIN {logins} AS l ON l.login = b.login
                 WHERE s.id = ?1 AND s.expires > ?2"
            ),
            // The own revision: this very commit was made before, and is sent again.
            update: format!(
                "UPDATE {table} SET data = :data, revision = :revision, expires = {expires}
                 WHERE id = :id AND generation = :generation
                   AND (:any OR revision = :seen OR revision = :revision)"
            ),
            // The same where the expiry stands: its index is left alone.
            update_data: format!(
                "UPDATE {table} SET data = :data, revision = :revision
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
            touch: format!("UPDATE {table} SET expires = {expires} WHERE id = :id AND generation = :generation"),
            destroy_unbound: format!(
                "DELETE FROM {table} WHERE id = ?1 AND generation = COALESCE(?2, generation)
                   AND NOT EXISTS (SELECT 1 FROM {bindings} WHERE session = ?1)"
            ),
            empty_unbound: format!(
                "UPDATE {table} SET generation = :born, revision = :revision, expires = :expires, data = x''
                 WHERE id = :id AND generation = COALESCE(:seen, generation)
                   AND NOT EXISTS (SELECT 1 FROM {bindings} WHERE session = :id)"
            ),
            is_bound: format!("SELECT 1 FROM {bindings} WHERE session = ?1"),
            kick_of: format!("SELECT detail FROM {kicks} WHERE session = ?1 AND expires > ?2"),
            forget_kicks: format!(
                "DELETE FROM {kicks} WHERE session IN
                   (SELECT session FROM {kicks} WHERE expires <= ?1 ORDER BY expires LIMIT ?2)"
            ),
            dead_with_session: format!(
                "SELECT l.login, l.user, l.sequence FROM {bindings} AS b JOIN {logins} AS l ON l.login = b.login
                 WHERE b.session = ?1 AND NOT EXISTS (
                   SELECT 1 FROM {bindings} AS o JOIN {table} AS s
                     ON s.id = o.session AND s.generation = o.generation AND s.expires > ?2
                   WHERE o.login = l.login)"
            ),
            logins_in_turn: format!(
                "SELECT l.login, l.user, l.sequence, EXISTS (
                   SELECT 1 FROM {bindings} AS b JOIN {table} AS s
                     ON s.id = b.session AND s.generation = b.generation AND s.expires > ?1
                   WHERE b.login = l.login), l.place
                 FROM (SELECT login, user, sequence, rowid AS place FROM {logins}
                       WHERE rowid > ?2 ORDER BY rowid LIMIT ?3) AS l"
            ),
            last_login: format!("SELECT COALESCE(MAX(rowid), 0) FROM {logins}"),
            events: format!(
                "SELECT position, event, 0 FROM {events} WHERE realm = ?1 AND position > ?2
                 UNION ALL
                 SELECT position, event, 1 FROM {ends} WHERE realm = ?1 AND position > ?2
                 ORDER BY position LIMIT ?3"
            ),
            newest: format!("SELECT MAX(position) FROM {events} WHERE realm = ?1"),
            add_receipt: format!(
                "INSERT INTO {receipts} (name, until) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET until = excluded.until"
            ),
            has_receipt: format!("SELECT 1 FROM {receipts} WHERE name = ?1 AND until > ?2"),
            forget_receipts: format!("DELETE FROM {receipts} WHERE until <= ?1"),
            generation: format!("SELECT generation FROM {table} WHERE id = ?1"),
            expired: format!(
                "SELECT expires, id FROM {table} WHERE expires <= ?1 AND (expires, id) > (?2, ?3)
                 ORDER BY expires, id LIMIT ?4"
            ),
            remove_expired: format!("DELETE FROM {table} WHERE id = ?1 AND expires <= ?2"),
            names,
            prefix: prefix.to_owned(),
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
