//! How logins end, and who is told.

use rsso_core::engine::StoredKey;
use rsso_core::login::event::{Kind, reason};
use rsso_core::login::{Claimed, Kick, LoginId};

use crate::acts::{Act, Answer, DestroyAct};
use crate::expected::claimed;
use crate::step::{Step, Story, ensure};
use crate::store::{millis, stored_key};
use crate::world::Tombstone;

pub fn every_loser_has_one_event_and_a_tombstone_for_each_session(
    step: &Step<'_>,
    _: &mut Story,
) -> Result<(), String> {
    let (kicks, ttl): (&[Kick], _) = match (step.act, step.answer) {
        (Act::Claim(act), Answer::Claimed(claimed)) => match &**claimed {
            Claimed::New(_, kicks) => (kicks, act.claim.tombstone_ttl),
            _ => (&[], act.claim.tombstone_ttl),
        },
        (Act::Kick { order, .. }, Answer::Kicked(kicks)) => (kicks, order.tombstone_ttl),
        _ => (&[], std::time::Duration::ZERO),
    };
    let told = step.logins_told(Kind::Kicked);
    let answered: Vec<_> = kicks.iter().map(|kick| kick.identity.login).collect();
    ensure(told == answered, || {
        format!("{told:?} were told, {answered:?} is answered")
    })?;
    for (kick, event) in kicks.iter().zip(step.told(Kind::Kicked)) {
        let id = kick.identity.login;
        let login = step.before.login(id).ok_or("no such login")?;
        ensure(step.after.login(id).is_none(), || {
            format!("{id} is still there")
        })?;
        let details = &event.data.details;
        ensure(
            (&kick.identity, Some(kick.code), kick.at)
                == (&event.data.identity, details.code, details.at)
                && Some(&kick.reason) == details.reason.as_ref()
                && kick.by == details.by,
            || format!("{kick:?} is not what {event:?} tells"),
        )?;
        let live = login
            .sessions
            .iter()
            .filter(|session| session.expires.is_some());
        for session in live {
            ensure(step.after.session(&session.key).is_none(), || {
                "it goes on".into()
            })?;
            let left = step.after.tombstones.get(&session.key);
            let until = step.before.now + millis(ttl);
            let is_right = |left: &Tombstone| left.kick() == *kick && left.until == until;
            ensure(left.is_some_and(is_right), || {
                format!("{left:?} is left of {kick:?}")
            })?;
        }
    }
    Ok(())
}

pub fn the_end_of_a_login_is_told_once(step: &Step<'_>, story: &mut Story) -> Result<(), String> {
    for kind in Kind::ENDS {
        for id in step.logins_told(kind) {
            *story.ended.entry(id).or_default() += 1;
        }
    }
    for id in step.before.logins.keys() {
        let ended = story.ended.get(id).copied().unwrap_or_default();
        let wanted = usize::from(!step.after.logins.contains_key(id));
        ensure(ended == wanted, || {
            format!("the end of {id} was told {ended} times")
        })?;
    }
    let begun = step.logins_told(Kind::Claimed);
    let new = step
        .after
        .logins
        .keys()
        .filter(|id| !step.before.logins.contains_key(id));
    let new: Vec<_> = new.copied().collect();
    ensure(begun == new, || {
        format!("{begun:?} are told of, {new:?} began")
    })
}

/// Live sessions that had a login, and have it no more.
fn lost(step: &Step<'_>) -> Vec<(StoredKey, LoginId)> {
    let had = step.before.sessions.keys();
    let had = had.filter_map(|key| Some((key, *step.before.binding(key)?)));
    let lost = had.filter(|(key, binding)| {
        let now = step.after.binding(key);
        now.is_none_or(|now| (now.login, now.generation) != (binding.login, binding.generation))
    });
    lost.map(|(key, binding)| (key.clone(), binding.login))
        .collect()
}

pub fn nobody_loses_a_session_without_an_event(
    step: &Step<'_>,
    _: &mut Story,
) -> Result<(), String> {
    for (key, login) in lost(step) {
        let by_its_own = matches!(
            step.act,
            Act::Destroy(DestroyAct { session, keeps_login: true, .. }) if stored_key(session) == key
        );
        ensure(by_its_own || step.has_ended(login), || {
            format!("{login} has lost a session, and nobody is told")
        })?;
    }
    // Without a login, only who destroys it ends a session.
    for (key, session) in &step.before.sessions {
        let is_free = step.before.session(key).is_some() && step.before.binding(key).is_none();
        let now = step.after.session(key);
        let stays = now.is_some_and(|now| now.version == session.version);
        let destroyed = matches!(step.act, Act::Destroy(act) if stored_key(&act.session) == *key);
        ensure(!is_free || stays || destroyed, || {
            format!("{session:?} is gone")
        })?;
    }
    Ok(())
}

pub fn a_late_clean_up_never_touches_the_winner(
    step: &Step<'_>,
    _: &mut Story,
) -> Result<(), String> {
    let found = |key: &StoredKey| {
        step.before
            .session(key)
            .map(|session| session.version.generation)
    };
    let is_late = match step.act {
        Act::Claim(act) => {
            let seen = act.basis.seen.map(|seen| seen.generation);
            let late = seen.is_some() && seen != found(&stored_key(&act.session));
            ensure(late == (claimed(step) == Some(&Claimed::Ended)), || {
                format!("late: {late}, {:?}", step.answer)
            })?;
            late
        }
        Act::Destroy(act) => {
            let found = found(&stored_key(&act.session));
            act.seen.is_some() && found.is_some() && act.seen != found
        }
        Act::SignOut { session, login } => {
            step.before.login_of(&stored_key(session)) != Some(*login)
        }
        Act::Rotate(act) => step.before.login_of(&stored_key(&act.from)) != Some(act.login),
        Act::Kick { user, which, .. } => which.login.is_some_and(|id| {
            step.before.user_of(id) != Some(*user) && step.plan.events.is_empty()
        }),
        Act::Send { .. } | Act::RemoveExpired { .. } => false,
    };
    if !is_late {
        return Ok(());
    }
    let nothing = match step.answer {
        Answer::Claimed(claimed) => **claimed == Claimed::Ended,
        Answer::Rotated(version) => version.is_none(),
        Answer::SignedOut(done) | Answer::Destroyed(done) => !done,
        Answer::Kicked(kicks) => kicks.is_empty(),
        Answer::Sent(_) | Answer::Removed => true,
    };
    ensure(nothing, || {
        format!("the late one is answered {:?}", step.answer)
    })?;
    ensure(step.before == step.after && step.plan.is_empty(), || {
        "the late one did something".into()
    })
}

pub fn a_kick_ends_what_its_selector_means(step: &Step<'_>, _: &mut Story) -> Result<(), String> {
    let Act::Kick { user, which, order } = step.act else {
        return Ok(());
    };
    let live = step.before.live_logins(*user).into_iter();
    let meant = live.filter(|login| {
        which
            .device
            .as_ref()
            .is_none_or(|device| device.as_str() == login.device)
            && which.login.is_none_or(|id| id == login.id)
            && which.except.is_none_or(|id| id != login.id)
    });
    let meant: Vec<_> = meant.map(|login| login.id).collect();
    let kicked = step.logins_told(Kind::Kicked);
    ensure(kicked == meant, || {
        format!("{kicked:?} were kicked, not {meant:?}")
    })?;
    let says_why =
        |kick: &Kick| kick.reason == order.reason && kick.code.number() == -5 && kick.by.is_none();
    let Answer::Kicked(kicks) = step.answer else {
        return Err("no kick".into());
    };
    ensure(kicks.iter().all(says_why), || format!("{kicks:?}"))
}

pub fn a_sign_out_ends_the_login_and_keeps_the_session(
    step: &Step<'_>,
    _: &mut Story,
) -> Result<(), String> {
    let (Act::SignOut { session, login }, Answer::SignedOut(done)) = (step.act, step.answer) else {
        return Ok(());
    };
    let key = stored_key(session);
    ensure(
        *done == (step.before.login_of(&key) == Some(*login)),
        || format!("{done}"),
    )?;
    if *done {
        ensure(
            step.before.session(&key) == step.after.session(&key),
            || "it changed".into(),
        )?;
        ensure(step.after.login_of(&key).is_none(), || {
            "it has a login".into()
        })?;
        released(step, *login, &key, reason::RELEASED)?;
    }
    Ok(())
}

/// The login has ended with its sessions but this one, and one event says why.
fn released(step: &Step<'_>, login: LoginId, kept: &StoredKey, why: &str) -> Result<(), String> {
    ensure(step.after.login(login).is_none(), || {
        format!("{login} is still there")
    })?;
    let events: Vec<_> = step.told(Kind::Released).collect();
    let says = |e: &rsso_core::login::event::LoginEvent| {
        e.data.identity.login == login && e.data.details.reason.as_deref() == Some(why)
    };
    ensure(events.len() == 1 && says(events[0]), || {
        format!("{events:?} says {why}?")
    })?;
    for session in step.before.login(login).ok_or("no such login")?.sessions {
        let gone = session.expires.is_none() || step.after.session(&session.key).is_none();
        ensure(gone || session.key == *kept, || {
            "another session of it goes on".into()
        })?;
    }
    Ok(())
}

pub fn a_destroyed_session_takes_its_login_along(
    step: &Step<'_>,
    _: &mut Story,
) -> Result<(), String> {
    let (Act::Destroy(act), Answer::Destroyed(done)) = (step.act, step.answer) else {
        return Ok(());
    };
    let key = stored_key(&act.session);
    let found = step
        .before
        .session(&key)
        .map(|session| session.version.generation);
    let is_meant = act.seen.is_none_or(|seen| Some(seen) == found);
    ensure(*done == (found.is_some() && is_meant), || {
        format!("{done}, {found:?} was there")
    })?;
    let left = step.after.session(&key);
    if *done {
        match act.empty {
            Some((version, ttl)) => {
                let expires = step.after.now + millis(ttl);
                let right = left.is_some_and(|left| {
                    (left.version, left.data, left.expires) == (version, 0, expires)
                });
                ensure(right, || format!("{left:?} is left"))?;
            }
            None => ensure(left.is_none(), || format!("{left:?} is left"))?,
        }
        ensure(step.after.login_of(&key).is_none(), || {
            "with a login".into()
        })?;
        match step.before.login_of(&key) {
            Some(login) if !act.keeps_login => released(step, login, &key, reason::DESTROYED)?,
            Some(login) => ensure(step.after.logins.contains_key(&login), || "not kept".into())?,
            None => {}
        }
    }
    // A tombstone stands under no session but the empty one that it explains.
    let wanted = act
        .tombstone
        .as_ref()
        .filter(|_| found.is_none() || is_meant);
    let until = |ttl| step.after.now + millis(ttl);
    match (wanted, step.after.tombstones.get(&key)) {
        (Some((kick, ttl)), Some(left)) => {
            ensure(left.kick() == *kick && left.until == until(*ttl), || {
                format!("{left:?}")
            })
        }
        (None, left) => ensure(left == step.before.tombstones.get(&key), || {
            format!("{left:?}")
        }),
        (Some(_), None) => Err("no tombstone is left".into()),
    }
}
