//! The outbox: events in order, none lost, each a valid CloudEvent.

use std::collections::HashSet;
use std::thread;

use rsso_core::login::event::{Event, Kind, Position};
use rsso_core::login::{Claim, Limits, LoginId, LoginSelector};
use serde_json::Value;

use crate::common::fixture::{Fixture, StoreClient};
use crate::common::login_helpers::{new_claim, refuse_above, user, user_of, with_max_logins};
use crate::common::rounds::rounds;
use crate::common::timed_barrier::TimedBarrier;

/// How many logins of one user: fewer if a claim takes several round trips.
fn login_count(fixture: &dyn Fixture) -> usize {
    match fixture.dsn().starts_with("mysql") {
        true => 1100,
        false => 5000,
    }
}

fn page(client: &mut StoreClient, after: &Position, limit: usize) -> Vec<Event> {
    client.store.events(&user("x").realm, after, limit).unwrap()
}

fn newest(client: &mut StoreClient) -> Position {
    client.store.newest(&user("x").realm).unwrap()
}

/// Makes this many events.
fn make_events(client: &mut StoreClient, fixture: &dyn Fixture, count: usize) {
    for number in 0..count {
        client.sign_in(
            &fixture.new_key(),
            &user(format!("user {number}")),
            with_max_logins(0),
        );
    }
}

pub fn an_outbox_starts_empty(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    assert_eq!(newest(&mut client), Position::START);
    assert_eq!(page(&mut client, &Position::START, 10), []);
}

pub fn positions_ascend_and_reading_continues_after_any_of_them(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    make_events(&mut client, fixture, 25);
    let all = page(&mut client, &Position::START, 1000);
    assert_eq!(all.len(), 25);
    assert!(all.is_sorted_by(|a, b| a.position < b.position));
    assert!(all[0].position > Position::START);
    assert_eq!(newest(&mut client), all[24].position);
    for (number, event) in all.iter().enumerate() {
        // As text, because readers get it back from a browser.
        let position = Position::parse(&event.position.to_string()).unwrap();
        assert_eq!(page(&mut client, &position, 1000), all[number + 1..]);
        let next = page(&mut client, &position, 3);
        assert_eq!(next, all[number + 1..][..3.min(24 - number)]);
    }
    make_events(&mut client, fixture, 2);
    let more = page(&mut client, &all[24].position, 1000);
    assert_eq!(more.len(), 2);
    assert_eq!(newest(&mut client), more[1].position);
}

pub fn reading_after_the_newest_position_finds_only_later_events(fixture: &dyn Fixture) {
    let (mut writer, mut reader) = (fixture.client(), fixture.client());
    make_events(&mut writer, fixture, 3);
    let begin = newest(&mut reader);
    assert_eq!(page(&mut reader, &begin, 10), []);
    make_events(&mut writer, fixture, 1);
    assert_eq!(page(&mut reader, &begin, 10).len(), 1);
}

pub fn realms_have_separate_outboxes(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (here, there) = (user("alice"), user_of("else.where", "alice"));
    client.sign_in(&fixture.new_key(), &here, with_max_logins(1));
    assert_eq!(client.store.newest(&there.realm).unwrap(), Position::START);
    assert_eq!(client.outbox(&there.realm), Vec::<Value>::new());
    let before = newest(&mut client);
    client.sign_in(&fixture.new_key(), &there, with_max_logins(1));
    client.store.notify(&there, None, "1").unwrap();
    assert_eq!(newest(&mut client), before);
    assert_eq!(client.outbox(&here.realm).len(), 1);
    let events = client.outbox(&there.realm);
    assert_eq!(events.len(), 2);
    assert!(
        events
            .iter()
            .all(|event| event["source"] == "urn:rsso:else.where")
    );
    // A session that changes its realm has events in both.
    let key = fixture.new_key();
    client.sign_in(&key, &here, with_max_logins(0));
    client.sign_in(&key, &there, with_max_logins(0));
    let kinds = |events: &[Value]| {
        let kind = |event: &Value| event["type"].as_str().unwrap().to_owned();
        events.iter().map(kind).collect::<Vec<_>>()
    };
    let (here, there) = (client.outbox(&here.realm), client.outbox(&there.realm));
    let (claimed, released) = ("io.rsso.login.claimed.v1", "io.rsso.login.released.v1");
    assert_eq!(kinds(&here), [claimed, claimed, released]);
    assert_eq!(kinds(&there)[2..], [claimed]);
}

/// Events of every kind, about all sorts of users.
pub fn every_event_is_a_valid_cloud_event(fixture: &dyn Fixture) {
    let mut client = fixture.client();
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
            ..with_max_logins(1)
        };
        let keys = [(); 7].map(|()| fixture.new_key());
        client.add_login(&keys[0], &user);
        let (second, _) = client.sign_in(&keys[1], &user, storm);
        for (key, limits) in [(&keys[2], storm), (&keys[3], refuse_above(1))] {
            let held = client.read_unlocked(key);
            client.claim(&held, &new_claim(&user, "web", limits));
        }
        client.store.notify(&user, None, "{}").unwrap();
        client.store.sign_out(&keys[1], second).unwrap();
        client.sign_in(&keys[4], &user, with_max_logins(0));
        fixture.remove_without_rsso(&keys[4]);
        client.sign_in(&keys[5], &user, with_max_logins(0));
        let held = client.read_unlocked(&keys[6]);
        let beside = new_claim(&user, "web", with_max_logins(0));
        let beside = Claim {
            notify_others: true,
            ..beside
        };
        client.claim(&held, &beside);
        client.kick(&user, &LoginSelector::default());

        let events = client.events_about(&user);
        let kinds: HashSet<_> = events
            .iter()
            .map(|event| event["type"].as_str().unwrap())
            .collect();
        assert_eq!(kinds.len(), Kind::ALL.len(), "{kinds:?}");
        for event in &events {
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
    assert_eq!(client.outbox(&user("x").realm).len(), count);
}

/// A shared account may have thousands of logins, and consumers drop events with a known id.
pub fn events_of_a_large_operation_have_unique_ids(fixture: &dyn Fixture) {
    let (mut client, count) = (fixture.client(), login_count(fixture));
    let kiosk = user("kiosk");
    let limits = Limits {
        max_logins_hard: 10_000,
        ..with_max_logins(0)
    };
    for _ in 0..count {
        client.sign_in(&fixture.new_key(), &kiosk, limits);
    }
    assert_eq!(
        client.store.notify(&kiosk, None, "1").unwrap(),
        count as u64
    );
    assert_eq!(client.kick(&kiosk, &LoginSelector::default()).len(), count);
    let events = client.outbox(&kiosk.realm);
    assert_eq!(events.len(), 3 * count);
    let ids: HashSet<_> = events.iter().map(|e| e["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), events.len());
}

/// A transaction that commits late must not be skipped.
pub fn a_concurrent_reader_misses_nothing(fixture: &dyn Fixture) {
    const WRITERS: usize = 6;
    const EACH: usize = 40;
    let (start, begin) = (
        TimedBarrier::new(WRITERS + 1),
        newest(&mut fixture.client()),
    );
    let write = |writer: usize| {
        let mut client = fixture.client();
        let user = user(format!("user {writer}"));
        client.store.ready().unwrap();
        start.wait();
        for _ in 0..EACH {
            client.sign_in(&fixture.new_key(), &user, with_max_logins(0));
        }
    };
    let read = thread::scope(|scope| {
        let write = &write;
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| scope.spawn(move || write(writer)))
            .collect();
        let mut reader = fixture.client();
        start.wait();
        let (mut read, mut position) = (Vec::new(), begin.clone());
        loop {
            // Checked first: what is read afterwards is complete.
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
    let all = page(&mut fixture.client(), &begin, 10_000);
    let all: Vec<_> = all.into_iter().map(|event| event.position).collect();
    assert_eq!(read, all);
    assert_eq!(all.len(), WRITERS * EACH);
}

/// The event comes before the deletion: otherwise a client could find its session gone without an event.
pub fn an_event_is_there_before_its_session_is_gone(fixture: &dyn Fixture) {
    let ann = user("ann");
    let (mut owner, mut newcomer, mut reader) =
        (fixture.client(), fixture.client(), fixture.client());
    let mut old = fixture.new_key();
    newcomer.sign_in(&old, &ann, with_max_logins(1));
    for _ in 0..rounds(30) {
        let before = newest(&mut reader);
        let next = fixture.new_key();
        let barrier = TimedBarrier::new(2);
        thread::scope(|scope| {
            let claim = scope.spawn(|| {
                barrier.wait();
                newcomer.sign_in(&next, &ann, with_max_logins(1))
            });
            barrier.wait();
            // Poll without a pause, and read the outbox at the moment when the session is gone.
            while owner.login_of(&old).is_some() {}
            let events = page(&mut reader, &before, 10);
            let kicked = events
                .iter()
                .any(|event| event.json.contains("login.kicked.v1"));
            assert!(kicked, "{events:?}");
            claim.join().unwrap();
        });
        old = next;
    }
    // An expired session is gone without a kick event.
    fixture.remove_without_rsso(&old);
    let before = newest(&mut reader);
    newcomer.sign_in(&fixture.new_key(), &ann, with_max_logins(1));
    let events = page(&mut reader, &before, 10);
    assert!(
        !events
            .iter()
            .any(|event| event.json.contains("login.kicked.v1")),
        "{events:?}"
    );
}
