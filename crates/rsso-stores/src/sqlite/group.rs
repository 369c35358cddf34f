//! Who uses which files: so that a removed `-wal` or `-shm` never makes two groups of processes,
//! each with a write-ahead log or an index of its own, write to one database.
//!
//! The lock file says which files are in use ([`Record`]), and each connection holds a shared lock
//! there ([`Range::member`]). Who opens the database finds out so whether others use files that
//! are no longer there. What these have written may be in a removed `-wal` only, so somebody of
//! them must first bring it into the database. Each does that when it notices ([`save`]): at its next
//! use of the database. Then the opener begins a new generation.
//!
//! What always holds: all of this happens under [`Range::OPENING`]; a group never touches the database
//! again once a later generation has begun, but for an act that was under way, which is then
//! reported as one whose fate is not known.

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
use super::open_lock::{Guard, OpenLockFile};
use super::range::Range;
use super::side_files::beside;
use super::watch::Files;

/// How long acts that are under way get, after what their group has written was saved.
pub(super) const GRACE: Duration = Duration::from_millis(200);

/// After how many seconds nobody is waited for any more: all who could save something are idle.
const GIVE_UP: i64 = 60;

/// Of the record in the lock file: a fixed length, so that a shorter one leaves nothing behind.
const RECORD: usize = 256;

/// What the lock file says about the database's users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    /// Counts the times that a group began although another was not gone.
    pub(super) generation: u64,
    files: Files,
    /// All that the group has written is in the database, although one of its files is gone.
    saved: bool,
    /// Since when openers wait for that; 0: nobody does.
    waiting_since: i64,
}

/// What an opener may do.
pub(super) enum Turn {
    /// Open, and hold this.
    Open(Membership),
    /// Let go of [`Range::OPENING`] and come back in a moment.
    Wait,
}

/// A place among the users of the database's files.
#[derive(Debug)]
pub(super) struct Membership {
    guard: Guard,
    generation: u64,
}

impl Record {
    fn read(lock_file: &OpenLockFile) -> io::Result<Option<Self>> {
        let mut bytes = [0; RECORD];
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
        let [1, generation, saved, since, files @ ..] = numbers.as_slice() else {
            return None;
        };
        let [a, b, c, d, e, f] = *files else {
            return None;
        };
        let file = |device, inode| Some(FileIdentity::new(device, inode));
        Some(Self {
            generation: *generation,
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
            self.generation,
            u8::from(self.saved),
            self.waiting_since,
            files.join(" ")
        );
        lock_file.file().write_all_at(
            format!("{text:<width$}\n", width = RECORD - 1).as_bytes(),
            0,
        )
    }
}

impl Membership {
    /// Writes down which files are used from now on.
    pub(super) fn announce(&self, files: Files) -> io::Result<()> {
        let lock_file = self.guard.lock_file();
        let record = Record {
            generation: self.generation,
            files,
            saved: false,
            waiting_since: 0,
        };
        if Record::read(lock_file)? == Some(record) {
            return Ok(());
        }
        match record.write(lock_file) {
            // Then only a removal would go unnoticed by openers; sessions can be read.
            Err(error) if error.kind() == io::ErrorKind::StorageFull => Ok(()),
            other => other,
        }
    }

    pub(super) fn lock_file(&self) -> &Arc<OpenLockFile> {
        self.guard.lock_file()
    }
}

/// Settles whether the database at `path` may be opened. `impatient`: [`GRACE`] is over.
/// `recover` brings what a `-wal` at its place holds into the database.
pub(super) fn join(
    opening: &Guard,
    path: &Path,
    impatient: bool,
    recover: impl Fn() -> rusqlite::Result<()>,
) -> io::Result<Turn> {
    let lock_file = opening.lock_file();
    let record = Record::read(lock_file)?;
    let generation = record.map_or(0, |record| record.generation);
    let member = |generation| -> io::Result<Turn> {
        let guard = lock_file.share(Range::member(generation))?;
        Ok(Turn::Open(Membership { guard, generation }))
    };
    let now_there = Files::at(path)?;
    if record.is_none() && is_incomplete(path, now_there) {
        // The lock file is gone too, or has never said anything: users whom nobody knows may be about to save.
        if !impatient {
            return Ok(Turn::Wait);
        }
        if now_there.wal.is_some() {
            recover().map_err(io::Error::other)?;
            remove(&beside(path, "-wal"))?;
        }
        remove(&beside(path, "-shm"))?;
    }
    let Some(mut record) = record.filter(|record| record.files != now_there) else {
        return member(generation);
    };
    let replaced = now_there.database != record.files.database;
    if lock_file.is_unused(Range::member(generation))? {
        if replaced {
            discard(path, now_there, record.files)?;
        }
        return member(generation);
    }
    let given_up = record.waiting_since != 0 && now() - record.waiting_since >= GIVE_UP;
    let nothing_to_lose = replaced || given_up || (record.saved && impatient);
    if !nothing_to_lose {
        if record.waiting_since == 0 {
            record.waiting_since = now();
            record.write(lock_file)?;
        }
        return Ok(Turn::Wait);
    }
    if !replaced && !record.saved && now_there.wal == record.files.wal {
        recover().map_err(io::Error::other)?;
        remove(&beside(path, "-shm"))?;
    }
    discard(path, now_there, record.files)?;
    member(generation + 1)
}

/// Whether a database that holds something lacks one of the files that its users have.
fn is_incomplete(path: &Path, now_there: Files) -> bool {
    let holds_something = fs::metadata(path).is_ok_and(|meta| meta.len() > 0);
    holds_something && (now_there.wal.is_none() || now_there.shm.is_none())
}

/// Brings what a group has written into the database before `connection` is given up; `files`
/// are those it uses. Says whether all of it is where later openers find it.
pub(super) fn save(
    opening: &Guard,
    path: &Path,
    connection: &Connection,
    membership: &Membership,
    files: Files,
) -> bool {
    // Whatever comes of it: the last to close would remove a -wal that is not its own.
    let _unable = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    let (Ok(now_there), Ok(record)) = (Files::at(path), Record::read(opening.lock_file())) else {
        return false;
    };
    if now_there == files {
        return true;
    }
    let same_lock_file = Arc::ptr_eq(opening.lock_file(), membership.lock_file())
        || opening.lock_file().identity() == membership.lock_file().identity();
    let still_ours = match record {
        Some(record) if same_lock_file => record.generation == membership.generation,
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
        // Unwritten, openers wait longer.
        let _unable = Record { saved, ..record }.write(opening.lock_file());
    }
    saved
}

/// Copies the write-ahead log into the database; false where somebody was in the way.
pub(super) fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<bool> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
        let (busy, logged, copied): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(busy == 0 && logged == copied)
    })
}

/// Removes what is left of the files that an earlier group uses: they do not belong to what comes.
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
        let record = Record {
            generation: u64::MAX,
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
        assert_eq!(Record::read(&lock_file).unwrap(), None);
        record.write(&lock_file).unwrap();
        assert_eq!(Record::read(&lock_file).unwrap(), Some(record));
        for other in [
            "",
            "1 2 3",
            "2 0 0 0 1 2 3 4 5 6",
            "1 0 0 0 1 2 3 4 5 6 7",
            "what",
        ] {
            assert_eq!(Record::parse(other), None, "{other}");
        }
    }
}
