//! Whose files these are: what somebody else may have planted is refused, by its owner's name.
//!
//! In a directory that others can write to, anybody can make the database first, or a file
//! beside it that SQLite would read. `?mode=` other than 0600 says that files are shared on purpose.

use std::error::Error as StdError;
use std::fmt;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::unistd::{AccessFlags, Gid, Uid, User, faccessat, fchown, geteuid};

use super::side_files::beside;

/// The mode of files that are not shared.
const OWN: u32 = 0o600;

/// Group and others can put files into such a directory.
pub(super) const OPEN_TO_OTHERS: u32 = 0o022;

/// Everybody can.
const OPEN_TO_ALL: u32 = 0o002;

const ROOT: u32 = 0;

/// A file or directory of somebody else; its text names the owner and the way out.
#[derive(Debug)]
pub(super) struct ForeignFile {
    path: PathBuf,
    owner: u32,
    planted: bool,
}

impl fmt::Display for ForeignFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, owner, me) = (
            self.path.display(),
            name(self.owner),
            name(geteuid().as_raw()),
        );
        if self.planted {
            write!(
                f,
                "{path} belongs to {owner}, not to {me}, in a place where anybody may have put it: use a directory \
                 of your own (rsso.dsn, session.save_path), or say ?mode=0660 if it is shared on purpose"
            )
        } else {
            write!(
                f,
                "{path} belongs to {owner}, and {me} may not use it: give it to {me} with chown, together with the \
                 -wal, -shm and -lock files beside it, and run scripts and `rsso` as {me}"
            )
        }
    }
}

impl StdError for ForeignFile {}

impl ForeignFile {
    fn planted(path: &Path, owner: u32) -> io::Error {
        io::Error::other(Self {
            path: path.to_path_buf(),
            owner,
            planted: true,
        })
    }

    /// The text, where `error` is about that.
    pub(super) fn in_error(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

/// A user as an administrator knows it.
pub(super) fn name(uid: u32) -> String {
    match User::from_uid(Uid::from_raw(uid)) {
        Ok(Some(user)) => user.name,
        _ => format!("user {uid}"),
    }
}

/// Refuses a database with a file that somebody else may have put there.
pub(super) fn check_all(path: &Path, mode: u32) -> io::Result<()> {
    if mode != OWN {
        return Ok(());
    }
    // A rollback journal is not ours, but SQLite would play it back.
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let file = beside(path, suffix);
        match fs::symlink_metadata(&file) {
            Ok(meta) => check(&file, &meta, mode)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Refuses one file, if it is somebody else's in a directory that is open to others.
pub(super) fn check(path: &Path, meta: &Metadata, mode: u32) -> io::Result<()> {
    let me = geteuid().as_raw();
    let directory = match path.parent() {
        Some(directory) if mode == OWN && meta.uid() != me && meta.uid() != ROOT => {
            fs::metadata(directory)?
        }
        _ => return Ok(()),
    };
    // Root works on the files of the directory's user; so does a group that the user has let in.
    let of_the_site =
        meta.uid() == directory.uid() && (me == ROOT || directory.mode() & OPEN_TO_ALL == 0);
    if of_the_site || directory.mode() & OPEN_TO_OTHERS == 0 {
        return Ok(());
    }
    Err(ForeignFile::planted(path, meta.uid()))
}

/// Refuses a directory on the way that somebody else may have made.
pub(super) fn check_directories(path: &Path, mode: u32) -> io::Result<()> {
    let me = geteuid().as_raw();
    if me == ROOT || mode != OWN {
        return Ok(());
    }
    // The links that a path goes through are part of where it leads to.
    let directory = path.parent().unwrap_or(path).canonicalize()?;
    for directory in directory.ancestors() {
        let meta = fs::metadata(directory)?;
        let open = directory.parent().map_or(Ok(false), |above| {
            fs::metadata(above).map(|meta| meta.mode() & OPEN_TO_ALL != 0)
        })?;
        if open && meta.uid() != me && meta.uid() != ROOT {
            return Err(ForeignFile::planted(directory, meta.uid()));
        }
    }
    Ok(())
}

/// Gives a file that root has just made to the user whose directory it is in, who would be shut out.
pub(super) fn give_to_site(file: &File, path: &Path) -> io::Result<()> {
    if !geteuid().is_root() {
        return Ok(());
    }
    let Some(directory) = path.parent() else {
        return Ok(());
    };
    let meta = fs::metadata(directory)?;
    if meta.uid() == ROOT {
        return Ok(());
    }
    let (user, group) = (Uid::from_raw(meta.uid()), Gid::from_raw(meta.gid()));
    Ok(fchown(file, Some(user), Some(group))?)
}

/// Which of the database's files belongs to somebody else and cannot be used.
pub(super) fn foreign_file(path: &Path) -> Option<ForeignFile> {
    ["", "-wal", "-shm", "-lock"]
        .iter()
        .find_map(|suffix| foreign_file_at(&beside(path, suffix)))
}

fn foreign_file_at(file: &Path) -> Option<ForeignFile> {
    let owner = fs::symlink_metadata(file).ok()?.uid();
    let both = AccessFlags::R_OK | AccessFlags::W_OK;
    let usable = faccessat(AT_FDCWD, file, both, AtFlags::AT_EACCESS).is_ok();
    (owner != geteuid().as_raw() && !usable).then(|| ForeignFile {
        path: file.to_path_buf(),
        owner,
        planted: false,
    })
}

/// Says whose file it is that cannot be opened, where that is the cause.
pub(super) fn explain_denied(file: &Path, error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::PermissionDenied => foreign_file_at(file).map_or(error, io::Error::other),
        _ => error,
    }
}

/// Sets the mode of a file of one's own where the umask took bits that the group needs.
pub(super) fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    let meta = file.metadata()?;
    if meta.uid() == geteuid().as_raw() && meta.mode() & 0o777 != mode {
        file.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}
