//! The relay while gateways and stores are killed: no event is lost, and one that comes twice has the same id.

use std::collections::HashMap;
use std::thread;
use std::time::Duration;

use crate::common::backend::{Backend, tries};
use crate::common::random::SeededRandom;
use crate::common::receiver::{Receiver, Reply, Request};
use crate::common::relay::{RelaySetup, webhook};
use crate::common::{json, rsso};

use rsso_testkit::{Gateway, eventually};
use serde_json::{Value, json};

const EVENTS: usize = 1000;

/// How long the relay may take for the rest after the last kill.
const TIMEOUT: Duration = Duration::from_secs(30);

#[test]
fn on_sqlite_a_killed_relay_loses_nothing() {
    for round in 0..tries(1) {
        kill_repeatedly(&Backend::sqlite(), 1, round as u64, TRICKLE);
        kill_repeatedly(&Backend::sqlite(), 8, round as u64, TRICKLE);
    }
}

#[test]
fn a_relay_killed_during_a_flood_loses_nothing() {
    for round in 0..tries(1) {
        kill_repeatedly(&Backend::redis(), 4, round as u64, FLOOD);
        kill_repeatedly(&Backend::sqlite(), 1, round as u64, FLOOD);
    }
}

#[test]
fn on_redis_a_killed_relay_loses_nothing() {
    for round in 0..tries(1) {
        kill_repeatedly(&Backend::redis(), 1, round as u64, TRICKLE);
    }
}

#[test]
fn on_mysql_a_killed_relay_loses_nothing() {
    for round in 0..tries(1) {
        kill_repeatedly(&Backend::mysql(), 4, round as u64, TRICKLE);
    }
}

/// How fast events are written, and how soon the gateway is killed.
#[derive(Clone, Copy)]
struct Pace {
    between_events: Duration,
    /// The longest time that a gateway lives, in milliseconds.
    lifetime: usize,
}

const TRICKLE: Pace = Pace {
    between_events: Duration::from_millis(2),
    lifetime: 250,
};
const FLOOD: Pace = Pace {
    between_events: Duration::ZERO,
    lifetime: 40,
};

fn kill_repeatedly(backend: &Backend, max_in_flight: usize, seed: u64, pace: Pace) {
    let setup = RelaySetup::new();
    // One in twenty fails the first time.
    let receiver = Receiver::start(|request, nth| {
        let unlucky = request.id().bytes().map(u32::from).sum::<u32>() % 20 == 0;
        Reply {
            status: if unlucky && nth == 1 { 500 } else { 200 },
            delay: Duration::from_millis(1),
            ..Reply::default()
        }
    });
    let more = format!("max_in_flight = {max_in_flight}\ntypes = [\"message\"]");
    let tables = webhook(&receiver.url(), "[0, 0, 0, 0, 0, 0]", &more);
    let mut gateway = setup.gateway(backend, &tables);
    let mut app = backend.application();
    app.log_in("a", "ann", "web");
    let writer = thread::spawn(move || {
        for n in 0..EVENTS {
            assert_eq!(app.notify("ann", None, &json!(n)), 1);
            thread::sleep(pace.between_events);
        }
    });
    let mut random = SeededRandom::new(seed * 7919 + max_in_flight as u64);
    let mut kills = 0;
    while !writer.is_finished() || kills < 15 {
        let lifetime = random.below(pace.lifetime);
        thread::sleep(Duration::from_millis(lifetime as u64));
        gateway.kill9();
        kills += 1;
        gateway.start_again();
    }
    writer.join().unwrap();
    let end = std::time::Instant::now() + TIMEOUT;
    while setup.webhooks(&[])["endpoints"][0]["pending"] != 0 || accepted(&receiver) < EVENTS {
        assert!(
            std::time::Instant::now() < end,
            "{} of {EVENTS} came; {}",
            accepted(&receiver),
            setup.webhooks(&[])
        );
        thread::sleep(Duration::from_millis(50));
    }
    let requests = receiver.requests();
    let mut by_id: HashMap<&str, &Request> = HashMap::new();
    let mut first = Vec::new();
    for request in &requests {
        match by_id.get(request.id()) {
            Some(before) => assert_eq!(before.body, request.body, "one id, one event"),
            None => {
                by_id.insert(request.id(), request);
                first.push(request.id());
            }
        }
    }
    let outbox = rsso(&["tail", "--json", "--dsn", &backend.dsn()]).ok();
    let outbox: Vec<Value> = outbox.lines().map(json).collect();
    let outbox = outbox.iter().filter(|e| e["type"] == "io.rsso.message.v1");
    let outbox: Vec<&str> = outbox.map(|e| e["id"].as_str().unwrap()).collect();
    assert_eq!(outbox.len(), EVENTS);
    if max_in_flight == 1 {
        assert_eq!(first, outbox, "first attempts are in order");
    } else {
        first.sort_unstable();
        let mut all = outbox;
        all.sort_unstable();
        assert_eq!(first, all);
    }
    let dead = &setup.webhooks(&[])["endpoints"][0]["dead"];
    assert_eq!(dead, 0);
    println!(
        "{max_in_flight} in flight: {kills} kills, {EVENTS} events, {} requests",
        requests.len()
    );
}

/// The number of events that the receiver has accepted.
fn accepted(receiver: &Receiver) -> usize {
    let requests = receiver.requests();
    let accepted = requests.iter().filter(|request| request.status == 200);
    let ids: std::collections::HashSet<_> = accepted.map(Request::id).collect();
    ids.len()
}

#[test]
fn a_killed_store_loses_no_event() {
    let mut backend = Backend::redis();
    let (setup, receiver) = (RelaySetup::new(), Receiver::accepting_all());
    let _gateway = setup.gateway(&backend, &webhook(&receiver.url(), "[]", ""));
    let mut app = backend.application();
    app.log_in("a", "ann", "web");
    for n in 0..5 {
        for m in 0..20 {
            app.notify("ann", None, &json!(n * 100 + m));
        }
        // Redis writes to its disk once a second.
        thread::sleep(Duration::from_millis(1500));
        backend.restart();
        app = backend.application();
        eventually("the store is back", Duration::from_secs(20), || {
            app.0.ready().ok()
        });
    }
    receiver.wait_for(101);
    setup.wait_for(0, 0, 0);
    assert_eq!(receiver.count(), 101);
}

/// A gateway on SQLite that was stopped when its webhook had all six events.
fn stopped_after_six_events(setup: &RelaySetup) -> (Backend, Receiver, Gateway) {
    let (backend, receiver) = (Backend::sqlite(), Receiver::accepting_all());
    let mut gateway = setup.gateway(&backend, &webhook(&receiver.url(), "[]", ""));
    let mut app = backend.application();
    app.log_in("a", "ann", "web");
    for n in 0..5 {
        app.notify("ann", None, &json!(n));
    }
    receiver.wait_for(6);
    setup.wait_for(0, 0, 0);
    gateway.stop();
    (backend, receiver, gateway)
}

#[test]
fn a_new_outbox_is_read_from_its_start() {
    let setup = RelaySetup::new();
    let (backend, receiver, mut gateway) = stopped_after_six_events(&setup);
    let Backend::Sqlite(dir) = &backend else {
        panic!("SQLite")
    };
    for name in ["sessions.db", "sessions.db-wal", "sessions.db-shm"] {
        let _missing = std::fs::remove_file(dir.join(name));
    }
    let mut app = backend.application();
    app.log_in("a", "ann", "web");
    app.notify("ann", None, &json!("new"));
    gateway.start_again();
    let requests = receiver.wait_for(8);
    assert_eq!(requests[7].json()["data"]["payload"], "new");
    setup.wait_for(0, 0, 0);
    assert_eq!(receiver.count(), 8);
}

#[test]
fn a_restored_outbox_is_not_delivered_again() {
    let setup = RelaySetup::new();
    let (backend, receiver, mut gateway) = stopped_after_six_events(&setup);
    let Backend::Sqlite(dir) = &backend else {
        panic!("SQLite")
    };
    // The backup is two hours old and lacks the newest two events.
    crate::common::sqlite(
        &dir.join("sessions.db"),
        "DELETE FROM rsso_events WHERE position > 4;
         UPDATE rsso_events SET event = json_set(event, '$.data.at', event ->> '$.data.at' - 7200000);
         UPDATE sqlite_sequence SET seq = 4 WHERE name = 'rsso_events';",
    );
    gateway.start_again();
    let mut app = backend.application();
    app.notify("ann", None, &json!("new"));
    let requests = receiver.wait_for(7);
    assert_eq!(requests[6].json()["data"]["payload"], "new");
    setup.wait_for(0, 0, 0);
    assert_eq!(receiver.count(), 7);
}
