//! What is stored, and that it comes back.

use rsso_core::store::Outcome;
use rsso_core::{SessionId, SessionKey};

use crate::common::fixture::{Ground, HOUR};

pub fn what_is_written_is_read_back(ground: &dyn Ground) {
    let mut a = ground.worker();
    let mut b = ground.worker();
    let every_byte: Vec<u8> = (0..=255).collect();
    let large: Vec<u8> = every_byte.iter().copied().cycle().take(3_000_000).collect();
    for data in [&b""[..], b"n|i:1;", &every_byte, &large] {
        for hash in [true, false] {
            let key = SessionKey::of(&SessionId::random().unwrap(), hash);
            a.put(&key, data, HOUR);
            assert!(
                b.peek(&key).as_deref() == Some(data),
                "{} bytes",
                data.len()
            );
            b.put(&key, b"second", HOUR);
            assert_eq!(a.peek(&key).as_deref(), Some(&b"second"[..]));
        }
    }
}

pub fn a_missing_session_is_empty_and_no_failure(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let held = worker.locked(&ground.key());
    assert_eq!(held.data, None);
    assert!(held.locked);
}

pub fn a_touch_keeps_the_data(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let key = ground.key();
    worker.put(&key, b"data", HOUR);
    let held = worker.locked(&key);
    assert_eq!(
        worker.touch(&held, HOUR),
        Outcome::Stored(held.seen.unwrap())
    );
    assert_eq!(worker.peek(&key).unwrap(), b"data");
}

/// PHP 8.6 touches an empty new session instead of writing it.
pub fn a_touch_creates_what_was_missing(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let key = ground.key();
    let held = worker.locked(&key);
    assert!(matches!(worker.touch(&held, HOUR), Outcome::Stored(_)));
    assert_eq!(worker.peek(&key).unwrap(), b"");
}

pub fn destroying_twice_is_no_error(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let key = ground.key();
    worker.put(&key, b"data", HOUR);
    worker.destroy(&key);
    worker.destroy(&key);
    assert_eq!(worker.peek(&key), None);
}

pub fn two_sessions_do_not_meet(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (one, two) = (ground.key(), ground.key());
    let held_one = worker.locked(&one);
    let held_two = worker.locked(&two);
    worker.write(&held_one, b"one");
    worker.write(&held_two, b"two");
    worker.destroy(&one);
    assert_eq!(worker.peek(&one), None);
    assert_eq!(worker.peek(&two).unwrap(), b"two");
}

/// The answer of a commit may be lost with its connection; sending it again must not be refused
/// while nobody else has written.
pub fn a_commit_may_be_sent_twice(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let key = ground.key();
    for data in [b"first", b"later"] {
        let held = worker.locked(&key);
        assert!(matches!(worker.write(&held, data), Outcome::Stored(_)));
        assert!(matches!(worker.write(&held, data), Outcome::Stored(_)));
        assert_eq!(worker.peek(&key).unwrap(), data);
    }
}
