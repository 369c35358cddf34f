//! The events in the outbox are as docs/events.md says: their schema, their order, and consumer groups of Redis.

use std::collections::BTreeSet;

use crate::common::backend::{Application, Backend, user};
use crate::common::{HOUR, rsso, session_key};

use rsso_core::login::event::Kind;
use rsso_core::login::{
    Claim, ClaimBasis, Client, Details, Device, Limits, LoginId, LoginSelector, OnConflict,
};
use rsso_core::store::{End, Token};
use serde_json::{Value, json};

const SCHEMA: &str = include_str!("../../../../docs/events.schema.json");
const DOCUMENT: &str = include_str!("../../../../docs/events.md");

on_every_store!(every_event_matches_the_schema);

fn validator() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[track_caller]
fn assert_fits(validator: &jsonschema::Validator, event: &Value) {
    let problems: Vec<_> = validator
        .iter_errors(event)
        .map(|error| error.to_string())
        .collect();
    assert!(problems.is_empty(), "{problems:#?} in {event:#}");
}

/// Writes one event of each type.
fn make_event_of_each_type(app: &mut Application) {
    app.log_in_with_label("one", "ann", "web", "Firefox \"on\" <Linux>\n");
    app.log_in("two", "ann", "web");
    try_to_log_in(app, "three", "ann", OnConflict::Refuse, 0);
    app.notify("ann", None, &json!({"text": "hello"}));
    app.kick("ann", &LoginSelector::default());
    app.log_in("four", "bob", "ios");
    app.log_out("four");
    // Its session is removed; the next operation notices that and writes the event.
    app.log_in("five", "cem", "web");
    let alone = End {
        keeps_login: true,
        ..End::default()
    };
    app.0.destroy(&session_key("five"), None, alone).unwrap();
    app.notify("cem", None, &json!(1));
    app.log_in("six", "eva", "web");
    let from = Client::new("192.0.2.7".parse().ok(), Some(b"Firefox"), Details::Full);
    app.log_in_notifying_others("seven", "eva", "ios", "a phone\n", from);
    for n in 0..5 {
        try_to_log_in(app, &format!("storm{n}"), "dee", OnConflict::Kick, 2);
    }
}

fn try_to_log_in(
    app: &mut Application,
    session: &str,
    uid: &str,
    on_conflict: OnConflict,
    storm_limit: u32,
) {
    let claim = Claim {
        user: user(uid),
        login: LoginId::new().unwrap(),
        device: Device::default(),
        label: None,
        meta: None,
        client: Client::new("192.0.2.7".parse().ok(), Some(b"Firefox"), Details::Full),
        claimed_from: None,
        limits: Limits {
            max_logins: 1,
            on_conflict,
            storm_limit,
            ..Limits::default()
        },
        notify_others: false,
        tombstone_ttl: HOUR,
    };
    let basis = ClaimBasis {
        seen: None,
        token: Token::random().unwrap(),
        ttl: HOUR,
    };
    app.0.claim(&session_key(session), basis, &claim).unwrap();
}

fn every_event_matches_the_schema(backend: &Backend) {
    make_event_of_each_type(&mut backend.application());
    let validator = validator();
    let output = rsso(&["tail", "--json", "--dsn", &backend.dsn()]).ok();
    let events: Vec<Value> = output.lines().map(crate::common::json).collect();
    for event in &events {
        assert_fits(&validator, event);
        assert_eq!(event["subject"], event["data"]["uid"]);
    }
    let kinds: BTreeSet<&str> = events.iter().map(|e| e["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, Kind::ALL.map(Kind::as_str).into());
    let ids: BTreeSet<&str> = events.iter().map(|e| e["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), events.len());
}

#[test]
fn the_example_in_the_document_matches_and_broken_ones_do_not() {
    let validator = validator();
    let (_, rest) = DOCUMENT.split_once("```json\n").unwrap();
    let example: Value = serde_json::from_str(rest.split_once("```").unwrap().0).unwrap();
    assert_fits(&validator, &example);
    for path in [
        "/type",
        "/id",
        "/data/login",
        "/data/code",
        "/data/at",
        "/data/by/device",
    ] {
        let mut broken = example.clone();
        *broken.pointer_mut(path).unwrap() = json!("?");
        assert!(!validator.is_valid(&broken), "{path}");
    }
    let mut without = example;
    without["type"] = json!(Kind::Elsewhere.as_str());
    assert_fits(&validator, &without);
    without["data"].as_object_mut().unwrap().remove("by");
    assert!(!validator.is_valid(&without));
    for kind in Kind::ALL {
        assert!(DOCUMENT.contains(kind.as_str()));
    }
}

#[test]
fn a_consumer_group_reads_the_stream() {
    let backend = Backend::redis();
    let Backend::Redis(server) = &backend else {
        unreachable!()
    };
    let stream = "rsso:e:default";
    server.cli(&["XGROUP", "CREATE", stream, "audit", "$", "MKSTREAM"]);
    // Only the commands in the document.
    server.cli(&[
        "ACL",
        "SETUSER",
        "reader",
        "on",
        "nopass",
        "-@all",
        "+xreadgroup",
        "+xack",
        "~rsso:e:*",
    ]);
    make_event_of_each_type(&mut backend.application());
    let read = |consumer: &str| {
        server.cli(&[
            "--user",
            "reader",
            "--pass",
            "x",
            "--no-auth-warning",
            "--json",
            "XREADGROUP",
            "GROUP",
            "audit",
            consumer,
            "COUNT",
            "5",
            "STREAMS",
            stream,
            ">",
        ])
    };
    let validator = validator();
    let mut seen = 0;
    loop {
        let reply: Value =
            serde_json::from_str(&read(if seen % 2 == 0 { "a" } else { "b" })).unwrap();
        let Some(entries) = reply.pointer("/0/1").or_else(|| reply.get(stream)) else {
            break;
        };
        for entry in entries.as_array().unwrap() {
            assert_eq!(entry[1][0], "event");
            let event: Value = serde_json::from_str(entry[1][1].as_str().unwrap()).unwrap();
            assert_fits(&validator, &event);
            let id = entry[0].as_str().unwrap();
            let done = server.cli(&[
                "--user",
                "reader",
                "--pass",
                "x",
                "--no-auth-warning",
                "XACK",
                stream,
                "audit",
                id,
            ]);
            assert_eq!(done, "1");
            seen += 1;
        }
    }
    let output = rsso(&["tail", "--json", "--dsn", &backend.dsn()]).ok();
    assert_eq!(seen, output.lines().count());
}
