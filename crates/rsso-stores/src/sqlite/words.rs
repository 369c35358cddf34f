//! Words: a table of one name, whatever the prefix of the others.

use rusqlite::named_params;

use super::error::Operation;
use super::store::SqliteStore;
use rsso_core::error::Result;
use rsso_core::store::words::{Word, Words};

impl Words for SqliteStore {
    fn prefix(&self) -> &str {
        &self.prefix
    }

    fn words(&mut self) -> Result<Vec<Word>> {
        self.with(Operation::Read, |connection, sql| {
            connection
                .prepare_cached(&sql.words)?
                .query_map([], |row| {
                    Ok(Word {
                        text: row.get(0)?,
                        at: row.get(1)?,
                    })
                })?
                .collect()
        })
    }

    fn leave_word(&mut self, word: &Word, gone: &[Word]) -> Result<()> {
        self.with(Operation::Login, |connection, sql| {
            let transaction = connection.transaction()?;
            for word in gone {
                transaction.execute(&sql.remove_word, named_params! { ":word": word.text })?;
            }
            transaction.execute(
                &sql.add_word,
                named_params! { ":word": word.text, ":at": word.at },
            )?;
            transaction.commit()
        })
    }
}
