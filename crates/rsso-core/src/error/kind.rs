//! The kinds of a store's failure, for code that has to act on them.
//!
//! What always holds: a kind's code never changes and is never used for another kind, because PHP
//! scripts compare it.

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// Nothing answers at the store's address, or the connection broke.
    Unreachable = 1,
    /// The server turned rsso away: wrong password, too many connections, not ready.
    Refused = 2,
    /// The store did not answer in time, or was locked for too long.
    TimedOut = 3,
    /// The store has no room left: disk, quota or memory.
    Full = 4,
    /// The store accepts no writes: a replica, or read-only.
    ReadOnly = 5,
    /// The session is larger than the store accepts.
    TooLarge = 6,
    /// What is stored is damaged, or files of it are missing.
    Damaged = 7,
    /// The account or a file's permissions forbid what rsso needs.
    NotAllowed = 8,
    /// A setting of rsso or of the server must be changed.
    Configuration = 9,
}

impl StoreErrorKind {
    /// Every kind, in the order of the codes.
    pub const ALL: &'static [Self] = &[
        Self::Unreachable,
        Self::Refused,
        Self::TimedOut,
        Self::Full,
        Self::ReadOnly,
        Self::TooLarge,
        Self::Damaged,
        Self::NotAllowed,
        Self::Configuration,
    ];

    /// The kind's number; 0 is left for errors without a kind.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind's name as a constant has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "UNREACHABLE",
            Self::Refused => "REFUSED",
            Self::TimedOut => "TIMED_OUT",
            Self::Full => "FULL",
            Self::ReadOnly => "READ_ONLY",
            Self::TooLarge => "TOO_LARGE",
            Self::Damaged => "DAMAGED",
            Self::NotAllowed => "NOT_ALLOWED",
            Self::Configuration => "CONFIGURATION",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_never_change() {
        let listed: Vec<_> = StoreErrorKind::ALL
            .iter()
            .map(|kind| (kind.code(), kind.name()))
            .collect();
        assert_eq!(
            listed,
            [
                (1, "UNREACHABLE"),
                (2, "REFUSED"),
                (3, "TIMED_OUT"),
                (4, "FULL"),
                (5, "READ_ONLY"),
                (6, "TOO_LARGE"),
                (7, "DAMAGED"),
                (8, "NOT_ALLOWED"),
                (9, "CONFIGURATION"),
            ]
        );
    }
}
