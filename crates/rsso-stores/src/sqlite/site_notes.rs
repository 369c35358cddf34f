//! SiteNotes: a table of one name, whatever the prefix of the others.

use rusqlite::named_params;

use super::error::Operation;
use super::store::SqliteStore;
use rsso_core::error::Result;
use rsso_core::store::site_notes::{SiteNote, SiteNotes};

impl SiteNotes for SqliteStore {
    fn prefix(&self) -> &str {
        &self.prefix
    }

    fn site_notes(&mut self) -> Result<Vec<SiteNote>> {
        self.with(Operation::Read, |connection, sql| {
            connection
                .prepare_cached(&sql.site_notes)?
                .query_map([], |row| {
                    Ok(SiteNote {
                        text: row.get(0)?,
                        at: row.get(1)?,
                    })
                })?
                .collect()
        })
    }

    fn save_site_note(&mut self, note: &SiteNote, outdated: &[SiteNote]) -> Result<()> {
        self.with(Operation::Login, |connection, sql| {
            let transaction = connection.transaction()?;
            for note in outdated {
                transaction.execute(&sql.remove_site_note, named_params! { ":word": note.text })?;
            }
            transaction.execute(
                &sql.add_site_note,
                named_params! { ":word": note.text, ":at": note.at },
            )?;
            transaction.commit()
        })
    }
}
