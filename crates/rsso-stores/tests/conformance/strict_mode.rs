//! `session.use_strict_mode`: which ids stay.

use rsso_core::Error;
use rsso_core::request::Validation;

use crate::common::fixture::{Ground, HOUR, sid};
use crate::common::php_request::Request;

/// A no would cost the visitor his session: PHP would send him a new id.
pub fn a_validation_that_fails_keeps_the_id(ground: &dyn Ground) {
    let mut owner = ground.worker();
    let id = sid();
    let key = ground.key_of(&id);
    owner.put(&key, b"cart", HOUR);
    let held = owner.locked(&key);
    let mut request = Request::begin_with(ground, &[("lock_wait", "0.1")]);
    assert!(request.knows(&id));
    let store = request.worker.store.as_mut();
    let read = request.state.read(store, &request.settings, &id, HOUR);
    assert!(matches!(read, Err(Error::LockTimeout { .. })), "{read:?}");
    request.close();
    owner.store.release(&key, held.token).unwrap();
    // The next start finds it as it was.
    assert!(request.knows(&id));
    assert_eq!(request.read(&id), b"cart");
    request.end();
}

pub fn a_validation_that_fails_is_forgotten_with_its_session(ground: &dyn Ground) {
    let mut owner = ground.worker();
    let (taken, other) = (sid(), sid());
    owner.put(&ground.key_of(&taken), b"cart", HOUR);
    let held = owner.locked(&ground.key_of(&taken));
    let mut request = Request::begin_with(ground, &[("lock_wait", "0.1")]);
    assert!(request.knows(&taken));
    assert_eq!(request.read(&other), b"", "another id can be read");
    request.close();
    assert!(request.knows(&taken));
    request.close();
    owner.store.release(&held.key, held.token).unwrap();
    assert_eq!(request.read(&taken), b"cart");
    request.end();
}

pub fn an_id_of_our_own_stays_known(ground: &dyn Ground) {
    let id = sid();
    let mut request = Request::begin(ground);
    request.state.created(id.clone(), false);
    assert_eq!(request.read(&id), b"");
    // session_reset()
    request.state.opened();
    assert!(request.knows(&id));
    assert_eq!(request.read(&id), b"");
    // read_and_close, abort
    request.close();
    request.state.opened();
    assert!(request.knows(&id));
    assert_eq!(request.read(&id), b"");
    let mut other = ground.worker();
    let at_once = other.try_lock(&ground.key_of(&id), std::time::Duration::ZERO, HOUR);
    assert!(at_once.is_err(), "it is read under its lock");
    request.end();
    let mut stranger = Request::begin(ground);
    assert!(!stranger.knows(&id), "it was never stored");
    stranger.end();
}

/// `session_create_id()` looks whether the id is taken.
pub fn an_id_that_was_made_is_free_before_it_is_used(ground: &dyn Ground) {
    let id = sid();
    let mut request = Request::begin(ground);
    request.state.created(id.clone(), false);
    let store = request.worker.store.as_mut();
    let taken = (request.state).validate(store, &request.settings, &id, Validation::Collision);
    assert!(!taken.unwrap());
    request.end();
}

pub fn an_id_of_our_own_that_another_has_filled_is_read(ground: &dyn Ground) {
    let id = sid();
    let mut request = Request::begin(ground);
    request.state.created(id.clone(), false);
    request.read(&id);
    request.close();
    ground.worker().put(&ground.key_of(&id), b"theirs", HOUR);
    request.state.opened();
    assert!(request.knows(&id));
    assert_eq!(request.read(&id), b"theirs");
    request.close();
    request.state.opened();
    assert_eq!(request.read(&id), b"theirs", "without strict mode as well");
    request.end();
}
