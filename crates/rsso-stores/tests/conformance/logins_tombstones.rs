//! A kick leaves a tombstone under the session's id, and one event.

use std::thread;

use rsso_core::login::event::Kind;
use rsso_core::login::{Claim, Claimed, Client, Details, KickRequest, LoginSelector};
use rsso_core::store::{End, Outcome, Tombstone};

use crate::common::fixture::{Fixture, HOUR};
use crate::common::login_helpers::{
    kick_request, login_in_event, new_claim, now, user, with_max_logins,
};
use crate::common::store_client::{AFTER_SHORT, SHORT};

pub fn a_second_claim_kicks_the_first(fixture: &dyn Fixture) {
    let (mut a, mut b) = (fixture.client(), fixture.client());
    let (one, two, alice) = (fixture.new_key(), fixture.new_key(), user("alice"));
    a.put(&one, b"secret", HOUR);
    let held = a.read_locked(&one);
    let older = Claim {
        label: Some("Firefox".to_owned()),
        ..new_claim(&alice, "web", with_max_logins(1))
    };
    assert!(matches!(a.claim(&held, &older), Claimed::New(..)));
    let newer = Claim {
        label: Some("Safari".to_owned()),
        client: Client::new("192.0.2.7".parse().ok(), Some(b"Firefox"), Details::Full),
        ..new_claim(&alice, "ios", with_max_logins(1))
    };
    let before = now();
    let claimed = b.read_unlocked(&two);
    let Claimed::New(_, kicks) = b.claim(&claimed, &newer) else {
        panic!("the older login makes room");
    };

    let [kick] = kicks.as_slice() else {
        panic!("{kicks:?}");
    };
    assert_eq!(kick.identity, older.identity());
    assert_eq!((kick.reason.as_str(), kick.code.number()), ("replaced", -4));
    assert_eq!(kick.by, Some(newer.by()));
    assert!((before..=now()).contains(&kick.at));

    let gone = a.read_unlocked(&one);
    assert_eq!((gone.data, gone.seen, gone.login), (None, None, None));
    assert_eq!(gone.kick.as_ref(), Some(kick));
    assert_eq!(b.store.kick_of(&one).unwrap().as_ref(), Some(kick));
    assert_eq!(b.store.kick_of(&two).unwrap(), None);
    assert_eq!(a.store.login_of(&one).unwrap(), None);
    assert_eq!(a.logins(&alice), [newer.login]);

    let events = a.event_data(&alice, Kind::Kicked);
    let [event] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(login_in_event(event), older.login);
    assert_eq!(
        (&event["device"], &event["label"]),
        (&"web".into(), &"Firefox".into())
    );
    assert_eq!(
        (&event["reason"], &event["code"]),
        (&"replaced".into(), &(-4).into())
    );
    assert_eq!(event["by"]["login"], newer.login.to_string());
    assert_eq!(
        (&event["by"]["device"], &event["by"]["label"]),
        (&"ios".into(), &"Safari".into())
    );
    assert_eq!(event["by"]["ip"], "192.0.2.0/24", "it may be the proxy");
    assert_eq!(
        a.logins_in_events(&alice, Kind::Claimed),
        [older.login, newer.login]
    );
}

pub fn no_event_contains_a_session_id(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (one, two, alice) = (fixture.new_key(), fixture.new_key(), user("alice"));
    client.add_login(&one, &alice);
    client.sign_in(&two, &alice, with_max_logins(1));
    client.kick(&alice, &LoginSelector::default());
    let events = serde_json::to_string(&client.events_about(&alice)).unwrap();
    for key in [one, two] {
        let text = key.to_text();
        assert!(!events.contains(text.trim_start_matches('=')), "{events}");
    }
}

pub fn a_tombstone_expires(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (alice, bob) = (user("alice"), user("bob"));
    let [replaced, kicked, staying, newer] = [(); 4].map(|()| fixture.new_key());
    client.add_login(&replaced, &alice);
    let claim = Claim {
        tombstone_ttl: SHORT,
        ..new_claim(&alice, "web", with_max_logins(1))
    };
    let held = client.read_unlocked(&newer);
    assert!(matches!(client.claim(&held, &claim), Claimed::New(..)));
    assert!(client.read_unlocked(&replaced).kick.is_some());
    for (key, tombstone_ttl) in [(&kicked, SHORT), (&staying, HOUR)] {
        client.add_login(key, &bob);
        let order = KickRequest {
            tombstone_ttl,
            ..kick_request()
        };
        let kicks = client
            .store
            .kick(&bob, &LoginSelector::default(), &order)
            .unwrap();
        assert_eq!(kicks.len(), 1);
        assert!(client.read_unlocked(key).kick.is_some());
    }
    thread::sleep(AFTER_SHORT);
    for key in [&replaced, &kicked] {
        assert_eq!(client.read_unlocked(key).kick, None);
        assert_eq!(client.store.kick_of(key).unwrap(), None);
    }
    client.store.gc(None).unwrap();
    assert!(client.read_unlocked(&staying).kick.is_some());
}

/// Without strict mode a kicked browser continues under the same id.
pub fn a_new_session_may_start_beside_the_tombstone(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (key, alice) = (fixture.new_key(), user("alice"));
    let first = client.add_login(&key, &alice);
    let kick = client.kick(&alice, &LoginSelector::default()).remove(0);
    let held = client.read_locked(&key);
    assert!(matches!(
        client.write(&held, b"anonymous"),
        Outcome::Stored(_)
    ));
    let anew = client.read_unlocked(&key);
    assert_eq!(
        (anew.data.as_deref(), anew.login),
        (Some(&b"anonymous"[..]), None)
    );
    // The tombstone still gives the reason for the former session's end.
    assert_eq!(client.store.kick_of(&key).unwrap(), Some(kick));

    let second = client.sign_in(&key, &alice, with_max_logins(1)).0;
    let anew = client.read_unlocked(&key);
    assert_eq!(anew.data.unwrap(), b"anonymous");
    assert_eq!(
        (anew.login.unwrap().login.identity.login, anew.kick),
        (second, None)
    );
    assert_eq!(client.logins_in_events(&alice, Kind::Kicked), [first]);
    assert_eq!(client.logins(&alice), [second]);
}

/// A session that signs in again and then signs out was not kicked.
pub fn a_new_login_under_the_id_removes_the_tombstone(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let alice = user("alice");
    for destroy in [true, false] {
        let key = fixture.new_key();
        client.add_login(&key, &alice);
        client.kick(&alice, &LoginSelector::default());
        let (login, _) = client.sign_in(&key, &alice, with_max_logins(1));
        if destroy {
            assert!(client.destroy(&key));
        } else {
            assert!(client.store.sign_out(&key, login).unwrap());
        }
        assert_eq!(client.read_unlocked(&key).kick, None);
        assert_eq!(client.store.kick_of(&key).unwrap(), None);
    }
}

pub fn destroying_a_session_may_leave_a_tombstone(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (one, two, alice) = (fixture.new_key(), fixture.new_key(), user("alice"));
    client.add_login(&one, &alice);
    let kick = client.kick(&alice, &LoginSelector::default()).remove(0);
    for known in [true, false] {
        if known {
            client.put(&two, b"data", HOUR);
        }
        let held = client.read_locked(&two);
        let end = End {
            seen: held.seen.map(|seen| seen.generation),
            tombstone: Some(Tombstone {
                kick: &kick,
                ttl: HOUR,
            }),
            ..End::default()
        };
        let existed = client.store.destroy(&two, Some(held.token), end).unwrap();
        assert_eq!(existed, known);
        let gone = client.read_locked(&two);
        assert_eq!((gone.data, gone.kick.as_ref()), (None, Some(&kick)));
        client.store.release(&two, gone.token).unwrap();
    }
    assert_eq!(client.logins_in_events(&alice, Kind::Kicked).len(), 1);
}

pub fn gc_keeps_live_logins_and_tombstones(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (one, two, alice) = (fixture.new_key(), fixture.new_key(), user("alice"));
    client.add_login(&one, &alice);
    let (winner, _) = client.sign_in(&two, &alice, with_max_logins(1));
    assert_eq!(client.store.gc(None).unwrap(), 0);
    assert!(client.read_unlocked(&one).kick.is_some());
    assert_eq!(client.logins(&alice), [winner]);
    assert_eq!(client.login_of(&two), Some(winner));
}
