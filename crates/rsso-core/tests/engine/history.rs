//! Random histories, each from its seed, and what is told of one that breaks a promise.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use rsso_core::engine::{Snapshot, UserState};
use rsso_core::login::event::{Kind, LoginEvent, Moment};

use crate::acts::Act;
use crate::crowd;
use crate::draw::Draw;
use crate::random::Random;
use crate::step::{Promise, Step, Story};
use crate::store::{apply, snapshot, still_holds};
use crate::text::describe;
use crate::values::{keys, moment, users};
use crate::world::World;

/// Steps of a history: each is an act, or several that are decided at once.
const STEPS: usize = 24;

/// Histories of each promise: some 20 s of one core in a debug build.
const ROUNDS: u64 = 150;

/// Checks a promise in many histories. `RSSO_ROUNDS` says how many, `RSSO_SEED` chooses one.
pub fn check(name: &str, promise: Promise) {
    let number = |name| {
        std::env::var(name)
            .ok()
            .map(|text| text.parse::<u64>().unwrap())
    };
    let hash = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    // Other histories for each promise.
    let first = name.bytes().fold(0xCBF2_9CE4_8422_2325, hash) >> 32 << 20;
    let seeds = match number("RSSO_SEED") {
        Some(seed) => seed..seed + 1,
        None => first..first + number("RSSO_ROUNDS").unwrap_or(ROUNDS),
    };
    for seed in seeds {
        if run(seed, promise, &BTreeSet::new(), &mut None).is_err() {
            panic!("{}", report(name, seed, promise));
        }
    }
}

/// The history without the steps that are not needed to break the promise.
fn report(name: &str, seed: u64, promise: Promise) -> String {
    let mut skipped = BTreeSet::new();
    for step in (0..STEPS).rev() {
        skipped.insert(step);
        if run(seed, promise, &skipped, &mut None).is_ok() {
            skipped.remove(&step);
        }
    }
    let mut text = Some(String::new());
    let broken = run(seed, promise, &skipped, &mut text).unwrap_err();
    let text = text.unwrap();
    format!("{name}: {broken}\nRSSO_SEED={seed}, without the steps {skipped:?}:\n{text}")
}

fn run(
    seed: u64,
    promise: Promise,
    skipped: &BTreeSet<usize>,
    text: &mut Option<String>,
) -> Result<(), String> {
    let mut random = Random::new(seed);
    let crowded = random.one_in(8);
    let mut draw = Draw::new(keys(if crowded { 40 } else { 9 }), users(), &mut random);
    let mut world = World {
        now: 1_700_000_000_000 + i64::try_from(random.below(100_000)).unwrap(),
        ..World::default()
    };
    if crowded {
        crowd::fill(&mut world, &mut draw, &mut random);
    }
    let mut story = Story::default();
    for number in 0..STEPS {
        let seed = seed.wrapping_mul(1_000_003).wrapping_add(number as u64);
        let mut random = Random::new(seed);
        if skipped.contains(&number) {
            continue;
        }
        if let Some(text) = text {
            let _ = writeln!(text, "{number}, at {}:", world.now);
        }
        let go_on = step(
            &mut world,
            &mut draw,
            &mut random,
            &mut story,
            promise,
            text,
        )?;
        if !go_on {
            break;
        }
    }
    Ok(())
}

/// Acts that are decided from one state of the store, and carried out one after the other.
fn step(
    world: &mut World,
    draw: &mut Draw,
    random: &mut Random,
    story: &mut Story,
    promise: Promise,
    text: &mut Option<String>,
) -> Result<bool, String> {
    draw.disturb(world, random);
    let count = random.pick(&[1, 1, 1, 2, 3]);
    let acts: Vec<_> = (0..count).map(|_| draw.act(world, random)).collect();
    let mut seen = Vec::new();
    for act in &acts {
        seen.push(look(world, draw, act, random));
    }
    for (act, (mut snapshot, mut moment)) in acts.iter().zip(seen) {
        if random.one_in(6) {
            draw.disturb(world, random);
        }
        if draw.is_late_repeat(world, act) {
            continue;
        }
        if !act.with_reads(|reads| still_holds(world, reads, &snapshot)) {
            (snapshot, moment) = look(world, draw, act, random);
        }
        let (plan, answer) = act.decide(&snapshot, &moment);
        if let Some(text) = text {
            let _ = writeln!(text, "{}", describe(act, &answer, &plan));
        }
        let before = world.clone();
        let wrong = apply(world, &plan).err();
        let events = plan
            .events
            .iter()
            .map(|event| LoginEvent::read(&event.json).unwrap());
        let step = Step {
            act,
            answer: &answer,
            moment: &moment,
            snapshot: &snapshot,
            plan: &plan,
            before: &before,
            after: world,
            events: events.collect(),
            users: &draw.users,
            wrong,
        };
        promise(&step, story)?;
        draw.began.extend(step.logins_told(Kind::Claimed));
        if step.wrong.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn look(world: &mut World, draw: &Draw, act: &Act, random: &mut Random) -> (Snapshot, Moment) {
    act.with_reads(|reads| {
        if let Some(user) = reads.newcomer
            && random.one_in(2)
        {
            let made = || UserState::new(user);
            world.users.entry(user.key()).or_insert_with(made);
        }
        (
            snapshot(world, reads, random),
            moment(world.now + draw.skew),
        )
    })
}
