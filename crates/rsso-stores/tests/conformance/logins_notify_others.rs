//! `rsso.notify_other_logins`: who stays signed in is told of a sign-in elsewhere.

use std::collections::HashSet;

use rsso_core::login::event::Kind;
use rsso_core::login::{BornOf, Claim, Claimed, Client, Details, Limits, LoginId, User};
use serde_json::json;

use crate::common::fixture::{Ground, Worker};
use crate::common::login_helpers::{addressee, at_most, at_most_per_device, refusing, user, wish};

/// A claim that the user's other logins are told of.
fn aloud(user: &User, class: &str, limits: Limits) -> Claim {
    Claim {
        notify_others: true,
        ..wish(user, class, limits)
    }
}

/// Claims it on a session of its own.
fn sign_in(worker: &mut Worker, ground: &dyn Ground, claim: &Claim) -> LoginId {
    let held = worker.unlocked(&ground.key());
    match worker.claim(&held, claim) {
        Claimed::New(..) => claim.login,
        other => panic!("{other:?}"),
    }
}

fn told(worker: &mut Worker, user: &User) -> Vec<LoginId> {
    worker.addressees(user, Kind::Elsewhere)
}

pub fn the_other_logins_are_told(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let policies = [at_most(0), at_most(9), at_most_per_device(9), refusing(9)];
    for (number, limits) in policies.into_iter().enumerate() {
        let ann = user(format!("ann \"{number}\""));
        let bystander = user(format!("bob {number}"));
        sign_in(&mut worker, ground, &aloud(&bystander, "web", limits));
        let old = ["web", "ios", "web"].map(|class| {
            let claim = wish(&ann, class, limits);
            sign_in(&mut worker, ground, &claim)
        });
        let claim = Claim {
            label: Some("a \"phone\"".to_owned()),
            client: Client::new("192.0.2.77".parse().ok(), Some(b"curl"), Details::Full),
            ..aloud(&ann, "ios", limits)
        };
        let newcomer = sign_in(&mut worker, ground, &claim);
        assert_eq!(told(&mut worker, &ann), old, "{limits:?}");
        assert_eq!(told(&mut worker, &bystander), []);
        let data = worker.told_of(&ann, Kind::Elsewhere);
        for (data, device) in data.iter().zip(["web", "ios", "web"]) {
            let by = json!({
                "login": newcomer, "device": "ios", "label": "a \"phone\"", "ip": "192.0.2.0/24",
            });
            assert_eq!((&data["by"], &data["device"]), (&by, &json!(device)));
            assert!(data["at"].is_i64());
            assert!(data.get("reason").is_none() && data.get("code").is_none());
        }
        assert_eq!(worker.logins(&ann).len(), 4);
    }
}

pub fn who_makes_room_is_told_of_that_alone(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let capped = |limits| Limits {
        max_logins_hard: 3,
        ..limits
    };
    let policies = [at_most(3), capped(at_most(0)), capped(at_most(9))];
    for (number, limits) in policies.into_iter().enumerate() {
        let ann = user(format!("ann {number}"));
        let keys = [(); 3].map(|()| ground.key());
        let old = keys
            .each_ref()
            .map(|key| worker.sign_in(key, &ann, limits).0);
        // The dead are told of nothing.
        ground.remove_behind_its_back(&keys[2]);
        let fourth = sign_in(&mut worker, ground, &aloud(&ann, "web", limits));
        assert_eq!(told(&mut worker, &ann), old[..2], "{limits:?}");
        let newest = sign_in(&mut worker, ground, &aloud(&ann, "web", limits));
        assert_eq!(worker.addressees(&ann, Kind::Kicked), old[..1]);
        assert_eq!(told(&mut worker, &ann)[2..], [old[1], fourth]);
        assert_eq!(worker.logins(&ann), [old[1], fourth, newest]);
        // Who is turned away is not signed in.
        let held = worker.unlocked(&ground.key());
        let refused = worker.claim(&held, &aloud(&ann, "web", refusing(3)));
        assert!(matches!(refused, Claimed::Refused(..)), "{refused:?}");
        assert_eq!(told(&mut worker, &ann).len(), 4);
    }
}

pub fn who_is_in_already_is_no_news(ground: &dyn Ground) {
    let (mut worker, ann) = (ground.worker(), user("ann"));
    let other = worker.one_more(&ground.key(), &ann);
    let key = ground.key();
    let claim = |worker: &mut Worker, class| {
        let held = worker.unlocked(&key);
        worker.claim(&held, &aloud(&ann, class, at_most(0)))
    };
    assert!(matches!(claim(&mut worker, "web"), Claimed::New(..)));
    assert!(matches!(claim(&mut worker, "web"), Claimed::Same(..)));
    // The same browser, as another device.
    assert!(matches!(claim(&mut worker, "ios"), Claimed::New(..)));
    assert_eq!(told(&mut worker, &ann), [other]);
    // Who was somebody else in this session is new to this user.
    let held = worker.unlocked(&key);
    let bob = user("bob");
    let bobs = worker.one_more(&ground.key(), &bob);
    worker.claim(&held, &aloud(&bob, "ios", at_most(0)));
    assert_eq!(told(&mut worker, &bob), [bobs]);
    assert_eq!(told(&mut worker, &ann), [other]);
}

pub fn a_second_click_is_told_of_once(ground: &dyn Ground) {
    let mut worker = ground.worker();
    for (number, limits) in [at_most(0), at_most(2), refusing(2)]
        .into_iter()
        .enumerate()
    {
        let ann = user(format!("ann {number}"));
        let other = worker.one_more(&ground.key(), &ann);
        let form = Some(BornOf::session(&ground.key()));
        for _ in 0..2 {
            let click = Claim {
                born_of: form.clone(),
                ..aloud(&ann, "web", limits)
            };
            sign_in(&mut worker, ground, &click);
        }
        assert_eq!(told(&mut worker, &ann), [other], "{limits:?}");
        assert_eq!(worker.logins(&ann).len(), 2);
    }
}

pub fn nobody_is_told_where_it_is_off(ground: &dyn Ground) {
    let (mut worker, ann) = (ground.worker(), user("ann"));
    for limits in [at_most(0), at_most(9)] {
        worker.sign_in(&ground.key(), &ann, limits);
        worker.sign_in(&ground.key(), &ann, limits);
    }
    assert_eq!(told(&mut worker, &ann), []);
}

pub fn each_of_many_is_told_once(ground: &dyn Ground) {
    let (mut worker, ann) = (ground.worker(), user("ann"));
    let all: Vec<_> = (0..100)
        .map(|_| worker.sign_in(&ground.key(), &ann, at_most(0)).0)
        .collect();
    let limits = Limits {
        max_logins_hard: 100,
        ..at_most(0)
    };
    sign_in(&mut worker, ground, &aloud(&ann, "web", limits));
    let events = worker.told(&ann);
    let ids: HashSet<_> = events.iter().map(|e| e["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), events.len());
    let data = worker.told_of(&ann, Kind::Elsewhere);
    let addressees: Vec<_> = data.iter().map(addressee).collect();
    assert_eq!(addressees, all[1..]);
}
