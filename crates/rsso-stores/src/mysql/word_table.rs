//! The rows that hold what PHP's processes use.

use data_encoding::HEXLOWER;
use mysql::Error as DbError;
use sha2::{Digest as _, Sha256};

use super::Tables;
use super::columns::text;
use super::connection::Connection;
use super::schema::quote;
use rsso_core::store::words::Word;

/// The realm of words.
const REALM: &str = "+words";

/// How many prefixes are looked at.
const MAX_PREFIXES: usize = 16;

/// The statements on words.
pub(super) struct WordTable {
    events: String,
    forget: String,
    add: String,
}

/// Where a word lies among the others: a number that it alone has.
fn place(word: &str) -> u64 {
    let digest = Sha256::digest(word);
    let hex = HEXLOWER.encode(&digest[..8]);
    u64::from_str_radix(&hex, 16).unwrap_or_default() >> 1
}

impl WordTable {
    pub(super) fn new(tables: &Tables) -> Self {
        let events = &tables.events;
        Self {
            events: events.clone(),
            forget: format!("DELETE FROM {events} WHERE realm = ? AND position = ?"),
            add: format!(
                "INSERT IGNORE INTO {events} (realm, position, at, event) VALUES (?, ?, ?, ?)"
            ),
        }
    }

    /// A table that is no outbox of rsso's says nothing.
    pub(super) fn words(&self, connection: &mut Connection) -> Result<Vec<Word>, DbError> {
        let mut tables = vec![self.events.clone()];
        let others = connection.query_all("SHOW TABLES LIKE '%events'", ())?;
        let mut others: Vec<String> = others
            .into_iter()
            .filter_map(|mut row| Some(quote(&text(&mut row, 0)?)))
            .collect();
        others.retain(|name| *name != self.events);
        others.truncate(MAX_PREFIXES);
        tables.extend(others);
        let mut words = Vec::new();
        for table in tables {
            let sql = format!("SELECT event, at FROM {table} WHERE realm = ?");
            match connection.query_all(&sql, (REALM,)) {
                Ok(rows) => words.extend(rows.into_iter().filter_map(|mut row| {
                    Some(Word {
                        text: text(&mut row, 0)?,
                        at: row.get(1)?,
                    })
                })),
                Err(DbError::MySqlError(_)) => {}
                Err(error) => return Err(error),
            }
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
            connection.execute(&self.forget, (REALM, place(&word.text)))?;
        }
        let values = (REALM, place(&word.text), word.at, word.text.as_bytes());
        connection.execute(&self.add, values).map(|_| ())
    }
}
