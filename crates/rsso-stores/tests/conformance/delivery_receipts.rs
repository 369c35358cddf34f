//! A claim that waits for delivery receipts gets those of its own kicks, and only if a gateway runs.

use std::thread;
use std::time::{Duration, Instant};

use rsso_core::Deadline;
use rsso_core::login::{LoginId, Realm};
use rsso_core::store::receipts::collect;

use crate::common::fixture::Fixture;
use crate::common::login_helpers::{new_claim, user, with_max_logins};
use rsso_core::login::Claimed;

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(50);

pub fn without_a_gateway_nobody_waits(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let logins = [LoginId::new().unwrap()];
    let realm = Realm::default();
    let began = Instant::now();
    let delivered = client
        .store
        .await_receipts(&realm, &logins, Deadline::after(LONG));
    assert_eq!(delivered.unwrap(), None);
    assert!(began.elapsed() < LONG / 2);
    // A gateway of another realm does not count.
    let other = Realm::parse("other").unwrap();
    client.store.announce_gateway(&other, LONG).unwrap();
    let delivered = client
        .store
        .await_receipts(&realm, &logins, Deadline::after(LONG));
    assert_eq!(delivered.unwrap(), None);
    assert!(client.store.has_gateway(&other).unwrap());
}

pub fn a_waiting_claim_is_woken_by_the_delivery(fixture: &dyn Fixture) {
    let realm = Realm::default();
    let logins = [(); 3].map(|()| LoginId::new().unwrap());
    fixture
        .client()
        .store
        .announce_gateway(&realm, LONG)
        .unwrap();
    let began = Instant::now();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let mut client = fixture.client();
            client
                .store
                .await_receipts(&realm, &logins, Deadline::after(LONG))
        });
        thread::sleep(SHORT);
        fixture.client().store.acknowledge(&logins).unwrap();
        assert_eq!(waiting.join().unwrap().unwrap(), Some(vec![true; 3]));
    });
    assert!(began.elapsed() < LONG / 2);
}

pub fn an_undelivered_kick_is_reported_as_such(fixture: &dyn Fixture) {
    let (mut gateway, mut client) = (fixture.client(), fixture.client());
    let realm = Realm::default();
    let [delivered, undelivered] = [(); 2].map(|()| LoginId::new().unwrap());
    gateway.store.announce_gateway(&realm, LONG).unwrap();
    gateway.store.acknowledge(&[delivered]).unwrap();
    assert_eq!(
        client
            .store
            .acknowledged(&[undelivered, delivered])
            .unwrap(),
        [false, true]
    );
    let answer =
        client
            .store
            .await_receipts(&realm, &[delivered, undelivered], Deadline::after(SHORT));
    assert_eq!(answer.unwrap(), Some(vec![true, false]));
    assert_eq!(client.store.acknowledged(&[]).unwrap(), [false; 0]);
}

pub fn a_stopped_gateway_is_forgotten(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let realm = Realm::default();
    client
        .store
        .announce_gateway(&realm, Duration::from_secs(1))
        .unwrap();
    assert!(client.store.has_gateway(&realm).unwrap());
    let deadline = Deadline::after(LONG);
    while client.store.has_gateway(&realm).unwrap() {
        assert!(!deadline.passed());
        thread::sleep(SHORT);
    }
}

pub fn a_claim_learns_whether_its_kicks_were_delivered(fixture: &dyn Fixture) {
    let (mut gateway, mut client) = (fixture.client(), fixture.client());
    let (ann, realm) = (user("ann"), Realm::default());
    let mut claim = |is_acknowledged: bool| {
        let key = fixture.new_key();
        let held = client.read_unlocked(&key);
        let Claimed::New(_, mut kicks) =
            client.claim(&held, &new_claim(&ann, "web", with_max_logins(1)))
        else {
            panic!("a claim that makes room")
        };
        if is_acknowledged {
            let logins: Vec<_> = kicks.iter().map(|kick| kick.identity.login).collect();
            gateway.store.acknowledge(&logins).unwrap();
        }
        collect(&mut *client.store, &realm, &mut kicks, SHORT);
        kicks
            .into_iter()
            .map(|kick| kick.delivered)
            .collect::<Vec<_>>()
    };
    assert_eq!(claim(false), [None; 0]);
    assert_eq!(claim(false), [None]);
    fixture
        .client()
        .store
        .announce_gateway(&realm, LONG)
        .unwrap();
    assert_eq!(claim(false), [Some(false)]);
    assert_eq!(claim(true), [Some(true)]);
}
