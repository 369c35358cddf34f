//! The relay after the outbox dropped events that it had not read: the loss is reported once.
//!
//! The log, the metrics and the webhooks report it.

use std::collections::HashSet;

use crate::common::backend::Backend;
use crate::common::receiver::Receiver;
use crate::common::relay::{RelaySetup, webhook};

use rsso_core::login::LoginSelector;
use serde_json::{Value, json};

/// Removes all but the newest two events from the outbox.
fn keep_newest_two(backend: &Backend) {
    match backend {
        Backend::Sqlite(dir) => crate::common::sqlite(
            &dir.join("sessions.db"),
            "DELETE FROM rsso_events WHERE position <= (SELECT MAX(position) FROM rsso_events) - 2",
        ),
        Backend::Redis(server) => {
            assert_eq!(server.cli(&["XTRIM", "rsso:e:default", "MAXLEN", "2"]), "4");
        }
        Backend::Mysql(server) => {
            server.sql("DELETE FROM app.rsso_events ORDER BY position LIMIT 4");
        }
    }
}

fn events_lost_from_the_outbox_are_reported(backend: &Backend) {
    let (setup, receiver) = (RelaySetup::new(), Receiver::accepting_all());
    let tables = webhook(&receiver.url(), "[]", "types = [\"message\"]");
    let mut gateway = setup.gateway(backend, &tables);
    let mut app = backend.application();
    app.log_in("a", "ann", "web");
    app.notify("ann", None, &json!(0));
    receiver.wait_for(1);
    setup.wait_for(0, 0, 0);
    gateway.stop();
    for n in 1..=4 {
        app.notify("ann", None, &json!(n));
    }
    keep_newest_two(backend);
    gateway.start_again();
    // Two of four events are lost; the gap is reported before the other two.
    let requests = receiver.wait_for(4);
    let events: Vec<Value> = requests[1..].iter().map(|request| request.json()).collect();
    assert_eq!(events[0]["type"], "io.rsso.gap.v1");
    assert_eq!(events[0]["id"], requests[1].id());
    let lost = match backend {
        Backend::Mysql(_) => json!(2),
        _ => Value::Null,
    };
    assert_eq!(events[0]["data"]["lost"], lost);
    let payloads: Vec<_> = events[1..].iter().map(|e| &e["data"]["payload"]).collect();
    assert_eq!(payloads, [3, 4]);
    assert_eq!(gateway.metric("rsso_relay_gaps_total"), 1.0);
    let counted = lost.as_f64().unwrap_or_default();
    assert_eq!(gateway.metric("rsso_relay_lost_events_total"), counted);
    assert!(
        gateway.log().contains("the outbox has forgotten events"),
        "{}",
        gateway.log()
    );
    setup.wait_for(0, 0, 0);
    // The gap is not reported again.
    gateway.stop();
    app.notify("ann", None, &json!(5));
    gateway.start_again();
    let requests = receiver.wait_for(5);
    assert_eq!(requests[4].json()["data"]["payload"], 5);
    assert_eq!(gateway.metric("rsso_relay_gaps_total"), 0.0);
}

/// The relay misses more messages than the outbox keeps, but no kick.
fn messages_evict_no_kick(backend: &Backend) {
    const KEPT: usize = 510;
    let (setup, receiver) = (RelaySetup::new(), Receiver::accepting_all());
    let tables = webhook(&receiver.url(), "[]", "types = [\"login.kicked\"]");
    let mut gateway = setup.gateway(backend, &tables);
    let mut app = backend.application_with_outbox_limit(KEPT as u64);
    for n in 0..KEPT {
        app.log_in(&format!("b{n}"), "bob", &format!("d{n}"));
    }
    for n in 0..KEPT / 10 {
        app.log_in(&format!("a{n}"), "ann", &format!("d{n}"));
    }
    app.log_in("zoe", "zoe", "web");
    assert_eq!(app.kick("zoe", &LoginSelector::default()), 1);
    receiver.wait_for(1);
    setup.wait_for(0, 0, 0);
    gateway.stop();
    assert_eq!(app.kick("bob", &LoginSelector::default()), KEPT);
    for n in 0..20 {
        assert_eq!(app.notify("ann", None, &json!(n)), KEPT as u64 / 10);
    }
    gateway.start_again();
    let requests = receiver.wait_for(2 + KEPT);
    let events: Vec<Value> = requests[1..].iter().map(|r| r.json()).collect();
    let of_kind = |kind: &str| {
        events
            .iter()
            .filter(|e| e["type"] == kind)
            .collect::<Vec<_>>()
    };
    let kicks = of_kind("io.rsso.login.kicked.v1");
    let logins: HashSet<_> = kicks
        .iter()
        .map(|e| e["data"]["login"].to_string())
        .collect();
    assert_eq!((kicks.len(), logins.len()), (KEPT, KEPT));
    // Half of the messages are lost and no kick; only MySQL counts how many.
    let (gaps, lost) = (of_kind("io.rsso.gap.v1"), KEPT as u64);
    assert_eq!(gaps.len(), 1);
    let counts = matches!(backend, Backend::Mysql(_));
    let reported = gaps[0]["data"]["lost"].as_u64();
    assert_eq!(reported, counts.then_some(lost));
    setup.wait_for(0, 0, 0);
    assert_eq!(gateway.metric("rsso_relay_gaps_total"), 1.0);
    let counted = gateway.metric("rsso_relay_lost_events_total");
    assert_eq!(counted, if counts { lost as f64 } else { 0.0 });
    let reports = gateway.log().matches("the outbox has forgotten").count();
    assert_eq!(reports, 1, "{}", gateway.log());
}

on_every_store!(
    events_lost_from_the_outbox_are_reported,
    messages_evict_no_kick
);
