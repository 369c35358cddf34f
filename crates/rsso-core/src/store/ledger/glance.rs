//! What a claim without a limit looks at: never all of a user's logins, however many there are.

use super::{Binding, Book, Entry, Ledger, Slice, UserRow, forget};
use crate::login::policy::SLICE;
use crate::login::{Limits, LoginId, UserKey};

/// The session's own login, if it is this user's and lives.
pub(super) fn own_login<L: Ledger>(
    ledger: &mut L,
    user: &UserKey,
    bound: Option<Binding>,
) -> Result<Vec<Entry>, L::Error> {
    let Some(bound) = bound.filter(|bound| bound.user == *user) else {
        return Ok(Vec::new());
    };
    let mut entries = ledger.entries(user, Slice::one(bound.sequence))?;
    entries.retain(|entry| entry.login == bound.login && entry.is_live());
    Ok(entries)
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

/// Where the claim after the one with the number `last` looks: the next slice, and from the `first` again.
fn turn(first: i64, last: i64) -> i64 {
    let numbers = last.saturating_sub(first).saturating_add(1).max(1);
    let step = i64::try_from(SLICE).unwrap_or(i64::MAX);
    first.saturating_add(last.wrapping_mul(step).rem_euclid(numbers))
}
