//! When an act happens, and the ids of its events.

use std::time::{SystemTime, UNIX_EPOCH};

use ulid::Ulid;

use crate::error::Result;
use crate::login::identity::ulid;

/// When an act happens, and the ids of the events that it may cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// The id of its first event: a ULID whose last [`COUNTED`] bits are zero.
    first: Ulid,
    /// RFC 3339, UTC.
    pub time: String,
    /// Milliseconds since 1970.
    pub at: i64,
}

/// Bits of a ULID in which an act numbers its events. A larger number carries into the random bits before them.
const COUNTED: u32 = 20;

/// Characters of a ULID.
pub(super) const ULID_LENGTH: usize = 26;

impl Moment {
    /// Now.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn now() -> Result<Self> {
        let now = SystemTime::now();
        let first = ulid(now)?.0 >> COUNTED << COUNTED;
        let at = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self {
            first: Ulid(first),
            time: humantime::format_rfc3339_millis(now).to_string(),
            at: i64::try_from(at.as_millis()).unwrap_or(i64::MAX),
        })
    }

    /// A name that no other act has: a ULID.
    #[must_use]
    pub fn name(&self) -> String {
        self.id(0)
    }

    /// The id of the act's event with this number.
    pub(super) fn id(&self, number: usize) -> String {
        Ulid(self.first.0.wrapping_add(number as u128)).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_one_act_have_ids_of_their_own() {
        let moment = Moment::now().unwrap();
        let million = 32_usize.pow(4);
        let numbers = (0..5000).chain(million - 2000..million + 2000);
        let ids: std::collections::HashSet<_> = numbers.map(|n| moment.id(n)).collect();
        assert_eq!(ids.len(), 9000);
        assert!(ids.iter().all(|id| Ulid::from_string(id).is_ok()));
    }
}
