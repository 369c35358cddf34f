//! Whom a claim turns away.

use rsso_core::engine::UserState;
use rsso_core::login::event::Kind;
use rsso_core::login::policy::Storm;
use rsso_core::login::{Claimed, Refused};

use crate::expected::{Expected, claimed};
use crate::step::{Step, StormWindow, Story, ensure};

pub fn a_refused_claim_changes_nothing_but_the_storm(
    step: &Step<'_>,
    _: &mut Story,
) -> Result<(), String> {
    let (Some(expected), Some(Claimed::Refused(refused, _))) = (Expected::of(step), claimed(step))
    else {
        return Ok(());
    };
    let claim = &expected.act.claim;
    let user = claim.user.key();
    let mut wanted = step.before.clone();
    for id in step.logins_told(Kind::Expired) {
        wanted.logins.remove(&id);
        wanted.bindings.retain(|_, binding| binding.login != id);
    }
    let storm = step
        .after
        .users
        .get(&user)
        .map_or_else(Storm::default, |user| user.storm);
    let made = || UserState::new(&claim.user);
    wanted.users.entry(user).or_insert_with(made).storm = storm;
    let mut after = step.after.clone();
    wanted.prune();
    after.prune();
    ensure(wanted == after, || "more than the storm has changed".into())?;
    let told = step.logins_told(Kind::Refused);
    ensure(told == [claim.login], || format!("{told:?} were refused"))?;
    let expired = step.logins_told(Kind::Expired).len() + step.logins_told(Kind::Storm).len();
    ensure(step.events.len() == expired + 1, || {
        format!("{:?}", step.events)
    })?;
    let mut reasons = step.told(Kind::Refused).chain(step.told(Kind::Storm));
    let why = Some(refused.as_str());
    ensure(
        reasons.all(|e| e.data.details.reason.as_deref() == why),
        || "another reason".into(),
    )?;
    match refused {
        Refused::Limit => ensure(expected.refuses(), || "there was room".into()),
        Refused::Storm => Ok(()),
    }
}

impl StormWindow {
    fn at(self, second: i64, length: i64) -> Self {
        let goes_on = (self.since..self.since + length).contains(&second);
        if goes_on {
            self
        } else {
            Self {
                since: second,
                ..Self::default()
            }
        }
    }

    fn passes(self, replaced: usize, limit: u32) -> bool {
        limit > 0 && replaced > 0 && self.count + replaced > limit as usize
    }
}

pub fn a_storm_lasts_as_long_as_its_window(
    step: &Step<'_>,
    story: &mut Story,
) -> Result<(), String> {
    let Some(expected) = Expected::of(step).filter(|expected| !expected.is_same()) else {
        return ensure(step.logins_told(Kind::Storm).is_empty(), || {
            "a storm of nothing".into()
        });
    };
    let limits = &expected.act.claim.limits;
    let mut storm = (false, false); // refused, and it begins here
    if !expected.only_repeats() {
        let user = expected.act.claim.user.key();
        let second = step.snapshot.now / 1_000;
        let [minute, hour] = story.storms.entry(user).or_default();
        // They go on, or begin, with each claim that gets so far, even if no limit is set.
        (*minute, *hour) = (minute.at(second, 60), hour.at(second, 3_600));
        let replaced = if expected.refuses() {
            0
        } else {
            expected.by_limits.len()
        };
        let passes = [
            minute.passes(replaced, limits.storm_limit),
            hour.passes(replaced, limits.storm_limit_hour),
        ];
        if limits.storm_limit == 0 {
            storm = (false, false);
        } else if minute.raging || (hour.raging && limits.storm_limit_hour > 0) {
            storm = (true, false);
        } else if passes.contains(&true) {
            (minute.raging, hour.raging) = (passes[0], passes[1]);
            storm = (true, true);
        } else {
            minute.count += replaced;
            hour.count += replaced;
        }
    }
    let (refused, begins) = storm;
    let answer = claimed(step).unwrap();
    let is_storm = matches!(answer, Claimed::Refused(Refused::Storm, _));
    ensure(is_storm == refused, || {
        format!("a storm: {refused}, but {answer:?}")
    })?;
    let told = step.logins_told(Kind::Storm).len();
    ensure(told == usize::from(begins), || {
        format!("a storm was told {told} times")
    })?;
    let limit = !refused && expected.refuses() && !expected.only_repeats();
    let is_limit = matches!(answer, Claimed::Refused(Refused::Limit, _));
    ensure(is_limit == limit, || {
        format!("beyond the limit: {limit}, but {answer:?}")
    })
}
