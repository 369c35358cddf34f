//! `rsso.max_logins_hard`: the work of a claim is bounded, also where there is no limit.

use std::collections::HashSet;
use std::thread;

use rsso_core::login::event::Kind;
use rsso_core::login::policy::SLICE;
use rsso_core::login::{Limits, LoginId, OnConflict};

use crate::common::fixture::{Ground, Worker};
use crate::common::login_helpers::{at_most, user};

/// So many logins whatever `limits` say.
fn capped(max_logins_hard: u32, limits: Limits) -> Limits {
    Limits {
        max_logins_hard,
        ..limits
    }
}

fn many(worker: &mut Worker, ground: &dyn Ground, count: usize, limits: Limits) -> Vec<LoginId> {
    let ann = user("ann");
    let one = |_| worker.sign_in(&ground.key(), &ann, limits).0;
    (0..count).map(one).collect()
}

pub fn beyond_the_cap_the_oldest_go(ground: &dyn Ground) {
    let refusing = Limits {
        on_conflict: OnConflict::Refuse,
        ..at_most(0)
    };
    let per_device = Limits {
        max_logins_per_device: 50,
        ..at_most(0)
    };
    for (number, limits) in [at_most(0), refusing, at_most(50), per_device]
        .into_iter()
        .enumerate()
    {
        let (mut worker, ann) = (ground.worker(), user(format!("ann {number}")));
        let mut all = Vec::new();
        for claimed in 0..25 {
            let (login, kicks) = worker.sign_in(&ground.key(), &ann, capped(20, limits));
            let kicked: Vec<_> = kicks.iter().map(|kick| kick.identity.login).collect();
            let oldest = (claimed >= 20).then(|| all[claimed - 20]);
            assert_eq!(kicked, oldest.into_iter().collect::<Vec<_>>());
            all.push(login);
        }
        assert_eq!(worker.logins(&ann), all[5..]);
        assert_eq!(worker.addressees(&ann, Kind::Kicked), all[..5]);
        assert_eq!(worker.addressees(&ann, Kind::Expired), []);
        // Who is in may claim another device: that is no login more.
        let key = ground.key();
        worker.sign_in(&key, &ann, capped(20, limits));
        let (_, kicks) = worker.sign_in_on(&key, &ann, "ios", capped(20, limits));
        assert_eq!(kicks, []);
        assert_eq!(worker.logins(&ann).len(), 20);
    }
}

pub fn a_cap_that_was_lowered_is_reached_in_slices(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let all = many(&mut worker, ground, 60, at_most(0));
    let ann = user("ann");
    let mut kicked = Vec::new();
    while worker.logins(&ann).len() > 10 {
        let (_, kicks) = worker.sign_in(&ground.key(), &ann, capped(10, at_most(0)));
        assert!((1..=SLICE).contains(&kicks.len()), "{}", kicks.len());
        kicked.extend(kicks.iter().map(|kick| kick.identity.login));
    }
    assert_eq!(
        kicked[..all.len().min(kicked.len())],
        all[..all.len().min(kicked.len())]
    );
    assert_eq!(worker.addressees(&ann, Kind::Kicked), kicked);
}

pub fn the_dead_make_room_before_the_living(ground: &dyn Ground) {
    let (mut worker, ann) = (ground.worker(), user("ann"));
    let limits = capped(8, at_most(0));
    let keys: Vec<_> = (0..8).map(|_| ground.key()).collect();
    for key in &keys {
        worker.sign_in(key, &ann, limits);
    }
    for key in &keys[4..] {
        ground.remove_behind_its_back(key);
    }
    for _ in 0..4 {
        let (_, kicks) = worker.sign_in(&ground.key(), &ann, limits);
        assert_eq!(kicks, []);
    }
    let (_, kicks) = worker.sign_in(&ground.key(), &ann, limits);
    assert_eq!(kicks.len(), 1);
    assert_eq!(worker.addressees(&ann, Kind::Expired).len(), 4);
}

pub fn without_a_limit_the_dead_are_removed_in_slices(ground: &dyn Ground) {
    let (mut worker, ann) = (ground.worker(), user("ann"));
    let keys: Vec<_> = (0..60).map(|_| ground.key()).collect();
    let dead: HashSet<_> = keys
        .iter()
        .map(|key| worker.sign_in(key, &ann, at_most(0)).0)
        .collect();
    for key in &keys {
        ground.remove_behind_its_back(key);
    }
    let mut told = 0;
    // Which are looked at is chance on one store.
    for _ in 0..500 {
        worker.sign_in(&ground.key(), &ann, at_most(0));
        let now = worker.addressees(&ann, Kind::Expired).len();
        assert!(now - told <= SLICE, "{told} {now}");
        told = now;
        if told == dead.len() {
            break;
        }
    }
    let told = worker.addressees(&ann, Kind::Expired);
    assert_eq!((told.len(), told.into_iter().collect()), (60, dead));
}

/// Where a claim looks moves on, also while the oldest live.
pub fn without_a_limit_the_dead_behind_the_living_are_found(ground: &dyn Ground) {
    let (mut worker, ann) = (ground.worker(), user("ann"));
    for _ in 0..SLICE {
        worker.sign_in(&ground.key(), &ann, at_most(0));
    }
    let key = ground.key();
    worker.sign_in(&key, &ann, at_most(0));
    ground.remove_behind_its_back(&key);
    for _ in 0..500 {
        worker.sign_in(&ground.key(), &ann, at_most(0));
        if !worker.addressees(&ann, Kind::Expired).is_empty() {
            return;
        }
    }
    panic!("nobody has come across it");
}

pub fn claims_that_meet_keep_below_the_cap(ground: &dyn Ground) {
    let limits = capped(10, at_most(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| many(&mut ground.worker(), ground, 10, limits));
        }
    });
    let (mut worker, ann) = (ground.worker(), user("ann"));
    let living = worker.logins(&ann);
    assert_eq!(living.len(), 10);
    let kicked: HashSet<_> = worker.addressees(&ann, Kind::Kicked).into_iter().collect();
    assert_eq!(kicked.len(), 30);
    assert!(living.iter().all(|login| !kicked.contains(login)));
}
