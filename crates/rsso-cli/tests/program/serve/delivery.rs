//! `rsso serve` on each store: a connected login gets the events about itself, once and in order.

use std::time::Duration;

use super::gateways::TIMEOUT;
use crate::common::backend::{Backend, kind, user};

use rsso_core::login::{Client, Details, LoginSelector};
use rsso_core::store::receipts;
use rsso_testkit::eventually;
use serde_json::json;

on_every_store!(
    a_kick_ends_only_the_kicked_logins_connections,
    the_other_logins_are_notified_of_a_new_one,
    a_logout_ends_only_its_own_connections,
    a_removed_session_ends_its_connections,
    a_login_of_another_realm_is_unknown,
    a_waiting_claim_learns_that_its_kick_was_delivered,
);

fn a_kick_ends_only_the_kicked_logins_connections(backend: &Backend) {
    let gateway = backend.gateway(&[]);
    let mut app = backend.application();
    let old = app.log_in("old", "ann", "web");
    app.log_in("phone", "ann", "ios");
    app.log_in("other", "bob", "web");
    let mut socket = gateway.socket("old", None).unwrap();
    let mut stream = gateway.stream("old", None).unwrap();
    let mut phone = gateway.socket("phone", None).unwrap();
    let mut bob = gateway.stream("other", None).unwrap();

    let hello = socket.event();
    assert_eq!(kind(&hello), "connected");
    assert_eq!(hello["data"]["login"], old.to_string());
    assert_eq!(hello["data"]["uid"], "ann");
    assert!(hello["sequence"].is_string(), "{hello}");
    let hello = stream.next_event().unwrap();
    assert_eq!(hello.event, "io.rsso.connected.v1");
    assert_eq!(hello.id.as_deref(), hello.json()["sequence"].as_str());

    let new = app.log_in_with_label("new", "ann", "web", "Firefox on a </script>\n\"boat\"");
    let mut winner = gateway.socket("new", Some("0")).unwrap();
    let (events, code) = socket.read_to_end();
    assert_eq!(code, Some(4001));
    assert_eq!(events.len(), 1, "{events:?}");
    let kick = &events[0];
    assert_eq!(kind(kick), "kicked");
    assert_eq!(kick["data"]["login"], old.to_string());
    assert_eq!(kick["data"]["code"], -4);
    assert_eq!(kick["data"]["by"]["login"], new.to_string());
    assert_eq!(
        kick["data"]["by"]["label"],
        "Firefox on a </script>\n\"boat\""
    );
    let told = stream.next_event().unwrap();
    assert_eq!(
        (told.event.as_str(), &told.json()),
        ("io.rsso.login.kicked.v1", kick)
    );
    let end = stream.next_event().unwrap();
    assert_eq!(end.event, "close");
    assert_eq!(end.json(), json!({"code": 4001, "reason": "replaced"}));
    assert_eq!(stream.next_event(), None);

    // The new login, the user's other device and another user get no event.
    app.notify("ann", None, &json!("to ann"));
    app.notify("bob", None, &json!("to bob"));
    assert_eq!(kind(&winner.event()), "connected");
    assert_eq!(winner.event()["data"]["payload"], "to ann");
    assert_eq!(kind(&phone.event()), "connected");
    assert_eq!(phone.event()["data"]["payload"], "to ann");
    bob.next_event().unwrap();
    assert_eq!(
        bob.next_event().unwrap().json()["data"]["payload"],
        "to bob"
    );

    let which = LoginSelector {
        device: Some(rsso_core::login::Device::parse(b"ios").unwrap()),
        ..LoginSelector::default()
    };
    assert_eq!(app.kick("ann", &which), 1);
    let (events, code) = phone.read_to_end();
    assert_eq!((events.len(), code), (1, Some(4002)));
    assert_eq!(events[0]["data"]["code"], -5);
    app.notify("ann", None, &json!("still here"));
    assert_eq!(winner.event()["data"]["payload"], "still here");
}

fn the_other_logins_are_notified_of_a_new_one(backend: &Backend) {
    let gateway = backend.gateway(&[]);
    let mut app = backend.application();
    let web = app.log_in("web", "ann", "web");
    let phone = app.log_in("phone", "ann", "ios");
    app.log_in("other", "bob", "web");
    let mut socket = gateway.socket("web", None).unwrap();
    let mut stream = gateway.stream("phone", None).unwrap();
    let mut bob = gateway.socket("other", None).unwrap();
    for hello in [
        socket.event(),
        stream.next_event().unwrap().json(),
        bob.event(),
    ] {
        assert_eq!(kind(&hello), "connected");
    }

    let from = Client::new("192.0.2.7".parse().ok(), Some(b"curl"), Details::Full);
    let new = app.log_in_notifying_others("new", "ann", "pc", "a </script> \"boat\"", from);
    let mut newcomer = gateway.socket("new", Some("0")).unwrap();
    let told = [socket.event(), stream.next_event().unwrap().json()];
    for (event, login) in told.iter().zip([web, phone]) {
        assert_eq!(event["type"], "io.rsso.login.elsewhere.v1");
        assert_eq!(event["data"]["login"], login.to_string());
        let by = json!({
            "login": new, "device": "pc", "label": "a </script> \"boat\"", "ip": "192.0.2.0/24",
        });
        assert_eq!(event["data"]["by"], by);
    }
    // No connection ends, and no other login gets the event.
    app.notify("ann", None, &json!("to ann"));
    app.notify("bob", None, &json!("to bob"));
    assert_eq!(socket.event()["data"]["payload"], "to ann");
    let next = stream.next_event().unwrap();
    assert_eq!(next.json()["data"]["payload"], "to ann");
    assert_eq!(kind(&newcomer.event()), "connected");
    assert_eq!(newcomer.event()["data"]["payload"], "to ann");
    assert_eq!(bob.event()["data"]["payload"], "to bob");
    // A client that was away gets it when it comes back.
    let before = told[0]["sequence"].as_str().unwrap();
    let first = gateway.socket("web", Some("0")).unwrap().event();
    assert_eq!((kind(&first), &first["id"]), ("elsewhere", &told[0]["id"]));
    let after = gateway.socket("web", Some(before)).unwrap().event();
    assert_eq!(kind(&after), "message");
}

fn a_logout_ends_only_its_own_connections(backend: &Backend) {
    let gateway = backend.gateway(&[]);
    let mut app = backend.application();
    app.log_in("here", "ann", "web");
    app.log_in("there", "ann", "ios");
    let mut here = [0, 1].map(|_| gateway.socket("here", None).unwrap());
    let mut there = gateway.socket("there", None).unwrap();
    let mut stream = gateway.stream("here", None).unwrap();
    app.log_out("here");
    for socket in &mut here {
        assert_eq!(kind(&socket.event()), "connected");
        let (events, code) = socket.read_to_end();
        assert_eq!(code, Some(4003));
        assert_eq!(events.iter().map(kind).collect::<Vec<_>>(), ["released"]);
    }
    stream.next_event().unwrap();
    let released = stream.next_event().unwrap();
    assert_eq!(released.event, "io.rsso.login.released.v1");
    assert_eq!(stream.next_event().unwrap().json()["code"], 4003);
    let position = released.id.unwrap();
    assert_eq!(gateway.stream("here", Some(&position)).unwrap_err(), 204);
    assert_eq!(gateway.stream("here", None).unwrap_err(), 401);
    assert_eq!(
        gateway.socket("here", None).unwrap().read_to_end(),
        (Vec::new(), Some(4401))
    );

    app.notify("ann", None, &json!(1));
    there.event();
    assert_eq!(there.event()["data"]["payload"], 1);
}

fn a_removed_session_ends_its_connections(backend: &Backend) {
    let config = rsso_testkit::WorkDir::new();
    let file = config.write(
        "serve.toml",
        "login_check_interval = 1\nheartbeat_interval = 1\n",
    );
    let gateway = backend.gateway(&["--config", file.to_str().unwrap()]);
    let mut app = backend.application();
    app.log_in("one", "ann", "web");
    app.log_in("two", "bob", "web");
    let mut one = gateway.socket("one", None).unwrap();
    let mut two = gateway.socket("two", None).unwrap();
    backend.remove_session("one");
    let (_, code) = one.read_to_end();
    assert_eq!(code, Some(4004));
    two.event();
    let beat = two.next_event_or_heartbeat().unwrap();
    assert_eq!(kind(&beat), "heartbeat");
    assert!(beat["sequence"].is_string());
}

fn a_login_of_another_realm_is_unknown(backend: &Backend) {
    let gateway = backend.gateway(&["--realm", "shop"]);
    let mut app = backend.application();
    app.log_in("one", "ann", "web");
    let (events, code) = gateway.socket("one", Some("0")).unwrap().read_to_end();
    assert_eq!((events, code), (Vec::new(), Some(4401)));
    assert_eq!(user("ann").realm.as_str(), "default");
}

fn a_waiting_claim_learns_that_its_kick_was_delivered(backend: &Backend) {
    let gateway = backend.gateway(&[]);
    let mut app = backend.application();
    let realm = user("ann").realm;
    eventually("it says that it is there", TIMEOUT, || {
        app.0.has_gateway(&realm).unwrap().then_some(())
    });
    let mut kicks_of = |session: &str, wait: u64| {
        let (_, mut kicks) = app.claim(session, "ann", "web", "somewhere");
        receipts::collect(&mut *app.0, &realm, &mut kicks, Duration::from_millis(wait));
        kicks
            .into_iter()
            .map(|kick| kick.delivered)
            .collect::<Vec<_>>()
    };
    kicks_of("one", 0);
    let mut socket = gateway.socket("one", None).unwrap();
    socket.event();
    assert_eq!(kicks_of("two", 10_000), [Some(true)]);
    assert_eq!(socket.read_to_end().1, Some(4001));
    let mut stream = gateway.stream("two", None).unwrap();
    stream.next_event().unwrap();
    assert_eq!(kicks_of("three", 10_000), [Some(true)]);
    // No client is connected.
    assert_eq!(kicks_of("four", 300), [Some(false)]);
    assert_eq!(kicks_of("five", 0), [None]);
}
