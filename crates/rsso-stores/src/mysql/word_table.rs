//! The rows of words in the table of events.

use crate::sql_template::{Names, SqlTemplate, statements};
use data_encoding::HEXLOWER;
use mysql::{Error as DbError, Row};
use sha2::{Digest as _, Sha256};

use super::Tables;
use super::columns::text;
use super::connection::Connection;
use super::schema::quote;
use super::statement::{Statement, values};
use rsso_core::store::words::Word;

/// The realm of words.
const REALM: &str = "+words";

/// How many other prefixes are looked at.
const MAX_PREFIXES: usize = 16;

statements! {
    pub(super) struct WordStatements {
        event_tables: Statement,
        read: Statement,
        remove: Statement,
        add: Statement,
    }
}

/// The table of events, as far as it holds words.
pub(super) struct WordTable {
    events: String,
    statements: WordStatements,
}

/// The position of a word's row: a number that no other word has.
fn position(word: &str) -> u64 {
    let digest = Sha256::digest(word);
    let hex = HEXLOWER.encode(&digest[..8]);
    u64::from_str_radix(&hex, 16).unwrap_or_default() >> 1
}

impl WordTable {
    pub(super) fn new(tables: &Tables) -> Self {
        Self {
            events: tables.quoted("events"),
            statements: statements_on(&tables.names()),
        }
    }

    /// The words in this table of events and in those of other prefixes. A table of another kind is passed over.
    pub(super) fn words(&self, connection: &mut Connection) -> Result<Vec<Word>, DbError> {
        let mut words = read(connection, &self.statements)?;
        let tables = connection.query_all(&self.statements.event_tables, values! {})?;
        let names = tables
            .iter()
            .filter_map(|row| String::from_utf8(row.get(0)?).ok());
        let names = names.map(|name| quote(&name));
        for events in names.filter(|name| *name != self.events).take(MAX_PREFIXES) {
            let other = statements_on(&Names::default().with("events", events));
            words.extend(read(connection, &other)?);
        }
        Ok(words)
    }

    pub(super) fn leave(
        &self,
        connection: &mut Connection,
        word: &Word,
        gone: &[Word],
    ) -> Result<(), DbError> {
        for word in gone.iter().chain([word]) {
            let values = values! { realm => REALM, position => position(&word.text) };
            connection.execute(&self.statements.remove, values)?;
        }
        let values = values! {
            realm => REALM,
            position => position(&word.text),
            at => word.at,
            event => word.text.as_bytes(),
        };
        connection.execute(&self.statements.add, values).map(|_| ())
    }
}

fn statements_on(names: &Names) -> WordStatements {
    WordStatements::new(&SqlTemplate::new(&[include_str!("sql/words.sql")], names))
}

fn read(connection: &mut Connection, statements: &WordStatements) -> Result<Vec<Word>, DbError> {
    let rows = match connection.query_all(&statements.read, values! { realm => REALM }) {
        Ok(rows) => rows,
        Err(DbError::MySqlError(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let word = |row: &Row| {
        Some(Word {
            text: text(row, "event")?,
            at: row.get("at")?,
        })
    };
    Ok(rows.iter().filter_map(word).collect())
}
