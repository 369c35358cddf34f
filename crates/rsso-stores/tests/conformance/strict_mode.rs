//! `session.use_strict_mode`: which ids a session keeps.

use rsso_core::Error;
use rsso_core::request::Validation;

use crate::common::fixture::{Fixture, HOUR, new_sid};
use crate::common::php_request::Request;

/// A "no" would make PHP send a new id, and the visitor would lose the session.
pub fn an_id_stays_valid_if_its_validation_times_out(fixture: &dyn Fixture) {
    let mut owner = fixture.client();
    let id = new_sid();
    let key = fixture.key_of(&id);
    owner.put(&key, b"cart", HOUR);
    let held = owner.read_locked(&key);
    let mut request = Request::begin_with(fixture, &[("lock_wait", "0.1")]);
    assert!(request.accepts_id(&id));
    let store = request.client.store.as_mut();
    let read = request.state.with(store, &request.settings).read(&id, HOUR);
    assert!(matches!(read, Err(Error::LockTimeout { .. })), "{read:?}");
    request.close();
    owner.store.release(&key, held.token).unwrap();
    // The next start finds the session unchanged.
    assert!(request.accepts_id(&id));
    assert_eq!(request.read(&id), b"cart");
    request.end();
}

pub fn an_unanswered_validation_does_not_affect_other_ids(fixture: &dyn Fixture) {
    let mut owner = fixture.client();
    let (taken, other) = (new_sid(), new_sid());
    owner.put(&fixture.key_of(&taken), b"cart", HOUR);
    let held = owner.read_locked(&fixture.key_of(&taken));
    let mut request = Request::begin_with(fixture, &[("lock_wait", "0.1")]);
    assert!(request.accepts_id(&taken));
    assert_eq!(request.read(&other), b"", "another id can be read");
    request.close();
    assert!(request.accepts_id(&taken));
    request.close();
    owner.store.release(&held.key, held.token).unwrap();
    assert_eq!(request.read(&taken), b"cart");
    request.end();
}

pub fn a_generated_id_is_valid_only_for_its_request(fixture: &dyn Fixture) {
    let id = new_sid();
    let mut request = Request::begin(fixture);
    request.state.created(id.clone(), false);
    assert_eq!(request.read(&id), b"");
    // session_reset()
    request.state.opened();
    assert!(request.accepts_id(&id));
    assert_eq!(request.read(&id), b"");
    // read_and_close, abort
    request.close();
    request.state.opened();
    assert!(request.accepts_id(&id));
    assert_eq!(request.read(&id), b"");
    let mut other = fixture.client();
    let at_once = other.try_lock(&fixture.key_of(&id), std::time::Duration::ZERO, HOUR);
    assert!(at_once.is_err(), "it is read under its lock");
    request.end();
    let mut stranger = Request::begin(fixture);
    assert!(!stranger.accepts_id(&id), "it was never stored");
    stranger.end();
}

/// `session_create_id()` asks whether the id is taken.
pub fn the_collision_check_finds_a_generated_id_free(fixture: &dyn Fixture) {
    let id = new_sid();
    let mut request = Request::begin(fixture);
    request.state.created(id.clone(), false);
    let store = request.client.store.as_mut();
    let taken = (request.state)
        .with(store, &request.settings)
        .validate(&id, Validation::Collision);
    assert!(!taken.unwrap());
    request.end();
}

pub fn a_generated_id_that_another_request_wrote_is_read(fixture: &dyn Fixture) {
    let id = new_sid();
    let mut request = Request::begin(fixture);
    request.state.created(id.clone(), false);
    request.read(&id);
    request.close();
    fixture.client().put(&fixture.key_of(&id), b"theirs", HOUR);
    request.state.opened();
    assert!(request.accepts_id(&id));
    assert_eq!(request.read(&id), b"theirs");
    request.close();
    request.state.opened();
    assert_eq!(request.read(&id), b"theirs", "without strict mode as well");
    request.end();
}
