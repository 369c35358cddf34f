//! Words: rows in the table of events under a realm that nobody can have, because rsso may not be allowed to
//! make a table. Those of another prefix are in the tables whose names end in the same way.

use super::connections::ConnectionRole;
use super::store::MysqlStore;
use rsso_core::error::Result;
use rsso_core::store::words::{Word, Words};

const READ_FAILED: &str = "cannot read what PHP's processes say";
const LEAVE_FAILED: &str = "cannot store what a process says";

impl Words for MysqlStore {
    fn prefix(&self) -> &str {
        &self.prefix
    }

    fn words(&mut self) -> Result<Vec<Word>> {
        let words = &self.words;
        self.connections
            .run(ConnectionRole::Main, READ_FAILED, |connection| {
                words.words(connection)
            })
    }

    fn leave_word(&mut self, word: &Word, gone: &[Word]) -> Result<()> {
        let words = &self.words;
        self.connections
            .run(ConnectionRole::Main, LEAVE_FAILED, |connection| {
                words.leave(connection, word, gone)
            })
    }
}
