//! Site notes: rows in the table of events under a realm that nobody can have, because rsso may not be allowed to
//! make a table. Those of another prefix are in the tables whose names end in the same way.

use super::connections::ConnectionRole;
use super::store::MysqlStore;
use rsso_core::error::Result;
use rsso_core::store::site_notes::{SiteNote, SiteNotes};

const READ_FAILED: &str = "cannot read what PHP's processes say";
const SAVE_FAILED: &str = "cannot store what a process says";

impl SiteNotes for MysqlStore {
    fn prefix(&self) -> &str {
        &self.prefix
    }

    fn site_notes(&mut self) -> Result<Vec<SiteNote>> {
        let table = &self.site_notes;
        self.connections
            .run(ConnectionRole::Main, READ_FAILED, |connection| {
                table.site_notes(connection)
            })
    }

    fn save_site_note(&mut self, note: &SiteNote, outdated: &[SiteNote]) -> Result<()> {
        let table = &self.site_notes;
        self.connections
            .run(ConnectionRole::Main, SAVE_FAILED, |connection| {
                table.save(connection, note, outdated)
            })
    }
}
