//! What a claim without a limit reads: a few of the user's logins, however many there are.

use super::contract::Ledger;
use super::end_login::remove_expired;
use super::events::PendingEvents;
use super::rows::{LockedUser, LoginRange, LoginRow, SessionLoginRow};
use rsso_core::login::policy::LOGINS_PER_CLAIM;
use rsso_core::login::{Limits, Login, LoginId};

/// How many of the newest logins are read, to find one whose claim is being repeated.
const NEWEST: usize = 8;

/// The session's own live login of this user, and those of the newest whose claim is repeated.
pub(super) fn own_and_repeated<L: Ledger>(
    ledger: &mut L,
    user: &LockedUser,
    bound: Option<SessionLoginRow>,
    repeats: impl Fn(&Login) -> bool,
) -> Result<Vec<LoginRow>, L::Error> {
    let own = match bound.filter(|bound| bound.user == user.key) {
        Some(bound) => ledger.login_rows(&user.key, LoginRange::one(bound.sequence))?,
        None => Vec::new(),
    };
    let is_own = |entry: &LoginRow| bound.is_some_and(|bound| bound.login == entry.login);
    let back = i64::try_from(NEWEST).unwrap_or(i64::MAX) - 1;
    let newest = ledger.login_rows(
        &user.key,
        LoginRange::from(user.row.sequence - back, NEWEST),
    )?;
    let newest = newest.into_iter().filter(|entry| !is_own(entry));
    let repeated = newest.filter(|entry| entry.to_login().is_some_and(|login| repeats(&login)));
    let own = own.into_iter().filter(is_own);
    Ok(own.chain(repeated).filter(LoginRow::is_live).collect())
}

/// The oldest of the logins that are too many. Those that have expired among some of the logins, others
/// at each claim, are removed first; any other expired login still counts.
pub(super) fn oldest_above_limit<L: Ledger>(
    ledger: &mut L,
    events: &mut PendingEvents<'_>,
    user: &LockedUser,
    limits: &Limits,
    own: Option<LoginId>,
) -> Result<Vec<LoginRow>, L::Error> {
    let span = ledger.span(&user.key)?;
    let slice = match span.count > LOGINS_PER_CLAIM {
        true => LoginRange::from(slice_start(span.first, user.row.sequence), LOGINS_PER_CLAIM),
        false => LoginRange::oldest(LOGINS_PER_CLAIM),
    };
    let mut removed = Vec::new();
    for entry in ledger.login_rows(&user.key, slice)? {
        if !entry.is_live() {
            remove_expired(ledger, events, &user.row, &entry)?;
            removed.push(entry.login);
        }
    }
    let staying = span.count - removed.len().min(span.count);
    let excess = limits.above_hard_limit(staying.saturating_sub(usize::from(own.is_some())));
    if excess == 0 {
        return Ok(Vec::new());
    }
    // A store may still show what was removed in this very act.
    let oldest = LoginRange::oldest(excess + removed.len() + 1);
    let mut oldest = ledger.login_rows(&user.key, oldest)?;
    oldest.retain(|entry| Some(entry.login) != own && !removed.contains(&entry.login));
    oldest.truncate(excess);
    Ok(oldest)
}

/// Where the claim after the one with the number `last` reads: over many claims, each slice in turn.
fn slice_start(first: i64, last: i64) -> i64 {
    // The golden ratio of all numbers there are: its multiples are spread evenly.
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let spread = (last.cast_unsigned().wrapping_mul(GOLDEN) >> 1).cast_signed();
    let step = i64::try_from(LOGINS_PER_CLAIM).unwrap_or(i64::MAX);
    let slices = (last.saturating_sub(first) / step).saturating_add(1).max(1);
    first.saturating_add((spread % slices).saturating_mul(step))
}
