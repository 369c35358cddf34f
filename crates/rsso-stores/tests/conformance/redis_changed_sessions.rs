//! Sessions on Redis that change between read and write: a script decides what becomes of the write.

use std::thread;
use std::time::Duration;

use rsso_core::SessionKey;
use rsso_core::login::LoginSelector;
use rsso_core::store::{Change as Commit, NOT_STORED, Outcome};
use rsso_testkit::eventually;

use crate::common::fixture::{Fixture as _, HOUR, HeldSession, RedisFixture, StoreClient, TTL};
use crate::common::login_helpers::user;
use crate::common::redis_helpers::{
    assert_stored, calls, forget_calls, name_of, new_session, read, user_key,
};

const SOON: Duration = Duration::from_secs(20);

/// Each change between read and write, and what becomes of the write.
#[test]
fn a_write_notices_every_change_since_the_read() {
    type Change = fn(&RedisFixture, &SessionKey);
    let changes: [(&str, Change, bool, bool); 7] = [
        (
            "destroyed",
            |f, key| {
                f.client().destroy(key);
            },
            false,
            false,
        ),
        (
            "kicked",
            |f, _| {
                f.client().kick(&user("ann"), &LoginSelector::default());
            },
            false,
            false,
        ),
        ("removed", |f, key| f.remove_without_rsso(key), false, false),
        ("flushed", |f, _| f.remove_all_without_rsso(), false, false),
        (
            "expired",
            |f, key| {
                f.server().cli(&["pexpire", &name_of(key, 'd'), "1"]);
                thread::sleep(Duration::from_millis(50));
            },
            false,
            false,
        ),
        // Nobody else has written: the data are stored.
        (
            "lock removed",
            |f, key| {
                f.server().cli(&["del", &name_of(key, 'l')]);
            },
            true,
            true,
        ),
        (
            "lock renewed",
            |f, key| {
                f.server().cli(&["pexpire", &name_of(key, 'l'), "50000"]);
            },
            true,
            true,
        ),
    ];
    for has_login in [true, false] {
        for (name, change, is_stored, stays) in &changes {
            for lock in [true, false] {
                let fixture = RedisFixture::prepare();
                let key = new_session(&fixture, has_login);
                let mut client = fixture.client();
                let held = read(&mut client, &key, lock);
                change(&fixture, &key);
                let is_stored = *is_stored || (*name == "kicked" && !has_login);
                let stays = *stays || (*name == "kicked" && !has_login);
                let outcome = client.write(&held, b"late");
                assert_eq!(
                    matches!(outcome, Outcome::Stored(_)),
                    is_stored,
                    "{name}, {lock}: {outcome:?}"
                );
                assert_eq!(
                    fixture.client().peek(&key),
                    stays.then(|| b"late".to_vec()),
                    "{name}, {lock}"
                );
            }
        }
    }
}

/// No kick would find the session any more.
#[test]
fn a_session_whose_users_key_is_removed_meanwhile_has_ended() {
    for lock in [true, false] {
        for removed in ["key", "login"] {
            let fixture = RedisFixture::prepare();
            let key = new_session(&fixture, true);
            let mut client = fixture.client();
            let held = read(&mut client, &key, lock);
            let user = user_key(&fixture);
            let login = held
                .login
                .as_ref()
                .unwrap()
                .login
                .identity
                .login
                .to_string();
            fixture.server().cli(&match removed {
                "key" => vec!["del", &user],
                _ => vec!["hdel", &user, &login],
            });
            assert_eq!(
                client.write(&held, b"late"),
                Outcome::Gone,
                "{lock}, {removed}"
            );
            assert_eq!(client.peek(&key), None);
            // The process still expects the login.
            client.put(&key, b"nobody's", HOUR);
            let held = read(&mut client, &key, lock);
            assert_eq!(
                (held.data.as_deref(), held.login),
                (Some(&b"nobody's"[..]), None)
            );
        }
    }
}

#[test]
fn a_session_opened_beside_another_is_written_like_that() {
    let fixture = RedisFixture::prepare();
    let keys = [new_session(&fixture, false), new_session(&fixture, true)];
    let mut client = fixture.client();
    for [first, second] in [[0, 1], [1, 0]] {
        let held = keys.each_ref().map(|key| client.read_locked(key));
        assert_stored(client.write(&held[first], b"first"));
        assert_stored(client.write(&held[second], b"second"));
        assert_eq!(client.peek(&keys[first]).unwrap(), b"first");
        assert_eq!(client.peek(&keys[second]).unwrap(), b"second");
    }
    // Two that are not stored yet: another request stores the first.
    let missing = [(); 2].map(|()| fixture.new_key());
    let held = missing.each_ref().map(|key| client.read_locked(key));
    let mut other = fixture.client();
    let by_other = other.read_unlocked(&missing[0]);
    let generation_of = |outcome| match outcome {
        Outcome::Stored(version) => version.generation,
        other => panic!("{other:?}"),
    };
    let generation = generation_of(other.write(&by_other, b"other"));
    // Written under the lock, and it stays the same session to whoever has read it meanwhile.
    assert_eq!(generation_of(client.write(&held[0], b"late")), generation);
    assert_stored(client.write(&held[1], b"new"));
    // One of the two ends.
    for ended in [0, 1] {
        let held = keys.each_ref().map(|key| client.read_locked(key));
        fixture.client().destroy(&keys[ended]);
        assert_stored(client.write(&held[1 - ended], b"lives"));
        assert_eq!(client.write(&held[ended], b"late"), Outcome::Gone);
        client.put(&keys[ended], b"again", HOUR);
    }
}

#[test]
fn a_waiter_is_woken_by_the_write() {
    let fixture = RedisFixture::prepare();
    let key = new_session(&fixture, false);
    for round in 0..20 {
        let mut owner = fixture.client();
        let held = owner.read_locked(&key);
        thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                let mut client = fixture.client();
                let held = client.try_lock(&key, HOUR, HOUR).unwrap();
                assert_stored(client.write(&held, b"waiter"));
                held.data
            });
            eventually("somebody waits", SOON, || {
                let waiters = fixture.server().cli(&["exists", &name_of(&key, 'n')]);
                (waiters == "1").then_some(())
            });
            match round % 3 {
                0 => {
                    forget_calls(fixture.server());
                    assert_stored(owner.write(&held, b"owner"));
                    // The waiter itself would look for a lock that was only removed, but much later.
                    assert_eq!(calls(fixture.server(), "rpush"), 1);
                }
                1 => owner.store.release(&key, held.token).unwrap(),
                _ => assert_stored(owner.touch(&held, 2 * HOUR)),
            }
            // An hour is longer than the test may take.
            let data = waiter.join().unwrap().unwrap();
            assert_eq!(data == b"owner", round % 3 == 0);
        });
    }
}

/// The other has read what this write would overwrite.
#[test]
fn a_write_is_refused_if_another_request_holds_the_lock_by_now() {
    let fixture = RedisFixture::prepare();
    for has_login in [false, true] {
        let key = new_session(&fixture, has_login);
        let (mut client, mut other) = (fixture.client(), fixture.client());
        let held = client.read_locked(&key);
        fixture.server().cli(&["del", &name_of(&key, 'l')]);
        let by_other = other.read_locked(&key);
        assert_eq!(client.write(&held, b"late"), Outcome::LockLost);
        assert_stored(other.write(&by_other, b"other"));
        assert_eq!(client.peek(&key).unwrap(), b"other");
    }
}

/// The lock was removed, for example: nobody else wakes who waits for it.
#[test]
fn a_newcomer_wakes_who_has_waited_before() {
    let fixture = RedisFixture::prepare();
    let key = new_session(&fixture, false);
    let server = fixture.server();
    for acts in [StoreClient::write_data, StoreClient::release_lock] {
        server.cli(&["zadd", &name_of(&key, 'n'), "9999999999999", "a waiter"]);
        let mut client = fixture.client();
        let held = client.read_locked(&key);
        acts(&mut client, &held);
        // An answer that was not waited for has come by now.
        client.peek(&key);
        assert_eq!(server.cli(&["get", &name_of(&key, 'l')]), "reserved");
        assert_eq!(server.cli(&["llen", &name_of(&key, 'w')]), "1");
        server.cli(&["del", &name_of(&key, 'l'), &name_of(&key, 'w')]);
    }
}

impl StoreClient {
    fn write_data(&mut self, held: &HeldSession) {
        assert_stored(self.write(held, b"data"));
    }

    fn release_lock(&mut self, held: &HeldSession) {
        self.store.release(&held.key, held.token).unwrap();
    }
}

#[test]
fn a_full_server_and_a_replica_store_nothing() {
    let refusals = [
        (
            ["config", "set", "maxmemory", "1"],
            ["config", "set", "maxmemory", "0"],
        ),
        (
            ["replicaof", "127.0.0.1", "1", ""],
            ["replicaof", "no", "one", ""],
        ),
    ];
    let used = |command: [&'static str; 4]| {
        command
            .into_iter()
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
    };
    for (refuse, allow) in refusals {
        for lock in [true, false] {
            let fixture = RedisFixture::prepare();
            let [key, another] = [(); 2].map(|()| new_session(&fixture, false));
            let mut client = fixture.client();
            let held = read(&mut client, &key, lock);
            fixture.server().cli(&used(refuse));
            let change = Commit::Write(b"late", HOUR);
            let error = client
                .store
                .commit(&key, held.basis(HOUR), change)
                .unwrap_err();
            assert!(error.to_string().contains(NOT_STORED), "{error}");
            assert_eq!(client.peek(&key).unwrap(), b"data");
            // Another session is read without its lock, and written if nobody else has written by then.
            let held = client.try_lock(&another, SOON, TTL).unwrap();
            assert_eq!(held.data.as_deref(), Some(&b"data"[..]));
            fixture.server().cli(&used(allow));
            assert_stored(client.write(&held, b"later"));
            assert_eq!(client.peek(&another).unwrap(), b"later");
        }
    }
}
