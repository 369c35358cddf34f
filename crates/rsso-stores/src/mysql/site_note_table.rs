//! The rows of notes in the table of events.

use crate::sql_template::{Names, SqlTemplate, statements};
use data_encoding::HEXLOWER;
use mysql::{Error as DbError, Row};
use sha2::{Digest as _, Sha256};

use super::Tables;
use super::columns::text;
use super::connection::Connection;
use super::schema::quote;
use super::statement::{Statement, values};
use rsso_core::store::site_notes::SiteNote;

/// The realm of notes.
const REALM: &str = "+words";

/// How many other prefixes are looked at.
const MAX_PREFIXES: usize = 16;

statements! {
    pub(super) struct SiteNoteStatements {
        event_tables: Statement,
        read: Statement,
        remove: Statement,
        add: Statement,
    }
}

/// The table of events, as far as it holds notes.
pub(super) struct SiteNoteTable {
    events: String,
    statements: SiteNoteStatements,
}

/// The position of a note's row: a number that no other note has.
fn position(note: &str) -> u64 {
    let digest = Sha256::digest(note);
    let hex = HEXLOWER.encode(&digest[..8]);
    u64::from_str_radix(&hex, 16).unwrap_or_default() >> 1
}

impl SiteNoteTable {
    pub(super) fn new(tables: &Tables) -> Self {
        Self {
            events: tables.quoted("events"),
            statements: statements_on(&tables.names()),
        }
    }

    /// The notes in this table of events and in those of other prefixes. A table of another kind is passed over.
    pub(super) fn site_notes(&self, connection: &mut Connection) -> Result<Vec<SiteNote>, DbError> {
        let mut notes = read(connection, &self.statements)?;
        let tables = connection.query_all(&self.statements.event_tables, values! {})?;
        let names = tables
            .iter()
            .filter_map(|row| String::from_utf8(row.get(0)?).ok());
        let names = names.map(|name| quote(&name));
        for events in names.filter(|name| *name != self.events).take(MAX_PREFIXES) {
            let other = statements_on(&Names::default().with("events", events));
            notes.extend(read(connection, &other)?);
        }
        Ok(notes)
    }

    pub(super) fn save(
        &self,
        connection: &mut Connection,
        note: &SiteNote,
        outdated: &[SiteNote],
    ) -> Result<(), DbError> {
        for note in outdated.iter().chain([note]) {
            let values = values! { realm => REALM, position => position(&note.text) };
            connection.execute(&self.statements.remove, values)?;
        }
        let values = values! {
            realm => REALM,
            position => position(&note.text),
            at => note.at,
            event => note.text.as_bytes(),
        };
        connection.execute(&self.statements.add, values).map(|_| ())
    }
}

fn statements_on(names: &Names) -> SiteNoteStatements {
    SiteNoteStatements::new(&SqlTemplate::new(
        &[include_str!("sql/site_notes.sql")],
        names,
    ))
}

fn read(
    connection: &mut Connection,
    statements: &SiteNoteStatements,
) -> Result<Vec<SiteNote>, DbError> {
    let rows = match connection.query_all(&statements.read, values! { realm => REALM }) {
        Ok(rows) => rows,
        Err(DbError::MySqlError(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let note = |row: &Row| {
        Some(SiteNote {
            text: text(row, "event")?,
            at: row.get("at")?,
        })
    };
    Ok(rows.iter().filter_map(note).collect())
}
