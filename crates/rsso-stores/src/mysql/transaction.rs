//! Transactions. None is open while PHP code runs.

use mysql::Error as DbError;

use super::connection::Connection;
use super::error::{code, is_definite};

// Whatever the server's `completion_type` is, the connection stays open and has no transaction afterwards.
const COMMIT: &str = "COMMIT AND NO CHAIN NO RELEASE";
const ROLLBACK: &str = "ROLLBACK AND NO CHAIN NO RELEASE";

/// Runs an act in a transaction of its own, which is rolled back if it fails.
pub(super) fn transaction<T>(
    connection: &mut Connection,
    act: impl FnOnce(&mut Connection) -> Result<T, DbError>,
) -> Result<T, DbError> {
    connection.run_unprepared("START TRANSACTION")?;
    connection.set_in_transaction(true);
    let acted = act(connection);
    connection.set_in_transaction(false);
    let done = acted.and_then(|value| commit(connection).map(|()| value));
    let Err(error) = done else {
        return done;
    };
    if code(&error).is_none() {
        // The connection is dropped, and the server rolls back.
        return Err(error);
    }
    // A connection that cannot roll back must be dropped too: then that is the error.
    connection.run_unprepared(ROLLBACK)?;
    Err(error)
}

/// Commits. Until here nothing has changed for others.
fn commit(connection: &mut Connection) -> Result<(), DbError> {
    connection.refuse_if_closed()?;
    let done = connection.run_unprepared(COMMIT);
    connection.unanswered |= done.as_ref().is_err_and(|error| !is_definite(error));
    done
}

/// Runs an act in a transaction at `READ COMMITTED`, as [`transaction`] does at the default level.
///
/// Each statement sees what was committed before it began, and locks the rows that it finds, not the gaps
/// between them.
pub(super) fn read_committed<T>(
    connection: &mut Connection,
    act: impl FnOnce(&mut Connection) -> Result<T, DbError>,
) -> Result<T, DbError> {
    // For the next transaction only.
    connection.run_unprepared("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")?;
    transaction(connection, act)
}
