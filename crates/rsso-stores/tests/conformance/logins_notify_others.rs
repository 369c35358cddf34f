//! `rsso.notify_other_logins`: a user's other logins are notified of a new one.

use std::collections::HashSet;

use rsso_core::login::event::Kind;
use rsso_core::login::{Claim, Claimed, ClaimedFrom, Client, Details, Limits, LoginId, User};
use serde_json::json;

use crate::common::fixture::{Fixture, StoreClient};
use crate::common::login_helpers::{
    at_most_per_device, login_in_event, new_claim, refuse_above, user, with_max_logins,
};

/// A claim that notifies the user's other logins.
fn notifying_claim(user: &User, class: &str, limits: Limits) -> Claim {
    Claim {
        notify_others: true,
        ..new_claim(user, class, limits)
    }
}

/// Makes this claim for a new session.
fn sign_in(client: &mut StoreClient, fixture: &dyn Fixture, claim: &Claim) -> LoginId {
    let held = client.read_unlocked(&fixture.new_key());
    match client.claim(&held, claim) {
        Claimed::New(..) => claim.login,
        other => panic!("{other:?}"),
    }
}

fn notified(client: &mut StoreClient, user: &User) -> Vec<LoginId> {
    client.logins_in_events(user, Kind::Elsewhere)
}

pub fn the_other_logins_are_notified(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let policies = [
        with_max_logins(0),
        with_max_logins(9),
        at_most_per_device(9),
        refuse_above(9),
    ];
    for (number, limits) in policies.into_iter().enumerate() {
        let ann = user(format!("ann \"{number}\""));
        let bystander = user(format!("bob {number}"));
        sign_in(
            &mut client,
            fixture,
            &notifying_claim(&bystander, "web", limits),
        );
        let old = ["web", "ios", "web"].map(|class| {
            let claim = new_claim(&ann, class, limits);
            sign_in(&mut client, fixture, &claim)
        });
        let claim = Claim {
            label: Some("a \"phone\"".to_owned()),
            client: Client::new("192.0.2.77".parse().ok(), Some(b"curl"), Details::Full),
            ..notifying_claim(&ann, "ios", limits)
        };
        let newcomer = sign_in(&mut client, fixture, &claim);
        assert_eq!(notified(&mut client, &ann), old, "{limits:?}");
        assert_eq!(notified(&mut client, &bystander), []);
        let data = client.event_data(&ann, Kind::Elsewhere);
        for (data, device) in data.iter().zip(["web", "ios", "web"]) {
            let by = json!({
                "login": newcomer, "device": "ios", "label": "a \"phone\"", "ip": "192.0.2.0/24",
            });
            assert_eq!((&data["by"], &data["device"]), (&by, &json!(device)));
            assert!(data["at"].is_i64());
            assert!(data.get("reason").is_none() && data.get("code").is_none());
        }
        assert_eq!(client.logins(&ann).len(), 4);
    }
}

pub fn a_kicked_login_is_notified_only_of_its_kick(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let capped = |limits| Limits {
        max_logins_hard: 3,
        ..limits
    };
    let policies = [
        with_max_logins(3),
        capped(with_max_logins(0)),
        capped(with_max_logins(9)),
    ];
    for (number, limits) in policies.into_iter().enumerate() {
        let ann = user(format!("ann {number}"));
        let keys = [(); 3].map(|()| fixture.new_key());
        let old = keys
            .each_ref()
            .map(|key| client.sign_in(key, &ann, limits).0);
        // Expired logins are not notified.
        fixture.remove_without_rsso(&keys[2]);
        let fourth = sign_in(&mut client, fixture, &notifying_claim(&ann, "web", limits));
        assert_eq!(notified(&mut client, &ann), old[..2], "{limits:?}");
        let newest = sign_in(&mut client, fixture, &notifying_claim(&ann, "web", limits));
        assert_eq!(client.logins_in_events(&ann, Kind::Kicked), old[..1]);
        assert_eq!(notified(&mut client, &ann)[2..], [old[1], fourth]);
        assert_eq!(client.logins(&ann), [old[1], fourth, newest]);
        // A refused claim is no sign-in.
        let held = client.read_unlocked(&fixture.new_key());
        let refused = client.claim(&held, &notifying_claim(&ann, "web", refuse_above(3)));
        assert!(matches!(refused, Claimed::Refused(..)), "{refused:?}");
        assert_eq!(notified(&mut client, &ann).len(), 4);
    }
}

pub fn claiming_again_notifies_nobody(fixture: &dyn Fixture) {
    let (mut client, ann) = (fixture.client(), user("ann"));
    let other = client.add_login(&fixture.new_key(), &ann);
    let key = fixture.new_key();
    let claim = |client: &mut StoreClient, class| {
        let held = client.read_unlocked(&key);
        client.claim(&held, &notifying_claim(&ann, class, with_max_logins(0)))
    };
    assert!(matches!(claim(&mut client, "web"), Claimed::New(..)));
    assert!(matches!(claim(&mut client, "web"), Claimed::Same(..)));
    // The same session, as another device.
    assert!(matches!(claim(&mut client, "ios"), Claimed::New(..)));
    assert_eq!(notified(&mut client, &ann), [other]);
    // A session that changes its user is a new login of that user.
    let held = client.read_unlocked(&key);
    let bob = user("bob");
    let bobs = client.add_login(&fixture.new_key(), &bob);
    client.claim(&held, &notifying_claim(&bob, "ios", with_max_logins(0)));
    assert_eq!(notified(&mut client, &bob), [bobs]);
    assert_eq!(notified(&mut client, &ann), [other]);
}

pub fn a_double_click_notifies_once(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    for (number, limits) in [with_max_logins(0), with_max_logins(2), refuse_above(2)]
        .into_iter()
        .enumerate()
    {
        let ann = user(format!("ann {number}"));
        let other = client.add_login(&fixture.new_key(), &ann);
        let form = Some(ClaimedFrom::session(&fixture.new_key()));
        for _ in 0..2 {
            let click = Claim {
                claimed_from: form.clone(),
                ..notifying_claim(&ann, "web", limits)
            };
            sign_in(&mut client, fixture, &click);
        }
        assert_eq!(notified(&mut client, &ann), [other], "{limits:?}");
        assert_eq!(client.logins(&ann).len(), 2);
    }
}

pub fn nobody_is_notified_if_it_is_off(fixture: &dyn Fixture) {
    let (mut client, ann) = (fixture.client(), user("ann"));
    for limits in [with_max_logins(0), with_max_logins(9)] {
        client.sign_in(&fixture.new_key(), &ann, limits);
        client.sign_in(&fixture.new_key(), &ann, limits);
    }
    assert_eq!(notified(&mut client, &ann), []);
}

pub fn each_of_many_logins_is_notified_once(fixture: &dyn Fixture) {
    let (mut client, ann) = (fixture.client(), user("ann"));
    let all: Vec<_> = (0..100)
        .map(|_| {
            client
                .sign_in(&fixture.new_key(), &ann, with_max_logins(0))
                .0
        })
        .collect();
    let limits = Limits {
        max_logins_hard: 100,
        ..with_max_logins(0)
    };
    sign_in(&mut client, fixture, &notifying_claim(&ann, "web", limits));
    let events = client.events_about(&ann);
    let ids: HashSet<_> = events.iter().map(|e| e["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), events.len());
    let data = client.event_data(&ann, Kind::Elsewhere);
    let notified: Vec<_> = data.iter().map(login_in_event).collect();
    assert_eq!(notified, all[1..]);
}
