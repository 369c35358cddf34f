//! The outbox: what happened, in order, for whoever tells the browsers.

use std::collections::HashSet;
use std::thread;

use rsso_core::login::event::{Event, Kind, Position};
use rsso_core::login::{Claim, Limits, LoginId, Which};
use serde_json::Value;

use super::logins_races::rounds;
use crate::common::fixture::{Ground, Worker};
use crate::common::login_helpers::{at_most, refusing, user, user_of, wish};
use crate::common::timed_barrier::Gate;

/// Logins of one user: fewer where a claim is several round trips.
fn many(ground: &dyn Ground) -> usize {
    match ground.dsn().starts_with("mysql") {
        true => 1100,
        false => 5000,
    }
}

fn page(worker: &mut Worker, after: &Position, limit: usize) -> Vec<Event> {
    worker.store.events(&user("x").realm, after, limit).unwrap()
}

fn newest(worker: &mut Worker) -> Position {
    worker.store.newest(&user("x").realm).unwrap()
}

/// So many events, one after the other.
fn tell(worker: &mut Worker, ground: &dyn Ground, count: usize) {
    for number in 0..count {
        worker.sign_in(&ground.key(), &user(format!("user {number}")), at_most(0));
    }
}

pub fn an_outbox_begins_empty(ground: &dyn Ground) {
    let mut worker = ground.worker();
    assert_eq!(newest(&mut worker), Position::START);
    assert_eq!(page(&mut worker, &Position::START, 10), []);
}

pub fn positions_ascend_and_reading_goes_on_behind_them(ground: &dyn Ground) {
    let mut worker = ground.worker();
    tell(&mut worker, ground, 25);
    let all = page(&mut worker, &Position::START, 1000);
    assert_eq!(all.len(), 25);
    assert!(all.is_sorted_by(|a, b| a.position < b.position));
    assert!(all[0].position > Position::START);
    assert_eq!(newest(&mut worker), all[24].position);
    for (number, event) in all.iter().enumerate() {
        // As readers get it back from a browser: as text.
        let position = Position::parse(&event.position.to_string()).unwrap();
        assert_eq!(page(&mut worker, &position, 1000), all[number + 1..]);
        let next = page(&mut worker, &position, 3);
        assert_eq!(next, all[number + 1..][..3.min(24 - number)]);
    }
    tell(&mut worker, ground, 2);
    let more = page(&mut worker, &all[24].position, 1000);
    assert_eq!(more.len(), 2);
    assert_eq!(newest(&mut worker), more[1].position);
}

pub fn the_newest_position_is_where_a_reader_begins(ground: &dyn Ground) {
    let (mut writer, mut reader) = (ground.worker(), ground.worker());
    tell(&mut writer, ground, 3);
    let begin = newest(&mut reader);
    assert_eq!(page(&mut reader, &begin, 10), []);
    tell(&mut writer, ground, 1);
    assert_eq!(page(&mut reader, &begin, 10).len(), 1);
}

pub fn realms_are_apart(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (here, there) = (user("alice"), user_of("else.where", "alice"));
    worker.sign_in(&ground.key(), &here, at_most(1));
    assert_eq!(worker.store.newest(&there.realm).unwrap(), Position::START);
    assert_eq!(worker.outbox(&there.realm), Vec::<Value>::new());
    let before = newest(&mut worker);
    worker.sign_in(&ground.key(), &there, at_most(1));
    worker.store.notify(&there, None, "1").unwrap();
    assert_eq!(newest(&mut worker), before);
    assert_eq!(worker.outbox(&here.realm).len(), 1);
    let told = worker.outbox(&there.realm);
    assert_eq!(told.len(), 2);
    assert!(
        told.iter()
            .all(|event| event["source"] == "urn:rsso:else.where")
    );
    // A session that changes its realm tells each of its own.
    let key = ground.key();
    worker.sign_in(&key, &here, at_most(0));
    worker.sign_in(&key, &there, at_most(0));
    let kinds = |events: &[Value]| {
        let kind = |event: &Value| event["type"].as_str().unwrap().to_owned();
        events.iter().map(kind).collect::<Vec<_>>()
    };
    let (here, there) = (worker.outbox(&here.realm), worker.outbox(&there.realm));
    let (claimed, released) = ("io.rsso.login.claimed.v1", "io.rsso.login.released.v1");
    assert_eq!(kinds(&here), [claimed, claimed, released]);
    assert_eq!(kinds(&there)[2..], [claimed]);
}

/// An event of every kind, about users of every kind.
pub fn every_event_is_a_cloud_event_of_its_own(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let uids: [&[u8]; 6] = [
        b"alice",
        b"al\"ice\n\\</script>\0",
        "\u{1f600}'".as_bytes(),
        b"\xff\xfe",
        &[0xc3; 255],
        b"{\"a\":1}",
    ];
    let mut ids = HashSet::new();
    let mut count = 0;
    for uid in uids {
        let user = user(uid);
        let storm = rsso_core::login::Limits {
            storm_limit: 1,
            ..at_most(1)
        };
        let keys = [(); 7].map(|()| ground.key());
        worker.one_more(&keys[0], &user);
        let (second, _) = worker.sign_in(&keys[1], &user, storm);
        for (key, limits) in [(&keys[2], storm), (&keys[3], refusing(1))] {
            let held = worker.unlocked(key);
            worker.claim(&held, &wish(&user, "web", limits));
        }
        worker.store.notify(&user, None, "{}").unwrap();
        worker.store.sign_out(&keys[1], second).unwrap();
        worker.sign_in(&keys[4], &user, at_most(0));
        ground.remove_behind_its_back(&keys[4]);
        worker.sign_in(&keys[5], &user, at_most(0));
        let held = worker.unlocked(&keys[6]);
        let beside = wish(&user, "web", at_most(0));
        let beside = Claim {
            notify_others: true,
            ..beside
        };
        worker.claim(&held, &beside);
        worker.kick(&user, &Which::default());

        let told = worker.told(&user);
        let kinds: HashSet<_> = told
            .iter()
            .map(|event| event["type"].as_str().unwrap())
            .collect();
        assert_eq!(kinds.len(), Kind::ALL.len(), "{kinds:?}");
        for event in &told {
            count += 1;
            assert_eq!(event["specversion"], "1.0");
            assert_eq!(event["datacontenttype"], "application/json");
            assert_eq!(event["source"], "urn:rsso:default");
            assert!(
                ids.insert(event["id"].as_str().unwrap().to_owned()),
                "{event}"
            );
            LoginId::parse(event["id"].as_str().unwrap()).expect("an event's id is a ULID");
            let time = event["time"].as_str().unwrap();
            assert!(time.ends_with('Z') && time.len() == "2025-01-01T00:00:00.000Z".len());
            assert!(Position::parse(event["sequence"].as_str().unwrap()).is_ok());
            let data = &event["data"];
            assert_eq!(data["uid"], String::from_utf8_lossy(uid).into_owned());
            let bytes = data["uid_base64"]
                .as_str()
                .map(|text| data_encoding::BASE64.decode(text.as_bytes()).unwrap());
            assert_eq!(
                bytes.as_deref(),
                std::str::from_utf8(uid).is_err().then_some(uid)
            );
            assert_eq!(data["device"], "web");
            assert!(data["at"].is_i64());
            LoginId::parse(data["login"].as_str().unwrap()).unwrap();
        }
    }
    assert_eq!(worker.outbox(&user("x").realm).len(), count);
}

/// A shared account may have thousands of logins; consumers drop an event whose id they have seen.
pub fn the_events_of_a_large_act_have_ids_of_their_own(ground: &dyn Ground) {
    let (mut worker, many) = (ground.worker(), many(ground));
    let kiosk = user("kiosk");
    let limits = Limits {
        max_logins_hard: 10_000,
        ..at_most(0)
    };
    for _ in 0..many {
        worker.sign_in(&ground.key(), &kiosk, limits);
    }
    assert_eq!(worker.store.notify(&kiosk, None, "1").unwrap(), many as u64);
    assert_eq!(worker.kick(&kiosk, &Which::default()).len(), many);
    let events = worker.outbox(&kiosk.realm);
    assert_eq!(events.len(), 3 * many);
    let ids: HashSet<_> = events.iter().map(|e| e["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), events.len());
}

/// A transaction that commits late must not be skipped.
pub fn who_reads_along_misses_nothing(ground: &dyn Ground) {
    const WRITERS: usize = 6;
    const EACH: usize = 40;
    let (start, begin) = (Gate::new(WRITERS + 1), newest(&mut ground.worker()));
    let write = |writer: usize| {
        let mut worker = ground.worker();
        let user = user(format!("user {writer}"));
        worker.store.ready().unwrap();
        start.wait();
        for _ in 0..EACH {
            worker.sign_in(&ground.key(), &user, at_most(0));
        }
    };
    let read = thread::scope(|scope| {
        let write = &write;
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| scope.spawn(move || write(writer)))
            .collect();
        let mut reader = ground.worker();
        start.wait();
        let (mut read, mut position) = (Vec::new(), begin.clone());
        loop {
            // Looked at first: what is read after that is all there is.
            let was_done = writers.iter().all(|writer| writer.is_finished());
            let events = page(&mut reader, &position, 7);
            match events.last() {
                Some(last) => {
                    assert!(last.position > position);
                    position = last.position.clone();
                }
                None if was_done => return read,
                None => thread::yield_now(),
            }
            read.extend(events.into_iter().map(|event| event.position));
        }
    });
    let all = page(&mut ground.worker(), &begin, 10_000);
    let all: Vec<_> = all.into_iter().map(|event| event.position).collect();
    assert_eq!(read, all);
    assert_eq!(all.len(), WRITERS * EACH);
}

/// The push comes before the deletion: else the old place could find itself gone, and nobody told.
pub fn who_finds_a_session_gone_finds_its_event(ground: &dyn Ground) {
    let ann = user("ann");
    let (mut owner, mut newcomer, mut reader) = (ground.worker(), ground.worker(), ground.worker());
    let mut old = ground.key();
    newcomer.sign_in(&old, &ann, at_most(1));
    for _ in 0..rounds(30) {
        let before = newest(&mut reader);
        let next = ground.key();
        let gate = Gate::new(2);
        thread::scope(|scope| {
            let claim = scope.spawn(|| {
                gate.wait();
                newcomer.sign_in(&next, &ann, at_most(1))
            });
            gate.wait();
            // As fast as it can look; and the outbox at the very moment when it is gone.
            while owner.login_of(&old).is_some() {}
            let told = page(&mut reader, &before, 10);
            let kicked = told
                .iter()
                .any(|event| event.json.contains("login.kicked.v1"));
            assert!(kicked, "{told:?}");
            claim.join().unwrap();
        });
        old = next;
    }
    // One that has expired is gone without a push.
    ground.remove_behind_its_back(&old);
    let before = newest(&mut reader);
    newcomer.sign_in(&ground.key(), &ann, at_most(1));
    let told = page(&mut reader, &before, 10);
    assert!(
        !told
            .iter()
            .any(|event| event.json.contains("login.kicked.v1")),
        "{told:?}"
    );
}
