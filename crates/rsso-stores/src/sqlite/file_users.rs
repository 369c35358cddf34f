//! Which processes use which files of the database.
//!
//! A group is all connections that use one set of files. A removed `-wal` or `-shm` must never make two groups that
//! write to one database, each with a write-ahead log or an index of its own. An opener is a process that is about to
//! open the database.
//!
//! The lock file says which files are in use ([`FilesInUse`]), and each connection holds a shared lock
//! there ([`LockByte::in_use`]). So an opener sees whether a group uses files that are no longer there. Its
//! latest writes may be in a removed `-wal` only. One of the group must first copy them into the database: each does
//! so at its next use of the database, when it notices ([`save`]). Then the opener begins a new epoch.
//!
//! What always holds: all of this happens under [`LockByte::OPENING`]. A group never touches the database
//! after a later epoch has begun, except for an operation in progress, whose outcome is then reported as
//! unknown.

use std::fs;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::clock::now;
use super::file::FileIdentity;
use super::lock_byte::LockByte;
use super::open_lock::{Guard, OpenLockFile};
use super::side_files::beside;
use super::watch::Files;

/// How long an opener waits after a save, because operations may still be in progress.
pub(super) const SAVE_GRACE: Duration = Duration::from_millis(200);

/// After how many seconds an opener stops waiting: all who could save something are idle.
const GIVE_UP_AFTER: i64 = 60;

/// The length of the record in the lock file. It is fixed, so that no record leaves part of an older one.
const RECORD_LENGTH: usize = 256;

/// What the lock file says about the files in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FilesInUse {
    /// Counts how often a group began while an older one still had connections.
    pub(super) epoch: u64,
    files: Files,
    /// Everything the group has written is in the database, although one of its files is gone.
    saved: bool,
    /// When the first opener began to wait for that, in seconds since 1970; 0 if none waits.
    waiting_since: i64,
}

/// What an opener may do.
pub(super) enum JoinResult {
    /// Open, and hold this.
    Open(Membership),
    /// Release [`LockByte::OPENING`] and try again in a moment.
    Wait,
}

/// One connection among the users of the database's files.
#[derive(Debug)]
pub(super) struct Membership {
    guard: Guard,
    epoch: u64,
}

impl FilesInUse {
    fn read(lock_file: &OpenLockFile) -> io::Result<Option<Self>> {
        let mut bytes = [0; RECORD_LENGTH];
        match lock_file.file().read_exact_at(&mut bytes, 0) {
            Ok(()) => Ok(Self::parse(&String::from_utf8_lossy(&bytes))),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let numbers: Vec<u64> = text
            .split_whitespace()
            .map(|word| word.parse().ok())
            .collect::<Option<_>>()?;
        let [1, epoch, saved, since, files @ ..] = numbers.as_slice() else {
            return None;
        };
        let [a, b, c, d, e, f] = *files else {
            return None;
        };
        let file = |device, inode| Some(FileIdentity::new(device, inode));
        Some(Self {
            epoch: *epoch,
            files: Files {
                database: file(a, b),
                wal: file(c, d),
                shm: file(e, f),
            },
            saved: *saved == 1,
            waiting_since: i64::try_from(*since).ok()?,
        })
    }

    fn write(&self, lock_file: &OpenLockFile) -> io::Result<()> {
        let files = [self.files.database, self.files.wal, self.files.shm];
        let files =
            files.map(|file| file.map_or_else(|| "0 0".to_owned(), |file| file.to_string()));
        let text = format!(
            "1 {} {} {} {}",
            self.epoch,
            u8::from(self.saved),
            self.waiting_since,
            files.join(" ")
        );
        lock_file.file().write_all_at(
            format!("{text:<width$}\n", width = RECORD_LENGTH - 1).as_bytes(),
            0,
        )
    }
}

impl Membership {
    /// Records which files are used from now on.
    pub(super) fn record_files(&self, files: Files) -> io::Result<()> {
        let lock_file = self.guard.lock_file();
        let record = FilesInUse {
            epoch: self.epoch,
            files,
            saved: false,
            waiting_since: 0,
        };
        if FilesInUse::read(lock_file)? == Some(record) {
            return Ok(());
        }
        match record.write(lock_file) {
            // Openers would then miss a removed file, but sessions can be read.
            Err(error) if error.kind() == io::ErrorKind::StorageFull => Ok(()),
            other => other,
        }
    }

    pub(super) fn lock_file(&self) -> &Arc<OpenLockFile> {
        self.guard.lock_file()
    }
}

/// Decides whether the database at `path` may be opened.
///
/// `grace_is_over`: [`SAVE_GRACE`] has passed. `recover` copies what a `-wal` in place holds into the database.
pub(super) fn join(
    opening: &Guard,
    path: &Path,
    grace_is_over: bool,
    recover: impl Fn() -> rusqlite::Result<()>,
) -> io::Result<JoinResult> {
    let lock_file = opening.lock_file();
    let record = FilesInUse::read(lock_file)?;
    let epoch = record.map_or(0, |record| record.epoch);
    let member = |epoch| -> io::Result<JoinResult> {
        let guard = lock_file.share(LockByte::in_use(epoch))?;
        Ok(JoinResult::Open(Membership { guard, epoch }))
    };
    let now_there = Files::at(path)?;
    if record.is_none() && is_incomplete(path, now_there) {
        // The lock file is gone too, or was never written: unknown users may be about to save.
        if !grace_is_over {
            return Ok(JoinResult::Wait);
        }
        if now_there.wal.is_some() {
            recover().map_err(io::Error::other)?;
            remove(&beside(path, "-wal"))?;
        }
        remove(&beside(path, "-shm"))?;
    }
    let Some(mut record) = record.filter(|record| record.files != now_there) else {
        return member(epoch);
    };
    let replaced = now_there.database != record.files.database;
    if lock_file.is_unused(LockByte::in_use(epoch))? {
        if replaced {
            discard(path, now_there, record.files)?;
        }
        return member(epoch);
    }
    let given_up = record.waiting_since != 0 && now() - record.waiting_since >= GIVE_UP_AFTER;
    let nothing_to_lose = replaced || given_up || (record.saved && grace_is_over);
    if !nothing_to_lose {
        if record.waiting_since == 0 {
            record.waiting_since = now();
            record.write(lock_file)?;
        }
        return Ok(JoinResult::Wait);
    }
    if !replaced && !record.saved && now_there.wal == record.files.wal {
        recover().map_err(io::Error::other)?;
        remove(&beside(path, "-shm"))?;
    }
    discard(path, now_there, record.files)?;
    member(epoch + 1)
}

/// Whether a database with contents lacks one of the files that its users have.
fn is_incomplete(path: &Path, now_there: Files) -> bool {
    let holds_something = fs::metadata(path).is_ok_and(|meta| meta.len() > 0);
    holds_something && (now_there.wal.is_none() || now_there.shm.is_none())
}

/// Copies what a group has written into the database before `connection` is closed.
///
/// `files` are those that it uses. Returns whether later openers find all of it.
pub(super) fn save(
    opening: &Guard,
    path: &Path,
    connection: &Connection,
    membership: &Membership,
    files: Files,
) -> bool {
    // Always, because the last connection to close would remove the -wal of another group.
    let _unable = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    let (Ok(now_there), Ok(record)) = (Files::at(path), FilesInUse::read(opening.lock_file()))
    else {
        return false;
    };
    if now_there == files {
        return true;
    }
    let same_lock_file = Arc::ptr_eq(opening.lock_file(), membership.lock_file())
        || opening.lock_file().identity() == membership.lock_file().identity();
    let still_ours = match record {
        Some(record) if same_lock_file => record.epoch == membership.epoch,
        Some(record) => record.files == files,
        None => true,
    };
    let nobody_elses = now_there.wal == files.wal
        || fs::metadata(beside(path, "-wal")).map_or(true, |meta| meta.len() == 0);
    if !still_ours || !nobody_elses || now_there.database != files.database {
        return false;
    }
    let saved = checkpoint(connection, "FULL").unwrap_or(false);
    if let Some(record) = record.filter(|_| saved) {
        // If this fails, openers wait longer.
        let _unable = FilesInUse { saved, ..record }.write(opening.lock_file());
    }
    saved
}

/// Copies the write-ahead log into the database. False if another connection was in the way.
pub(super) fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<bool> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
        let (busy, logged, copied): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(busy == 0 && logged == copied)
    })
}

/// Removes what is left of an earlier group's files: the next group must not use them.
fn discard(path: &Path, now_there: Files, theirs: Files) -> io::Result<()> {
    if now_there.wal.is_some() && now_there.wal == theirs.wal {
        remove(&beside(path, "-wal"))?;
    }
    if now_there.shm.is_some() && now_there.shm == theirs.shm {
        remove(&beside(path, "-shm"))?;
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written_and_nothing_else_is_one() {
        let file = |n| Some(FileIdentity::new(n, u64::MAX - n));
        let record = FilesInUse {
            epoch: u64::MAX,
            files: Files {
                database: file(1),
                wal: file(2),
                shm: file(3),
            },
            saved: true,
            waiting_since: i64::MAX,
        };
        let dir = tempfile::tempdir().unwrap();
        let lock_file = OpenLockFile::open(&dir.path().join("lock"), 0o600).unwrap();
        assert_eq!(FilesInUse::read(&lock_file).unwrap(), None);
        record.write(&lock_file).unwrap();
        assert_eq!(FilesInUse::read(&lock_file).unwrap(), Some(record));
        for other in [
            "",
            "1 2 3",
            "2 0 0 0 1 2 3 4 5 6",
            "1 0 0 0 1 2 3 4 5 6 7",
            "what",
        ] {
            assert_eq!(FilesInUse::parse(other), None, "{other}");
        }
    }
}
