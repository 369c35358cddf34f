//! The files that lie beside the database: `-wal`, `-shm`, `-lock`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// `path` with something appended to its last name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
