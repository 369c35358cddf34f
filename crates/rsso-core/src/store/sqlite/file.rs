//! The database's files: made with the right mode, and told apart from what replaces them.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Which file a path named at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileIdentity {
    device: u64,
    inode: u64,
}

impl fmt::Display for FileIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.device, self.inode)
    }
}

impl FileIdentity {
    pub(super) fn new(device: u64, inode: u64) -> Self {
        Self { device, inode }
    }

    pub(super) fn of(path: &Path) -> io::Result<Self> {
        fs::symlink_metadata(path).map(|meta| Self::from_metadata(&meta))
    }

    pub(super) fn from_metadata(meta: &fs::Metadata) -> Self {
        Self {
            device: meta.dev(),
            inode: meta.ino(),
        }
    }

    /// True while `path` still names this file.
    pub(super) fn is_at(self, path: &Path) -> bool {
        Self::of(path).is_ok_and(|now| now == self)
    }
}

/// `path` with something appended to its last name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Creates the file with its mode where it is missing: SQLite would use the umask.
pub(super) fn prepare(path: &Path, mode: u32) -> io::Result<()> {
    match open(path, mode, true) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map(|_| ()),
    }
}

/// Opens or creates a file, never through a symbolic link.
pub(super) fn open(path: &Path, mode: u32, must_be_new: bool) -> io::Result<fs::File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .create_new(must_be_new)
        .truncate(false)
        .mode(mode)
        .custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits())
        .open(path)?;
    let meta = file.metadata()?;
    if meta.uid() == nix::unistd::geteuid().as_raw() && meta.mode() & 0o777 != mode {
        // The umask may have taken bits that the group needs.
        file.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    Ok(file)
}

/// Gives SQLite's side files the database's mode; SQLite copies it, but only where it may.
pub(super) fn share(path: &Path, mode: u32) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let file = beside(path, suffix);
        match fs::symlink_metadata(&file) {
            Ok(meta)
                if meta.is_file()
                    && meta.uid() == nix::unistd::geteuid().as_raw()
                    && meta.mode() & 0o777 != mode =>
            {
                fs::set_permissions(&file, fs::Permissions::from_mode(mode))?;
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
