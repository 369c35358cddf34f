//! Transactions. None is open while PHP works.

use mysql::{Error as Driver, Params};

use super::connection::Session;
use super::error::{code, is_answer};

// Whatever the server's `completion_type` says: the connection is used on, without a transaction.
const COMMIT: &str = "COMMIT AND NO CHAIN NO RELEASE";
const ROLLBACK: &str = "ROLLBACK AND NO CHAIN NO RELEASE";

/// Runs an act in a transaction of its own, which is rolled back if it fails.
pub(super) fn transaction<T>(
    session: &mut Session,
    act: impl FnOnce(&mut Session) -> Result<T, Driver>,
) -> Result<T, Driver> {
    session.run("START TRANSACTION")?;
    session.set_in_transaction(true);
    let acted = act(session);
    session.set_in_transaction(false);
    let done = acted.and_then(|value| commit(session).map(|()| value));
    let Err(error) = done else {
        return done;
    };
    if code(&error).is_none() {
        // The connection is dropped, and the server rolls back.
        return Err(error);
    }
    // A connection that cannot roll back must be dropped too: then that is the error.
    session.run(ROLLBACK)?;
    Err(error)
}

/// Until here nothing has happened.
fn commit(session: &mut Session) -> Result<(), Driver> {
    session.refuse_if_closed()?;
    let done = session.run(COMMIT);
    session.unanswered |= done.as_ref().is_err_and(|error| !is_answer(error));
    done
}

/// As [`transaction`]; each statement sees what was committed before it began, and locks the rows
/// that it finds, not the gaps between them.
pub(super) fn read_committed<T>(
    session: &mut Session,
    act: impl FnOnce(&mut Session) -> Result<T, Driver>,
) -> Result<T, Driver> {
    // For the next transaction only.
    session.run("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")?;
    transaction(session, act)
}

/// Changes that an act makes when it is through with the table of sessions, if that is an existing
/// one, and at once otherwise.
///
/// A statement on a MyISAM table has the whole table while it runs, also while it waits for a row
/// of ours, and no search for deadlocks sees that. So whoever has locked a row beside that table
/// wants nothing of the table any more.
pub(super) struct Later<'a> {
    waits: bool,
    changes: Vec<(&'a str, Params)>,
}

impl<'a> Later<'a> {
    pub(super) fn new(waits: bool) -> Self {
        Self {
            waits,
            changes: Vec::new(),
        }
    }

    pub(super) fn change(
        &mut self,
        session: &mut Session,
        sql: &'a str,
        values: impl Into<Params>,
    ) -> Result<(), Driver> {
        if self.waits {
            self.changes.push((sql, values.into()));
            return Ok(());
        }
        session.change(sql, values).map(|_| ())
    }

    /// Makes them.
    pub(super) fn settle(&mut self, session: &mut Session) -> Result<(), Driver> {
        for (sql, values) in self.changes.drain(..) {
            session.change(sql, values)?;
        }
        Ok(())
    }
}
