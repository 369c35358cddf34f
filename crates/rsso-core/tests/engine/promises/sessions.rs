//! What becomes of sessions.

use std::collections::BTreeSet;

use rsso_core::engine::StoredKey;
use rsso_core::login::LoginId;

use crate::acts::{Act, Answer};
use crate::step::{Step, Story, ensure};
use crate::store::{millis, stored_key};

pub fn a_rotation_keeps_the_login_and_the_data(
    step: &Step<'_>,
    _: &mut Story,
) -> Result<(), String> {
    let (Act::Rotate(act), Answer::Rotated(answer)) = (step.act, step.answer) else {
        return Ok(());
    };
    let (from, to) = (stored_key(&act.from), stored_key(&act.to));
    let (before, after) = (step.before, step.after);
    ensure(step.events.is_empty(), || "it is told".into())?;
    let has_login = before.login_of(&from) == Some(act.login);
    let there = before.session(&to).map(|session| session.version);
    let Some(version) = answer else {
        let taken = there.is_some() && before.login_of(&to) != Some(act.login);
        ensure(!has_login || taken, || "it is refused".into())?;
        return ensure(before == after, || "refused, and something changed".into());
    };
    ensure(has_login, || "the session has another login".into())?;
    if there.is_some() {
        ensure(there == Some(*version), || {
            "another session is there".into()
        })?;
        ensure(before.login_of(&to) == Some(act.login), || {
            "of another login".into()
        })?;
        return ensure(before == after, || "done twice".into());
    }
    let (old, new) = (before.session(&from).unwrap(), after.session(&to));
    let new = new.ok_or("there is no new session")?;
    let wanted = (*version, old.data, after.now + millis(act.ttl));
    ensure((new.version, new.data, new.expires) == wanted, || {
        format!("{new:?}")
    })?;
    ensure(version.generation == act.generation, || {
        "of another generation".into()
    })?;
    ensure(version.revision == act.token.into(), || {
        "of another revision".into()
    })?;
    ensure(after.login_of(&to) == Some(act.login), || {
        "it has no login".into()
    })?;
    ensure(!after.bindings[&to].rotated, || {
        "the new one is rotated".into()
    })?;
    let retired = after
        .session(&from)
        .ok_or("a request under way has lost its session")?;
    let until = match before.bindings[&from].rotated {
        true => old.expires,
        false => old.expires.min(step.snapshot.now.max(after.now) + 30_000),
    };
    ensure(
        (retired.version, retired.data) == (old.version, old.data),
        || "it changed".into(),
    )?;
    ensure(
        retired.expires == until && after.bindings[&from].rotated,
        || format!("{retired:?}"),
    )?;
    same_login(step, act.login)
}

/// The login is what it was, but for its sessions; so are all others.
fn same_login(step: &Step<'_>, rotated: LoginId) -> Result<(), String> {
    let (before, after) = (step.before, step.after);
    ensure(before.users == after.users, || "a user changed".into())?;
    ensure(before.logins.keys().eq(after.logins.keys()), || {
        "other logins".into()
    })?;
    for id in before.logins.keys() {
        let (mut old, mut new) = (before.login(*id).unwrap(), after.login(*id).unwrap());
        if *id == rotated {
            old.sessions.clear();
            new.sessions.clear();
        } else {
            old.sessions.retain(|session| session.expires.is_some());
            new.sessions.retain(|session| session.expires.is_some());
        }
        ensure(old == new, || format!("{old:?} became {new:?}"))?;
    }
    Ok(())
}

/// The keys that an act may have something to do with.
fn concerned(step: &Step<'_>) -> BTreeSet<StoredKey> {
    let mut keys = BTreeSet::new();
    match step.act {
        Act::Claim(act) => {
            keys.insert(stored_key(&act.session));
        }
        Act::Rotate(act) => keys.extend([stored_key(&act.from), stored_key(&act.to)]),
        Act::Destroy(act) => {
            keys.insert(stored_key(&act.session));
        }
        Act::SignOut { session, .. } => {
            keys.insert(stored_key(session));
        }
        Act::Kick { .. } | Act::Send { .. } | Act::RemoveExpired { .. } => {}
    }
    for id in step.before.logins.keys().filter(|id| step.has_ended(**id)) {
        let login = step.before.login(*id).unwrap();
        let live = login
            .sessions
            .into_iter()
            .filter(|session| session.expires.is_some());
        keys.extend(live.map(|session| session.key));
    }
    keys
}

pub fn only_the_sessions_that_an_act_names_change(
    step: &Step<'_>,
    _: &mut Story,
) -> Result<(), String> {
    let concerned = concerned(step);
    let all = step
        .before
        .sessions
        .keys()
        .chain(step.after.sessions.keys());
    let tombstones = step
        .before
        .tombstones
        .keys()
        .chain(step.after.tombstones.keys());
    for key in all.chain(tombstones).filter(|key| !concerned.contains(key)) {
        let unchanged = step.before.session(key) == step.after.session(key)
            && step.before.binding(key) == step.after.binding(key)
            && step.before.tombstones.get(key) == step.after.tombstones.get(key);
        ensure(unchanged, || "a session of somebody else changed".into())?;
    }
    Ok(())
}
