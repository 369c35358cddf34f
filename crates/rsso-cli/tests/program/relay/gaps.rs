//! The relay was away for longer than the outbox keeps events: what is lost is said, once, to the log, to
//! the metrics and to the webhooks.

use std::collections::HashSet;

use crate::common::push::Backing;
use crate::common::receiver::Receiver;
use crate::common::relay::{Office, webhook};
use rsso_core::login::Which;
use serde_json::{Value, json};

/// Has the outbox forget all but the newest two events.
fn forget(backing: &Backing) {
    match backing {
        Backing::Sqlite(dir) => crate::common::sqlite(
            &dir.join("sessions.db"),
            "DELETE FROM rsso_events WHERE position <= (SELECT MAX(position) FROM rsso_events) - 2",
        ),
        Backing::Redis(server) => {
            assert_eq!(server.cli(&["XTRIM", "rsso:e:default", "MAXLEN", "2"]), "4");
        }
        Backing::Mysql(server) => {
            server.sql("DELETE FROM app.rsso_events ORDER BY position LIMIT 4");
        }
    }
}

fn what_the_outbox_has_forgotten_is_said(backing: &Backing) {
    let (office, receiver) = (Office::new(), Receiver::willing());
    let tables = webhook(&receiver.url(), "[]", "types = [\"message\"]");
    let mut gateway = office.gateway(backing, &tables);
    let mut site = backing.site();
    site.log_in("a", "ann", "web");
    site.notify("ann", None, &json!(0));
    receiver.wait_for(1);
    office.wait_for(0, 0, 0);
    gateway.stop();
    for n in 1..=4 {
        site.notify("ann", None, &json!(n));
    }
    forget(backing);
    gateway.start_again();
    // Two of four are gone, and that something is comes first.
    let requests = receiver.wait_for(4);
    let events: Vec<Value> = requests[1..].iter().map(|request| request.json()).collect();
    assert_eq!(events[0]["type"], "io.rsso.gap.v1");
    assert_eq!(events[0]["id"], requests[1].id());
    let lost = match backing {
        Backing::Mysql(_) => json!(2),
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
    office.wait_for(0, 0, 0);
    // It is said once, and not where nothing was lost.
    gateway.stop();
    site.notify("ann", None, &json!(5));
    gateway.start_again();
    let requests = receiver.wait_for(5);
    assert_eq!(requests[4].json()["data"]["payload"], 5);
    assert_eq!(gateway.metric("rsso_relay_gaps_total"), 0.0);
}

/// More kicks than are read at once, and then more messages than the outbox keeps.
fn messages_flush_no_kick_out(backing: &Backing) {
    const KEPT: usize = 510;
    let (office, receiver) = (Office::new(), Receiver::willing());
    let tables = webhook(&receiver.url(), "[]", "types = [\"login.kicked\"]");
    let mut gateway = office.gateway(backing, &tables);
    let mut site = backing.site_keeping(KEPT as u64);
    for n in 0..KEPT {
        site.log_in(&format!("b{n}"), "bob", &format!("d{n}"));
    }
    for n in 0..KEPT / 10 {
        site.log_in(&format!("a{n}"), "ann", &format!("d{n}"));
    }
    site.log_in("zoe", "zoe", "web");
    assert_eq!(site.kick("zoe", &Which::default()), 1);
    receiver.wait_for(1);
    office.wait_for(0, 0, 0);
    gateway.stop();
    assert_eq!(site.kick("bob", &Which::default()), KEPT);
    for n in 0..20 {
        assert_eq!(site.notify("ann", None, &json!(n)), KEPT as u64 / 10);
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
    // Half of the messages are gone; a store that counts knows that no kick is.
    let (gaps, lost) = (of_kind("io.rsso.gap.v1"), KEPT as u64);
    assert_eq!(gaps.len(), 1);
    let counts = matches!(backing, Backing::Mysql(_));
    let told = gaps[0]["data"]["lost"].as_u64();
    assert_eq!(told, counts.then_some(lost));
    office.wait_for(0, 0, 0);
    assert_eq!(gateway.metric("rsso_relay_gaps_total"), 1.0);
    let counted = gateway.metric("rsso_relay_lost_events_total");
    assert_eq!(counted, if counts { lost as f64 } else { 0.0 });
    let said = gateway.log().matches("the outbox has forgotten").count();
    assert_eq!(said, 1, "{}", gateway.log());
}

on_every_store!(
    what_the_outbox_has_forgotten_is_said,
    messages_flush_no_kick_out
);
