//! Whom a claim lets in, and who makes room.

use rsso_core::engine::LoginState;
use rsso_core::login::event::{Kind, reason};
use rsso_core::login::{Claimed, LoginId};

use crate::expected::{BATCH, Expected, claimed};
use crate::step::{Step, Story, ensure};
use crate::store::stored_key;
use crate::values::moment;

pub fn exactly_the_allowed_number_lives(step: &Step<'_>, _: &mut Story) -> Result<(), String> {
    let (Some(expected), Some(Claimed::New(..))) = (Expected::of(step), claimed(step)) else {
        return Ok(());
    };
    let claim = &expected.act.claim;
    let live = step.after.live_logins(claim.user.key());
    let of_device = live
        .iter()
        .filter(|login| login.device == claim.device.as_str());
    let limits = [
        (live.len(), claim.limits.max_logins),
        (of_device.count(), claim.limits.max_logins_per_device),
    ];
    for (count, limit) in limits {
        ensure(limit == 0 || count <= limit as usize, || {
            format!("{count} logins live where {limit} are allowed")
        })?;
    }
    let kicked = step.logins_told(Kind::Kicked).len();
    let staying = expected.others.len() - kicked.min(expected.others.len());
    ensure(live.len() == staying + 1, || {
        format!(
            "{} logins live, {staying} should beside the newcomer",
            live.len()
        )
    })
}

pub fn those_make_room_whom_the_limits_name(step: &Step<'_>, _: &mut Story) -> Result<(), String> {
    let (Some(expected), Some(Claimed::New(_, kicks))) = (Expected::of(step), claimed(step)) else {
        return Ok(());
    };
    let wanted = &expected.by_limits;
    ensure(!expected.refuses() || expected.only_repeats(), || {
        format!("admitted, though {wanted:?} stay")
    })?;
    let kicked: Vec<_> = kicks.iter().map(|kick| kick.identity.login).collect();
    ensure(kicked.starts_with(wanted), || {
        format!("{kicked:?} were kicked, not {wanted:?}")
    })
}

pub fn the_hard_limit_holds_and_ends_the_oldest_only(
    step: &Step<'_>,
    _: &mut Story,
) -> Result<(), String> {
    let (Some(expected), Some(Claimed::New(..))) = (Expected::of(step), claimed(step)) else {
        return Ok(());
    };
    let claim = &expected.act.claim;
    let (user, hard) = (claim.user.key(), claim.limits.max_logins_hard as usize);
    let (before, after) = (step.before.logins(user), step.after.logins(user));
    let fewer = (before.len() + 1).saturating_sub(BATCH);
    ensure(after.len() <= hard.max(fewer), || {
        format!(
            "{} logins of {}, the hard limit is {hard}",
            after.len(),
            before.len()
        )
    })?;
    let kicked = step.logins_told(Kind::Kicked);
    let beyond = &kicked[expected.by_limits.len().min(kicked.len())..];
    let oldest: Vec<_> = expected.staying().map(|login| login.id).collect();
    ensure(oldest.starts_with(beyond), || {
        format!("{beyond:?} went beyond the hard limit, not the first of {oldest:?}")
    })?;
    // Those that were not read may be dead, and count.
    let dead = step.logins_told(Kind::Expired).len();
    let apart = dead + usize::from(expected.own.is_some()) + expected.repeated.len();
    let staying = before.len() - apart - expected.by_limits.len();
    let excess = (staying + 1).saturating_sub(hard).min(BATCH);
    ensure(beyond.len() <= excess, || {
        format!(
            "{} went beyond the hard limit, {excess} are too many",
            beyond.len()
        )
    })
}

pub fn only_the_living_count(step: &Step<'_>, _: &mut Story) -> Result<(), String> {
    let lived = |id: LoginId| step.before.login(id).is_some_and(|login| login.is_live());
    for id in step.logins_told(Kind::Kicked) {
        ensure(lived(id), || format!("{id} was dead and is kicked"))?;
    }
    for id in step.logins_told(Kind::Expired) {
        ensure(!lived(id), || {
            format!("{id} lives and is said to have expired")
        })?;
    }
    let Some(expected) = Expected::of(step) else {
        return Ok(());
    };
    if let Some(Claimed::Refused(_, holders)) = claimed(step) {
        let listed = expected.others.iter().chain(&expected.repeated);
        let listed = listed.filter(|login| step.snapshot.logins.logins.contains(login));
        let listed: Vec<_> = listed.filter_map(LoginState::to_listed).collect();
        ensure(*holders == listed, || {
            format!("{holders:?} are listed, not {listed:?}")
        })?;
    }
    Ok(())
}

pub fn claiming_again_from_the_same_session_changes_nothing(
    step: &Step<'_>,
    _: &mut Story,
) -> Result<(), String> {
    let Some(expected) = Expected::of(step) else {
        return Ok(());
    };
    let claimed = claimed(step).unwrap();
    ensure(
        matches!(claimed, Claimed::Same(..)) == expected.is_same(),
        || format!("the answer is {claimed:?}"),
    )?;
    if let Claimed::Same(version, login) = claimed {
        let key = stored_key(&expected.act.session);
        let own = expected.own.as_ref().unwrap();
        let binding = step.before.binding(&key).unwrap();
        ensure(login.login == own.to_login().unwrap(), || {
            "another login".into()
        })?;
        ensure(login.rotated == binding.rotated, || "rotated?".into())?;
        ensure(*version == step.before.sessions[&key].version, || {
            "another version".into()
        })?;
        let mut world = step.before.clone();
        for id in step.logins_told(Kind::Expired) {
            world.logins.remove(&id);
            world.bindings.retain(|_, binding| binding.login != id);
        }
        let mut after = step.after.clone();
        world.prune();
        after.prune();
        ensure(world == after, || {
            "something changed but for the dead".into()
        })?;
    }
    if !matches!(claimed, Claimed::New(..) | Claimed::Same(..)) {
        return Ok(());
    }
    // Sent a second time.
    let mut random = crate::random::Random::new(1);
    let again = (step.act).with_reads(|r| crate::store::snapshot(step.after, r, &mut random));
    let (plan, answer) = step.act.decide(&again, &moment(step.moment.at));
    let crate::acts::Answer::Claimed(answer) = answer else {
        return Err("no claim".into());
    };
    // A session that was made by the first is of another generation than the one that was seen.
    ensure(matches!(*answer, Claimed::Same(..)), || {
        format!("the second answer is {answer:?}")
    })?;
    let dead = again.logins.logins.iter().filter(|login| !login.is_live());
    let dead = match expected.act.claim.reads_all_logins() {
        true => dead.count(),
        false => dead.count().min(BATCH),
    };
    ensure(plan.events.len() == dead, || {
        format!("the second time: {:?}", plan.events)
    })
}

pub fn a_repeated_claim_takes_the_place_of_the_first(
    step: &Step<'_>,
    _: &mut Story,
) -> Result<(), String> {
    let (Some(expected), Some(Claimed::New(version, _))) = (Expected::of(step), claimed(step))
    else {
        return Ok(());
    };
    let told = step.told(Kind::Released);
    let told = told.filter(|e| e.data.details.reason.as_deref() == Some(reason::RECLAIMED));
    let told: Vec<_> = told.map(|event| event.data.identity.login).collect();
    let key = stored_key(&expected.act.session);
    let own = step.before.login_of(&key);
    let repeated = expected.repeated.iter().map(|login| login.id);
    let wanted: Vec<_> = repeated.chain(own).collect();
    ensure(told == wanted, || {
        format!("{told:?} were reclaimed, not {wanted:?}")
    })?;
    for id in wanted {
        for session in step.before.login(id).unwrap().sessions {
            if session.expires.is_none() || session.key == key {
                continue;
            }
            let left = step.after.session(&session.key);
            let is_empty = left.is_some_and(|left| {
                left.data == 0
                    && left.version.revision == expected.act.basis.token.into()
                    && left.version.generation == expected.act.generation
                    && left.expires == step.after.now + 30_000
            });
            ensure(
                is_empty && step.after.login_of(&session.key).is_none(),
                || format!("a request under way finds {left:?}, {version:?} was claimed"),
            )?;
        }
    }
    Ok(())
}

pub fn a_newcomer_has_one_login_at_its_session(
    step: &Step<'_>,
    _: &mut Story,
) -> Result<(), String> {
    let (Some(expected), Some(Claimed::New(version, _))) = (Expected::of(step), claimed(step))
    else {
        return Ok(());
    };
    let (act, claim) = (expected.act, &expected.act.claim);
    let key = stored_key(&act.session);
    let login = step.after.login(claim.login).filter(LoginState::is_live);
    let login = login.ok_or("the newcomer has no login that lives")?;
    ensure(step.after.login_of(&key) == Some(claim.login), || {
        "it is another's session".into()
    })?;
    let user = &step.after.users[&claim.user.key()];
    let number = step
        .before
        .users
        .get(&user.key)
        .map_or(0, |user| user.sequence)
        + 1;
    let numbers = [login.sequence, user.sequence];
    ensure(numbers == [number; 2], || {
        format!("numbers {numbers:?}, not {number}")
    })?;
    let listed = login.to_login().ok_or("a login that nobody can read")?;
    ensure(listed.identity == claim.identity(), || {
        format!("{listed:?}")
    })?;
    ensure(listed.more == claim.more(act.basis.ttl), || {
        format!("{listed:?}")
    })?;
    ensure(step.logins_told(Kind::Claimed) == [claim.login], || {
        "not told".into()
    })?;
    ensure(!step.after.tombstones.contains_key(&key), || {
        "a tombstone is left".into()
    })?;
    let (found, now) = (step.before.session(&key), step.after.session(&key));
    let now = now.ok_or("the session is gone")?;
    ensure(now.version == *version, || {
        format!("it is {now:?}, not {version:?}")
    })?;
    match found {
        Some(found) => ensure(found == now, || format!("{found:?} became {now:?}")),
        None => ensure(
            now.data == 0
                && now.version.generation == act.generation
                && now.expires == step.after.now + crate::store::millis(act.basis.ttl),
            || format!("it was made as {now:?}"),
        ),
    }
}

pub fn those_who_stay_are_told_of_a_newcomer(step: &Step<'_>, _: &mut Story) -> Result<(), String> {
    let told = step.logins_told(Kind::Elsewhere);
    let mut wanted = Vec::new();
    if let (Some(expected), Some(Claimed::New(..))) = (Expected::of(step), claimed(step))
        && expected.act.claim.notify_others
        && expected.own.is_none()
        && expected.repeated.is_empty()
    {
        let kicked = step.logins_told(Kind::Kicked);
        let others = expected.others.iter().map(|login| login.id);
        wanted = others.filter(|id| !kicked.contains(id)).collect();
        let by = expected.act.claim.by();
        let says_who =
            |e: &rsso_core::login::event::LoginEvent| e.data.details.by.as_ref() == Some(&by);
        ensure(step.told(Kind::Elsewhere).all(says_who), || {
            "of somebody else".into()
        })?;
    }
    ensure(told == wanted, || {
        format!("{told:?} were told, not {wanted:?}")
    })
}
