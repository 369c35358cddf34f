//! Binding a session to a user.

use super::contract::Ledger;
use super::events::{Book, kick_of};
use super::glance;
use super::removal::{Remains, end_login, forget, live_entries};
use super::rows::{Binding, Entry, Slice, UserRow};
use rsso_core::login::event::{self, EventDetails, Kind, Moment, identity_json, json, reason};
use rsso_core::login::policy::{Candidate, OnConflict, Weather};
use rsso_core::login::{Bound, Claim, ClaimBasis, Claimed, Kick, Login, Refused};
use rsso_core::store::{Generation, Version};

/// The whole act but for its transaction. `born` is the generation of a record that has to be made.
pub(crate) fn claim<L: Ledger>(
    ledger: &mut L,
    key: &[u8],
    basis: ClaimBasis,
    claim: &Claim,
    born: Generation,
    moment: &Moment,
) -> Result<Claimed, L::Error> {
    let mut book = Book::new(moment);
    let user = claim.user.key();
    let mut row = ledger.lock_user(&claim.user)?;
    let found = ledger.version(key)?;
    if let Some(seen) = basis.seen
        && found.map(|now| now.generation) != Some(seen.generation)
    {
        return Ok(Claimed::Ended);
    }
    let bound = ledger.binding(key)?;
    let walks = claim.walks();
    let live = match walks {
        true => live_entries(ledger, &mut book, &user, &row)?,
        false => glance::at_own(ledger, (&user, &row), bound, |login| {
            claim.repeats(login, moment.at)
        })?,
    };
    let (own, others): (Vec<_>, Vec<_>) = live
        .into_iter()
        .partition(|entry| bound.is_some_and(|b| b.login == entry.login));
    if let (Some(entry), Some(version)) = (own.first(), found)
        && (entry.device == claim.device.as_str() || entry.login == claim.login)
        && let Some(login) = entry.to_login()
    {
        book.append(ledger)?;
        let rotated = entry
            .sessions
            .iter()
            .any(|s| s.key == key && s.until.is_some());
        return Ok(Claimed::Same(
            version,
            Bound {
                login,
                user,
                rotated,
            },
        ));
    }

    // What this claim repeats holds no slot against it; that is ended only where the claim succeeds.
    let (repeated, others): (Vec<_>, Vec<_>) = others.into_iter().partition(|entry| {
        let repeats = |login: Login| claim.repeats(&login, moment.at);
        entry.to_login().is_some_and(repeats)
    });
    let adds = repeated.is_empty();
    let victims = match admit(ledger, &mut book, &mut row, (claim, adds), &others)? {
        Ok(victims) => victims,
        Err(refused) => {
            ledger.save_user(&user, &row)?;
            book.append(ledger)?;
            let holders = others.iter().chain(&repeated);
            let holders = holders.filter_map(Entry::to_listed).collect();
            return Ok(Claimed::Refused(refused, holders));
        }
    };
    let over = match walks {
        true => over(claim, &others, &victims),
        false => {
            let own = own.first().map(|own| own.login);
            glance::surplus(ledger, &mut book, (&user, &row), &claim.limits, own)?
        }
    };
    let (over, dead): (Vec<_>, Vec<_>) = over.into_iter().partition(Entry::is_live);
    for entry in dead {
        forget(ledger, &mut book, &row, &entry)?;
    }
    let victims = [victims, over].concat();
    let kicks = replace(ledger, &mut book, &row, claim, &victims)?;
    let newborn = Version {
        generation: born,
        revision: basis.token.into(),
    };
    for entry in &repeated {
        end_quietly(ledger, &mut book, &row, entry, (None, newborn))?;
    }
    if let Some(bound) = bound {
        let of = (&row, bound);
        release_own(ledger, &mut book, key, own.first(), of, newborn)?;
    }

    let version = match found {
        Some(version) => version,
        None => {
            ledger.create(key, newborn, basis.ttl)?;
            newborn
        }
    };
    row.sequence += 1;
    let identity = identity_json(&claim.identity());
    let entry = Entry {
        login: claim.login,
        sequence: row.sequence,
        device: claim.device.as_str().to_owned(),
        more: json(&claim.more(basis.ttl)),
        identity,
        sessions: Vec::new(),
    };
    ledger.add_login(&user, &entry)?;
    ledger.bind(key, version.generation, claim.login)?;
    ledger.unbury(key)?;
    ledger.save_user(&user, &row)?;
    let data = event::data(&entry.identity, &EventDetails::at(moment).members());
    book.note(&row, Kind::Claimed, &data);
    if claim.notify_others && own.is_empty() && repeated.is_empty() {
        tell_others(&mut book, &row, claim, &others, &victims);
    }
    book.append(ledger)?;
    Ok(Claimed::New(version, kicks))
}

/// Tells those that stay of the newcomer. Not of one whose browser was signed in as this user before, nor
/// again where the claim repeats another.
fn tell_others(
    book: &mut Book<'_>,
    row: &UserRow,
    claim: &Claim,
    others: &[Entry],
    gone: &[Entry],
) {
    let details = EventDetails::elsewhere(book.moment, claim.by()).members();
    let stays = |entry: &&Entry| !gone.iter().any(|gone| gone.login == entry.login);
    for entry in others.iter().filter(stays) {
        book.note(
            row,
            Kind::Elsewhere,
            &event::data(&entry.identity, &details),
        );
    }
}

/// Those that make room, or why the newcomer is turned away. One that `adds` no login, because it
/// repeats another claim, is no part of a storm.
fn admit<L: Ledger>(
    ledger: &mut L,
    book: &mut Book<'_>,
    row: &mut UserRow,
    (claim, adds): (&Claim, bool),
    others: &[Entry],
) -> Result<Result<Vec<Entry>, Refused>, L::Error> {
    let candidates: Vec<_> = others
        .iter()
        .map(|entry| Candidate {
            sequence: entry.sequence,
            expires: entry.expires().unwrap_or_default(),
            same_device: entry.device == claim.device.as_str(),
        })
        .collect();
    let victims = claim.limits.victims(&candidates);
    let refuses = claim.limits.on_conflict == OnConflict::Refuse && !victims.is_empty();
    if !adds && victims.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    let replaced = if refuses { 0 } else { victims.len() };
    let weather = row.storm.count(replaced, &claim.limits, ledger.now()?);
    let refused = match weather {
        Weather::Calm if refuses => Refused::Limit,
        Weather::Calm => {
            let at = |at: usize| others[at].clone();
            return Ok(Ok(victims.into_iter().map(at).collect()));
        }
        Weather::Breaks | Weather::Rages => Refused::Storm,
    };
    let details = EventDetails::with_reason(book.moment, refused.as_str()).members();
    let data = event::data(&identity_json(&claim.identity()), &details);
    if weather == Weather::Breaks {
        book.note(row, Kind::Storm, &data);
    }
    book.note(row, Kind::Refused, &data);
    Ok(Err(refused))
}

/// The oldest of the others, where more stay than may at all.
fn over(claim: &Claim, others: &[Entry], victims: &[Entry]) -> Vec<Entry> {
    let over = claim.limits.over(others.len() - victims.len());
    let stays = |entry: &&Entry| !victims.iter().any(|victim| victim.login == entry.login);
    let staying = others.iter().filter(stays);
    staying.take(over).cloned().collect()
}

fn replace<L: Ledger>(
    ledger: &mut L,
    book: &mut Book<'_>,
    row: &UserRow,
    claim: &Claim,
    victims: &[Entry],
) -> Result<Vec<Kick>, L::Error> {
    let details = EventDetails::replaced(book.moment, claim.by()).members();
    let mut kicks = Vec::new();
    for entry in victims {
        let data = event::data(&entry.identity, &details);
        let tombstone = Remains::Tombstone(&data, claim.tombstone_ttl);
        end_login(ledger, entry, None, tombstone)?;
        book.note(row, Kind::Kicked, &data);
        kicks.extend(kick_of(&data));
    }
    Ok(kicks)
}

/// Ends the login that the session had before, of this user or another. Requests under way that carry
/// an id from before a rotation go on as nobody.
fn release_own<L: Ledger>(
    ledger: &mut L,
    book: &mut Book<'_>,
    key: &[u8],
    own: Option<&Entry>,
    (row, bound): (&UserRow, Binding),
    newborn: Version,
) -> Result<(), L::Error> {
    let remains = (Some(key), newborn);
    if let Some(entry) = own {
        return end_quietly(ledger, book, row, entry, remains);
    }
    let Some(other) = ledger.lock_known_user(&bound.user)? else {
        return ledger.unbind(key);
    };
    let entries = ledger.entries(&bound.user, Slice::one(bound.sequence))?;
    let here = |entry: &Entry| entry.sessions.iter().any(|s| s.key == key);
    if let Some(entry) = entries.into_iter().find(here) {
        end_quietly(ledger, book, &other, &entry, remains)?;
    }
    Ok(())
}

/// Ends a login that the newcomer's own browser had. Its sessions but `spared` become empty ones.
fn end_quietly<L: Ledger>(
    ledger: &mut L,
    book: &mut Book<'_>,
    row: &UserRow,
    entry: &Entry,
    (spared, newborn): (Option<&[u8]>, Version),
) -> Result<(), L::Error> {
    end_login(ledger, entry, spared, Remains::EmptySession(newborn))?;
    let details = EventDetails::with_reason(book.moment, reason::RECLAIMED).members();
    book.note(row, Kind::Released, &event::data(&entry.identity, &details));
    Ok(())
}
