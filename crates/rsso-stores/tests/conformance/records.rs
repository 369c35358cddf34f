//! Records: what is written is read back.

use rsso_core::store::Outcome;
use rsso_core::{SessionId, SessionKey};

use crate::common::fixture::{Fixture, HOUR};

pub fn what_is_written_is_read_back(fixture: &dyn Fixture) {
    let mut a = fixture.client();
    let mut b = fixture.client();
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

pub fn reading_a_missing_session_finds_no_data_and_takes_the_lock(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let held = client.read_locked(&fixture.new_key());
    assert_eq!(held.data, None);
    assert!(held.locked);
}

pub fn a_touch_keeps_the_data(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let key = fixture.new_key();
    client.put(&key, b"data", HOUR);
    let held = client.read_locked(&key);
    assert_eq!(
        client.touch(&held, HOUR),
        Outcome::Stored(held.seen.unwrap())
    );
    assert_eq!(client.peek(&key).unwrap(), b"data");
}

/// PHP 8.6 touches an empty new session instead of writing it.
pub fn a_touch_stores_a_new_empty_session(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let key = fixture.new_key();
    let held = client.read_locked(&key);
    assert!(matches!(client.touch(&held, HOUR), Outcome::Stored(_)));
    assert_eq!(client.peek(&key).unwrap(), b"");
}

pub fn destroying_twice_is_no_error(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let key = fixture.new_key();
    client.put(&key, b"data", HOUR);
    client.destroy(&key);
    client.destroy(&key);
    assert_eq!(client.peek(&key), None);
}

pub fn two_sessions_do_not_affect_each_other(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (one, two) = (fixture.new_key(), fixture.new_key());
    let held_one = client.read_locked(&one);
    let held_two = client.read_locked(&two);
    client.write(&held_one, b"one");
    client.write(&held_two, b"two");
    client.destroy(&one);
    assert_eq!(client.peek(&one), None);
    assert_eq!(client.peek(&two).unwrap(), b"two");
}

/// The answer may be lost with its connection, so a commit may be sent again.
pub fn a_commit_sent_twice_counts_once(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let key = fixture.new_key();
    for data in [b"first", b"later"] {
        let held = client.read_locked(&key);
        assert!(matches!(client.write(&held, data), Outcome::Stored(_)));
        assert!(matches!(client.write(&held, data), Outcome::Stored(_)));
        assert_eq!(client.peek(&key).unwrap(), data);
    }
}
