//! What a store does for the engine, by the letter of its documentation.
//!
//! What always holds: a plan that asks for what its documentation rules out is an error, and the test fails.

use std::time::Duration;

use rsso_core::SessionKey;
use rsso_core::engine::{
    Change, KnownLogins, LoginReads, LoginState, Plan, Reads, SampleSize, SessionState, Snapshot,
    StoredKey, UserState,
};
use rsso_core::login::LoginId;

use crate::random::Random;
use crate::world::{Binding, Session, Tombstone, World};

pub fn stored_key(key: &SessionKey) -> StoredKey {
    StoredKey(key.as_bytes().to_vec())
}

pub fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap()
}

/// Reads what an act asks for.
pub fn snapshot(world: &World, reads: &Reads<'_>, random: &mut Random) -> Snapshot {
    let user = reads.user.and_then(|user| world.users.get(&user).cloned());
    let all = reads
        .user
        .map(|user| world.logins(user))
        .unwrap_or_default();
    let logins = match reads.logins {
        LoginReads::None => KnownLogins::default(),
        LoginReads::All => KnownLogins::all(all),
        LoginReads::Sample(size) => sample(&all, size, random),
        LoginReads::Numbered(numbers) => {
            let total = all.len();
            let wanted = all
                .into_iter()
                .filter(|login| numbers.contains(&login.sequence));
            KnownLogins::sample(total, Vec::new(), wanted.collect())
        }
    };
    Snapshot {
        now: world.now,
        session: reads.session.map(|key| state(world, key)),
        target: reads.target.map(|key| state(world, key)),
        user,
        logins,
    }
}

fn sample(all: &[LoginState], size: SampleSize, random: &mut Random) -> KnownLogins {
    let newest = all[all.len().saturating_sub(size.newest)..].to_vec();
    let first = random.below(all.len().max(1));
    let any = all.iter().cycle().skip(first).take(size.any.min(all.len()));
    let others = newest.into_iter().chain(any.cloned()).collect();
    let has_oldest = size.oldest_from > 0 && all.len() >= size.oldest_from;
    let oldest = if has_oldest { size.oldest } else { 0 };
    let oldest = all.iter().take(oldest).cloned().collect();
    KnownLogins::sample(all.len(), oldest, others)
}

fn state(world: &World, key: &SessionKey) -> SessionState {
    let key = stored_key(key);
    let Some(session) = world.session(&key) else {
        return SessionState::missing(key);
    };
    let login = world.login_of(&key).and_then(|id| {
        let user = world.users.get(&world.user_of(id)?)?;
        Some((user.clone(), world.login(id)?))
    });
    SessionState {
        version: Some(session.version),
        login,
        key,
    }
}

/// Whether everything in a snapshot is as it was.
pub fn still_holds(world: &World, reads: &Reads<'_>, seen: &Snapshot) -> bool {
    let now = snapshot(world, reads, &mut Random::new(0));
    let known = &seen.logins;
    let same = |login: &LoginState| world.login(login.id).as_ref() == Some(login);
    (&now.session, &now.target, &now.user) == (&seen.session, &seen.target, &seen.user)
        && now.logins.total == known.total
        && known.logins.iter().all(same)
}

/// Carries a plan out.
pub fn apply(world: &mut World, plan: &Plan<()>) -> Result<(), String> {
    for change in &plan.changes {
        apply_change(world, change).map_err(|wrong| format!("{wrong}: {change:?}"))?;
    }
    world.logins.keys().try_for_each(|id| compare(world, *id))
}

fn apply_change(world: &mut World, change: &Change) -> Result<(), String> {
    let now = world.now;
    match change {
        Change::SaveUser(user) => return save_user(world, user),
        Change::AddLogin(user, login) => {
            let numbers = world.logins(*user);
            if numbers.iter().any(|known| known.sequence >= login.sequence) {
                return wrong("the number is no new one");
            }
            let known = world.logins.insert(login.id, (*user, login.clone()));
            return known.map_or(Ok(()), |_| wrong("there is such a login"));
        }
        Change::RemoveLogin(user, id) => {
            if world.user_of(*id) != Some(*user) {
                return wrong("the user has no such login");
            }
            world.logins.remove(id);
            world.bindings.retain(|_, binding| binding.login != *id);
        }
        Change::CreateSession(key, version, ttl) => {
            if world.session(key).is_none() {
                let (version, expires) = (*version, now + millis(*ttl));
                let session = Session {
                    version,
                    expires,
                    data: 0,
                };
                world.sessions.insert(key.clone(), session);
            }
        }
        Change::CopySession {
            from,
            to,
            version,
            ttl,
        } => {
            let (Some(from), None) = (world.session(from), world.session(to)) else {
                return wrong("the session is gone or the key taken");
            };
            let (version, expires, data) = (*version, now + millis(*ttl), from.data);
            world.sessions.insert(
                to.clone(),
                Session {
                    version,
                    expires,
                    data,
                },
            );
        }
        Change::RemoveSession(key, generation) => {
            let is_meant = |s: &&Session| s.version.generation == *generation;
            if world.sessions.get(key).filter(is_meant).is_some() {
                world.sessions.remove(key);
            }
        }
        Change::BindSession { .. } => return bind(world, change),
        Change::UnbindSession(key) => {
            world.bindings.remove(key);
        }
        Change::RetireSession(key, ttl) => {
            let (Some(binding), Some(session)) =
                (world.bindings.get_mut(key), world.sessions.get_mut(key))
            else {
                return wrong("there is no such session of a login");
            };
            binding.rotated = true;
            session.expires = session.expires.min(now + millis(*ttl));
        }
        Change::AddTombstone(key, json, ttl) => {
            let until = now + millis(*ttl);
            let json = json.clone();
            world
                .tombstones
                .insert(key.clone(), Tombstone { json, until });
        }
        Change::RemoveTombstone(key) => {
            world.tombstones.remove(key);
        }
    }
    Ok(())
}

fn save_user(world: &mut World, user: &UserState) -> Result<(), String> {
    let before = world.users.insert(user.key, user.clone());
    match before.is_some_and(|before| before.sequence > user.sequence) {
        true => wrong("the counter goes back"),
        false => Ok(()),
    }
}

fn bind(world: &mut World, change: &Change) -> Result<(), String> {
    let Change::BindSession {
        key,
        generation,
        user,
        login,
    } = change
    else {
        return Ok(());
    };
    let session = world.session(key).map(|session| session.version.generation);
    if session != Some(*generation) {
        return wrong("no session of this generation lives");
    }
    let last = login.sessions.last().filter(|last| last.key == *key);
    let Some(last) = last.filter(|last| last.generation == *generation) else {
        return wrong("the login does not end with this session");
    };
    match world.logins.get_mut(&login.id) {
        Some((owner, known)) if owner == user => *known = login.clone(),
        _ => return wrong("the user has no such login"),
    }
    world.bound += 1;
    let binding = Binding {
        generation: *generation,
        login: login.id,
        rotated: last.rotated,
        number: world.bound,
    };
    world.bindings.insert(key.clone(), binding);
    Ok(())
}

/// A store may keep a login in one piece, as plans write it, or in rows: both show the same live sessions.
fn compare(world: &World, id: LoginId) -> Result<(), String> {
    let rows = world
        .login(id)
        .map(|login| login.sessions)
        .unwrap_or_default();
    let rows = rows.iter().filter(|session| session.expires.is_some());
    let rows = rows.map(|s| (&s.key, s.generation, s.rotated));
    let (_, written) = &world.logins[&id];
    let lives = |key: &StoredKey| world.login_of(key) == Some(id);
    let written = written
        .sessions
        .iter()
        .filter(|session| lives(&session.key));
    let written = written.map(|s| (&s.key, s.generation, s.rotated));
    match rows.eq(written) {
        true => Ok(()),
        false => wrong("a login as it was written differs from its rows"),
    }
}

fn wrong(what: &str) -> Result<(), String> {
    Err(what.to_owned())
}
