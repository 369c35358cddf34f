//! The open database of one store.

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::file_users::Membership;
use super::watch::{Files, Watch};

/// A connection, and what it uses. It is closed before it stops being one of the users.
pub(super) struct Database {
    pub(super) connection: Connection,
    pub(super) watch: Watch,
    pub(super) membership: Membership,
}

impl Database {
    /// The files that it uses, wherever they are by now.
    pub(super) fn files(&self) -> Files {
        self.watch.files()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !self.watch.is_in_place() {
            // The last to close would remove the -wal that the path names, which is another's by now.
            let _unable = self
                .connection
                .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
    }
}
