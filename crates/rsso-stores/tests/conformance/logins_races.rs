//! Concurrent claims of one user: exactly the allowed number stays, and every loser gets exactly one event.
//!
//! `RSSO_ROUNDS` sets the number of rounds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::thread;

use rsso_core::SessionKey;
use rsso_core::login::event::Kind;
use rsso_core::login::{Claim, Claimed, Limits, LoginId, Refused, User};
use rsso_core::store::Outcome;
use serde_json::Value;

use crate::common::fixture::{Fixture, HOUR, HeldSession, StoreClient};
use crate::common::login_helpers::{
    about, at_most_per_device, logins_in_events, new_claim, refuse_above, user, with_max_logins,
};
use crate::common::rounds::rounds;
use crate::common::timed_barrier::TimedBarrier;

const RACERS: usize = 32;

/// What one thread did in one round.
struct Run {
    key: SessionKey,
    claim: Claim,
    claimed: Claimed,
    /// The outcome of the write after the claim.
    written: Outcome,
}

/// The result of one round.
struct Round {
    user: User,
    runs: Vec<Run>,
    /// The events about the user.
    events: Vec<Value>,
}

/// All threads claim at once, each with its own client; then `check` looks at each round.
fn race(fixture: &dyn Fixture, limits: Limits, check: fn(&mut StoreClient, &Round)) {
    let classes = ["web", "ios", "android", "pc"];
    let rounds = rounds(10);
    let start = TimedBarrier::new(RACERS);
    let runs = Mutex::new(BTreeMap::<usize, Vec<Run>>::new());
    thread::scope(|scope| {
        for racer in 0..RACERS {
            let (start, runs) = (&start, &runs);
            scope.spawn(move || {
                let mut client = fixture.client();
                for round in 0..rounds {
                    let key = fixture.new_key();
                    // Half of the sessions exist, half do not.
                    if racer % 2 == 0 {
                        client.put(&key, b"data", HOUR);
                    }
                    let held = client.read_locked(&key);
                    let class = classes[racer % classes.len()];
                    let claim = new_claim(&user(format!("user {round}")), class, limits);
                    start.wait();
                    let run = run(&mut client, held, claim);
                    runs.lock().unwrap().entry(round).or_default().push(run);
                }
            });
        }
    });
    let mut client = fixture.client();
    let outbox = client.outbox(&user("x").realm);
    for (round, runs) in runs.into_inner().unwrap() {
        assert_eq!(runs.len(), RACERS);
        let user = user(format!("user {round}"));
        let events = about(&outbox, &user);
        check(&mut client, &Round { user, runs, events });
    }
}

fn run(client: &mut StoreClient, mut held: HeldSession, claim: Claim) -> Run {
    let claimed = client.claim(&held, &claim);
    if let Claimed::New(version, _) = &claimed {
        held.seen = Some(*version);
    }
    let written = client.write(&held, b"written after the claim");
    Run {
        key: held.key,
        claim,
        claimed,
        written,
    }
}

/// Asserts that all claims succeeded, and that all but `survivors` were kicked by others.
fn all_kicked_except(client: &mut StoreClient, round: &Round, survivors: usize) -> Vec<LoginId> {
    let live = client.logins(&round.user);
    assert_eq!(live.len(), survivors);
    let all: BTreeSet<_> = round.runs.iter().map(|run| run.claim.login).collect();
    let losers: BTreeSet<_> = all
        .iter()
        .filter(|login| !live.contains(login))
        .copied()
        .collect();

    let kicked = logins_in_events(&round.events, Kind::Kicked);
    assert_eq!(kicked.len(), RACERS - survivors);
    assert_eq!(kicked.into_iter().collect::<BTreeSet<_>>(), losers);
    let claimed = logins_in_events(&round.events, Kind::Claimed);
    assert_eq!(
        (claimed.len(), claimed.into_iter().collect::<BTreeSet<_>>()),
        (RACERS, all)
    );
    assert_eq!(round.events.len(), 2 * RACERS - survivors);

    let mut kicks = Vec::new();
    for run in &round.runs {
        let Claimed::New(_, caused) = &run.claimed else {
            panic!("{:?}", run.claimed);
        };
        kicks.extend(caused.iter().map(|kick| kick.identity.login));
        let (login, after) = (run.claim.login, client.read_unlocked(&run.key));
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

pub fn of_many_concurrent_claims_one_stays(fixture: &dyn Fixture) {
    race(fixture, with_max_logins(1), |client, round| {
        all_kicked_except(client, round, 1);
    });
}

pub fn of_many_concurrent_claims_three_stay(fixture: &dyn Fixture) {
    race(fixture, with_max_logins(3), |client, round| {
        all_kicked_except(client, round, 3);
    });
}

pub fn of_many_concurrent_claims_one_of_each_device_stays(fixture: &dyn Fixture) {
    race(fixture, at_most_per_device(1), |client, round| {
        let live = all_kicked_except(client, round, 4);
        let logins = client.store.logins(&round.user).unwrap();
        let devices: BTreeSet<_> = logins.iter().map(|login| &login.identity.device).collect();
        assert_eq!(devices.len(), live.len());
    });
}

pub fn of_many_concurrent_claims_both_limits_hold(fixture: &dyn Fixture) {
    let limits = Limits {
        max_logins_per_device: 1,
        ..with_max_logins(2)
    };
    race(fixture, limits, |client, round| {
        all_kicked_except(client, round, 2);
        let logins = client.store.logins(&round.user).unwrap();
        assert_ne!(logins[0].identity.device, logins[1].identity.device);
    });
}

pub fn of_many_concurrent_claims_all_but_one_are_refused(fixture: &dyn Fixture) {
    race(fixture, refuse_above(1), |client, round| {
        let live = client.logins(&round.user);
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
            assert_eq!(client.login_of(&run.key), mine);
        }
        let refused = logins_in_events(&round.events, Kind::Refused);
        assert_eq!(refused.len(), RACERS - 1);
        let refused: BTreeSet<_> = refused.into_iter().collect();
        assert_eq!(refused, losers.iter().map(|run| run.claim.login).collect());
        assert_eq!(logins_in_events(&round.events, Kind::Claimed), live);
        assert_eq!(round.events.len(), RACERS);
    });
}

/// Many requests of one browser claim, and make one login.
pub fn concurrent_claims_of_one_session_make_one_login(fixture: &dyn Fixture) {
    let rounds = rounds(10);
    let keys: Vec<_> = (0..rounds).map(|_| fixture.new_key()).collect();
    let start = TimedBarrier::new(8);
    let stored = |round: usize| round.is_multiple_of(2);
    let mut setup = fixture.client();
    for round in (0..rounds).filter(|round| stored(*round)) {
        setup.put(&keys[round], b"data", HOUR);
    }
    thread::scope(|scope| {
        for _ in 0..8 {
            let (start, keys) = (&start, &keys);
            scope.spawn(move || {
                let mut client = fixture.client();
                for (round, key) in keys.iter().enumerate() {
                    let held = client.read_unlocked(key);
                    let claim =
                        new_claim(&user(format!("user {round}")), "web", with_max_logins(1));
                    start.wait();
                    let claimed = client.claim(&held, &claim);
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
        assert_eq!(setup.logins_in_events(&user, Kind::Claimed), logins);
        assert_eq!(setup.events_about(&user).len(), 1);
    }
}
