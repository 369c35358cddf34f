//! What a plan rests on, and how much it asks for.

use std::collections::BTreeSet;

use rsso_core::engine::{Change, LoginReads, StoredKey};
use rsso_core::login::Claimed;
use rsso_core::login::event::Kind;
use rsso_core::record::Generation;

use crate::acts::{Act, Answer};
use crate::expected::BATCH;
use crate::random::Random;
use crate::step::{Step, Story, ensure};
use crate::store::snapshot;

pub fn a_plan_asks_only_for_what_a_store_can_do(
    step: &Step<'_>,
    _: &mut Story,
) -> Result<(), String> {
    step.wrong.clone().map_or(Ok(()), Err)
}

/// The sessions that the snapshot shows, with their generations.
fn seen(step: &Step<'_>) -> BTreeSet<(StoredKey, u64)> {
    let read = step.snapshot;
    let acting = [&read.session, &read.target].into_iter().flatten();
    let own = acting.clone().filter_map(|state| state.login.as_ref());
    let logins = own.map(|(_, login)| login).chain(&read.logins.logins);
    let bound = logins.flat_map(|login| &login.sessions);
    let bound = bound.map(|session| (session.key.clone(), session.generation.0));
    let acting = acting.filter_map(|s| Some((s.key.clone(), s.version?.generation.0)));
    acting.chain(bound).collect()
}

pub fn a_plan_touches_no_session_that_it_has_not_seen(
    step: &Step<'_>,
    _: &mut Story,
) -> Result<(), String> {
    let mut seen = seen(step);
    let mut live: BTreeSet<StoredKey> = (step.before.sessions.keys())
        .filter(|key| step.before.session(key).is_some())
        .cloned()
        .collect();
    for change in &step.plan.changes {
        let has_seen =
            |key: &StoredKey, generation: &Generation| seen.contains(&(key.clone(), generation.0));
        let holds = match change {
            Change::RemoveSession(key, generation) => {
                let found = step.before.session(key);
                if found.is_some_and(|found| found.version.generation == *generation) {
                    live.remove(key);
                }
                has_seen(key, generation)
            }
            Change::BindSession {
                key, generation, ..
            } => has_seen(key, generation),
            Change::CreateSession(key, version, _)
            | Change::CopySession {
                to: key, version, ..
            } => {
                seen.insert((key.clone(), version.generation.0));
                live.insert(key.clone())
            }
            Change::RetireSession(key, _) | Change::UnbindSession(key) => {
                seen.iter().any(|(known, _)| known == key)
            }
            Change::AddTombstone(key, ..) => {
                !live.contains(key) || matches!(step.act, Act::Destroy(act) if act.empty.is_some())
            }
            _ => true,
        };
        ensure(holds, || format!("not seen before: {change:?}"))?;
    }
    Ok(())
}

fn reads_sample(step: &Step<'_>) -> bool {
    (step.act).with_reads(|reads| matches!(reads.logins, LoginReads::Sample(_)))
}

pub fn the_work_of_an_act_is_bounded(step: &Step<'_>, _: &mut Story) -> Result<(), String> {
    let removes = |change: &&Change| matches!(change, Change::RemoveLogin(..));
    let removed = step.plan.changes.iter().filter(removes).count();
    let mut most = step.snapshot.logins.logins.len() + 2;
    let is_sample = reads_sample(step);
    if is_sample {
        let read = step.snapshot.logins.logins.len();
        ensure(read <= 3 * BATCH + 2, || format!("{read} logins were read"))?;
        most = 3 * BATCH + 3;
    }
    ensure(removed <= most, || format!("{removed} logins were removed"))?;
    let events = step.plan.events.len();
    let told = if is_sample {
        0
    } else {
        step.snapshot.logins.logins.len()
    };
    ensure(events <= removed + told + 2, || format!("{events} events"))?;
    let logins = step
        .before
        .logins
        .values()
        .map(|(_, login)| login.sessions.len() + 1);
    let most_of_a_login = logins.max().unwrap_or_default();
    // Sessions of the act's own login that have ended are removed and unbound.
    let own = 2 * most_of_a_login;
    let sessions = most_of_a_login + 24;
    let changes = step.plan.changes.len();
    ensure(changes <= 8 + own + removed * 2 * sessions, || {
        format!("{changes} changes")
    })
}

/// What was decided from an earlier snapshot that still holds is what this moment would decide.
pub fn whoever_decided_earlier_decides_the_same_now(
    step: &Step<'_>,
    _: &mut Story,
) -> Result<(), String> {
    if reads_sample(step) || step.snapshot.now != step.before.now {
        return Ok(());
    }
    let now = (step.act).with_reads(|reads| snapshot(step.before, reads, &mut Random::new(0)));
    let (plan, answer) = step.act.decide(&now, step.moment);
    ensure((&plan, &answer) == (step.plan, step.answer), || {
        format!("{:?} was decided, {plan:?} is now", step.plan)
    })
}

/// All of them, or a batch if the act reads a few logins only.
pub fn the_dead_that_were_read_are_removed(step: &Step<'_>, _: &mut Story) -> Result<(), String> {
    if matches!(step.answer, Answer::Claimed(claimed) if **claimed == Claimed::Ended) {
        return Ok(());
    }
    let read = step.snapshot.logins.logins.iter();
    let dead = read.filter(|login| !login.is_live()).map(|login| login.id);
    let mut dead: Vec<_> = dead.collect();
    if reads_sample(step) {
        dead.truncate(BATCH);
    }
    for login in &dead {
        ensure(!step.after.logins.contains_key(login), || {
            format!("{login} is still there")
        })?;
    }
    let told = step.logins_told(Kind::Expired);
    ensure(told == dead, || {
        format!("{told:?} are said to have expired, not {dead:?}")
    })
}
