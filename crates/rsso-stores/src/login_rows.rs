//! Which rows of logins a store with tables reads for an act, and what the engine gets of them.
//!
//! Tables hold whole seconds, the engine counts in milliseconds.

use rsso_core::engine::{KnownLogins, LoginReads, LoginState, SampleSize, UserState};
use rsso_core::login::{LoginId, UserKey};

/// The login that a live session has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) user: UserKey,
    pub(crate) login: LoginId,
    /// The login's number.
    pub(crate) sequence: i64,
}

/// Which of a user's logins: from this number on, so many at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LoginRange {
    pub(crate) from: i64,
    pub(crate) limit: u32,
}

impl LoginRange {
    /// All of them.
    pub(crate) const ALL: Self = Self {
        from: i64::MIN,
        limit: u32::MAX,
    };

    /// The login with this number, or the next one if there is none.
    pub(crate) fn one(number: i64) -> Self {
        Self::from(number, 1)
    }

    fn from(from: i64, limit: usize) -> Self {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        Self { from, limit }
    }
}

/// How many logins a user has, and the number of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LoginCount {
    pub(crate) count: usize,
    pub(crate) first: i64,
}

/// The tables of users and logins, inside a transaction.
pub(crate) trait LoginRows {
    type Error;

    /// How many logins the user has.
    fn count(&mut self, user: &UserKey) -> Result<LoginCount, Self::Error>;

    /// The user's logins in a range, live or dead, in the order of their numbers.
    fn logins(&mut self, user: &UserKey, range: LoginRange)
    -> Result<Vec<LoginState>, Self::Error>;

    /// All of a user's logins.
    fn all_logins(&mut self, user: &UserKey) -> Result<KnownLogins, Self::Error> {
        self.logins(user, LoginRange::ALL).map(KnownLogins::all)
    }

    /// Those of a user's logins that an act asks for.
    fn known_logins(
        &mut self,
        user: &UserState,
        wanted: LoginReads<'_>,
    ) -> Result<KnownLogins, Self::Error> {
        match wanted {
            LoginReads::None => Ok(KnownLogins::default()),
            LoginReads::All => self.all_logins(&user.key),
            LoginReads::Numbered(numbers) => {
                read_numbered(numbers, |range| self.logins(&user.key, range))
            }
            LoginReads::Sample(size) => {
                let found = self.count(&user.key)?;
                let read = |range| self.logins(&user.key, range);
                read_sample(size, found, user.sequence, read)
            }
        }
    }
}

/// Reads a sample of the logins of a user who has `found`; the last has the number `last`.
fn read_sample<E>(
    size: SampleSize,
    found: LoginCount,
    last: i64,
    mut read: impl FnMut(LoginRange) -> Result<Vec<LoginState>, E>,
) -> Result<KnownLogins, E> {
    if found.count <= size.any {
        return read(LoginRange::ALL).map(KnownLogins::all);
    }
    let mut others = Vec::new();
    for range in ranges_beside_oldest(size, found, last) {
        others.extend(read(range)?);
    }
    let reads_oldest = size.oldest_from > 0 && found.count >= size.oldest_from;
    let oldest = match reads_oldest {
        true => read(LoginRange::from(i64::MIN, size.oldest))?,
        false => Vec::new(),
    };
    Ok(KnownLogins::sample(found.count, oldest, others))
}

/// Reads the logins with these numbers.
fn read_numbered<E>(
    numbers: &[i64],
    mut read: impl FnMut(LoginRange) -> Result<Vec<LoginState>, E>,
) -> Result<KnownLogins, E> {
    let mut logins = Vec::new();
    for number in numbers {
        let found = read(LoginRange::one(*number))?;
        logins.extend(found.into_iter().filter(|login| login.sequence == *number));
    }
    Ok(KnownLogins::all(logins))
}

/// The newest, and a slice of all: others for each number that was the last.
fn ranges_beside_oldest(size: SampleSize, found: LoginCount, last: i64) -> [LoginRange; 2] {
    let newest = i64::try_from(size.newest).unwrap_or(i64::MAX);
    let newest = last.saturating_sub(newest).saturating_add(1);
    let any = slice_start(found.first, last, size.any);
    [
        LoginRange::from(newest, size.newest),
        LoginRange::from(any, size.any),
    ]
}

/// Where the slice begins if `last` is the number of the last login: over many claims, each slice in turn.
fn slice_start(first: i64, last: i64, length: usize) -> i64 {
    // The golden ratio of all numbers there are: its multiples are spread evenly.
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let spread = (last.cast_unsigned().wrapping_mul(GOLDEN) >> 1).cast_signed();
    let step = i64::try_from(length).unwrap_or(i64::MAX).max(1);
    let slices = (last.saturating_sub(first) / step).saturating_add(1).max(1);
    first.saturating_add((spread % slices).saturating_mul(step))
}

/// Adds the login in a row, with at most one session. The rows of a login, one for each session, come together.
pub(crate) fn add_row(logins: &mut Vec<LoginState>, row: LoginState) {
    match logins.last_mut() {
        Some(last) if last.id == row.id => last.sessions.extend(row.sessions),
        _ => logins.push(row),
    }
}

/// Milliseconds of a column's seconds.
pub(crate) fn millis(seconds: i64) -> i64 {
    seconds.saturating_mul(1000)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn over_many_claims_each_login_is_in_a_slice() {
        let size = SampleSize {
            newest: 8,
            any: 8,
            oldest: 0,
            oldest_from: 0,
        };
        let found = LoginCount {
            count: 400,
            first: 7,
        };
        let mut seen = HashSet::new();
        for last in 407..1000 {
            let [newest, any] = ranges_beside_oldest(size, found, last);
            assert_eq!(newest, LoginRange::from(last - 7, 8));
            assert_eq!(any.limit, 8);
            seen.extend(any.from..any.from + 8);
        }
        assert!((7..407).all(|number| seen.contains(&number)));
    }
}
