//! The open database of one store.

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::group::Membership;
use super::watch::{Files, Watch};

/// A connection, and what it uses. Closed before it stops being a member.
pub(super) struct Database {
    pub(super) connection: Connection,
    pub(super) watch: Watch,
    pub(super) membership: Membership,
}

impl Database {
    /// Those it uses, wherever they are by now.
    pub(super) fn files(&self) -> Files {
        self.watch.files()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !self.watch.is_in_place() {
            // The last to close removes the -wal that the path names: by now, another's.
            let _unable = self
                .connection
                .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
    }
}
