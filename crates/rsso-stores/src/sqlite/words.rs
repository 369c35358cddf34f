//! Words: a table of one name, whatever the prefix of the others.

use rusqlite::params;

use super::error::Doing;
use super::store::SqliteStore;
use rsso_core::error::Result;
use rsso_core::store::words::{Word, Words};

impl Words for SqliteStore {
    fn prefix(&self) -> &str {
        &self.sql.prefix
    }

    fn words(&mut self) -> Result<Vec<Word>> {
        self.with(Doing::Read, |connection, _| {
            connection
                .prepare_cached("SELECT word, at FROM rsso_words")?
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
        self.with(Doing::Login, |connection, _| {
            let transaction = connection.transaction()?;
            for word in gone {
                transaction.execute("DELETE FROM rsso_words WHERE word = ?1", [&word.text])?;
            }
            transaction.execute(
                "INSERT OR REPLACE INTO rsso_words (word, at) VALUES (?1, ?2)",
                params![word.text, word.at],
            )?;
            transaction.commit()
        })
    }
}
