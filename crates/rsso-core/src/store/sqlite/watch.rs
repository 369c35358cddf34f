//! Notices when one of the database's four files is removed or replaced under a connection.
//!
//! What always holds: [`Watch::is_in_place`] is true only if each path named the file that the
//! connection uses at that moment. Nothing can be removed or renamed without a change of its directory's
//! time, so mostly one look at the directory is enough.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime};

use super::file::{self, FileIdentity};

/// How coarse a file system's times may be: a directory that changed later than this before it was
/// looked at may have changed again since, under the same time.
const COARSEST_TIME: Duration = Duration::from_secs(3);

/// How often the times of files in use are renewed, for programs that remove old files.
const TOUCH_EVERY: i64 = 300;

/// The files of a database, without the lock file; `None` is a missing one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Files {
    pub(super) database: Option<FileIdentity>,
    pub(super) wal: Option<FileIdentity>,
    pub(super) shm: Option<FileIdentity>,
}

/// The directory that holds them, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct DirectoryStamp {
    identity: FileIdentity,
    changed: (i64, i64),
}

/// What a connection uses, and where that must be.
#[derive(Debug)]
pub(super) struct Watch {
    directory: PathBuf,
    /// Database, -wal, -shm and -lock.
    paths: [PathBuf; 4],
    identities: [FileIdentity; 4],
    /// All files were in place when the directory was like this.
    seen: Option<DirectoryStamp>,
    touched: i64,
}

impl Files {
    /// What is at `path` and beside it.
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        Ok(Self {
            database: identity(path)?,
            wal: identity(&file::beside(path, "-wal"))?,
            shm: identity(&file::beside(path, "-shm"))?,
        })
    }
}

fn identity(path: &Path) -> io::Result<Option<FileIdentity>> {
    match FileIdentity::of(path) {
        Ok(identity) => Ok(Some(identity)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl DirectoryStamp {
    fn of(directory: &Path) -> Option<Self> {
        let meta = fs::metadata(directory).ok()?;
        Some(Self {
            identity: FileIdentity::from_metadata(&meta),
            changed: (meta.ctime(), meta.ctime_nsec()),
        })
    }

    /// Whether a later change must give the directory another time.
    fn is_settled(self) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.is_ok_and(|now| {
            let changed = Duration::from_secs(self.changed.0.try_into().unwrap_or(u64::MAX));
            now.checked_sub(COARSEST_TIME)
                .is_some_and(|then| then > changed)
        })
    }
}

impl Watch {
    /// A watch over a connection's files; `None` where one of them is missing.
    pub(super) fn over(path: &Path, files: Files, lock: FileIdentity) -> Option<Self> {
        Some(Self {
            directory: path.parent()?.to_path_buf(),
            paths: ["", "-wal", "-shm", "-lock"].map(|suffix| file::beside(path, suffix)),
            identities: [files.database?, files.wal?, files.shm?, lock],
            seen: None,
            touched: i64::MIN,
        })
    }

    pub(super) fn files(&self) -> Files {
        let [database, wal, shm, _] = self.identities;
        Files {
            database: Some(database),
            wal: Some(wal),
            shm: Some(shm),
        }
    }

    pub(super) fn lock_file(&self) -> FileIdentity {
        let [.., lock] = self.identities;
        lock
    }

    /// Whether each path still names the file that is used.
    pub(super) fn is_in_place(&mut self) -> bool {
        let now = DirectoryStamp::of(&self.directory);
        if now.is_some() && now == self.seen {
            return true;
        }
        let mut files = self.identities.iter().zip(&self.paths);
        let in_place = files.all(|(identity, path)| identity.is_at(path));
        // The directory was looked at first: a change after that shows in the next look.
        self.seen = now.filter(|stamp| in_place && stamp.is_settled());
        in_place
    }

    /// Gives the files a fresh time, once in some minutes: two of them are never written to, and
    /// look abandoned to whoever removes old files.
    pub(super) fn touch(&mut self) {
        let now = clock_gettime(ClockId::CLOCK_MONOTONIC_COARSE).map_or(0, |now| now.tv_sec());
        if self.touched.saturating_add(TOUCH_EVERY) > now {
            return;
        }
        self.touched = now;
        for path in &self.paths {
            // Who may not (another user's file in a group) leaves it to its owner.
            let _unable = utimensat(
                AT_FDCWD,
                path,
                &TimeSpec::UTIME_NOW,
                &TimeSpec::UTIME_NOW,
                UtimensatFlags::NoFollowSymlink,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(dir: &Path) -> (PathBuf, Watch) {
        let path = dir.join("s.db");
        for suffix in ["", "-wal", "-shm", "-lock"] {
            fs::write(file::beside(&path, suffix), b"").unwrap();
        }
        let lock = FileIdentity::of(&file::beside(&path, "-lock")).unwrap();
        let watch = Watch::over(&path, Files::at(&path).unwrap(), lock).unwrap();
        (path, watch)
    }

    #[test]
    fn each_file_that_is_removed_replaced_or_moved_away_is_missed() {
        for suffix in ["", "-wal", "-shm", "-lock"] {
            for settled in [false, true] {
                for how in ["remove", "replace", "move"] {
                    let dir = tempfile::tempdir().unwrap();
                    let (path, mut watch) = watched(dir.path());
                    assert!(watch.is_in_place());
                    if settled {
                        // As if the directory had not changed for long.
                        watch.seen = DirectoryStamp::of(dir.path());
                        std::thread::sleep(Duration::from_millis(20));
                        assert!(watch.is_in_place());
                    }
                    let file = file::beside(&path, suffix);
                    match how {
                        "remove" => fs::remove_file(&file).unwrap(),
                        "move" => fs::rename(&file, dir.path().join("elsewhere")).unwrap(),
                        _ => {
                            fs::write(dir.path().join("new"), b"").unwrap();
                            fs::rename(dir.path().join("new"), &file).unwrap();
                        }
                    }
                    assert!(!watch.is_in_place(), "{suffix} {how} {settled}");
                }
            }
        }
    }

    #[test]
    fn a_directory_that_has_just_changed_is_not_trusted() {
        let dir = tempfile::tempdir().unwrap();
        let (_, mut watch) = watched(dir.path());
        assert!(watch.is_in_place());
        assert_eq!(watch.seen, None);
    }

    #[test]
    fn files_in_use_get_a_fresh_time() {
        let dir = tempfile::tempdir().unwrap();
        let (path, mut watch) = watched(dir.path());
        let file = fs::File::open(file::beside(&path, "-shm")).unwrap();
        file.set_modified(UNIX_EPOCH).unwrap();
        watch.touch();
        let age = file.metadata().unwrap().modified().unwrap().elapsed();
        assert!(age.unwrap_or_default() < Duration::from_secs(100));
        // Not each time.
        file.set_modified(UNIX_EPOCH).unwrap();
        watch.touch();
        assert_eq!(file.metadata().unwrap().modified().unwrap(), UNIX_EPOCH);
    }
}
