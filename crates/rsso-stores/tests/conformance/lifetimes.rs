//! For how long a session lives after its last use: never less than PHP asks, and not much more.

use std::time::{Duration, Instant};

use rsso_core::login::Claimed;
use rsso_core::request::{RequestState, Written};
use rsso_core::store::Outcome;
use rsso_core::{SessionId, Settings};

use crate::common::fixture::{Ground, sid};
use crate::common::login_helpers::{at_most, user, wish};

const HALF_AN_HOUR: Duration = Duration::from_secs(1800);

/// One request: reads the session, and writes it where there are data, else leaves it unchanged.
fn used(
    ground: &dyn Ground,
    settings: &Settings,
    id: &SessionId,
    data: Option<&[u8]>,
    ttl: Duration,
) {
    let mut worker = ground.worker();
    let store = worker.store.as_mut();
    let mut request = RequestState::default();
    request.read(store, settings, id, ttl).unwrap();
    match data {
        Some(data) => drop(request.write(store, settings, id, data, ttl).unwrap()),
        None => request.touch(store, settings, id, ttl).unwrap(),
    }
    request.close(store).unwrap();
    // A refresh may still be under way on this connection.
    worker.peek(&ground.key_of(id));
}

/// Between what PHP asks and a sixteenth more, but for the time that has passed since.
fn assert_lives(ground: &dyn Ground, id: &SessionId, ttl: Duration, since: Instant) {
    let left = Duration::from_secs(ground.seconds_left(&ground.key_of(id)));
    // Whole seconds are rounded down.
    let late = since.elapsed() + Duration::from_secs(2);
    assert!(left + late >= ttl, "{left:?} of {ttl:?}");
    assert!(left <= ttl + ttl / 16 + late, "{left:?} of {ttl:?}");
}

pub fn each_use_counts_whatever_it_does(ground: &dyn Ground) {
    let settings = ground.settings();
    let uses: [Option<&[u8]>; 3] = [Some(b"again"), None, Some(b"")];
    for data in uses {
        let id = sid();
        used(ground, &settings, &id, Some(b"data"), HALF_AN_HOUR);
        // As at first, longer than before, then shorter, then as it is.
        let shorter = HALF_AN_HOUR / 2;
        for ttl in [
            HALF_AN_HOUR,
            3 * HALF_AN_HOUR,
            shorter,
            shorter,
            2 * HALF_AN_HOUR,
        ] {
            let since = Instant::now();
            used(ground, &settings, &id, data, ttl);
            assert_lives(ground, &id, ttl, since);
        }
    }
}

pub fn nothing_is_put_off_that_lives_long_enough(ground: &dyn Ground) {
    let settings = ground.settings();
    let id = sid();
    used(ground, &settings, &id, Some(b"data"), HALF_AN_HOUR);
    let key = ground.key_of(&id);
    if ground.worker().unlocked(&key).left.is_none() {
        return; // of a table that others read as well it is not known, so each use puts it off
    }
    let left = || ground.seconds_left(&key);
    let (before, since) = (left(), Instant::now());
    // It was given a thirty-second part more than was asked for.
    let little_more = HALF_AN_HOUR + HALF_AN_HOUR / 64;
    for _ in 0..3 {
        used(ground, &settings, &id, None, little_more);
    }
    assert!(left() <= before, "{before}, {}", left());
    assert!(left() + since.elapsed().as_secs() + 2 >= before);
}

/// `session.gc_maxlifetime` takes any number: what no clock can count to is very long.
pub fn a_lifetime_beyond_every_clock_is_kept(ground: &dyn Ground) {
    let settings = ground.settings();
    for ttl in [Duration::from_secs(i64::MAX as u64), Duration::MAX] {
        let id = sid();
        used(ground, &settings, &id, Some(b"one"), ttl);
        used(ground, &settings, &id, None, ttl);
        used(ground, &settings, &id, Some(b"two"), ttl);
        let mut worker = ground.worker();
        assert_eq!(worker.peek(&ground.key_of(&id)).unwrap(), b"two");
        worker.store.gc(None).unwrap();
        assert_eq!(worker.peek(&ground.key_of(&id)).unwrap(), b"two");
    }
}

/// The same for whoever asks the store himself.
pub fn a_store_takes_any_lifetime(ground: &dyn Ground) {
    let (mut worker, key) = (ground.worker(), ground.key());
    worker.put(&key, b"one", Duration::MAX);
    let held = worker.locked(&key);
    assert!(matches!(
        worker.touch(&held, Duration::MAX),
        Outcome::Stored(_)
    ));
    assert_eq!(worker.peek(&key).unwrap(), b"one");
}

/// A login's session, too.
pub fn a_login_lives_beyond_every_clock(ground: &dyn Ground) {
    let settings = ground.settings();
    let (id, claim) = (sid(), wish(&user("alice"), "web", at_most(1)));
    let mut worker = ground.worker();
    let store = worker.store.as_mut();
    let mut request = RequestState::default();
    request.read(store, &settings, &id, Duration::MAX).unwrap();
    let claimed = request.claim(store, &settings, &claim, Duration::MAX);
    assert!(matches!(claimed.unwrap(), Claimed::New(..)));
    let written = request.write(store, &settings, &id, b"x", Duration::MAX);
    assert_eq!(written.unwrap(), Written::Stored);
    request.close(store).unwrap();
    assert_eq!(store.logins(&claim.user).unwrap().len(), 1);
}
