//! Words: rows of the outbox's table, of a realm that nobody can have, because rsso may not be allowed to
//! make a table. Those of another prefix are in the tables whose names end like ours.

use super::connections::ConnectionRole;
use super::store::MysqlStore;
use rsso_core::error::Result;
use rsso_core::store::words::{Word, Words};

const READ: &str = "cannot read what PHP's processes say";
const LEAVE: &str = "cannot store what a process says";

impl Words for MysqlStore {
    fn prefix(&self) -> &str {
        &self.prefix
    }

    fn words(&mut self) -> Result<Vec<Word>> {
        let words = &self.words;
        self.connections
            .run(ConnectionRole::Main, READ, |connection| {
                words.words(connection)
            })
    }

    fn leave_word(&mut self, word: &Word, gone: &[Word]) -> Result<()> {
        let words = &self.words;
        self.connections
            .run(ConnectionRole::Main, LEAVE, |connection| {
                words.leave(connection, word, gone)
            })
    }
}
