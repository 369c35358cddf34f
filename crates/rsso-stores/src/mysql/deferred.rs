//! Changes that wait until an act is done with the table of sessions.

use mysql::{Error as DbError, Value};

use super::connection::Connection;
use super::statement::{NamedValues, Statement};

/// Changes that are made at once, or when the act is done with the table of sessions if that is an existing one.
///
/// A statement on a MyISAM table has the whole table while it runs, also while it waits for a row of rsso's
/// tables, and the search for deadlocks does not see that. So whoever has locked a row beside that table does not
/// use the table any more.
pub(super) struct DeferredChanges<'a> {
    waits: bool,
    changes: Vec<(&'a Statement, Vec<Value>)>,
}

impl<'a> DeferredChanges<'a> {
    pub(super) fn new(waits: bool) -> Self {
        Self {
            waits,
            changes: Vec::new(),
        }
    }

    pub(super) fn execute<const N: usize>(
        &mut self,
        connection: &mut Connection,
        statement: &'a Statement,
        values: NamedValues<N>,
    ) -> Result<(), DbError> {
        if self.waits {
            self.changes.push((statement, statement.in_order(values)?));
            return Ok(());
        }
        connection.execute(statement, values).map(|_| ())
    }

    /// Makes the changes that wait.
    pub(super) fn flush(&mut self, connection: &mut Connection) -> Result<(), DbError> {
        for (statement, values) in self.changes.drain(..) {
            connection.execute_text(statement.text(), values)?;
        }
        Ok(())
    }
}
