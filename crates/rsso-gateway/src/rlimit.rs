//! How many connections the system lets us have.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::error::StartError;

/// Connections to `--admin-listen`.
pub(crate) const MAX_ADMIN_CONNECTIONS: usize = 64;

/// Files that are not connections of clients: the store's, the log, the listeners.
const RESERVED_FILES: usize = 64 + MAX_ADMIN_CONNECTIONS;

/// What the system lets us have open, if it is less than what was asked for.
pub(crate) fn allowed_connections(wanted: usize) -> Result<usize, StartError> {
    let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return Ok(wanted);
    };
    // The soft limit is for programs that use select(2).
    let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    let room = usize::try_from(hard)
        .unwrap_or(usize::MAX)
        .saturating_sub(RESERVED_FILES);
    if room == 0 {
        return Err(StartError::NoRoom {
            limit: hard,
            needed: RESERVED_FILES,
        });
    }
    if room < wanted {
        tracing::warn!(
            wanted,
            room,
            "max_connections is more than the limit of open files (ulimit -n) allows"
        );
    }
    Ok(wanted.min(room))
}
