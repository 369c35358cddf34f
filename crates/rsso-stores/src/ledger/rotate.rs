//! Carrying a login to a new session id.

use super::contract::Ledger;
use super::rows::{LoginRange, SessionRow};
use rsso_core::login::{MAX_SESSIONS, ROTATION_GRACE};
use rsso_core::store::{Generation, Rotation, Version};

/// Rotates inside a transaction; `None` if the session no longer has the login, or
/// the new id is taken. `born` is the new record's generation.
pub(crate) fn rotate<L: Ledger>(
    ledger: &mut L,
    rotation: &Rotation<'_>,
    born: Generation,
) -> Result<Option<Version>, L::Error> {
    let (from, to) = (rotation.from.as_bytes(), rotation.to.as_bytes());
    let login = rotation.login;
    let version = Version {
        generation: born,
        revision: rotation.token.into(),
    };
    let Some(bound) = ledger.binding(from)?.filter(|bound| bound.login == login) else {
        return Ok(None);
    };
    if ledger.lock_known_user(&bound.user)?.is_none() || ledger.binding(from)? != Some(bound) {
        return Ok(None);
    }
    // Sent a second time: the first has done it.
    if ledger
        .binding(to)?
        .is_some_and(|there| there.login == login)
    {
        return ledger.version(to);
    }
    if !ledger.copy(from, to, version, rotation.ttl)? {
        return Ok(None);
    }
    ledger.bind(to, born, login)?;
    let entries = ledger.login_rows(&bound.user, LoginRange::one(bound.sequence))?;
    let sessions = entries
        .into_iter()
        .find(|entry| entry.login == login)
        .map(|entry| entry.sessions)
        .unwrap_or_default();
    let is_from = |session: &&SessionRow| session.key == from;
    if sessions
        .iter()
        .find(is_from)
        .is_some_and(|s| s.until.is_none())
    {
        let grace = i64::try_from(ROTATION_GRACE.as_secs()).unwrap_or(i64::MAX);
        let until = ledger.now()?.saturating_add(grace);
        ledger.cap_expiry(from, until)?;
    }
    remove_surplus_sessions(ledger, to, sessions)?;
    Ok(Some(version))
}

/// Removes the login's expired sessions, and of too many live ones those that expire first.
fn remove_surplus_sessions<L: Ledger>(
    ledger: &mut L,
    newest: &[u8],
    sessions: Vec<SessionRow>,
) -> Result<(), L::Error> {
    let (mut live, dead): (Vec<_>, Vec<_>) =
        sessions.into_iter().partition(|s| s.expires.is_some());
    live.retain(|session| session.key != newest);
    live.sort_by_key(|session| (session.until.is_none(), session.expires));
    let surplus = (live.len() + 1).saturating_sub(MAX_SESSIONS);
    for session in dead.into_iter().chain(live.into_iter().take(surplus)) {
        ledger.remove(&session.key, session.generation)?;
        ledger.unbind(&session.key)?;
    }
    Ok(())
}
