//! Only one process uses a spool, because two would send everything twice. The second takes over when the first ends.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};
use tokio::sync::watch;

/// The pause between attempts to take the lock.
const RETRY_INTERVAL: Duration = Duration::from_millis(200);

/// Opens the file beside the spool that is locked.
///
/// SQLite's own locks do not last as long as the process.
pub(super) fn open(spool: &Path) -> io::Result<File> {
    let mut path = PathBuf::from(spool).into_os_string();
    path.push(".lock");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options.open(path)
}

/// Waits until no other process uses the spool; `None`: the relay is stopped.
pub(super) fn acquire(mut file: File, stopped: &watch::Receiver<bool>) -> Option<Flock<File>> {
    let mut logged = false;
    while !*stopped.borrow() {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Some(lock),
            Err((unlocked, _)) => file = unlocked,
        }
        if !logged {
            tracing::warn!("the relay waits: another process uses its spool");
            logged = true;
        }
        thread::sleep(RETRY_INTERVAL);
    }
    None
}
