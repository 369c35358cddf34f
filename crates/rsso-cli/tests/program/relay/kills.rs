//! The relay while everything around it dies: nothing is lost, and what comes twice has the same id.

use std::collections::HashMap;
use std::thread;
use std::time::Duration;

use crate::common::push::{Backing, tries};
use crate::common::receiver::{Receiver, Reply, Request};
use crate::common::relay::{Office, webhook};
use crate::common::{json, rsso};
use rsso_testkit::eventually;
use serde_json::{Value, json};

const EVENTS: usize = 1000;

/// How long the relay may be behind when all is over.
const LATE: Duration = Duration::from_secs(30);

/// Not so random that a failure could not come again: a fixed row of numbers for each test.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % bound
    }
}

#[test]
fn killed_at_any_moment_it_loses_nothing_sqlite() {
    for round in 0..tries(1) {
        chaos(&Backing::sqlite(), 1, round as u64, TRICKLE);
        chaos(&Backing::sqlite(), 8, round as u64, TRICKLE);
    }
}

#[test]
fn killed_while_it_takes_in_a_flood_it_loses_nothing() {
    for round in 0..tries(1) {
        chaos(&Backing::redis(), 4, round as u64, FLOOD);
        chaos(&Backing::sqlite(), 1, round as u64, FLOOD);
    }
}

#[test]
fn killed_at_any_moment_it_loses_nothing_redis() {
    for round in 0..tries(1) {
        chaos(&Backing::redis(), 1, round as u64, TRICKLE);
    }
}

#[test]
fn killed_at_any_moment_it_loses_nothing_mysql() {
    for round in 0..tries(1) {
        chaos(&Backing::mysql(), 4, round as u64, TRICKLE);
    }
}

/// Between two events; and within how many milliseconds of being ready the gateway is killed.
type Pace = (Duration, u64);
const TRICKLE: Pace = (Duration::from_millis(2), 250);
const FLOOD: Pace = (Duration::ZERO, 40);

fn chaos(backing: &Backing, at_once: usize, seed: u64, (every, alive): Pace) {
    let office = Office::new();
    // One in twenty fails the first time.
    let receiver = Receiver::start(|request, nth| {
        let unlucky = request.id().bytes().map(u32::from).sum::<u32>() % 20 == 0;
        Reply {
            status: if unlucky && nth == 1 { 500 } else { 200 },
            after: Duration::from_millis(1),
            ..Reply::default()
        }
    });
    let more = format!("at_once = {at_once}\ntypes = [\"message\"]");
    let tables = webhook(&receiver.url(), "[0, 0, 0, 0, 0, 0]", &more);
    let mut gateway = office.gateway(backing, &tables);
    let mut site = backing.site();
    site.log_in("a", "ann", "web");
    let writer = thread::spawn(move || {
        for n in 0..EVENTS {
            assert_eq!(site.notify("ann", None, &json!(n)), 1);
            thread::sleep(every);
        }
    });
    let mut dice = Dice(seed * 7919 + at_once as u64);
    let mut kills = 0;
    while !writer.is_finished() || kills < 15 {
        thread::sleep(Duration::from_millis(dice.below(alive)));
        gateway.kill9();
        kills += 1;
        gateway.start_again();
    }
    writer.join().unwrap();
    let end = std::time::Instant::now() + LATE;
    while office.webhooks(&[])["endpoints"][0]["pending"] != 0 || accepted(&receiver) < EVENTS {
        assert!(
            std::time::Instant::now() < end,
            "{} of {EVENTS} came; {}",
            accepted(&receiver),
            office.webhooks(&[])
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
    let outbox = rsso(&["tail", "--json", "--dsn", &backing.dsn()]).ok();
    let outbox: Vec<Value> = outbox.lines().map(json).collect();
    let outbox = outbox.iter().filter(|e| e["type"] == "io.rsso.message.v1");
    let outbox: Vec<&str> = outbox.map(|e| e["id"].as_str().unwrap()).collect();
    assert_eq!(outbox.len(), EVENTS);
    if at_once == 1 {
        assert_eq!(first, outbox, "first attempts are in order");
    } else {
        first.sort_unstable();
        let mut all = outbox;
        all.sort_unstable();
        assert_eq!(first, all);
    }
    let dead = &office.webhooks(&[])["endpoints"][0]["dead"];
    assert_eq!(dead, 0);
    println!(
        "at_once {at_once}: {kills} kills, {EVENTS} events, {} requests",
        requests.len()
    );
}

/// How many events have been taken: a refusal is no delivery.
fn accepted(receiver: &Receiver) -> usize {
    let requests = receiver.requests();
    let accepted = requests.iter().filter(|request| request.status == 200);
    let ids: std::collections::HashSet<_> = accepted.map(Request::id).collect();
    ids.len()
}

#[test]
fn a_store_that_is_killed_costs_no_event() {
    let mut backing = Backing::redis();
    let (office, receiver) = (Office::new(), Receiver::willing());
    let _gateway = office.gateway(&backing, &webhook(&receiver.url(), "[]", ""));
    let mut site = backing.site();
    site.log_in("a", "ann", "web");
    for n in 0..5 {
        for m in 0..20 {
            site.notify("ann", None, &json!(n * 100 + m));
        }
        // What it had on disk is what it has then; it writes once a second.
        thread::sleep(Duration::from_millis(1500));
        backing.restart();
        site = backing.site();
        eventually("the store is back", Duration::from_secs(20), || {
            site.0.ready().ok()
        });
    }
    receiver.wait_for(101);
    office.wait_for(0, 0, 0);
    assert_eq!(receiver.count(), 101);
}

#[test]
fn an_outbox_that_begins_anew_is_read_from_its_beginning() {
    let backing = Backing::sqlite();
    let (office, receiver) = (Office::new(), Receiver::willing());
    let mut gateway = office.gateway(&backing, &webhook(&receiver.url(), "[]", ""));
    let mut site = backing.site();
    site.log_in("a", "ann", "web");
    for n in 0..5 {
        site.notify("ann", None, &json!(n));
    }
    receiver.wait_for(6);
    office.wait_for(0, 0, 0);
    gateway.stop();
    drop(site);
    let Backing::Sqlite(dir) = &backing else {
        panic!("SQLite")
    };
    for name in ["sessions.db", "sessions.db-wal", "sessions.db-shm"] {
        let _missing = std::fs::remove_file(dir.join(name));
    }
    let mut site = backing.site();
    site.log_in("a", "ann", "web");
    site.notify("ann", None, &json!("new"));
    gateway.start_again();
    let requests = receiver.wait_for(8);
    assert_eq!(requests[7].json()["data"]["payload"], "new");
    office.wait_for(0, 0, 0);
    assert_eq!(receiver.count(), 8);
}

#[test]
fn an_outbox_that_was_restored_is_not_told_again() {
    let backing = Backing::sqlite();
    let (office, receiver) = (Office::new(), Receiver::willing());
    let mut gateway = office.gateway(&backing, &webhook(&receiver.url(), "[]", ""));
    let mut site = backing.site();
    site.log_in("a", "ann", "web");
    for n in 0..5 {
        site.notify("ann", None, &json!(n));
    }
    receiver.wait_for(6);
    office.wait_for(0, 0, 0);
    gateway.stop();
    drop(site);
    let Backing::Sqlite(dir) = &backing else {
        panic!("SQLite")
    };
    // A copy from two hours ago: the newest two events are not in it.
    crate::common::sqlite(
        &dir.join("sessions.db"),
        "DELETE FROM rsso_events WHERE position > 4;
         UPDATE rsso_events SET event = json_set(event, '$.data.at', event ->> '$.data.at' - 7200000);
         UPDATE sqlite_sequence SET seq = 4 WHERE name = 'rsso_events';",
    );
    gateway.start_again();
    let mut site = backing.site();
    site.notify("ann", None, &json!("new"));
    let requests = receiver.wait_for(7);
    assert_eq!(requests[6].json()["data"]["payload"], "new");
    office.wait_for(0, 0, 0);
    assert_eq!(receiver.count(), 7);
}
