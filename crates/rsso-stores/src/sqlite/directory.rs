//! The time of the files' directory, which tells whether the files must be checked again.
//!
//! What always holds: after a check that is conclusive, any change in the directory gives it another time.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::statfs::{
    BTRFS_SUPER_MAGIC, EXT4_SUPER_MAGIC, FsType, OVERLAYFS_SUPER_MAGIC, TMPFS_MAGIC, statfs,
};
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime};

use super::file::FileIdentity;

/// How coarse a file system's times may be, and how far off the clock of another machine.
const COARSEST_TIME: Duration = Duration::from_secs(3);

/// The longest interval of the clock that gives files their times.
const LONGEST_TICK: Duration = Duration::from_millis(10);

/// File systems whose times are those of this machine's kernel, to the nanosecond if they have nanoseconds.
const LOCAL: [FsType; 5] = [
    BTRFS_SUPER_MAGIC,
    EXT4_SUPER_MAGIC,
    OVERLAYFS_SUPER_MAGIC,
    TMPFS_MAGIC,
    FsType(0x5846_5342), // XFS, which not every C library names
];

/// The directory of a database.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    is_local: bool,
}

/// The directory at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    identity: FileIdentity,
    changed: TimeSpec,
}

/// The directory at one moment, with the clock of its file system before and after.
#[derive(Debug)]
pub(super) struct DirectoryCheck {
    pub(super) stamp: Stamp,
    clock: Option<(TimeSpec, TimeSpec)>,
    is_local: bool,
}

impl Directory {
    pub(super) fn at(path: PathBuf) -> Self {
        let file_system = statfs(&path).map(|found| found.filesystem_type());
        Self {
            is_local: file_system.is_ok_and(|found| LOCAL.contains(&found)),
            path,
        }
    }

    pub(super) fn check(&self) -> Option<DirectoryCheck> {
        let before = clock();
        let meta = fs::metadata(&self.path).ok()?;
        Some(DirectoryCheck {
            stamp: Stamp {
                identity: FileIdentity::from_metadata(&meta),
                changed: TimeSpec::new(meta.ctime(), meta.ctime_nsec()),
            },
            clock: before.zip(clock()),
            is_local: self.is_local,
        })
    }
}

impl DirectoryCheck {
    pub(super) fn is_conclusive(&self) -> bool {
        let (Some((before, after)), changed) = (self.clock, self.stamp.changed) else {
            return false;
        };
        // Times that are rounded (ext4 may have been made with whole seconds) end in zeros.
        if !self.is_local || changed.tv_nsec() % 1_000_000 == 0 {
            return changed + TimeSpec::from_duration(COARSEST_TIME) < before;
        }
        // A later tick is another time. A time between two ticks comes from Linux 6.13 or newer, which gives a change
        // a time of its own if the time before it was read.
        let next_tick = after + TimeSpec::from_duration(LONGEST_TICK);
        changed < before || (after < changed && changed < next_tick)
    }
}

/// The clock of files' times, which stands still between two ticks.
fn clock() -> Option<TimeSpec> {
    clock_gettime(ClockId::CLOCK_REALTIME_COARSE).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: i64 = 4_000_000;

    fn settled(is_local: bool, changed: (i64, i64), before: (i64, i64), after: (i64, i64)) -> bool {
        let time = |(seconds, nanoseconds)| TimeSpec::new(seconds, nanoseconds);
        let look = DirectoryCheck {
            stamp: Stamp {
                identity: FileIdentity::new(1, 1),
                changed: time(changed),
            },
            clock: Some((time(before), time(after))),
            is_local,
        };
        look.is_conclusive()
    }

    #[test]
    fn a_change_in_the_tick_of_the_look_may_have_the_same_time() {
        let tick = (10, 123_456_789);
        let next = (10, 123_456_789 + TICK);
        assert!(!settled(true, tick, tick, tick));
        assert!(!settled(true, tick, tick, next));
        assert!(!settled(true, next, tick, next));
        assert!(settled(true, tick, next, next));
    }

    #[test]
    fn a_time_between_two_ticks_is_followed_by_another() {
        let tick = (10, 123_456_789);
        let between = (10, 124_000_001);
        assert!(settled(true, between, tick, tick));
        assert!(!settled(true, between, tick, (10, 123_456_789 + TICK)));
        // The clock was set back.
        assert!(!settled(true, (11, 123_456_789), tick, tick));
    }

    #[test]
    fn coarse_times_and_other_clocks_take_seconds() {
        for (is_local, changed) in [
            (false, (10, 123_456_789)),
            (true, (10, 0)),
            (true, (10, 120_000_000)),
        ] {
            let early = (12, 999_999_999);
            let late = (13, 123_456_790);
            assert!(!settled(is_local, changed, early, early), "{changed:?}");
            assert!(settled(is_local, changed, late, late), "{changed:?}");
        }
    }
}
