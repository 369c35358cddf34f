//! For how long a session lives after its last use: never less than PHP asks, and not much more.

use std::time::Duration;

use rsso_core::request::RequestState;
use rsso_core::store::Load;
use rsso_core::store::Token;
use rsso_core::{SessionId, Settings};

use super::ground::{Ground, Worker, sid};

const MINUTES: Duration = Duration::from_secs(600);

/// What is left of a session; nothing where the store does not tell.
fn left(worker: &mut Worker, ground: &dyn Ground, id: &SessionId) -> Option<Duration> {
    let want = Load {
        token: Token::random().unwrap(),
        lock: None,
        only_existing: true,
    };
    let loaded = worker.store.load(&ground.key_of(id), want).unwrap();
    assert!(loaded.record.is_some());
    loaded.left
}

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
    left(&mut worker, ground, id);
}

/// Between what PHP asks and a sixteenth more; the tests themselves take a while.
fn assert_lives(ground: &dyn Ground, id: &SessionId, ttl: Duration) {
    let Some(left) = left(&mut ground.worker(), ground, id) else {
        return;
    };
    let late = Duration::from_secs(20);
    assert!(left + late >= ttl, "{left:?} of {ttl:?}");
    assert!(left <= ttl + ttl / 16 + late, "{left:?} of {ttl:?}");
}

pub fn each_use_counts_whatever_it_does(ground: &dyn Ground) {
    let settings = ground.settings();
    let uses: [Option<&[u8]>; 3] = [Some(b"again"), None, Some(b"")];
    for data in uses {
        let id = sid();
        used(ground, &settings, &id, Some(b"data"), MINUTES);
        assert_lives(ground, &id, MINUTES);
        // Longer than before, then shorter, then as it is.
        for ttl in [3 * MINUTES, MINUTES / 2, MINUTES / 2, 2 * MINUTES] {
            used(ground, &settings, &id, data, ttl);
            assert_lives(ground, &id, ttl);
        }
    }
}

pub fn nothing_is_put_off_that_lives_long_enough(ground: &dyn Ground) {
    let settings = ground.settings();
    let id = sid();
    used(ground, &settings, &id, Some(b"data"), MINUTES);
    let Some(before) = left(&mut ground.worker(), ground, &id) else {
        return;
    };
    // Who asks for a little more than is left would be given a little more again.
    for _ in 0..3 {
        used(
            ground,
            &settings,
            &id,
            None,
            MINUTES + Duration::from_secs(5),
        );
    }
    let after = left(&mut ground.worker(), ground, &id).unwrap();
    assert!(after <= before, "{before:?}, {after:?}");
}
