//! `rsso serve` on each store: whoever is logged in is told what concerns this login, at once or when
//! it comes back, each event once and in order.

use std::iter;
use std::time::Duration;

use crate::common::push::{Backing, kind, user};
use rsso_core::login::{Client, Details, Which};
use rsso_core::store::receipts;
use rsso_testkit::eventually;
use serde_json::{Value, json};

const SLOW: Duration = Duration::from_secs(30);

on_every_store!(
    a_kick_ends_the_losers_connections_and_no_others,
    the_other_logins_are_told_of_a_new_one,
    a_logout_ends_its_own_connections,
    a_kicked_session_is_told_once_and_then_to_stop,
    who_comes_back_is_told_what_it_missed,
    a_position_that_is_not_known_is_said,
    a_session_that_vanished_ends_its_connections,
    an_event_of_another_realm_is_not_ours,
    a_claim_that_waits_hears_that_the_kick_was_delivered,
    who_was_kicked_a_moment_ago_is_told_why,
    what_is_no_event_holds_up_nothing,
);

fn a_kick_ends_the_losers_connections_and_no_others(backing: &Backing) {
    let gateway = backing.gateway(&[]);
    let mut site = backing.site();
    let old = site.log_in("old", "ann", "web");
    site.log_in("phone", "ann", "ios");
    site.log_in("other", "bob", "web");
    let mut socket = gateway.socket("old", None).unwrap();
    let mut stream = gateway.stream("old", None).unwrap();
    let mut phone = gateway.socket("phone", None).unwrap();
    let mut bob = gateway.stream("other", None).unwrap();

    let hello = socket.event();
    assert_eq!(kind(&hello), "connected");
    assert_eq!(hello["data"]["login"], old.to_string());
    assert_eq!(hello["data"]["uid"], "ann");
    assert!(hello["sequence"].is_string(), "{hello}");
    let hello = stream.heed().unwrap();
    assert_eq!(hello.event, "io.rsso.connected.v1");
    assert_eq!(hello.id.as_deref(), hello.json()["sequence"].as_str());

    let new = site.log_in_at("new", "ann", "web", "Firefox on a </script>\n\"boat\"");
    let mut winner = gateway.socket("new", Some("0")).unwrap();
    let (events, code) = socket.rest();
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
    let told = stream.heed().unwrap();
    assert_eq!(
        (told.event.as_str(), &told.json()),
        ("io.rsso.login.kicked.v1", kick)
    );
    let end = stream.heed().unwrap();
    assert_eq!(end.event, "close");
    assert_eq!(end.json(), json!({"code": 4001, "reason": "replaced"}));
    assert_eq!(stream.heed(), None);

    // The winner, the user's other device and another user hear nothing of it.
    site.notify("ann", None, &json!("to ann"));
    site.notify("bob", None, &json!("to bob"));
    assert_eq!(kind(&winner.event()), "connected");
    assert_eq!(winner.event()["data"]["payload"], "to ann");
    assert_eq!(kind(&phone.event()), "connected");
    assert_eq!(phone.event()["data"]["payload"], "to ann");
    bob.heed().unwrap();
    assert_eq!(bob.heed().unwrap().json()["data"]["payload"], "to bob");

    let which = Which {
        device: Some(rsso_core::login::Device::parse(b"ios").unwrap()),
        ..Which::default()
    };
    assert_eq!(site.kick("ann", &which), 1);
    let (events, code) = phone.rest();
    assert_eq!((events.len(), code), (1, Some(4002)));
    assert_eq!(events[0]["data"]["code"], -5);
    site.notify("ann", None, &json!("still here"));
    assert_eq!(winner.event()["data"]["payload"], "still here");
}

fn the_other_logins_are_told_of_a_new_one(backing: &Backing) {
    let gateway = backing.gateway(&[]);
    let mut site = backing.site();
    let web = site.log_in("web", "ann", "web");
    let phone = site.log_in("phone", "ann", "ios");
    site.log_in("other", "bob", "web");
    let mut socket = gateway.socket("web", None).unwrap();
    let mut stream = gateway.stream("phone", None).unwrap();
    let mut bob = gateway.socket("other", None).unwrap();
    for hello in [socket.event(), stream.heed().unwrap().json(), bob.event()] {
        assert_eq!(kind(&hello), "connected");
    }

    let from = Client::new("192.0.2.7".parse().ok(), Some(b"curl"), Details::Full);
    let new = site.log_in_aloud("new", "ann", "pc", "a </script> \"boat\"", from);
    let mut newcomer = gateway.socket("new", Some("0")).unwrap();
    let told = [socket.event(), stream.heed().unwrap().json()];
    for (event, login) in told.iter().zip([web, phone]) {
        assert_eq!(event["type"], "io.rsso.login.elsewhere.v1");
        assert_eq!(event["data"]["login"], login.to_string());
        let by = json!({
            "login": new, "device": "pc", "label": "a </script> \"boat\"", "ip": "192.0.2.0/24",
        });
        assert_eq!(event["data"]["by"], by);
    }
    // It ends nobody's connection, and is news to nobody else.
    site.notify("ann", None, &json!("to ann"));
    site.notify("bob", None, &json!("to bob"));
    assert_eq!(socket.event()["data"]["payload"], "to ann");
    let next = stream.heed().unwrap();
    assert_eq!(next.json()["data"]["payload"], "to ann");
    assert_eq!(kind(&newcomer.event()), "connected");
    assert_eq!(newcomer.event()["data"]["payload"], "to ann");
    assert_eq!(bob.event()["data"]["payload"], "to bob");
    // Who was away hears of it.
    let before = told[0]["sequence"].as_str().unwrap();
    let first = gateway.socket("web", Some("0")).unwrap().event();
    assert_eq!((kind(&first), &first["id"]), ("elsewhere", &told[0]["id"]));
    let after = gateway.socket("web", Some(before)).unwrap().event();
    assert_eq!(kind(&after), "message");
}

fn a_logout_ends_its_own_connections(backing: &Backing) {
    let gateway = backing.gateway(&[]);
    let mut site = backing.site();
    site.log_in("here", "ann", "web");
    site.log_in("there", "ann", "ios");
    let mut here = [0, 1].map(|_| gateway.socket("here", None).unwrap());
    let mut there = gateway.socket("there", None).unwrap();
    let mut stream = gateway.stream("here", None).unwrap();
    site.log_out("here");
    for socket in &mut here {
        assert_eq!(kind(&socket.event()), "connected");
        let (events, code) = socket.rest();
        assert_eq!(code, Some(4003));
        assert_eq!(events.iter().map(kind).collect::<Vec<_>>(), ["released"]);
    }
    stream.heed().unwrap();
    let released = stream.heed().unwrap();
    assert_eq!(released.event, "io.rsso.login.released.v1");
    assert_eq!(stream.heed().unwrap().json()["code"], 4003);
    let position = released.id.unwrap();
    assert_eq!(gateway.stream("here", Some(&position)).unwrap_err(), 204);
    assert_eq!(gateway.stream("here", None).unwrap_err(), 401);
    assert_eq!(
        gateway.socket("here", None).unwrap().rest(),
        (Vec::new(), Some(4401))
    );

    site.notify("ann", None, &json!(1));
    there.event();
    assert_eq!(there.event()["data"]["payload"], 1);
}

fn a_kicked_session_is_told_once_and_then_to_stop(backing: &Backing) {
    let mut gateway = backing.gateway(&[]);
    let mut site = backing.site();
    site.log_in("old", "ann", "web");
    site.log_in("new", "ann", "web");
    // It was not connected when it happened.
    let (events, code) = gateway.socket("old", None).unwrap().rest();
    assert_eq!((events.len(), code), (1, Some(4001)));
    assert_eq!(kind(&events[0]), "kicked");
    let position = events[0]["sequence"].as_str().unwrap().to_owned();

    let mut stream = gateway.stream("old", None).unwrap();
    let told = stream.heed().unwrap();
    assert_eq!(told.id.as_deref(), Some(position.as_str()));
    assert_eq!(stream.heed().unwrap().event, "close");
    assert_eq!(gateway.stream("old", Some(&position)).unwrap_err(), 204);
    let (events, code) = gateway.socket("old", Some(&position)).unwrap().rest();
    assert_eq!((events.len(), code), (0, Some(4001)));

    // The outbox has forgotten it, the tombstone has not.
    backing.forget_events();
    gateway.stop();
    gateway.start_again();
    let (events, code) = gateway.socket("old", None).unwrap().rest();
    assert_eq!((events.len(), code), (1, Some(4001)));
    assert_eq!(events[0]["data"]["by"]["label"], "somewhere");
    assert_eq!(events[0]["data"]["reason"], "replaced");
}

fn who_comes_back_is_told_what_it_missed(backing: &Backing) {
    let mut gateway = backing.gateway(&[]);
    let mut site = backing.site();
    site.log_in("one", "ann", "web");
    site.log_in("two", "ann", "ios");
    let mut socket = gateway.socket("one", None).unwrap();
    let position = socket.event()["sequence"].as_str().unwrap().to_owned();
    drop(socket);
    (0..20).for_each(|n| assert_eq!(site.notify("ann", None, &json!(n)), 2));
    let expected: Vec<Value> = (0..20).map(|n| json!(n)).collect();

    let missed = |gateway: &rsso_testkit::Gateway| {
        let mut socket = gateway.socket("one", Some(&position)).unwrap();
        // The last may come behind it: the gateway reads on.
        let events = iter::repeat_with(|| socket.event()).filter(|e| kind(e) != "connected");
        let got: Vec<_> = events
            .take(20)
            .map(|e| e["data"]["payload"].clone())
            .collect();
        got
    };
    assert_eq!(missed(&gateway), expected);
    gateway.kill9();
    gateway.start_again();
    assert_eq!(missed(&gateway), expected);

    // The header of EventSource wins over the parameter.
    let mut stream = rsso_testkit::gateway::Stream::open(
        gateway.port(),
        "/sso/events?lastEventId=0",
        &[("Cookie", "PHPSESSID=one"), ("Last-Event-ID", &position)],
    )
    .unwrap();
    let got: Vec<_> = (0..20)
        .map(|_| stream.heed().unwrap().json()["data"]["payload"].clone())
        .collect();
    assert_eq!(got, expected);
    // All that is kept.
    let mut socket = gateway.socket("two", Some("0")).unwrap();
    assert_eq!(socket.event()["data"]["payload"], 0);
}

fn a_position_that_is_not_known_is_said(backing: &Backing) {
    let gateway = backing.gateway(&[]);
    let mut site = backing.site();
    site.log_in("one", "ann", "web");
    site.notify("ann", None, &json!("hello"));
    // The feed is there when somebody has got it.
    let mut first = gateway.socket("one", Some("0")).unwrap();
    (0..2).for_each(|_| drop(first.event()));
    for strange in ["99999999999999", "x", "-1", "99999999999999-5"] {
        let mut socket = gateway.socket("one", Some(strange)).unwrap();
        let kinds: Vec<_> = (0..3).map(|_| kind(&socket.event()).to_owned()).collect();
        assert_eq!(kinds, ["gap", "message", "connected"], "{strange}");
        let mut stream = gateway.stream("one", Some(strange)).unwrap();
        assert_eq!(stream.heed().unwrap().event, "io.rsso.gap.v1");
    }
}

fn a_session_that_vanished_ends_its_connections(backing: &Backing) {
    let config = rsso_testkit::WorkDir::new();
    let file = config.write("serve.toml", "recheck = 1\nheartbeat = 1\n");
    let gateway = backing.gateway(&["--config", file.to_str().unwrap()]);
    let mut site = backing.site();
    site.log_in("one", "ann", "web");
    site.log_in("two", "bob", "web");
    let mut one = gateway.socket("one", None).unwrap();
    let mut two = gateway.socket("two", None).unwrap();
    backing.remove_session("one");
    let (_, code) = one.rest();
    assert_eq!(code, Some(4004));
    two.event();
    let beat = two.next_of_all().unwrap();
    assert_eq!(kind(&beat), "heartbeat");
    assert!(beat["sequence"].is_string());
}

fn an_event_of_another_realm_is_not_ours(backing: &Backing) {
    let gateway = backing.gateway(&["--realm", "shop"]);
    let mut site = backing.site();
    site.log_in("one", "ann", "web");
    let (events, code) = gateway.socket("one", Some("0")).unwrap().rest();
    assert_eq!((events, code), (Vec::new(), Some(4401)));
    assert_eq!(user("ann").realm.as_str(), "default");
}

fn a_claim_that_waits_hears_that_the_kick_was_delivered(backing: &Backing) {
    let gateway = backing.gateway(&[]);
    let mut site = backing.site();
    let realm = user("ann").realm;
    eventually("it says that it is there", SLOW, || {
        site.0.is_attended(&realm).unwrap().then_some(())
    });
    let mut kicks_of = |session: &str, wait: u64| {
        let (_, mut kicks) = site.claim(session, "ann", "web", "somewhere");
        receipts::collect(
            &mut *site.0,
            &realm,
            &mut kicks,
            Duration::from_millis(wait),
        );
        kicks
            .into_iter()
            .map(|kick| kick.delivered)
            .collect::<Vec<_>>()
    };
    kicks_of("one", 0);
    let mut socket = gateway.socket("one", None).unwrap();
    socket.event();
    assert_eq!(kicks_of("two", 10_000), [Some(true)]);
    assert_eq!(socket.rest().1, Some(4001));
    let mut stream = gateway.stream("two", None).unwrap();
    stream.heed().unwrap();
    assert_eq!(kicks_of("three", 10_000), [Some(true)]);
    // Nobody is connected.
    assert_eq!(kicks_of("four", 300), [Some(false)]);
    assert_eq!(kicks_of("five", 0), [None]);
}

fn who_was_kicked_a_moment_ago_is_told_why(backing: &Backing) {
    let gateway = backing.gateway(&[]);
    let mut site = backing.site();
    for n in 0..crate::common::push::tries(20) {
        let (old, new) = (format!("old{n}"), format!("new{n}"));
        let uid = format!("user{n}");
        site.log_in(&old, &uid, "web");
        let mut stream = gateway.stream(&old, None).unwrap();
        let position = stream.heed().unwrap().id.unwrap();
        drop(stream);
        site.log_in(&new, &uid, "web");
        // The gateway may not have read of it yet.
        let mut stream = gateway
            .stream(&old, Some(&position))
            .expect("it has not been told");
        assert_eq!(stream.heed().unwrap().event, "io.rsso.login.kicked.v1");
        assert_eq!(stream.heed().unwrap().event, "close");
    }
}

fn what_is_no_event_holds_up_nothing(backing: &Backing) {
    let mut gateway = backing.gateway(&[]);
    let mut site = backing.site();
    site.log_in("one", "ann", "web");
    let mut socket = gateway.socket("one", None).unwrap();
    socket.event();
    for strange in ["", "nonsense", "{\"type\":\"x\"}", "[]", "\\xff"] {
        spoil(backing, strange);
    }
    site.notify("ann", None, &json!("hello"));
    assert_eq!(socket.event()["data"]["payload"], "hello");
    gateway.stop();
    gateway.start_again();
    let mut socket = gateway.socket("one", Some("0")).unwrap();
    assert_eq!(socket.event()["data"]["payload"], "hello");
}

/// Puts something into the outbox that rsso would not; a backslash begins bytes that are no UTF-8.
fn spoil(backing: &Backing, text: &str) {
    let value = if text.starts_with('\\') {
        "x'ff'".to_owned()
    } else {
        format!("'{text}'")
    };
    match backing {
        Backing::Sqlite(dir) => {
            let sql = format!(
                "INSERT INTO rsso_events (realm, at, event) VALUES ('default', unixepoch(), {value})"
            );
            crate::common::sqlite(&dir.join("sessions.db"), &sql);
        }
        Backing::Redis(server) => {
            let field = if text.is_empty() { "other" } else { "event" };
            let text = text.replace("\\xff", "\u{ff}");
            server.cli(&["xadd", "rsso:e:default", "*", field, &text]);
            if text.contains('\u{ff}') {
                let script = "return redis.call('XADD', KEYS[1], '*', 'event', '\\255')";
                server.cli(&["eval", script, "1", "rsso:e:default"]);
            }
        }
        Backing::Mysql(server) => {
            server.sql(&format!(
                "BEGIN; UPDATE rsso_realms SET position = LAST_INSERT_ID(position + 1) WHERE realm = 'default'; \
                 INSERT INTO rsso_events (realm, position, at, event) \
                 VALUES ('default', LAST_INSERT_ID(), UNIX_TIMESTAMP(), {value}); COMMIT"
            ));
        }
    }
}
