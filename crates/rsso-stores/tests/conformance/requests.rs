//! A request's calls in PHP's order: validate, read, write, destroy, close.

use rsso_core::Error;
use rsso_core::request::{Refusal, RequestState, Validation, Written};

use crate::common::fixture::{Fixture, HOUR, new_sid};

pub fn strict_mode_reads_the_session_once(fixture: &dyn Fixture) {
    let settings = fixture.settings();
    let mut client = fixture.client();
    let known = new_sid();
    client.put(&fixture.key_of(&known), b"data", HOUR);
    let mut request = RequestState::default();
    assert!(
        request
            .with(client.store.as_mut(), &settings)
            .validate(&known, Validation::Start)
            .unwrap()
    );
    // The read uses what validate has read, so a change in between is not seen.
    fixture.client().destroy(&fixture.key_of(&known));
    assert_eq!(
        request
            .with(client.store.as_mut(), &settings)
            .read(&known, HOUR)
            .unwrap(),
        b"data"
    );
    assert!(
        !request
            .with(client.store.as_mut(), &settings)
            .validate(&new_sid(), Validation::Start)
            .unwrap()
    );
    request
        .with(client.store.as_mut(), &settings)
        .close()
        .unwrap();
}

pub fn a_generated_id_is_written_without_a_read(fixture: &dyn Fixture) {
    let settings = fixture.settings();
    let mut client = fixture.client();
    let (old, fresh) = (new_sid(), new_sid());
    let mut request = RequestState::default();
    assert_eq!(
        request
            .with(client.store.as_mut(), &settings)
            .read(&old, HOUR)
            .unwrap(),
        b""
    );
    request.created(fresh.clone(), false);
    let written = request
        .with(client.store.as_mut(), &settings)
        .write(&fresh, b"kept", HOUR)
        .unwrap();
    assert_eq!(written, Written::Stored);
    request
        .with(client.store.as_mut(), &settings)
        .close()
        .unwrap();
    let mut other = fixture.client();
    assert_eq!(other.peek(&fixture.key_of(&fresh)).unwrap(), b"kept");
    // The lock of the id that was read is released.
    assert!(
        other
            .try_lock(
                &fixture.key_of(&old),
                std::time::Duration::from_secs(5),
                HOUR
            )
            .is_ok()
    );
}

pub fn an_unread_id_is_written_under_its_lock(fixture: &dyn Fixture) {
    let mut settings = fixture.settings();
    settings.set("lock_wait", "0.2").unwrap();
    let (mut a, mut b) = (fixture.client(), fixture.client());
    let id = new_sid();
    let held = a.read_locked(&fixture.key_of(&id));
    let mut request = RequestState::default();
    let refused = request
        .with(b.store.as_mut(), &settings)
        .write(&id, b"x", HOUR);
    assert!(
        matches!(refused, Err(Error::LockTimeout { .. })),
        "{refused:?}"
    );
    a.store.release(&held.key, held.token).unwrap();
    let written = request
        .with(b.store.as_mut(), &settings)
        .write(&id, b"x", HOUR)
        .unwrap();
    assert_eq!(written, Written::Stored);
}

pub fn lock_failure_readonly_reads_a_locked_session_but_refuses_writes(fixture: &dyn Fixture) {
    let mut settings = fixture.settings();
    settings.set("lock_wait", "0.1").unwrap();
    settings.set("lock_failure", "readonly").unwrap();
    let (mut a, mut b) = (fixture.client(), fixture.client());
    let id = new_sid();
    let key = fixture.key_of(&id);
    a.put(&key, b"data", HOUR);
    let held = a.read_locked(&key);
    let mut request = RequestState::default();
    assert_eq!(
        request
            .with(b.store.as_mut(), &settings)
            .read(&id, HOUR)
            .unwrap(),
        b"data"
    );
    let written = request
        .with(b.store.as_mut(), &settings)
        .write(&id, b"changed", HOUR)
        .unwrap();
    assert_eq!(written, Written::Refused(Refusal::ReadOnly));
    request.with(b.store.as_mut(), &settings).close().unwrap();
    a.store.release(&key, held.token).unwrap();
    assert_eq!(b.peek(&key).unwrap(), b"data");
}

pub fn session_reset_does_not_wait_for_its_own_lock(fixture: &dyn Fixture) {
    let settings = fixture.settings();
    let mut client = fixture.client();
    let id = new_sid();
    let mut request = RequestState::default();
    request
        .with(client.store.as_mut(), &settings)
        .read(&id, HOUR)
        .unwrap();
    request
        .with(client.store.as_mut(), &settings)
        .read(&id, HOUR)
        .unwrap();
    let written = request
        .with(client.store.as_mut(), &settings)
        .write(&id, b"x", HOUR)
        .unwrap();
    assert_eq!(written, Written::Stored);
}

/// A handler class may call its parent's write() repeatedly, and the first call releases the lock.
pub fn a_second_write_succeeds_unless_another_request_wrote(fixture: &dyn Fixture) {
    let settings = fixture.settings();
    let (mut a, mut b) = (fixture.client(), fixture.client());
    let id = new_sid();
    let key = fixture.key_of(&id);
    let mut request = RequestState::default();
    request
        .with(a.store.as_mut(), &settings)
        .read(&id, HOUR)
        .unwrap();
    for data in [b"one", b"two"] {
        let written = request
            .with(a.store.as_mut(), &settings)
            .write(&id, data, HOUR)
            .unwrap();
        assert_eq!(written, Written::Stored);
    }
    b.put(&key, b"theirs", HOUR);
    let written = request
        .with(a.store.as_mut(), &settings)
        .write(&id, b"three", HOUR)
        .unwrap();
    assert_eq!(written, Written::Refused(Refusal::LockLost));
    b.destroy(&key);
    request.with(a.store.as_mut(), &settings).close().unwrap();
    assert_eq!(b.peek(&key), None);
}

pub fn reading_another_session_releases_the_lock_of_the_first(fixture: &dyn Fixture) {
    let settings = fixture.settings();
    let mut client = fixture.client();
    let (one, two) = (new_sid(), new_sid());
    let mut request = RequestState::default();
    request
        .with(client.store.as_mut(), &settings)
        .read(&one, HOUR)
        .unwrap();
    request
        .with(client.store.as_mut(), &settings)
        .read(&two, HOUR)
        .unwrap();
    let mut other = fixture.client();
    let at_once = std::time::Duration::ZERO;
    // The release may still be in progress.
    let soon = std::time::Duration::from_secs(5);
    assert!(other.try_lock(&fixture.key_of(&one), soon, HOUR).is_ok());
    assert!(
        other
            .try_lock(&fixture.key_of(&two), at_once, HOUR)
            .is_err()
    );
    request
        .with(client.store.as_mut(), &settings)
        .close()
        .unwrap();
    assert!(other.try_lock(&fixture.key_of(&two), soon, HOUR).is_ok());
}

pub fn an_ended_session_does_not_come_back_under_a_new_id(fixture: &dyn Fixture) {
    let settings = fixture.settings();
    let (mut a, mut b) = (fixture.client(), fixture.client());
    for delete in [false, true] {
        let (old, successor, stranger) = (new_sid(), new_sid(), new_sid());
        let key = fixture.key_of(&old);
        a.put(&key, b"secret", HOUR);
        let mut request = RequestState::default();
        let store = a.store.as_mut();
        request.with(store, &settings).read(&old, HOUR).unwrap();
        b.destroy(&key);
        if delete {
            request.with(store, &settings).destroy(&old).unwrap();
        } else {
            let written = request
                .with(store, &settings)
                .write(&old, b"secret", HOUR)
                .unwrap();
            assert_eq!(written, Written::Refused(Refusal::Gone));
        }
        request.with(store, &settings).close().unwrap();
        for (id, inherits, expected) in [
            (&successor, true, Written::Refused(Refusal::Gone)),
            (&stranger, false, Written::Stored),
        ] {
            request.created(id.clone(), inherits);
            request.with(store, &settings).read(id, HOUR).unwrap();
            assert_eq!(
                request
                    .with(store, &settings)
                    .write(id, b"secret", HOUR)
                    .unwrap(),
                expected
            );
            request.with(store, &settings).close().unwrap();
        }
        assert_eq!(b.peek(&fixture.key_of(&successor)), None);
    }
}
