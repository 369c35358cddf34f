//! A session's lifetime after its last use: never less than PHP asks for, and at most a sixteenth more.

use std::time::{Duration, Instant};

use rsso_core::login::Claimed;
use rsso_core::request::{RequestState, Written};
use rsso_core::store::Outcome;
use rsso_core::{SessionId, Settings};

use crate::common::fixture::{Fixture, new_sid};
use crate::common::login_helpers::{new_claim, user, with_max_logins};

const HALF_AN_HOUR: Duration = Duration::from_secs(1800);

/// A request that reads the session, then writes `data` or leaves it unchanged.
fn use_session(
    fixture: &dyn Fixture,
    settings: &Settings,
    id: &SessionId,
    data: Option<&[u8]>,
    ttl: Duration,
) {
    let mut client = fixture.client();
    let store = client.store.as_mut();
    let mut request = RequestState::default();
    request.with(store, settings).read(id, ttl).unwrap();
    match data {
        Some(data) => drop(request.with(store, settings).write(id, data, ttl).unwrap()),
        None => request.with(store, settings).touch(id, ttl).unwrap(),
    }
    request.with(store, settings).close().unwrap();
    // The touch may still be in progress on this connection.
    client.peek(&fixture.key_of(id));
}

/// Asserts the bounds of the lifetime, less the time that has passed since.
fn assert_lives(fixture: &dyn Fixture, id: &SessionId, ttl: Duration, since: Instant) {
    let left = Duration::from_secs(fixture.seconds_left(&fixture.key_of(id)));
    // Whole seconds are rounded down.
    let late = since.elapsed() + Duration::from_secs(2);
    assert!(left + late >= ttl, "{left:?} of {ttl:?}");
    assert!(left <= ttl + ttl / 16 + late, "{left:?} of {ttl:?}");
}

pub fn after_every_use_the_lifetime_is_about_the_requested_one(fixture: &dyn Fixture) {
    let settings = fixture.settings();
    let uses: [Option<&[u8]>; 3] = [Some(b"again"), None, Some(b"")];
    for data in uses {
        let id = new_sid();
        use_session(fixture, &settings, &id, Some(b"data"), HALF_AN_HOUR);
        // The first lifetime again, then a longer, a shorter, the same and a longer one.
        let shorter = HALF_AN_HOUR / 2;
        for ttl in [
            HALF_AN_HOUR,
            3 * HALF_AN_HOUR,
            shorter,
            shorter,
            2 * HALF_AN_HOUR,
        ] {
            let since = Instant::now();
            use_session(fixture, &settings, &id, data, ttl);
            assert_lives(fixture, &id, ttl, since);
        }
    }
}

pub fn a_lifetime_that_is_long_enough_is_not_extended(fixture: &dyn Fixture) {
    let settings = fixture.settings();
    let id = new_sid();
    use_session(fixture, &settings, &id, Some(b"data"), HALF_AN_HOUR);
    let key = fixture.key_of(&id);
    if fixture.client().read_unlocked(&key).left.is_none() {
        return; // Not known for a table that others write too, so each use extends it.
    }
    let left = || fixture.seconds_left(&key);
    let (before, since) = (left(), Instant::now());
    // The write gave a thirty-second more than was asked for.
    let little_more = HALF_AN_HOUR + HALF_AN_HOUR / 64;
    for _ in 0..3 {
        use_session(fixture, &settings, &id, None, little_more);
    }
    assert!(left() <= before, "{before}, {}", left());
    assert!(left() + since.elapsed().as_secs() + 2 >= before);
}

/// `session.gc_maxlifetime` may be any number, even one that no clock can count to.
pub fn a_lifetime_longer_than_any_clock_is_kept(fixture: &dyn Fixture) {
    let settings = fixture.settings();
    for ttl in [Duration::from_secs(i64::MAX as u64), Duration::MAX] {
        let id = new_sid();
        use_session(fixture, &settings, &id, Some(b"one"), ttl);
        use_session(fixture, &settings, &id, None, ttl);
        use_session(fixture, &settings, &id, Some(b"two"), ttl);
        let mut client = fixture.client();
        assert_eq!(client.peek(&fixture.key_of(&id)).unwrap(), b"two");
        client.store.gc(None).unwrap();
        assert_eq!(client.peek(&fixture.key_of(&id)).unwrap(), b"two");
    }
}

/// Any lifetime, given directly to the store.
pub fn a_store_accepts_any_lifetime(fixture: &dyn Fixture) {
    let (mut client, key) = (fixture.client(), fixture.new_key());
    client.put(&key, b"one", Duration::MAX);
    let held = client.read_locked(&key);
    assert!(matches!(
        client.touch(&held, Duration::MAX),
        Outcome::Stored(_)
    ));
    assert_eq!(client.peek(&key).unwrap(), b"one");
}

/// Any lifetime, for the session of a login.
pub fn a_login_may_live_longer_than_any_clock(fixture: &dyn Fixture) {
    let settings = fixture.settings();
    let (id, claim) = (
        new_sid(),
        new_claim(&user("alice"), "web", with_max_logins(1)),
    );
    let mut client = fixture.client();
    let store = client.store.as_mut();
    let mut request = RequestState::default();
    request
        .with(store, &settings)
        .read(&id, Duration::MAX)
        .unwrap();
    let claimed = request.with(store, &settings).claim(&claim, Duration::MAX);
    assert!(matches!(claimed.unwrap(), Claimed::New(..)));
    let written = request
        .with(store, &settings)
        .write(&id, b"x", Duration::MAX);
    assert_eq!(written.unwrap(), Written::Stored);
    request.with(store, &settings).close().unwrap();
    assert_eq!(store.logins(&claim.user).unwrap().len(), 1);
}
