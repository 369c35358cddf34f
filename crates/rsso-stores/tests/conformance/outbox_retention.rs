//! A full outbox: the application's messages do not evict the events about the ends of logins.

use std::time::Duration;

use rsso_core::login::event::{Event, Position};
use rsso_core::login::{LoginSelector, User};

use crate::common::fixture::{Fixture, StoreClient};
use crate::common::login_helpers::{user, with_max_logins};

/// How many events the outbox keeps.
const MOST: usize = 20;

fn all(client: &mut StoreClient) -> Vec<Event> {
    client
        .store
        .events(&user("x").realm, &Position::START, 10_000)
        .unwrap()
}

fn kinds(events: &[Event]) -> Vec<&str> {
    let kind = |event: &'static str| {
        let (_, rest) = event.split_once("io.rsso.").unwrap();
        rest.split_once(".v1").unwrap().0
    };
    events
        .iter()
        .map(|event| kind(event.json.clone().leak()))
        .collect()
}

/// A user who receives messages.
fn ann(client: &mut StoreClient, fixture: &dyn Fixture) -> User {
    let ann = user("ann");
    client.sign_in(&fixture.new_key(), &ann, with_max_logins(0));
    ann
}

fn send(client: &mut StoreClient, to: &User, count: usize) {
    for number in 0..count {
        let sent = client.store.notify(to, None, &number.to_string());
        assert_eq!(sent.unwrap(), 1);
    }
}

/// Ends three logins: one is kicked, one is released, one is found expired.
fn three_ends(client: &mut StoreClient, fixture: &dyn Fixture) {
    let bob = user("bob");
    client.sign_in(&fixture.new_key(), &bob, with_max_logins(0));
    client.kick(&bob, &LoginSelector::default());
    let key = fixture.new_key();
    let (login, _) = client.sign_in(&key, &bob, with_max_logins(0));
    assert!(client.store.sign_out(&key, login).unwrap());
    let key = fixture.new_key();
    client.sign_in(&key, &bob, with_max_logins(0));
    fixture.remove_without_rsso(&key);
    client.kick(&bob, &LoginSelector::default());
}

pub fn messages_do_not_evict_the_ends_of_logins(fixture: &dyn Fixture) {
    let mut client = fixture.client_with_outbox_limit(MOST as u64);
    let ann = ann(&mut client, fixture);
    three_ends(&mut client, fixture);
    let before = all(&mut client);
    let ends = ["login.kicked", "login.released", "login.expired"];
    send(&mut client, &ann, 10 * MOST);
    let events = all(&mut client);
    assert_eq!(kinds(&events)[..3], ends);
    assert!(kinds(&events)[3..].iter().all(|kind| *kind == "message"));
    let messages = events.len() - 3;
    assert!((MOST..=2 * MOST).contains(&messages), "{messages}");
    // They are unchanged, at the same positions.
    for event in &events[..3] {
        let mut same = before.iter().filter(|e| e.position == event.position);
        assert_eq!(same.next().map(|e| &e.json), Some(&event.json));
        assert!(event.outlived);
    }
    assert!(events[3..].iter().all(|event| !event.outlived));
    assert!(events.is_sorted_by(|a, b| a.position < b.position));
}

pub fn ends_of_logins_have_a_limit_of_their_own(fixture: &dyn Fixture) {
    let mut client = fixture.client_with_outbox_limit(MOST as u64);
    let ann = ann(&mut client, fixture);
    let bob = user("bob");
    for _ in 0..3 * MOST {
        client.sign_in(&fixture.new_key(), &bob, with_max_logins(1));
    }
    send(&mut client, &ann, 2 * MOST);
    let events = all(&mut client);
    let outlived = events.iter().filter(|event| event.outlived).count();
    // Redis removes a hundred at a time.
    assert!((MOST..=MOST + 100).contains(&outlived), "{outlived}");
    // The newest are kept.
    let kicks = kinds(&events)
        .into_iter()
        .filter(|kind| *kind == "login.kicked");
    assert_eq!(kicks.count(), outlived);
}

pub fn retained_events_are_read_in_pages(fixture: &dyn Fixture) {
    let (mut client, mut reader) = (
        fixture.client_with_outbox_limit(MOST as u64),
        fixture.client_with_outbox_limit(MOST as u64),
    );
    let ann = ann(&mut client, fixture);
    for _ in 0..5 {
        three_ends(&mut client, fixture);
    }
    send(&mut client, &ann, 3 * MOST);
    let events = all(&mut client);
    assert_eq!(events.iter().filter(|event| event.outlived).count(), 15);
    for limit in [1, 4, 15, 16, 100] {
        let (mut read, mut after) = (Vec::new(), Position::START);
        loop {
            let page = reader
                .store
                .await_events(&ann.realm, &after, limit, Duration::from_millis(1))
                .unwrap();
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            after = last.position.clone();
            read.extend(page);
        }
        assert_eq!(read, events, "{limit}");
    }
    // A reader that is up to date does not get them again.
    let newest = reader.store.newest(&ann.realm).unwrap();
    assert_eq!(newest, events.last().unwrap().position);
    send(&mut client, &ann, 1);
    let next = reader
        .store
        .await_events(&ann.realm, &newest, 10, Duration::from_secs(5));
    assert_eq!(kinds(&next.unwrap()), ["message"]);
}

pub fn an_outbox_below_its_limit_keeps_everything(fixture: &dyn Fixture) {
    let mut client = fixture.client_with_outbox_limit(MOST as u64);
    ann(&mut client, fixture);
    three_ends(&mut client, fixture);
    let events = all(&mut client);
    assert_eq!(events.len(), 7);
    assert!(events.iter().all(|event| !event.outlived));
}
