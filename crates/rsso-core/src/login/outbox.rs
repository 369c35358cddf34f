//! The outbox: an ordered list of events, and what it keeps of them.

use std::fmt;
use std::time::Duration;

use crate::error::{Error, Result};

/// Events that the outbox of a realm keeps at most; and as many that tell of a login's end beside them.
pub const MAX_EVENTS: u64 = 100_000;

/// What an outbox keeps.
///
/// Whatever is too many, or too old, is forgotten, the oldest first. What tells of a login's end outlives
/// its neighbours: where they are too many it is kept beside the outbox, under its position, so that
/// messages never push it out. There the same bounds hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// For how long.
    pub ttl: Duration,
    /// How many events of each of the two.
    pub most: u64,
}

impl Retention {
    /// After how many events the store counts what is kept beside the outbox: that takes a while.
    pub fn count_interval(&self) -> u64 {
        (self.most / 100).max(1)
    }
}

/// Where in the outbox: readers go on behind it. Ordered, opaque, printable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    major: u64,
    minor: u64,
}

impl Position {
    /// Before the first event.
    pub const START: Self = Self { major: 0, minor: 0 };

    /// A position of a store that counts.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        Self {
            major: number,
            minor: 0,
        }
    }

    /// The place just before this one: reading on behind it begins with what stands here.
    #[must_use]
    pub fn before(&self) -> Self {
        match (self.major, self.minor) {
            (major, 1..) => Self {
                major,
                minor: self.minor - 1,
            },
            (0, 0) => Self::START,
            (major, 0) => Self {
                major: major - 1,
                minor: u64::MAX,
            },
        }
    }

    /// The number, for a store that counts.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.major
    }

    /// Reads what `Display` writes: `<number>` or `<number>-<number>`.
    ///
    /// # Errors
    /// [`Error::Argument`] that says what is accepted.
    pub fn parse(text: &str) -> Result<Self> {
        let (major, minor) = text.split_once('-').unwrap_or((text, "0"));
        match (major.parse(), minor.parse()) {
            (Ok(major), Ok(minor)) => Ok(Self { major, minor }),
            _ => Err(Error::argument(
                "position",
                "must be the sequence of an event, for instance '12' or '1732190000000-0'",
            )),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.minor {
            0 if self.major < 1_000_000_000_000 => write!(f, "{}", self.major),
            _ => write!(f, "{}-{}", self.major, self.minor),
        }
    }
}

/// An event in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Where it stands.
    pub position: Position,
    /// The CloudEvent as stored, without its `sequence`.
    pub json: String,
    /// It has outlived its neighbours: what stood around it may have been forgotten.
    pub outlived: bool,
}

/// What is kept beside an outbox, and then what is in it, up to `limit`. The outbox is to be read first:
/// what has moved meanwhile is left out here.
pub fn merge(mut beside: Vec<Event>, events: Vec<Event>, limit: usize) -> Vec<Event> {
    if let Some(first) = events.first() {
        beside.retain(|event| event.position < first.position);
    }
    beside.extend(events);
    beside.truncate(limit);
    beside
}

impl Event {
    /// The CloudEvent with its `sequence`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let event = self.json.trim_end();
        let event = event.strip_suffix('}').unwrap_or(event);
        format!("{event},\"sequence\":\"{}\"}}", self.position)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_position_is_read_back(major in 0..u64::MAX, minor: u64) {
            for position in [Position { major, minor }, Position::from_number(major)] {
                prop_assert_eq!(Position::parse(&position.to_string()).unwrap(), position);
            }
        }
    }
}
