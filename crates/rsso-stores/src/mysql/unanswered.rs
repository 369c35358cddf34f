//! Connections whose answer was lost: ended, so that nothing of them happens later.
//!
//! What always holds: the server frees a connection's own lock after it has ended the connection's
//! statement and rolled back its transaction. So whoever has got that lock knows that what can be
//! seen now is all that the lost connection has done.

use std::time::Duration;

use mysql::Error as Driver;

use super::connection::{Identity, Session};
use super::error::{NO_SUCH_THREAD, code};
use super::locks::unlock;

/// What is known of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It has not happened, and will not.
    NotDone,
    /// It has happened, or will not any more: the store can be looked at.
    Over,
    /// It may have happened, and may yet.
    Unknown,
}

/// Ends a lost connection from another one; true when it is gone. Waits so long for that at most.
pub(super) fn end(session: &mut Session, lost: &Identity, wait: Duration) -> Result<bool, Driver> {
    if session.identity.server != lost.server {
        // Another server knows nothing of it.
        return Ok(false);
    }
    let row = session.first("SELECT IS_USED_LOCK(?)", (&lost.lock,))?;
    if let Some(number) = row.and_then(|row| row.get::<Option<u64>, _>(0)).flatten() {
        match session.run(&format!("KILL {number}")) {
            Err(error) if code(&error) == Some(NO_SUCH_THREAD) => {}
            // A proxy may not let us; the lock tells.
            Err(error) if code(&error).is_none() => return Err(error),
            _ => {}
        }
    }
    let seconds = session.lock_wait(wait);
    let got = session.first("SELECT GET_LOCK(?, ?)", (&lost.lock, seconds))?;
    let is_gone = got.and_then(|row| row.get::<Option<i64>, _>(0)).flatten() == Some(1);
    if is_gone {
        unlock(session, &lost.lock)?;
    }
    Ok(is_gone)
}
