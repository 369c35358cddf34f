//! Ending connections whose answer was lost, so that nothing of them happens later.
//!
//! What always holds: the server releases a connection's own lock after it has ended the connection's
//! statement and rolled back its transaction. So whoever has got that lock sees all that the lost
//! connection has done.

use std::time::Duration;

use mysql::Error as DbError;

use super::connection::{Connection, ConnectionIdentity};
use super::error::{NO_SUCH_THREAD, code};
use super::locks::{lock_owner, unlock, wait_for_lock};

/// What is known of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Completion {
    /// It has not happened, and will not.
    NotDone,
    /// It has happened, or never will: the store can be asked.
    Ended,
    /// It may have happened, and may still happen.
    InDoubt,
}

/// Ends an unanswered connection from another one, and waits for that; true if it is gone.
pub(super) fn end_connection(
    connection: &mut Connection,
    unanswered: &ConnectionIdentity,
    wait: Duration,
) -> Result<bool, DbError> {
    if connection.identity.server != unanswered.server {
        // Another server knows nothing of it.
        return Ok(false);
    }
    if let Some(number) = lock_owner(connection, &unanswered.lock)? {
        match connection.run_unprepared(&format!("KILL {number}")) {
            Err(error) if code(&error) == Some(NO_SUCH_THREAD) => {}
            // A proxy may refuse it; the lock shows whether the connection is gone.
            Err(error) if code(&error).is_none() => return Err(error),
            _ => {}
        }
    }
    let seconds = connection.lock_wait_seconds(wait);
    let is_gone = wait_for_lock(connection, &unanswered.lock, seconds)?;
    if is_gone {
        unlock(connection, &unanswered.lock)?;
    }
    Ok(is_gone)
}
