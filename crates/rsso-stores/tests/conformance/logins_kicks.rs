//! Ending logins on order, and sending messages to them.

use rsso_core::login::event::Kind;
use rsso_core::login::{KickOrder, LoginId, User, Which};
use serde_json::json;

use crate::common::fixture::{Ground, HOUR, Worker};
use crate::common::login_helpers::{addressee, at_most, device, except, kick_order, now, user};

/// Two logins on `web`, two on `ios`.
fn four(worker: &mut Worker, ground: &dyn Ground, user: &User) -> [LoginId; 4] {
    ["web", "ios", "web", "ios"]
        .map(|class| worker.sign_in_on(&ground.key(), user, class, at_most(0)).0)
}

pub fn a_kick_ends_the_logins_that_it_means(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let of = |name| Some(device(name));
    let cases: [fn(&[LoginId; 4]) -> Which; 8] = [
        |_| Which::default(),
        |_| Which {
            device: Some(device("ios")),
            ..Which::default()
        },
        |all| Which {
            login: Some(all[1]),
            ..Which::default()
        },
        |all| except(all[2]),
        |all| Which {
            device: Some(device("web")),
            ..except(all[2])
        },
        |all| Which {
            device: Some(device("web")),
            login: Some(all[1]),
            except: None,
        },
        |all| Which {
            login: Some(all[1]),
            ..except(all[1])
        },
        |_| Which {
            login: Some(LoginId::new().unwrap()),
            ..Which::default()
        },
    ];
    let ends: [&[usize]; 8] = [
        &[0, 1, 2, 3],
        &[1, 3],
        &[1],
        &[0, 1, 3],
        &[0],
        &[],
        &[],
        &[],
    ];
    assert_eq!(worker.kick(&user("nobody"), &Which::default()), []);
    for (number, (which, ends)) in cases.into_iter().zip(ends).enumerate() {
        let user = user(number.to_string());
        let all = four(&mut worker, ground, &user);
        let which = which(&all);
        let expected: Vec<_> = ends.iter().map(|at| all[*at]).collect();
        let staying: Vec<_> = all
            .into_iter()
            .filter(|login| !expected.contains(login))
            .collect();
        let kicks = worker.kick(&user, &which);
        let kicked: Vec<_> = kicks.iter().map(|kick| kick.identity.login).collect();
        assert_eq!(kicked, expected, "{which:?}");
        assert_eq!(worker.logins(&user), staying);
        assert_eq!(worker.addressees(&user, Kind::Kicked), expected);
        // There is nothing left to kick.
        assert_eq!(worker.kick(&user, &which), []);
        assert_eq!(worker.addressees(&user, Kind::Kicked), expected);
    }
    assert_eq!(
        worker.kick(
            &user("0"),
            &Which {
                device: of("web"),
                ..Which::default()
            }
        ),
        []
    );
}

pub fn the_kicked_learn_why(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (key, alice) = (ground.key(), user("alice"));
    let login = worker.one_more(&key, &alice);
    let reason = "password \"changed\" \u{1f511}</script>";
    let order = KickOrder {
        reason: reason.to_owned(),
        tombstone_ttl: HOUR,
    };
    let before = now();
    let kicks = worker
        .store
        .kick(&alice, &Which::default(), &order)
        .unwrap();
    assert_eq!(kicks.len(), 1);
    assert_eq!((kicks[0].reason.as_str(), kicks[0].code), (reason, -5));
    assert_eq!(
        (kicks[0].identity.login, kicks[0].by.as_ref()),
        (login, None)
    );
    assert!((before..=now()).contains(&kicks[0].at));
    let gone = worker.unlocked(&key);
    assert_eq!((gone.data, gone.kick.as_ref()), (None, Some(&kicks[0])));
    let told = worker.told_of(&alice, Kind::Kicked);
    assert_eq!(told.len(), 1);
    assert_eq!(addressee(&told[0]), login);
    assert_eq!(
        (&told[0]["reason"], &told[0]["code"]),
        (&reason.into(), &(-5).into())
    );
    assert!(told[0].get("by").is_none_or(serde_json::Value::is_null));
}

/// The targeted kick of one login spares what else the user has.
pub fn a_kick_spares_the_other_sessions(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let alice = user("alice");
    let keys = [(); 3].map(|()| ground.key());
    let logins = keys.each_ref().map(|key| worker.one_more(key, &alice));
    let bystander = worker.one_more(&ground.key(), &user("bob"));
    let which = Which {
        login: Some(logins[1]),
        ..Which::default()
    };
    // Another user's login is not this user's to kick.
    let theirs = Which {
        login: Some(bystander),
        ..Which::default()
    };
    assert_eq!(worker.kick(&alice, &theirs), []);
    assert_eq!(worker.kick(&alice, &which).len(), 1);
    for (number, key) in keys.iter().enumerate() {
        let expected = (number != 1).then_some(logins[number]);
        assert_eq!(worker.login_of(key), expected);
        assert_eq!(worker.peek(key).is_some(), expected.is_some());
    }
    assert_eq!(worker.logins(&user("bob")), [bystander]);
}

pub fn many_are_kicked_at_once(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let alice = user("alice");
    let all: Vec<_> = (0..60)
        .map(|_| worker.sign_in(&ground.key(), &alice, at_most(0)).0)
        .collect();
    let kicks = worker.kick(&alice, &except(all[7]));
    assert_eq!(kicks.len(), 59);
    assert_eq!(worker.logins(&alice), [all[7]]);
    let mut told = worker.addressees(&alice, Kind::Kicked);
    assert_eq!(told.len(), 59);
    told.push(all[7]);
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), 60);
}

pub fn a_message_reaches_every_live_login(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let alice = user("alice");
    let payload =
        json!({ "text": "\"</script>\u{1f600}\0\n", "n": [1, null, {}], "payload": true });
    assert_eq!(worker.store.notify(&alice, None, "1").unwrap(), 0);
    let all = four(&mut worker, ground, &alice);
    let which = Which {
        login: Some(all[0]),
        ..Which::default()
    };
    worker.store.kick(&alice, &which, &kick_order()).unwrap();
    let before = worker.store.newest(&alice.realm).unwrap();

    let sent = worker.store.notify(&alice, None, &payload.to_string());
    assert_eq!(sent.unwrap(), 3);
    let told = worker.told_of(&alice, Kind::Message);
    assert_eq!(told.iter().map(addressee).collect::<Vec<_>>(), all[1..]);
    for data in &told {
        assert_eq!(data["payload"], payload);
        assert!(data["at"].is_i64() && data["device"].is_string());
    }
    assert_eq!(
        worker
            .store
            .events(&alice.realm, &before, 100)
            .unwrap()
            .len(),
        3
    );
    let ios = device("ios");
    assert_eq!(worker.store.notify(&alice, Some(&ios), "null").unwrap(), 2);
    assert_eq!(
        worker
            .store
            .notify(&alice, Some(&device("pc")), "null")
            .unwrap(),
        0
    );
    let told = worker.addressees(&alice, Kind::Message);
    assert_eq!(told[3..], [all[1], all[3]]);
    assert_eq!(worker.logins(&alice), all[1..]);
}

pub fn a_message_is_any_json(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let alice = user("alice");
    worker.sign_in(&ground.key(), &alice, at_most(1));
    let payloads = [
        "null",
        "0",
        "-1.5e300",
        "\"\"",
        "[]",
        "{}",
        "[[[{}]]]",
        "true",
        "12345678901234567",
    ];
    for payload in payloads {
        assert_eq!(worker.store.notify(&alice, None, payload).unwrap(), 1);
    }
    // As text: an empty list stays a list, and a large number loses nothing.
    let events = worker
        .store
        .events(&alice.realm, &rsso_core::login::event::Position::START, 100);
    let events = events.unwrap();
    for (event, payload) in events[1..].iter().zip(payloads) {
        assert!(
            event.json.contains(&format!("\"payload\":{payload}}}")),
            "{}",
            event.json
        );
    }
}
