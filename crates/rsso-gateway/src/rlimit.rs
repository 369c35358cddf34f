//! How many connections the system's limit of open files allows.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::error::StartError;

/// The most connections to the admin address.
pub(crate) const MAX_ADMIN_CONNECTIONS: usize = 64;

/// Files other than browsers' connections: the store's, the log, the listeners.
const RESERVED_FILES: usize = 64 + MAX_ADMIN_CONNECTIONS;

/// Raises the limit of open files, and returns how many connections it allows, at most `wanted`.
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
