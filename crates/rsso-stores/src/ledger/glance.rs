//! What a claim without a limit looks at: never all of a user's logins, however many there are.

use super::contract::Ledger;
use super::events::Book;
use super::removal::forget;
use super::rows::{Binding, Entry, Slice, UserRow};
use rsso_core::login::policy::SLICE;
use rsso_core::login::{Limits, Login, LoginId, UserKey};

/// How many of the newest logins are looked at for one whose claim is being repeated.
const NEWEST: usize = 8;

/// The session's own login, if it is this user's and lives, and those of the newest whose claim is repeated.
pub(super) fn at_own<L: Ledger>(
    ledger: &mut L,
    (user, row): (&UserKey, &UserRow),
    bound: Option<Binding>,
    repeats: impl Fn(&Login) -> bool,
) -> Result<Vec<Entry>, L::Error> {
    let own = match bound.filter(|bound| bound.user == *user) {
        Some(bound) => ledger.entries(user, Slice::one(bound.sequence))?,
        None => Vec::new(),
    };
    let is_own = |entry: &Entry| bound.is_some_and(|bound| bound.login == entry.login);
    let back = i64::try_from(NEWEST).unwrap_or(i64::MAX) - 1;
    let newest = ledger.entries(user, Slice::from(row.sequence - back, NEWEST))?;
    let newest = newest.into_iter().filter(|entry| !is_own(entry));
    let repeated = newest.filter(|entry| entry.to_login().is_some_and(|login| repeats(&login)));
    let own = own.into_iter().filter(is_own);
    Ok(own.chain(repeated).filter(Entry::is_live).collect())
}

/// Removes the dead among some of the logins, others at each claim, and says which of the rest are too
/// many: the oldest. The dead count until a claim comes across them.
pub(super) fn surplus<L: Ledger>(
    ledger: &mut L,
    book: &mut Book<'_>,
    (user, row): (&UserKey, &UserRow),
    limits: &Limits,
    own: Option<LoginId>,
) -> Result<Vec<Entry>, L::Error> {
    let span = ledger.span(user)?;
    let slice = match span.count > SLICE {
        true => Slice::from(turn(span.first, row.sequence), SLICE),
        false => Slice::oldest(SLICE),
    };
    let mut forgotten = Vec::new();
    for entry in ledger.entries(user, slice)? {
        if !entry.is_live() {
            forget(ledger, book, row, &entry)?;
            forgotten.push(entry.login);
        }
    }
    let staying = span.count - forgotten.len().min(span.count);
    let over = limits.over(staying.saturating_sub(usize::from(own.is_some())));
    if over == 0 {
        return Ok(Vec::new());
    }
    // A store may still show what was removed in this very act.
    let oldest = Slice::oldest(over + forgotten.len() + 1);
    let mut oldest = ledger.entries(user, oldest)?;
    oldest.retain(|entry| Some(entry.login) != own && !forgotten.contains(&entry.login));
    oldest.truncate(over);
    Ok(oldest)
}

/// Where the claim after the one with the number `last` looks. Over many claims each slice has its turn.
fn turn(first: i64, last: i64) -> i64 {
    // The golden ratio of all numbers there are: its multiples are spread evenly.
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let spread = (last.cast_unsigned().wrapping_mul(GOLDEN) >> 1).cast_signed();
    let step = i64::try_from(SLICE).unwrap_or(i64::MAX);
    let slices = (last.saturating_sub(first) / step).saturating_add(1).max(1);
    first.saturating_add((spread % slices).saturating_mul(step))
}
