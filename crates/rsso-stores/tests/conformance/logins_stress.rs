//! Random concurrent claims, logouts, rotations and kicks.
//!
//! Whatever their order: no login ends twice, no live login has ended, and no user has more logins than allowed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::thread;

use rsso_core::SessionKey;
use rsso_core::login::event::Kind;
use rsso_core::login::{Claimed, Limits, LoginId, LoginSelector, User};
use rsso_core::store::{End, Outcome};

use crate::common::fixture::{Fixture, HOUR, HeldSession, StoreClient};
use crate::common::login_helpers::{
    all_but, device, login_in_event, new_claim, refuse_above, user, with_max_logins,
};
use crate::common::rounds::rounds;
use crate::common::seeded_random::SeededRandom;
use crate::common::timed_barrier::TimedBarrier;

const THREADS: usize = 8;
const STEPS: usize = 40;

/// What the threads share: browsers, each with the latest session id it was sent.
struct StressTest<'a> {
    fixture: &'a dyn Fixture,
    users: Vec<User>,
    limits: Limits,
    browsers: Mutex<Vec<SessionKey>>,
    /// All ids that ever existed.
    keys: Mutex<Vec<SessionKey>>,
}

impl<'a> StressTest<'a> {
    fn new(fixture: &'a dyn Fixture, users: usize, limits: Limits) -> Self {
        let browsers: Vec<_> = (0..5).map(|_| fixture.new_key()).collect();
        Self {
            fixture,
            users: (0..users).map(|n| user(format!("user {n}"))).collect(),
            limits,
            keys: Mutex::new(browsers.clone()),
            browsers: Mutex::new(browsers),
        }
    }

    /// Gives a browser a new id.
    fn set_id(&self, browser: usize, key: SessionKey) {
        self.browsers.lock().unwrap()[browser] = key.clone();
        self.keys.lock().unwrap().push(key);
    }

    fn run(&self, seed: usize, operations: &[Operation]) {
        let start = TimedBarrier::new(THREADS);
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let start = &start;
                scope.spawn(move || {
                    let mut client = self.fixture.client();
                    let mut random =
                        SeededRandom::new((seed * THREADS + thread).try_into().unwrap());
                    client.store.ready().unwrap();
                    start.wait();
                    for _ in 0..STEPS {
                        let browser = random.below(5);
                        let key = self.browsers.lock().unwrap()[browser].clone();
                        let held = client.read_unlocked(&key);
                        let operation = *random.pick(operations);
                        operation(self, &mut client, &mut random, browser, &held);
                    }
                });
            }
        });
    }

    fn check(&self) {
        let mut client = self.fixture.client();
        let mut live = BTreeSet::new();
        for user in &self.users {
            // A message finds the expired logins, and records their end.
            client.store.notify(user, None, "null").unwrap();
            let logins = client.store.logins(user).unwrap();
            assert!(self.limits.max_logins == 0 || logins.len() <= self.limits.max_logins as usize);
            for login in &logins {
                assert_eq!(login.identity.uid, user.uid.to_text());
                assert!(live.insert(login.identity.login), "listed twice");
            }
        }
        self.check_events(&mut client, &live);
        self.check_sessions(&mut client, &live);
    }

    fn check_events(&self, client: &mut StoreClient, live: &BTreeSet<LoginId>) {
        let mut lives = BTreeMap::<LoginId, Vec<String>>::new();
        for mut event in client.outbox(&self.users[0].realm) {
            let (kind, data) = (event["type"].take(), event["data"].take());
            assert_eq!(event["subject"], data["uid"], "{kind}: {data}");
            let login = login_in_event(&data);
            match kind.as_str().unwrap() {
                kind if kind == Kind::Claimed.as_str() => {
                    assert!(lives.insert(login, Vec::new()).is_none(), "claimed twice");
                }
                kind if [Kind::Kicked, Kind::Released, Kind::Expired]
                    .iter()
                    .any(|ending| kind == ending.as_str()) =>
                {
                    let endings = lives.get_mut(&login).expect("no end before the beginning");
                    endings.push(kind.to_owned());
                }
                _ => {}
            }
        }
        for (login, endings) in &lives {
            let expected = usize::from(!live.contains(login));
            assert_eq!(endings.len(), expected, "{login}: {endings:?}");
        }
        assert!(live.iter().all(|login| lives.contains_key(login)));
    }

    fn check_sessions(&self, client: &mut StoreClient, live: &BTreeSet<LoginId>) {
        let mut bound_logins = BTreeSet::new();
        for key in self.keys.lock().unwrap().iter() {
            let held = client.read_unlocked(key);
            assert_eq!(
                client.login_of(key),
                held.login.as_ref().map(|b| b.login.identity.login)
            );
            assert!(held.login.is_none() || held.data.is_some());
            bound_logins.extend(held.login.map(|bound| bound.login.identity.login));
        }
        assert_eq!(&bound_logins, live);
    }
}

type Operation = fn(&StressTest<'_>, &mut StoreClient, &mut SeededRandom, usize, &HeldSession);

fn claim(
    test: &StressTest<'_>,
    client: &mut StoreClient,
    random: &mut SeededRandom,
    _: usize,
    held: &HeldSession,
) {
    let class = *random.pick(&["web", "ios"]);
    let claim = new_claim(random.pick(&test.users), class, test.limits);
    let claimed = client.claim(held, &claim);
    assert!(
        matches!(claimed, Claimed::Ended) || !is_unexpected_refusal(test, &claimed),
        "{claimed:?}"
    );
}

/// A refusal without holders, or by limits that never refuse.
fn is_unexpected_refusal(test: &StressTest<'_>, claimed: &Claimed) -> bool {
    let refuses = test.limits.on_conflict == rsso_core::login::OnConflict::Refuse;
    matches!(claimed, Claimed::Refused(_, holders) if holders.is_empty() || !refuses)
}

fn destroy_session(
    test: &StressTest<'_>,
    client: &mut StoreClient,
    random: &mut SeededRandom,
    browser: usize,
    held: &HeldSession,
) {
    let end = End {
        seen: held
            .seen
            .map(|seen| seen.generation)
            .filter(|_| random.below(2) == 0),
        ..End::default()
    };
    client.store.destroy(&held.key, None, end).unwrap();
    if random.below(2) == 0 {
        test.set_id(browser, test.fixture.new_key());
    }
}

fn rotate(
    test: &StressTest<'_>,
    client: &mut StoreClient,
    random: &mut SeededRandom,
    browser: usize,
    held: &HeldSession,
) {
    let Some(bound) = &held.login else { return };
    let to = test.fixture.new_key();
    if client
        .rotate(&held.key, &to, bound.login.identity.login)
        .is_some()
    {
        test.set_id(browser, to);
        if random.below(4) == 0 {
            let alone = End {
                keeps_login: true,
                ..End::default()
            };
            client.store.destroy(&held.key, None, alone).unwrap();
        }
    }
}

/// Removes the session alone; its login is expired if it had no other one.
fn delete_session_only(
    _: &StressTest<'_>,
    client: &mut StoreClient,
    _: &mut SeededRandom,
    _: usize,
    held: &HeldSession,
) {
    let alone = End {
        keeps_login: true,
        ..End::default()
    };
    client.store.destroy(&held.key, None, alone).unwrap();
}

fn gc(
    _: &StressTest<'_>,
    client: &mut StoreClient,
    _: &mut SeededRandom,
    _: usize,
    _: &HeldSession,
) {
    client.store.gc(None).unwrap();
}

fn sign_out(
    _: &StressTest<'_>,
    client: &mut StoreClient,
    _: &mut SeededRandom,
    _: usize,
    held: &HeldSession,
) {
    if let Some(bound) = &held.login {
        let login = bound.login.identity.login;
        client.store.sign_out(&held.key, login).unwrap();
    }
}

fn kick(
    test: &StressTest<'_>,
    client: &mut StoreClient,
    random: &mut SeededRandom,
    _: usize,
    held: &HeldSession,
) {
    let which = match (random.below(3), &held.login) {
        (0, _) => LoginSelector::default(),
        (1, Some(bound)) => all_but(bound.login.identity.login),
        _ => LoginSelector {
            device: Some(device("web")),
            ..LoginSelector::default()
        },
    };
    client.kick(random.pick(&test.users), &which);
}

fn write(
    _: &StressTest<'_>,
    client: &mut StoreClient,
    random: &mut SeededRandom,
    _: usize,
    held: &HeldSession,
) {
    let outcome = match random.below(2) {
        0 => client.write(held, b"data"),
        _ => client.touch(held, HOUR),
    };
    assert!(
        matches!(outcome, Outcome::Stored(_) | Outcome::Gone),
        "{outcome:?}"
    );
}

fn run_stress_test(fixture: &dyn Fixture, users: usize, limits: Limits, operations: &[Operation]) {
    let test = StressTest::new(fixture, users, limits);
    for round in 0..rounds(10).div_ceil(5) {
        test.run(round, operations);
        test.check();
    }
}

pub fn claims_and_logouts_may_overlap(fixture: &dyn Fixture) {
    run_stress_test(
        fixture,
        1,
        with_max_logins(2),
        &[claim, claim, destroy_session, write],
    );
}

pub fn claims_and_rotations_may_overlap(fixture: &dyn Fixture) {
    run_stress_test(
        fixture,
        1,
        with_max_logins(2),
        &[claim, rotate, rotate, write],
    );
}

pub fn claims_and_kicks_may_overlap(fixture: &dyn Fixture) {
    run_stress_test(
        fixture,
        1,
        with_max_logins(2),
        &[claim, claim, kick, sign_out, write],
    );
}

pub fn rotations_and_logouts_may_overlap(fixture: &dyn Fixture) {
    run_stress_test(
        fixture,
        1,
        with_max_logins(0),
        &[claim, rotate, rotate, destroy_session, sign_out],
    );
}

pub fn sessions_may_change_their_user_concurrently(fixture: &dyn Fixture) {
    run_stress_test(
        fixture,
        3,
        with_max_logins(1),
        &[claim, claim, claim, rotate, destroy_session],
    );
}

pub fn claims_and_lost_sessions_may_overlap(fixture: &dyn Fixture) {
    run_stress_test(
        fixture,
        1,
        with_max_logins(2),
        &[claim, claim, delete_session_only, rotate, kick, gc],
    );
}

const EVERYTHING: [Operation; 11] = [
    claim,
    claim,
    claim,
    destroy_session,
    rotate,
    rotate,
    sign_out,
    kick,
    write,
    delete_session_only,
    gc,
];

pub fn all_operations_may_overlap(fixture: &dyn Fixture) {
    run_stress_test(fixture, 2, with_max_logins(1), &EVERYTHING);
}

pub fn all_operations_may_overlap_if_newcomers_are_refused(fixture: &dyn Fixture) {
    run_stress_test(fixture, 2, refuse_above(2), &EVERYTHING);
}
