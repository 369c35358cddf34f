//! The database's files: made with the right mode, and told apart from what replaces them.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use super::owner;
use super::side_files::beside;

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

/// Creates the file with its mode where it is missing: SQLite would use the umask. One that is
/// there is not opened: closing it would take SQLite's locks from this process.
pub(super) fn prepare(path: &Path, mode: u32) -> io::Result<()> {
    match create(path, mode) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map(|_| ()),
    }
}

/// Opens a file of ours, or creates it.
pub(super) fn open(path: &Path, mode: u32) -> io::Result<fs::File> {
    owner::check_directories(path, mode)?;
    loop {
        match options(mode).open(path) {
            Ok(file) => {
                owner::check(path, &file.metadata()?, mode)?;
                owner::set_mode(&file, mode)?;
                return Ok(file);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(owner::explain_denied(path, error)),
        }
        match create(path, mode) {
            // Another process was first.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => return other,
        }
    }
}

fn create(path: &Path, mode: u32) -> io::Result<fs::File> {
    let file = options(mode).create_new(true).open(path)?;
    owner::set_mode(&file, mode)?;
    owner::give_to_site(&file, path)?;
    Ok(file)
}

/// Never through a symbolic link.
fn options(mode: u32) -> OpenOptions {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .mode(mode)
        .custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits());
    options
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
