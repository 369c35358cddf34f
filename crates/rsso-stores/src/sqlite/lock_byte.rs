//! Which byte of the lock file stands for which lock.

use nix::libc;

use rsso_core::sid::SessionKey;

/// One byte of the lock file: the lock of a session, or one of the store's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct LockByte(i64);

impl LockByte {
    /// Held while a database is opened, because SQLite's switch to the write-ahead log does not wait for others.
    pub(super) const OPENING: Self = Self(1 << 62);

    /// Shared by all who use the files of this epoch of the database.
    pub(super) fn in_use(epoch: u64) -> Self {
        // After OPENING, and before its queue.
        Self(Self::OPENING.0 + 2 + (epoch & 0xffff_ffff).cast_signed())
    }

    pub(super) fn of(key: &SessionKey) -> Self {
        Self::of_bytes(key.as_bytes())
    }

    /// 61 bits of a hash: offsets are signed, and two sessions of a site practically never share one.
    pub(super) fn of_bytes(id: &[u8]) -> Self {
        use sha2::{Digest as _, Sha256};
        let digest: [u8; 32] = Sha256::digest(id).into();
        let (head, _) = digest.split_at(8);
        let head = head
            .iter()
            .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        Self((head >> 3).cast_signed())
    }

    /// The byte at which requests queue for this one.
    ///
    /// The first in the queue holds it, so that a newcomer cannot overtake: the kernel wakes waiters in order, but
    /// reserves nothing for them.
    pub(super) fn queue(self) -> Self {
        // A byte that is no lock itself: those of sessions are below, OPENING is above.
        Self(self.0 | 1 << 61)
    }

    pub(super) fn flock(self, kind: i32) -> libc::flock {
        libc::flock {
            l_type: i16::try_from(kind).unwrap_or_default(),
            l_whence: i16::try_from(libc::SEEK_SET).unwrap_or_default(),
            l_start: self.0,
            l_len: 1,
            l_pid: 0,
        }
    }
}
