//! Notices when one of the database's four files is removed or replaced under a connection.
//!
//! What always holds: [`Watch::is_in_place`] is true only if each path named the file that the
//! connection uses at that moment. Nothing can be removed or renamed without a change of its directory's
//! time, so mostly one look at the directory is enough.

use std::io;
use std::path::{Path, PathBuf};

use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime};

use super::directory::{Directory, Stamp};
use super::file::FileIdentity;
use super::side_files::beside;

/// How often the times of files in use are renewed, for programs that remove old files.
const TOUCH_EVERY: i64 = 300;

/// The files of a database, without the lock file; `None` is a missing one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Files {
    pub(super) database: Option<FileIdentity>,
    pub(super) wal: Option<FileIdentity>,
    pub(super) shm: Option<FileIdentity>,
}

/// The files that a connection uses, and the paths where they must be.
#[derive(Debug)]
pub(super) struct Watch {
    directory: Directory,
    /// Database, -wal, -shm and -lock.
    paths: [PathBuf; 4],
    identities: [FileIdentity; 4],
    /// The directory when all files were in place.
    seen: Option<Stamp>,
    touched: i64,
}

impl Files {
    /// The files at `path` and beside it.
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        Ok(Self {
            database: identity(path)?,
            wal: identity(&beside(path, "-wal"))?,
            shm: identity(&beside(path, "-shm"))?,
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

impl Watch {
    /// A watch over a connection's files; `None` where one of them is missing.
    pub(super) fn over(path: &Path, files: Files, lock: FileIdentity) -> Option<Self> {
        Some(Self {
            directory: Directory::at(path.parent()?.to_path_buf()),
            paths: ["", "-wal", "-shm", "-lock"].map(|suffix| beside(path, suffix)),
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
        // The directory first: a later change shows at the next check.
        let check = self.directory.check();
        if check
            .as_ref()
            .is_some_and(|check| self.seen == Some(check.stamp))
        {
            return true;
        }
        let mut files = self.identities.iter().zip(&self.paths);
        let in_place = files.all(|(identity, path)| identity.is_at(path));
        let conclusive = check.filter(|check| in_place && check.is_conclusive());
        self.seen = conclusive.map(|check| check.stamp);
        in_place
    }

    /// Renews the files' times every few minutes, because two of them are never written to.
    ///
    /// Programs that remove old files would take them for abandoned.
    pub(super) fn touch(&mut self) {
        let now = clock_gettime(ClockId::CLOCK_MONOTONIC_COARSE).map_or(0, |now| now.tv_sec());
        if self.touched.saturating_add(TOUCH_EVERY) > now {
            return;
        }
        self.touched = now;
        for path in &self.paths {
            // A file of another user in a group is left to its owner.
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
    use std::fs;
    use std::time::{Duration, SystemTime};

    use super::*;

    fn watched(dir: &Path) -> (PathBuf, Watch) {
        let path = dir.join("s.db");
        for suffix in ["", "-wal", "-shm", "-lock"] {
            fs::write(beside(&path, suffix), b"").unwrap();
        }
        let lock = FileIdentity::of(&beside(&path, "-lock")).unwrap();
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
                        watch.seen = watch.directory.check().map(|check| check.stamp);
                        std::thread::sleep(Duration::from_millis(20));
                        assert!(watch.is_in_place());
                    }
                    let file = beside(&path, suffix);
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
    fn whatever_happens_in_one_tick_is_noticed() {
        for _ in 0..300 {
            let dir = tempfile::tempdir().unwrap();
            let (path, mut watch) = watched(dir.path());
            let elsewhere = dir.path().join("elsewhere");
            for look in 0..6 {
                // A change of the directory that is none of the files, and a look at once.
                fs::write(dir.path().join(format!("other-{look}")), b"").unwrap();
                assert!(watch.is_in_place());
                std::thread::sleep(Duration::from_micros(700));
                assert!(watch.is_in_place());
            }
            fs::write(dir.path().join("last"), b"").unwrap();
            assert!(watch.is_in_place());
            fs::rename(beside(&path, "-shm"), elsewhere).unwrap();
            assert!(!watch.is_in_place());
        }
    }

    #[test]
    fn files_in_use_get_a_fresh_time() {
        let dir = tempfile::tempdir().unwrap();
        let (path, mut watch) = watched(dir.path());
        let file = fs::File::open(beside(&path, "-shm")).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        watch.touch();
        let age = file.metadata().unwrap().modified().unwrap().elapsed();
        assert!(age.unwrap_or_default() < Duration::from_secs(100));
        // Not each time.
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        watch.touch();
        assert_eq!(
            file.metadata().unwrap().modified().unwrap(),
            SystemTime::UNIX_EPOCH
        );
    }
}
