//! What gateways say of their deliveries reaches the claims that wait for it, and only those.

use std::thread;
use std::time::{Duration, Instant};

use rsso_core::Deadline;
use rsso_core::login::{LoginId, Realm};
use rsso_core::store::receipts::collect;

use crate::common::fixture::Ground;
use crate::common::login_helpers::{at_most, user, wish};
use rsso_core::login::Claimed;

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(50);

pub fn without_a_gateway_nobody_waits(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let logins = [LoginId::new().unwrap()];
    let realm = Realm::default();
    let began = Instant::now();
    let told = worker
        .store
        .await_receipts(&realm, &logins, Deadline::after(LONG));
    assert_eq!(told.unwrap(), None);
    assert!(began.elapsed() < LONG / 2);
    // One of another realm is none.
    let other = Realm::parse("other").unwrap();
    worker.store.attend(&other, LONG).unwrap();
    let told = worker
        .store
        .await_receipts(&realm, &logins, Deadline::after(LONG));
    assert_eq!(told.unwrap(), None);
    assert!(worker.store.is_attended(&other).unwrap());
}

pub fn who_waits_is_woken_by_the_delivery(ground: &dyn Ground) {
    let realm = Realm::default();
    let logins = [(); 3].map(|()| LoginId::new().unwrap());
    ground.worker().store.attend(&realm, LONG).unwrap();
    let began = Instant::now();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let mut worker = ground.worker();
            worker
                .store
                .await_receipts(&realm, &logins, Deadline::after(LONG))
        });
        thread::sleep(SHORT);
        ground.worker().store.acknowledge(&logins).unwrap();
        assert_eq!(waiting.join().unwrap().unwrap(), Some(vec![true; 3]));
    });
    assert!(began.elapsed() < LONG / 2);
}

pub fn what_was_not_delivered_is_said_so(ground: &dyn Ground) {
    let (mut gateway, mut worker) = (ground.worker(), ground.worker());
    let realm = Realm::default();
    let [told, untold] = [(); 2].map(|()| LoginId::new().unwrap());
    gateway.store.attend(&realm, LONG).unwrap();
    gateway.store.acknowledge(&[told]).unwrap();
    assert_eq!(
        worker.store.acknowledged(&[untold, told]).unwrap(),
        [false, true]
    );
    let answer = worker
        .store
        .await_receipts(&realm, &[told, untold], Deadline::after(SHORT));
    assert_eq!(answer.unwrap(), Some(vec![true, false]));
    assert_eq!(worker.store.acknowledged(&[]).unwrap(), [false; 0]);
}

pub fn a_gateway_that_has_gone_is_forgotten(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let realm = Realm::default();
    worker.store.attend(&realm, Duration::from_secs(1)).unwrap();
    assert!(worker.store.is_attended(&realm).unwrap());
    let deadline = Deadline::after(LONG);
    while worker.store.is_attended(&realm).unwrap() {
        assert!(!deadline.passed());
        thread::sleep(SHORT);
    }
}

pub fn a_claim_learns_whether_its_kicks_were_delivered(ground: &dyn Ground) {
    let (mut gateway, mut worker) = (ground.worker(), ground.worker());
    let (ann, realm) = (user("ann"), Realm::default());
    let mut claim = |is_told: bool| {
        let key = ground.key();
        let held = worker.unlocked(&key);
        let Claimed::New(_, mut kicks) = worker.claim(&held, &wish(&ann, "web", at_most(1))) else {
            panic!("a claim that makes room")
        };
        if is_told {
            let told: Vec<_> = kicks.iter().map(|kick| kick.identity.login).collect();
            gateway.store.acknowledge(&told).unwrap();
        }
        collect(&mut *worker.store, &realm, &mut kicks, SHORT);
        kicks
            .into_iter()
            .map(|kick| kick.delivered)
            .collect::<Vec<_>>()
    };
    assert_eq!(claim(false), [None; 0]);
    assert_eq!(claim(false), [None]);
    ground.worker().store.attend(&realm, LONG).unwrap();
    assert_eq!(claim(false), [Some(false)]);
    assert_eq!(claim(true), [Some(true)]);
}
