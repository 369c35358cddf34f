//! Many claim the same user at the same instant: exactly the allowed number live, and every loser
//! is told exactly once. `RSSO_ROUNDS` says how often that is tried.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::thread;

use rsso_core::SessionKey;
use rsso_core::login::event::Kind;
use rsso_core::login::{Claim, Claimed, Limits, LoginId, Refused, User};
use rsso_core::store::Outcome;
use serde_json::Value;

use crate::common::fixture::{Ground, HOUR, Held, Worker};
use crate::common::login_helpers::{
    about, addressees, at_most, at_most_per_device, refusing, user, wish,
};
use crate::common::timed_barrier::Gate;

const RACERS: usize = 32;

/// How one racer came out of one round.
struct Run {
    key: SessionKey,
    claim: Claim,
    claimed: Claimed,
    /// What it heard of the write that followed.
    written: Outcome,
}

/// What has come of one round.
struct Round {
    user: User,
    runs: Vec<Run>,
    /// The events about that user.
    told: Vec<Value>,
}

/// How often: as `RSSO_ROUNDS` says, if it says something.
pub fn rounds(default: usize) -> usize {
    let told = std::env::var("RSSO_ROUNDS").ok();
    told.map_or(default, |text| text.parse().unwrap())
}

/// Lets all of them claim at once, each a worker of its own, and looks at what has come of it.
fn race(ground: &dyn Ground, limits: Limits, judge: fn(&mut Worker, &Round)) {
    let classes = ["web", "ios", "android", "pc"];
    let rounds = rounds(10);
    let start = Gate::new(RACERS);
    let runs = Mutex::new(BTreeMap::<usize, Vec<Run>>::new());
    thread::scope(|scope| {
        for racer in 0..RACERS {
            let (start, runs) = (&start, &runs);
            scope.spawn(move || {
                let mut worker = ground.worker();
                for round in 0..rounds {
                    let key = ground.key();
                    // Some claim for a session that is there, some for one that is not.
                    if racer % 2 == 0 {
                        worker.put(&key, b"data", HOUR);
                    }
                    let held = worker.locked(&key);
                    let class = classes[racer % classes.len()];
                    let claim = wish(&user(format!("user {round}")), class, limits);
                    start.wait();
                    let run = run(&mut worker, held, claim);
                    runs.lock().unwrap().entry(round).or_default().push(run);
                }
            });
        }
    });
    let mut worker = ground.worker();
    let outbox = worker.outbox(&user("x").realm);
    for (round, runs) in runs.into_inner().unwrap() {
        assert_eq!(runs.len(), RACERS);
        let user = user(format!("user {round}"));
        let told = about(&outbox, &user);
        judge(&mut worker, &Round { user, runs, told });
    }
}

fn run(worker: &mut Worker, mut held: Held, claim: Claim) -> Run {
    let claimed = worker.claim(&held, &claim);
    if let Claimed::New(version, _) = &claimed {
        held.seen = Some(*version);
    }
    let written = worker.write(&held, b"written after the claim");
    Run {
        key: held.key,
        claim,
        claimed,
        written,
    }
}

/// All were let in, and all but these many were kicked by one of the others.
fn kicked_but(worker: &mut Worker, round: &Round, survivors: usize) -> Vec<LoginId> {
    let live = worker.logins(&round.user);
    assert_eq!(live.len(), survivors);
    let all: BTreeSet<_> = round.runs.iter().map(|run| run.claim.login).collect();
    let losers: BTreeSet<_> = all
        .iter()
        .filter(|login| !live.contains(login))
        .copied()
        .collect();

    let told = addressees(&round.told, Kind::Kicked);
    assert_eq!(told.len(), RACERS - survivors);
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), losers);
    let claimed = addressees(&round.told, Kind::Claimed);
    assert_eq!(
        (claimed.len(), claimed.into_iter().collect::<BTreeSet<_>>()),
        (RACERS, all)
    );
    assert_eq!(round.told.len(), 2 * RACERS - survivors);

    let mut kicks = Vec::new();
    for run in &round.runs {
        let Claimed::New(_, caused) = &run.claimed else {
            panic!("{:?}", run.claimed);
        };
        kicks.extend(caused.iter().map(|kick| kick.identity.login));
        let (login, after) = (run.claim.login, worker.unlocked(&run.key));
        if live.contains(&login) {
            assert!(matches!(run.written, Outcome::Stored(_)));
            assert_eq!(after.data.unwrap(), b"written after the claim");
            assert_eq!(
                (after.login.unwrap().login.identity.login, after.kick),
                (login, None)
            );
        } else {
            assert!(matches!(run.written, Outcome::Stored(_) | Outcome::Gone));
            assert_eq!((after.data, after.login), (None, None));
            assert_eq!(after.kick.expect("a tombstone").identity.login, login);
        }
    }
    assert_eq!(kicks.len(), losers.len());
    assert_eq!(kicks.into_iter().collect::<BTreeSet<_>>(), losers);
    live
}

pub fn of_many_at_once_one_stays(ground: &dyn Ground) {
    race(ground, at_most(1), |worker, round| {
        kicked_but(worker, round, 1);
    });
}

pub fn of_many_at_once_three_stay(ground: &dyn Ground) {
    race(ground, at_most(3), |worker, round| {
        kicked_but(worker, round, 3);
    });
}

pub fn of_many_at_once_one_of_each_device_stays(ground: &dyn Ground) {
    race(ground, at_most_per_device(1), |worker, round| {
        let live = kicked_but(worker, round, 4);
        let logins = worker.store.logins(&round.user).unwrap();
        let devices: BTreeSet<_> = logins.iter().map(|login| &login.identity.device).collect();
        assert_eq!(devices.len(), live.len());
    });
}

pub fn of_many_at_once_both_limits_hold(ground: &dyn Ground) {
    let limits = Limits {
        max_logins_per_device: 1,
        ..at_most(2)
    };
    race(ground, limits, |worker, round| {
        kicked_but(worker, round, 2);
        let logins = worker.store.logins(&round.user).unwrap();
        assert_ne!(logins[0].identity.device, logins[1].identity.device);
    });
}

pub fn of_many_at_once_one_is_not_refused(ground: &dyn Ground) {
    race(ground, refusing(1), |worker, round| {
        let live = worker.logins(&round.user);
        assert_eq!(live.len(), 1);
        let (winners, losers): (Vec<_>, Vec<_>) = round
            .runs
            .iter()
            .partition(|run| matches!(run.claimed, Claimed::New(..)));
        assert_eq!(winners.len(), 1);
        assert_eq!(winners[0].claim.login, live[0]);
        for run in &losers {
            let Claimed::Refused(Refused::Limit, holders) = &run.claimed else {
                panic!("{:?}", run.claimed);
            };
            assert_eq!(holders.len(), 1);
            assert_eq!(holders[0].identity.login, live[0]);
        }
        for run in &round.runs {
            assert!(matches!(run.written, Outcome::Stored(_)));
            let mine = (run.claim.login == live[0]).then_some(live[0]);
            assert_eq!(worker.login_of(&run.key), mine);
        }
        let refused = addressees(&round.told, Kind::Refused);
        assert_eq!(refused.len(), RACERS - 1);
        let refused: BTreeSet<_> = refused.into_iter().collect();
        assert_eq!(refused, losers.iter().map(|run| run.claim.login).collect());
        assert_eq!(addressees(&round.told, Kind::Claimed), live);
        assert_eq!(round.told.len(), RACERS);
    });
}

/// Many requests of one browser: they are one login, however many of them claim it.
pub fn one_session_claimed_by_many_is_one_login(ground: &dyn Ground) {
    let rounds = rounds(10);
    let keys: Vec<_> = (0..rounds).map(|_| ground.key()).collect();
    let start = Gate::new(8);
    let stored = |round: usize| round.is_multiple_of(2);
    let mut setup = ground.worker();
    for round in (0..rounds).filter(|round| stored(*round)) {
        setup.put(&keys[round], b"data", HOUR);
    }
    thread::scope(|scope| {
        for _ in 0..8 {
            let (start, keys) = (&start, &keys);
            scope.spawn(move || {
                let mut worker = ground.worker();
                for (round, key) in keys.iter().enumerate() {
                    let held = worker.unlocked(key);
                    let claim = wish(&user(format!("user {round}")), "web", at_most(1));
                    start.wait();
                    let claimed = worker.claim(&held, &claim);
                    assert!(
                        matches!(claimed, Claimed::New(..) | Claimed::Same(..)),
                        "{claimed:?}"
                    );
                    start.wait();
                }
            });
        }
    });
    for (round, key) in keys.iter().enumerate() {
        let user = user(format!("user {round}"));
        let logins = setup.logins(&user);
        assert_eq!(logins.len(), 1);
        assert_eq!(setup.login_of(key), Some(logins[0]));
        assert_eq!(setup.addressees(&user, Kind::Claimed), logins);
        assert_eq!(setup.told(&user).len(), 1);
    }
}
