//! What a kick leaves behind: a tombstone under the session's id, and one event.

use std::thread;
use std::time::Duration;

use rsso_core::login::event::Kind;
use rsso_core::login::{Claim, Claimed, Client, Details, KickOrder, Which};
use rsso_core::store::{End, Outcome};

use crate::common::fixture::{Ground, HOUR};
use crate::common::login_helpers::{addressee, at_most, kick_order, now, user, wish};

const SHORT: Duration = Duration::from_secs(1);
const OVER: Duration = Duration::from_millis(2300);

pub fn a_second_claim_kicks_the_first(ground: &dyn Ground) {
    let (mut a, mut b) = (ground.worker(), ground.worker());
    let (one, two, alice) = (ground.key(), ground.key(), user("alice"));
    a.put(&one, b"secret", HOUR);
    let held = a.locked(&one);
    let older = Claim {
        label: Some("Firefox".to_owned()),
        ..wish(&alice, "web", at_most(1))
    };
    assert!(matches!(a.claim(&held, &older), Claimed::New(..)));
    let newer = Claim {
        label: Some("Safari".to_owned()),
        client: Client::new("192.0.2.7".parse().ok(), Some(b"Firefox"), Details::Full),
        ..wish(&alice, "ios", at_most(1))
    };
    let before = now();
    let claimed = b.unlocked(&two);
    let Claimed::New(_, kicks) = b.claim(&claimed, &newer) else {
        panic!("the older login makes room");
    };

    let [kick] = kicks.as_slice() else {
        panic!("{kicks:?}");
    };
    assert_eq!(kick.identity, older.identity());
    assert_eq!((kick.reason.as_str(), kick.code), ("replaced", -4));
    assert_eq!(kick.by, Some(newer.by()));
    assert!((before..=now()).contains(&kick.at));

    let gone = a.unlocked(&one);
    assert_eq!((gone.data, gone.seen, gone.login), (None, None, None));
    assert_eq!(gone.kick.as_ref(), Some(kick));
    assert_eq!(b.store.kick_of(&one).unwrap().as_ref(), Some(kick));
    assert_eq!(b.store.kick_of(&two).unwrap(), None);
    assert_eq!(a.store.login_of(&one).unwrap(), None);
    assert_eq!(a.logins(&alice), [newer.login]);

    let told = a.told_of(&alice, Kind::Kicked);
    let [event] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert_eq!(addressee(event), older.login);
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
    assert_eq!(event["by"]["ip"], "192.0.2.0/24", "it may be the thief");
    assert_eq!(
        a.addressees(&alice, Kind::Claimed),
        [older.login, newer.login]
    );
}

pub fn no_event_holds_a_session_id(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (one, two, alice) = (ground.key(), ground.key(), user("alice"));
    worker.one_more(&one, &alice);
    worker.sign_in(&two, &alice, at_most(1));
    worker.kick(&alice, &Which::default());
    let told = serde_json::to_string(&worker.told(&alice)).unwrap();
    for key in [one, two] {
        let text = key.to_text();
        assert!(!told.contains(text.trim_start_matches('=')), "{told}");
    }
}

pub fn a_tombstone_ends_after_its_time(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (alice, bob) = (user("alice"), user("bob"));
    let [replaced, kicked, staying, newer] = [(); 4].map(|()| ground.key());
    worker.one_more(&replaced, &alice);
    let claim = Claim {
        tombstone_ttl: SHORT,
        ..wish(&alice, "web", at_most(1))
    };
    let held = worker.unlocked(&newer);
    assert!(matches!(worker.claim(&held, &claim), Claimed::New(..)));
    assert!(worker.unlocked(&replaced).kick.is_some());
    for (key, tombstone_ttl) in [(&kicked, SHORT), (&staying, HOUR)] {
        worker.one_more(key, &bob);
        let order = KickOrder {
            tombstone_ttl,
            ..kick_order()
        };
        let kicks = worker.store.kick(&bob, &Which::default(), &order).unwrap();
        assert_eq!(kicks.len(), 1);
        assert!(worker.unlocked(key).kick.is_some());
    }
    thread::sleep(OVER);
    for key in [&replaced, &kicked] {
        assert_eq!(worker.unlocked(key).kick, None);
        assert_eq!(worker.store.kick_of(key).unwrap(), None);
    }
    worker.store.gc(None).unwrap();
    assert!(worker.unlocked(&staying).kick.is_some());
}

/// A browser whose session was kicked goes on under the same id, without strict mode.
pub fn a_session_may_begin_anew_beside_the_tombstone(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (key, alice) = (ground.key(), user("alice"));
    let first = worker.one_more(&key, &alice);
    let kick = worker.kick(&alice, &Which::default()).remove(0);
    let held = worker.locked(&key);
    assert!(matches!(
        worker.write(&held, b"anonymous"),
        Outcome::Stored(_)
    ));
    let anew = worker.unlocked(&key);
    assert_eq!(
        (anew.data.as_deref(), anew.login),
        (Some(&b"anonymous"[..]), None)
    );
    // Asked for, it still says why the former session is gone.
    assert_eq!(worker.store.kick_of(&key).unwrap(), Some(kick));

    let second = worker.sign_in(&key, &alice, at_most(1)).0;
    let anew = worker.unlocked(&key);
    assert_eq!(anew.data.unwrap(), b"anonymous");
    assert_eq!(
        (anew.login.unwrap().login.identity.login, anew.kick),
        (second, None)
    );
    assert_eq!(worker.addressees(&alice, Kind::Kicked), [first]);
    assert_eq!(worker.logins(&alice), [second]);
}

/// Who has signed in again and then signs out was not kicked.
pub fn a_new_login_under_the_id_ends_the_tombstone(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let alice = user("alice");
    for destroy in [true, false] {
        let key = ground.key();
        worker.one_more(&key, &alice);
        worker.kick(&alice, &Which::default());
        let (login, _) = worker.sign_in(&key, &alice, at_most(1));
        if destroy {
            assert!(worker.destroy(&key));
        } else {
            assert!(worker.store.sign_out(&key, login).unwrap());
        }
        assert_eq!(worker.unlocked(&key).kick, None);
        assert_eq!(worker.store.kick_of(&key).unwrap(), None);
    }
}

pub fn a_session_may_be_ended_with_a_tombstone(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (one, two, alice) = (ground.key(), ground.key(), user("alice"));
    worker.one_more(&one, &alice);
    let kick = worker.kick(&alice, &Which::default()).remove(0);
    for known in [true, false] {
        if known {
            worker.put(&two, b"data", HOUR);
        }
        let held = worker.locked(&two);
        let end = End {
            seen: held.seen.map(|seen| seen.generation),
            grave: Some((&kick, HOUR)),
            ..End::default()
        };
        let existed = worker.store.destroy(&two, Some(held.token), end).unwrap();
        assert_eq!(existed, known);
        let gone = worker.locked(&two);
        assert_eq!((gone.data, gone.kick.as_ref()), (None, Some(&kick)));
        worker.store.release(&two, gone.token).unwrap();
    }
    assert_eq!(worker.addressees(&alice, Kind::Kicked).len(), 1);
}

pub fn gc_leaves_the_winner_and_the_tombstone(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (one, two, alice) = (ground.key(), ground.key(), user("alice"));
    worker.one_more(&one, &alice);
    let (winner, _) = worker.sign_in(&two, &alice, at_most(1));
    assert_eq!(worker.store.gc(None).unwrap(), 0);
    assert!(worker.unlocked(&one).kick.is_some());
    assert_eq!(worker.logins(&alice), [winner]);
    assert_eq!(worker.login_of(&two), Some(winner));
}
