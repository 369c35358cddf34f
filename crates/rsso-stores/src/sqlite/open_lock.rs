//! The open lock file, and the locks on its bytes.
//!
//! What always holds: a guard frees its byte when it is dropped, but never in a forked child.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use super::file::{self, FileIdentity};
use super::lock_byte::LockByte;
use crate::fork::{self, Held};
use rsso_core::process::process_id;

/// The lock file, opened; its locks belong to this description.
#[derive(Debug)]
pub(super) struct OpenLockFile {
    path: PathBuf,
    /// A forked child gives it up: else the lock of a killed parent would live on.
    _held: Held,
    file: File,
    identity: FileIdentity,
}

/// A held lock; dropping it frees it.
#[derive(Debug)]
pub(super) struct Guard {
    file: Arc<OpenLockFile>,
    byte: LockByte,
    pid: u32,
}

impl OpenLockFile {
    pub(super) fn open(path: &Path, mode: u32) -> io::Result<Self> {
        let file = file::open(path, mode)?;
        let identity = FileIdentity::from_metadata(&file.metadata()?);
        Ok(Self {
            path: path.to_path_buf(),
            _held: fork::hold(file.as_raw_fd()),
            file,
            identity,
        })
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn identity(&self) -> FileIdentity {
        self.identity
    }

    /// Holds a byte alone; `None` where another description holds it.
    pub(super) fn try_lock(self: &Arc<Self>, byte: LockByte) -> io::Result<Option<Guard>> {
        match fcntl(
            &self.file,
            FcntlArg::F_OFD_SETLK(&byte.flock(libc::F_WRLCK)),
        ) {
            Ok(_) => Ok(Some(Guard {
                file: Arc::clone(self),
                byte,
                pid: process_id(),
            })),
            Err(Errno::EAGAIN | Errno::EACCES) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Holds a byte that others may hold as well.
    pub(super) fn share(self: &Arc<Self>, byte: LockByte) -> io::Result<Guard> {
        fcntl(
            &self.file,
            FcntlArg::F_OFD_SETLK(&byte.flock(libc::F_RDLCK)),
        )?;
        Ok(Guard {
            file: Arc::clone(self),
            byte,
            pid: process_id(),
        })
    }

    /// Whether no other description holds the byte.
    pub(super) fn is_unused(&self, byte: LockByte) -> io::Result<bool> {
        let mut lock = byte.flock(libc::F_WRLCK);
        fcntl(&self.file, FcntlArg::F_OFD_GETLK(&mut lock))?;
        Ok(i32::from(lock.l_type) == libc::F_UNLCK)
    }
}

impl Guard {
    /// Whether no request queues for this lock.
    pub(super) fn nobody_queues(&self) -> io::Result<bool> {
        self.file.is_unused(self.byte.queue())
    }

    /// Waits in the kernel's queue without a deadline, on an open file description of its own.
    pub(super) fn wait_forever(path: &Path, mode: u32, byte: LockByte) -> io::Result<Self> {
        let file = Arc::new(OpenLockFile::open(path, mode)?);
        let wait_for = |byte: LockByte| -> io::Result<Self> {
            fcntl(
                &file.file,
                FcntlArg::F_OFD_SETLKW(&byte.flock(libc::F_WRLCK)),
            )?;
            Ok(Self {
                file: Arc::clone(&file),
                byte,
                pid: process_id(),
            })
        };
        let _first_in_queue = wait_for(byte.queue())?;
        wait_for(byte)
    }

    pub(super) fn byte(&self) -> LockByte {
        self.byte
    }

    pub(super) fn lock_file(&self) -> &Arc<OpenLockFile> {
        &self.file
    }

    /// Whether the locked file is still the one that others lock.
    pub(super) fn holds(&self) -> bool {
        self.file.identity.is_at(&self.file.path)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // A forked child shares the description: unlocking there would free the parent's lock.
        if self.pid == process_id() {
            // Cannot fail on a descriptor that is open; closing it would free the lock as well.
            let _ = fcntl(
                &self.file.file,
                FcntlArg::F_OFD_SETLK(&self.byte.flock(libc::F_UNLCK)),
            );
        }
    }
}
