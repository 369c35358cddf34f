//! The spool's file: its tables, how it is opened, and that it is one.

use std::fs::OpenOptions;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

/// "rsso": so that no other database is taken for a spool.
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

/// How long a statement waits for another process's (`rsso webhooks`).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens it, and makes it where there is none.
pub(super) fn open(path: &Path) -> Result<Connection, String> {
    // It says who is logged in where: for its owner only, and SQLite's files beside it as well.
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
    let connect = || -> rusqlite::Result<_> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        let ours: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let tables: i64 = connection.query_row(COUNT_TABLES, [], |row| row.get(0))?;
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        Ok((connection, ours == APPLICATION_ID, tables > 0, version))
    };
    let prepare = |connection: &mut Connection, empty: bool| -> rusqlite::Result<()> {
        if empty {
            connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        }
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // A machine that loses power may lose the newest transactions, but of cursor and deliveries
        // alike: those events are read again.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
        if empty {
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
    };
    let failed = |error: rusqlite::Error| error.to_string();
    let (mut connection, ours, used, version) = connect().map_err(failed)?;
    if used && !ours {
        return Err("is another program's database, or the sessions'".to_owned());
    }
    if used && version != SCHEMA_VERSION {
        return Err(format!("was made by another version of rsso ({version})"));
    }
    prepare(&mut connection, !used).map_err(failed)?;
    Ok(connection)
}
