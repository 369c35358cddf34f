//! Claims, logouts, rotations and kicks at the same time: whatever their order was, no login has
//! two endings, none that lives has one, and no more live than are allowed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::thread;

use rsso_core::SessionKey;
use rsso_core::login::event::Kind;
use rsso_core::login::{Claimed, Limits, LoginId, User, Which};
use rsso_core::store::{End, Outcome};

use super::logins_races::rounds;
use crate::common::fixture::{Ground, HOUR, Held, Worker};
use crate::common::login_helpers::{addressee, at_most, device, except, refusing, user, wish};
use crate::common::seeded_random::Dice;
use crate::common::timed_barrier::Gate;

const THREADS: usize = 8;
const STEPS: usize = 40;

/// What the threads have in common: browsers, each with the session id that it was sent last.
struct Turmoil<'a> {
    ground: &'a dyn Ground,
    users: Vec<User>,
    limits: Limits,
    browsers: Mutex<Vec<SessionKey>>,
    /// Every id that there ever was.
    keys: Mutex<Vec<SessionKey>>,
}

impl<'a> Turmoil<'a> {
    fn new(ground: &'a dyn Ground, users: usize, limits: Limits) -> Self {
        let browsers: Vec<_> = (0..5).map(|_| ground.key()).collect();
        Self {
            ground,
            users: (0..users).map(|n| user(format!("user {n}"))).collect(),
            limits,
            keys: Mutex::new(browsers.clone()),
            browsers: Mutex::new(browsers),
        }
    }

    /// A new id for a browser.
    fn send(&self, browser: usize, key: SessionKey) {
        self.browsers.lock().unwrap()[browser] = key.clone();
        self.keys.lock().unwrap().push(key);
    }

    fn rage(&self, seed: usize, acts: &[Act]) {
        let start = Gate::new(THREADS);
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let start = &start;
                scope.spawn(move || {
                    let mut worker = self.ground.worker();
                    let mut dice = Dice::new((seed * THREADS + thread).try_into().unwrap());
                    worker.store.ready().unwrap();
                    start.wait();
                    for _ in 0..STEPS {
                        let browser = dice.roll(5);
                        let key = self.browsers.lock().unwrap()[browser].clone();
                        let held = worker.unlocked(&key);
                        let act = *dice.pick(acts);
                        act(self, &mut worker, &mut dice, browser, &held);
                    }
                });
            }
        });
    }

    fn judge(&self) {
        let mut worker = self.ground.worker();
        let mut live = BTreeSet::new();
        for user in &self.users {
            // Comes across the dead, so that they are told of.
            worker.store.notify(user, None, "null").unwrap();
            let logins = worker.store.logins(user).unwrap();
            assert!(self.limits.max_logins == 0 || logins.len() <= self.limits.max_logins as usize);
            for login in &logins {
                assert_eq!(login.identity.uid, user.uid.to_text());
                assert!(live.insert(login.identity.login), "listed twice");
            }
        }
        self.judge_events(&mut worker, &live);
        self.judge_sessions(&mut worker, &live);
    }

    fn judge_events(&self, worker: &mut Worker, live: &BTreeSet<LoginId>) {
        let mut lives = BTreeMap::<LoginId, Vec<String>>::new();
        for mut event in worker.outbox(&self.users[0].realm) {
            let (kind, data) = (event["type"].take(), event["data"].take());
            assert_eq!(event["subject"], data["uid"], "{kind}: {data}");
            let login = addressee(&data);
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

    fn judge_sessions(&self, worker: &mut Worker, live: &BTreeSet<LoginId>) {
        let mut seated = BTreeSet::new();
        for key in self.keys.lock().unwrap().iter() {
            let held = worker.unlocked(key);
            assert_eq!(
                worker.login_of(key),
                held.login.as_ref().map(|b| b.login.identity.login)
            );
            assert!(held.login.is_none() || held.data.is_some());
            seated.extend(held.login.map(|bound| bound.login.identity.login));
        }
        assert_eq!(&seated, live);
    }
}

type Act = fn(&Turmoil<'_>, &mut Worker, &mut Dice, usize, &Held);

fn claim(turmoil: &Turmoil<'_>, worker: &mut Worker, dice: &mut Dice, _: usize, held: &Held) {
    let class = *dice.pick(&["web", "ios"]);
    let claim = wish(dice.pick(&turmoil.users), class, turmoil.limits);
    let claimed = worker.claim(held, &claim);
    assert!(
        matches!(claimed, Claimed::Ended) || !claimed_is_odd(turmoil, &claimed),
        "{claimed:?}"
    );
}

/// Refused where nobody is.
fn claimed_is_odd(turmoil: &Turmoil<'_>, claimed: &Claimed) -> bool {
    let refuses = turmoil.limits.on_conflict == rsso_core::login::OnConflict::Refuse;
    matches!(claimed, Claimed::Refused(_, holders) if holders.is_empty() || !refuses)
}

fn log_out(
    turmoil: &Turmoil<'_>,
    worker: &mut Worker,
    dice: &mut Dice,
    browser: usize,
    held: &Held,
) {
    let end = End {
        seen: held
            .seen
            .map(|seen| seen.generation)
            .filter(|_| dice.roll(2) == 0),
        ..End::default()
    };
    worker.store.destroy(&held.key, None, end).unwrap();
    if dice.roll(2) == 0 {
        turmoil.send(browser, turmoil.ground.key());
    }
}

fn rotate(
    turmoil: &Turmoil<'_>,
    worker: &mut Worker,
    dice: &mut Dice,
    browser: usize,
    held: &Held,
) {
    let Some(bound) = &held.login else { return };
    let to = turmoil.ground.key();
    if worker
        .rotate(&held.key, &to, bound.login.identity.login)
        .is_some()
    {
        turmoil.send(browser, to);
        if dice.roll(4) == 0 {
            let alone = End {
                alone: true,
                ..End::default()
            };
            worker.store.destroy(&held.key, None, alone).unwrap();
        }
    }
}

/// The session goes and the login stays behind, dead where it had no other one.
fn vanish(_: &Turmoil<'_>, worker: &mut Worker, _: &mut Dice, _: usize, held: &Held) {
    let alone = End {
        alone: true,
        ..End::default()
    };
    worker.store.destroy(&held.key, None, alone).unwrap();
}

fn gc(_: &Turmoil<'_>, worker: &mut Worker, _: &mut Dice, _: usize, _: &Held) {
    worker.store.gc(None).unwrap();
}

fn sign_out(_: &Turmoil<'_>, worker: &mut Worker, _: &mut Dice, _: usize, held: &Held) {
    if let Some(bound) = &held.login {
        let login = bound.login.identity.login;
        worker.store.sign_out(&held.key, login).unwrap();
    }
}

fn kick(turmoil: &Turmoil<'_>, worker: &mut Worker, dice: &mut Dice, _: usize, held: &Held) {
    let which = match (dice.roll(3), &held.login) {
        (0, _) => Which::default(),
        (1, Some(bound)) => except(bound.login.identity.login),
        _ => Which {
            device: Some(device("web")),
            ..Which::default()
        },
    };
    worker.kick(dice.pick(&turmoil.users), &which);
}

fn write(_: &Turmoil<'_>, worker: &mut Worker, dice: &mut Dice, _: usize, held: &Held) {
    let outcome = match dice.roll(2) {
        0 => worker.write(held, b"data"),
        _ => worker.touch(held, HOUR),
    };
    assert!(
        matches!(outcome, Outcome::Stored(_) | Outcome::Gone),
        "{outcome:?}"
    );
}

fn turmoil(ground: &dyn Ground, users: usize, limits: Limits, acts: &[Act]) {
    let turmoil = Turmoil::new(ground, users, limits);
    for round in 0..rounds(10).div_ceil(5) {
        turmoil.rage(round, acts);
        turmoil.judge();
    }
}

pub fn claims_against_logouts(ground: &dyn Ground) {
    turmoil(ground, 1, at_most(2), &[claim, claim, log_out, write]);
}

pub fn claims_against_rotations(ground: &dyn Ground) {
    turmoil(ground, 1, at_most(2), &[claim, rotate, rotate, write]);
}

pub fn claims_against_kicks(ground: &dyn Ground) {
    turmoil(
        ground,
        1,
        at_most(2),
        &[claim, claim, kick, sign_out, write],
    );
}

pub fn rotations_against_logouts(ground: &dyn Ground) {
    turmoil(
        ground,
        1,
        at_most(0),
        &[claim, rotate, rotate, log_out, sign_out],
    );
}

pub fn sessions_that_change_their_user(ground: &dyn Ground) {
    turmoil(
        ground,
        3,
        at_most(1),
        &[claim, claim, claim, rotate, log_out],
    );
}

pub fn claims_against_what_vanishes(ground: &dyn Ground) {
    turmoil(
        ground,
        1,
        at_most(2),
        &[claim, claim, vanish, rotate, kick, gc],
    );
}

const EVERYTHING: [Act; 11] = [
    claim, claim, claim, log_out, rotate, rotate, sign_out, kick, write, vanish, gc,
];

pub fn everything_at_once(ground: &dyn Ground) {
    turmoil(ground, 2, at_most(1), &EVERYTHING);
}

pub fn everything_at_once_where_newcomers_are_refused(ground: &dyn Ground) {
    turmoil(ground, 2, refusing(2), &EVERYTHING);
}
