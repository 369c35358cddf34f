//! The spool's file: its tables, and how it is opened.

use std::fs::OpenOptions;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

/// Tells a spool from other databases: "rsso".
const APPLICATION_ID: i64 = 0x7273_736f;
const SCHEMA_VERSION: i64 = 1;

const SCHEMA: &str = "
CREATE TABLE cursors (
  realm TEXT PRIMARY KEY, position TEXT NOT NULL, at INTEGER NOT NULL, floor INTEGER NOT NULL,
  event_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE endpoints (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, configured INTEGER NOT NULL,
  since INTEGER NOT NULL
);
CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT, endpoint INTEGER NOT NULL REFERENCES endpoints,
  event_id TEXT NOT NULL, position TEXT NOT NULL, kind TEXT NOT NULL, event TEXT NOT NULL,
  spooled INTEGER NOT NULL, attempt INTEGER NOT NULL DEFAULT 0, due INTEGER NOT NULL DEFAULT 0,
  died INTEGER, problem TEXT,
  UNIQUE (endpoint, event_id)
);
CREATE INDEX fresh ON deliveries (endpoint, id) WHERE died IS NULL AND attempt = 0;
CREATE INDEX again ON deliveries (endpoint, due) WHERE died IS NULL AND attempt > 0;
CREATE INDEX waiting ON deliveries (spooled, endpoint) WHERE died IS NULL;
CREATE INDEX dead ON deliveries (died) WHERE died IS NOT NULL;
";

const COUNT_TABLES: &str = "SELECT COUNT(*) FROM sqlite_master";

/// How long a statement waits for one of another process (`rsso webhooks`).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens the file, and creates it if it does not exist.
pub(super) fn open(path: &Path) -> Result<Connection, String> {
    // It says who is logged in, so only its owner may read it and SQLite's files beside it.
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| error.to_string())?;
    let mode = file.metadata().map_err(|error| error.to_string())?.mode();
    drop(file);
    if mode & 0o077 != 0 {
        return Err("others may read it, and it says who is logged in: chmod 600".to_owned());
    }
    let failed = |error: rusqlite::Error| error.to_string();
    let mut database = Database::connect(path).map_err(failed)?;
    if !database.is_empty && !database.is_spool {
        return Err("is another program's database, or the sessions'".to_owned());
    }
    if !database.is_empty && database.version != SCHEMA_VERSION {
        let version = database.version;
        return Err(format!("was made by another version of rsso ({version})"));
    }
    database.prepare().map_err(failed)?;
    Ok(database.connection)
}

/// A database that was opened, and what it says about itself.
struct Database {
    connection: Connection,
    is_spool: bool,
    is_empty: bool,
    version: i64,
}

impl Database {
    fn connect(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let tables: i64 = connection.query_row(COUNT_TABLES, [], |row| row.get(0))?;
        Ok(Self {
            is_spool: pragma("application_id")? == APPLICATION_ID,
            is_empty: tables == 0,
            version: pragma("user_version")?,
            connection,
        })
    }

    fn prepare(&mut self) -> rusqlite::Result<()> {
        let connection = &mut self.connection;
        if self.is_empty {
            connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        }
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // A power failure may lose the newest transactions, of cursor and deliveries alike: those events are read again.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
        if self.is_empty {
            // Another gateway may be about to do the same.
            let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let tables: i64 = change.query_row(COUNT_TABLES, [], |row| row.get(0))?;
            if tables == 0 {
                change.execute_batch(SCHEMA)?;
                change.pragma_update(None, "application_id", APPLICATION_ID)?;
                change.pragma_update(None, "user_version", SCHEMA_VERSION)?;
            }
            change.commit()?;
        }
        Ok(())
    }
}
