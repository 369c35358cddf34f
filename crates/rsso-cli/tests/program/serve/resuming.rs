//! `rsso serve` on each store: a client that comes back gets what it missed, and learns if that is not known.

use std::iter;

use crate::common::backend::{Backend, kind};

use serde_json::{Value, json};

on_every_store!(
    a_kicked_session_gets_the_kick_once_and_then_must_stop,
    a_client_that_comes_back_gets_what_it_missed,
    an_unknown_position_is_reported_as_a_gap,
    a_client_kicked_a_moment_ago_learns_why,
    an_invalid_event_delays_no_other,
);

fn a_kicked_session_gets_the_kick_once_and_then_must_stop(backend: &Backend) {
    let mut gateway = backend.gateway(&[]);
    let mut app = backend.application();
    app.log_in("old", "ann", "web");
    app.log_in("new", "ann", "web");
    // It was not connected during the kick.
    let (events, code) = gateway.socket("old", None).unwrap().read_to_end();
    assert_eq!((events.len(), code), (1, Some(4001)));
    assert_eq!(kind(&events[0]), "kicked");
    let position = events[0]["sequence"].as_str().unwrap().to_owned();

    let mut stream = gateway.stream("old", None).unwrap();
    let told = stream.next_event().unwrap();
    assert_eq!(told.id.as_deref(), Some(position.as_str()));
    assert_eq!(stream.next_event().unwrap().event, "close");
    assert_eq!(gateway.stream("old", Some(&position)).unwrap_err(), 204);
    let (events, code) = gateway
        .socket("old", Some(&position))
        .unwrap()
        .read_to_end();
    assert_eq!((events.len(), code), (0, Some(4001)));

    // The event is no longer in the outbox, but the tombstone is still there.
    backend.clear_outbox();
    gateway.stop();
    gateway.start_again();
    let (events, code) = gateway.socket("old", None).unwrap().read_to_end();
    assert_eq!((events.len(), code), (1, Some(4001)));
    assert_eq!(events[0]["data"]["by"]["label"], "somewhere");
    assert_eq!(events[0]["data"]["reason"], "replaced");
}

fn a_client_that_comes_back_gets_what_it_missed(backend: &Backend) {
    let mut gateway = backend.gateway(&[]);
    let mut app = backend.application();
    app.log_in("one", "ann", "web");
    app.log_in("two", "ann", "ios");
    let mut socket = gateway.socket("one", None).unwrap();
    let position = socket.event()["sequence"].as_str().unwrap().to_owned();
    drop(socket);
    (0..20).for_each(|n| assert_eq!(app.notify("ann", None, &json!(n)), 2));
    let expected: Vec<Value> = (0..20).map(|n| json!(n)).collect();

    let missed = |gateway: &rsso_testkit::Gateway| {
        let mut socket = gateway.socket("one", Some(&position)).unwrap();
        // The last event may come after it: the gateway reads on.
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
    let mut stream = rsso_testkit::gateway::SseClient::open(
        gateway.port(),
        "/sso/events?lastEventId=0",
        &[("Cookie", "PHPSESSID=one"), ("Last-Event-ID", &position)],
    )
    .unwrap();
    let got: Vec<_> = (0..20)
        .map(|_| stream.next_event().unwrap().json()["data"]["payload"].clone())
        .collect();
    assert_eq!(got, expected);
    // Everything in the outbox.
    let mut socket = gateway.socket("two", Some("0")).unwrap();
    assert_eq!(socket.event()["data"]["payload"], 0);
}

fn an_unknown_position_is_reported_as_a_gap(backend: &Backend) {
    let gateway = backend.gateway(&[]);
    let mut app = backend.application();
    app.log_in("one", "ann", "web");
    app.notify("ann", None, &json!("hello"));
    // When one client has the event, the gateway has read it.
    let mut first = gateway.socket("one", Some("0")).unwrap();
    (0..2).for_each(|_| drop(first.event()));
    for strange in ["99999999999999", "x", "-1", "99999999999999-5"] {
        let mut socket = gateway.socket("one", Some(strange)).unwrap();
        let kinds: Vec<_> = (0..3).map(|_| kind(&socket.event()).to_owned()).collect();
        assert_eq!(kinds, ["gap", "message", "connected"], "{strange}");
        let mut stream = gateway.stream("one", Some(strange)).unwrap();
        assert_eq!(stream.next_event().unwrap().event, "io.rsso.gap.v1");
    }
}

fn a_client_kicked_a_moment_ago_learns_why(backend: &Backend) {
    let gateway = backend.gateway(&[]);
    let mut app = backend.application();
    for n in 0..crate::common::backend::tries(20) {
        let (old, new) = (format!("old{n}"), format!("new{n}"));
        let uid = format!("user{n}");
        app.log_in(&old, &uid, "web");
        let mut stream = gateway.stream(&old, None).unwrap();
        let position = stream.next_event().unwrap().id.unwrap();
        drop(stream);
        app.log_in(&new, &uid, "web");
        // The gateway may not have read the event yet.
        let mut stream = gateway
            .stream(&old, Some(&position))
            .expect("it has not been told");
        assert_eq!(
            stream.next_event().unwrap().event,
            "io.rsso.login.kicked.v1"
        );
        assert_eq!(stream.next_event().unwrap().event, "close");
    }
}

fn an_invalid_event_delays_no_other(backend: &Backend) {
    let mut gateway = backend.gateway(&[]);
    let mut app = backend.application();
    app.log_in("one", "ann", "web");
    let mut socket = gateway.socket("one", None).unwrap();
    socket.event();
    for strange in ["", "nonsense", "{\"type\":\"x\"}", "[]", "\\xff"] {
        write_invalid_event(backend, strange);
    }
    app.notify("ann", None, &json!("hello"));
    assert_eq!(socket.event()["data"]["payload"], "hello");
    gateway.stop();
    gateway.start_again();
    let mut socket = gateway.socket("one", Some("0")).unwrap();
    assert_eq!(socket.event()["data"]["payload"], "hello");
}

/// Writes an event into the outbox that rsso would not write.
///
/// A backslash in `text` begins an escape for a byte that is not UTF-8.
fn write_invalid_event(backend: &Backend, text: &str) {
    let value = if text.starts_with('\\') {
        "x'ff'".to_owned()
    } else {
        format!("'{text}'")
    };
    match backend {
        Backend::Sqlite(dir) => {
            let sql = format!(
                "INSERT INTO rsso_events (realm, at, event) VALUES ('default', unixepoch(), {value})"
            );
            crate::common::sqlite(&dir.join("sessions.db"), &sql);
        }
        Backend::Redis(server) => {
            let field = if text.is_empty() { "other" } else { "event" };
            let text = text.replace("\\xff", "\u{ff}");
            server.cli(&["xadd", "rsso:e:default", "*", field, &text]);
            if text.contains('\u{ff}') {
                let script = "return redis.call('XADD', KEYS[1], '*', 'event', '\\255')";
                server.cli(&["eval", script, "1", "rsso:e:default"]);
            }
        }
        Backend::Mysql(server) => {
            server.sql(&format!(
                "BEGIN; UPDATE rsso_realms SET position = LAST_INSERT_ID(position + 1) WHERE realm = 'default'; \
                 INSERT INTO rsso_events (realm, position, at, event) \
                 VALUES ('default', LAST_INSERT_ID(), UNIX_TIMESTAMP(), {value}); COMMIT"
            ));
        }
    }
}
