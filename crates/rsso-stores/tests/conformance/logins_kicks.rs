//! Kicks and messages: they reach exactly the selected logins.

use rsso_core::login::event::Kind;
use rsso_core::login::{KickRequest, LoginId, LoginSelector, User};
use serde_json::json;

use crate::common::fixture::{Fixture, HOUR, StoreClient};
use crate::common::login_helpers::{
    all_but, device, kick_request, login_in_event, now, user, with_max_logins,
};

/// Two logins on `web`, two on `ios`.
fn four_logins(client: &mut StoreClient, fixture: &dyn Fixture, user: &User) -> [LoginId; 4] {
    ["web", "ios", "web", "ios"].map(|class| {
        client
            .sign_in_on_device(&fixture.new_key(), user, class, with_max_logins(0))
            .0
    })
}

pub fn a_kick_ends_the_selected_logins(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let of = |name| Some(device(name));
    let cases: [fn(&[LoginId; 4]) -> LoginSelector; 8] = [
        |_| LoginSelector::default(),
        |_| LoginSelector {
            device: Some(device("ios")),
            ..LoginSelector::default()
        },
        |all| LoginSelector {
            login: Some(all[1]),
            ..LoginSelector::default()
        },
        |all| all_but(all[2]),
        |all| LoginSelector {
            device: Some(device("web")),
            ..all_but(all[2])
        },
        |all| LoginSelector {
            device: Some(device("web")),
            login: Some(all[1]),
            except: None,
        },
        |all| LoginSelector {
            login: Some(all[1]),
            ..all_but(all[1])
        },
        |_| LoginSelector {
            login: Some(LoginId::new().unwrap()),
            ..LoginSelector::default()
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
    assert_eq!(client.kick(&user("nobody"), &LoginSelector::default()), []);
    for (number, (which, ends)) in cases.into_iter().zip(ends).enumerate() {
        let user = user(number.to_string());
        let all = four_logins(&mut client, fixture, &user);
        let which = which(&all);
        let expected: Vec<_> = ends.iter().map(|at| all[*at]).collect();
        let staying: Vec<_> = all
            .into_iter()
            .filter(|login| !expected.contains(login))
            .collect();
        let kicks = client.kick(&user, &which);
        let kicked: Vec<_> = kicks.iter().map(|kick| kick.identity.login).collect();
        assert_eq!(kicked, expected, "{which:?}");
        assert_eq!(client.logins(&user), staying);
        assert_eq!(client.logins_in_events(&user, Kind::Kicked), expected);
        // A second kick finds nothing.
        assert_eq!(client.kick(&user, &which), []);
        assert_eq!(client.logins_in_events(&user, Kind::Kicked), expected);
    }
    assert_eq!(
        client.kick(
            &user("0"),
            &LoginSelector {
                device: of("web"),
                ..LoginSelector::default()
            }
        ),
        []
    );
}

pub fn a_kicked_session_learns_the_reason(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (key, alice) = (fixture.new_key(), user("alice"));
    let login = client.add_login(&key, &alice);
    let reason = "password \"changed\" \u{1f511}</script>";
    let order = KickRequest {
        reason: reason.to_owned(),
        tombstone_ttl: HOUR,
    };
    let before = now();
    let kicks = client
        .store
        .kick(&alice, &LoginSelector::default(), &order)
        .unwrap();
    assert_eq!(kicks.len(), 1);
    assert_eq!(
        (kicks[0].reason.as_str(), kicks[0].code.number()),
        (reason, -5)
    );
    assert_eq!(
        (kicks[0].identity.login, kicks[0].by.as_ref()),
        (login, None)
    );
    assert!((before..=now()).contains(&kicks[0].at));
    let gone = client.read_unlocked(&key);
    assert_eq!((gone.data, gone.kick.as_ref()), (None, Some(&kicks[0])));
    let events = client.event_data(&alice, Kind::Kicked);
    assert_eq!(events.len(), 1);
    assert_eq!(login_in_event(&events[0]), login);
    assert_eq!(
        (&events[0]["reason"], &events[0]["code"]),
        (&reason.into(), &(-5).into())
    );
    assert!(events[0].get("by").is_none_or(serde_json::Value::is_null));
}

/// A kick of one login keeps the user's other logins.
pub fn a_kick_keeps_the_other_logins(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let alice = user("alice");
    let keys = [(); 3].map(|()| fixture.new_key());
    let logins = keys.each_ref().map(|key| client.add_login(key, &alice));
    let bystander = client.add_login(&fixture.new_key(), &user("bob"));
    let which = LoginSelector {
        login: Some(logins[1]),
        ..LoginSelector::default()
    };
    // The login of another user does not count.
    let theirs = LoginSelector {
        login: Some(bystander),
        ..LoginSelector::default()
    };
    assert_eq!(client.kick(&alice, &theirs), []);
    assert_eq!(client.kick(&alice, &which).len(), 1);
    for (number, key) in keys.iter().enumerate() {
        let expected = (number != 1).then_some(logins[number]);
        assert_eq!(client.login_of(key), expected);
        assert_eq!(client.peek(key).is_some(), expected.is_some());
    }
    assert_eq!(client.logins(&user("bob")), [bystander]);
}

pub fn many_logins_are_kicked_at_once(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let alice = user("alice");
    let all: Vec<_> = (0..60)
        .map(|_| {
            client
                .sign_in(&fixture.new_key(), &alice, with_max_logins(0))
                .0
        })
        .collect();
    let kicks = client.kick(&alice, &all_but(all[7]));
    assert_eq!(kicks.len(), 59);
    assert_eq!(client.logins(&alice), [all[7]]);
    let mut kicked = client.logins_in_events(&alice, Kind::Kicked);
    assert_eq!(kicked.len(), 59);
    kicked.push(all[7]);
    kicked.sort_unstable();
    kicked.dedup();
    assert_eq!(kicked.len(), 60);
}

pub fn a_message_reaches_every_live_login(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let alice = user("alice");
    let payload =
        json!({ "text": "\"</script>\u{1f600}\0\n", "n": [1, null, {}], "payload": true });
    assert_eq!(client.store.notify(&alice, None, "1").unwrap(), 0);
    let all = four_logins(&mut client, fixture, &alice);
    let which = LoginSelector {
        login: Some(all[0]),
        ..LoginSelector::default()
    };
    client.store.kick(&alice, &which, &kick_request()).unwrap();
    let before = client.store.newest(&alice.realm).unwrap();

    let sent = client.store.notify(&alice, None, &payload.to_string());
    assert_eq!(sent.unwrap(), 3);
    let events = client.event_data(&alice, Kind::Message);
    assert_eq!(
        events.iter().map(login_in_event).collect::<Vec<_>>(),
        all[1..]
    );
    for data in &events {
        assert_eq!(data["payload"], payload);
        assert!(data["at"].is_i64() && data["device"].is_string());
    }
    assert_eq!(
        client
            .store
            .events(&alice.realm, &before, 100)
            .unwrap()
            .len(),
        3
    );
    let ios = device("ios");
    assert_eq!(client.store.notify(&alice, Some(&ios), "null").unwrap(), 2);
    assert_eq!(
        client
            .store
            .notify(&alice, Some(&device("pc")), "null")
            .unwrap(),
        0
    );
    let events = client.logins_in_events(&alice, Kind::Message);
    assert_eq!(events[3..], [all[1], all[3]]);
    assert_eq!(client.logins(&alice), all[1..]);
}

pub fn a_message_may_be_any_json(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let alice = user("alice");
    client.sign_in(&fixture.new_key(), &alice, with_max_logins(1));
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
        assert_eq!(client.store.notify(&alice, None, payload).unwrap(), 1);
    }
    // Compared as text: an empty list stays a list, and a large number loses no digit.
    let events = client
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
