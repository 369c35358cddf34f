//! Sessions on Redis without scripts: when plain commands are used, and that scripts have the same effect.

use std::thread;
use std::time::Duration;

use rsso_core::login::LoginSelector;
use rsso_core::store::{End, Lock, Outcome, Token};

use crate::common::fixture::{Fixture as _, HOUR, RedisFixture};
use crate::common::login_helpers::{user, with_max_logins};
use crate::common::redis_helpers::{
    assert_stored, calls, forget_calls, new_session, read, user_key,
};

#[test]
fn an_ordinary_session_needs_no_script() {
    let fixture = RedisFixture::prepare();
    for (lock, has_login) in [(true, false), (false, false), (true, true), (false, true)] {
        let key = new_session(&fixture, has_login);
        let mut client = fixture.client();
        forget_calls(fixture.server());
        for _ in 0..5 {
            let held = read(&mut client, &key, lock);
            assert_eq!(held.login.is_some(), has_login);
            assert_stored(client.write(&held, b"more"));
        }
        assert_eq!(client.peek(&key).unwrap(), b"more");
        assert_eq!(
            calls(fixture.server(), "evalsha"),
            0,
            "lock {lock}, login {has_login}"
        );
        // The first read asks for a login that it did not expect.
        let asked = u64::from(has_login) * (1 + 4 + 5 + 1);
        assert_eq!(calls(fixture.server(), "hexists"), asked);
    }
}

#[test]
fn a_new_session_and_its_end_need_no_script() {
    let fixture = RedisFixture::prepare();
    let mut client = fixture.client();
    forget_calls(fixture.server());
    for lock in [true, false] {
        let key = fixture.new_key();
        let held = read(&mut client, &key, lock);
        assert_stored(client.write(&held, b"new"));
    }
    for replaces in [true, false] {
        let key = fixture.new_key();
        client.put(&key, b"old", HOUR);
        let held = client.read_locked(&key);
        let end = End {
            seen: held.seen.map(|seen| seen.generation),
            ..End::default()
        };
        let lock = Lock {
            token: held.token,
            held: true,
        };
        let existed = match replaces {
            true => client.store.destroy_leaving_empty(&key, lock, end, HOUR),
            false => client.store.destroy(&key, Some(held.token), end),
        };
        assert!(existed.unwrap());
        assert_eq!(client.peek(&key), replaces.then(Vec::new));
        // The lock is free.
        fixture.client().put(&key, b"next", HOUR);
    }
    assert_eq!(calls(fixture.server(), "evalsha"), 0);
}

#[test]
fn a_kicked_session_is_read_without_a_script() {
    let fixture = RedisFixture::prepare();
    let key = new_session(&fixture, true);
    let mut client = fixture.client();
    client.kick(&user("ann"), &LoginSelector::default());
    forget_calls(fixture.server());
    for lock in [true, false] {
        let held = read(&mut client, &key, lock);
        assert_eq!((held.data, held.kick.is_some()), (None, true));
    }
    assert_eq!(calls(fixture.server(), "evalsha"), 0);
}

#[test]
fn a_login_that_another_process_has_changed_is_seen() {
    let fixture = RedisFixture::prepare();
    let key = new_session(&fixture, true);
    let (mut client, mut other) = (fixture.client(), fixture.client());
    for uid in ["bob", "carl", "dora"] {
        other.sign_in(&key, &user(uid), with_max_logins(0));
        for _ in 0..2 {
            let held = client.read_locked(&key);
            assert_eq!(held.login.as_ref().unwrap().login.identity.uid, uid);
            assert_stored(client.write(&held, b"data"));
        }
        let held = client.read_locked(&key);
        let login = held.login.as_ref().unwrap().login.identity.login;
        client.store.release(&key, held.token).unwrap();
        if uid == "carl" {
            assert!(other.store.sign_out(&key, login).unwrap());
            assert!(client.read_unlocked(&key).login.is_none());
        }
    }
}

#[test]
fn a_users_key_outlives_the_users_sessions() {
    let fixture = RedisFixture::prepare();
    let key = new_session(&fixture, true);
    let mut client = fixture.client();
    let user = user_key(&fixture);
    for (hours, needs_script) in [(1, false), (3, true), (3, false), (30, true), (30, false)] {
        forget_calls(fixture.server());
        let held = client.read_locked(&key);
        assert_stored(client.write_for(&held, b"data", hours * HOUR));
        let left: u128 = fixture.server().cli(&["pttl", &user]).parse().unwrap();
        assert!(left > (hours * HOUR).as_millis(), "{hours} hours");
        assert_eq!(
            calls(fixture.server(), "evalsha") > 0,
            needs_script,
            "{hours} hours"
        );
    }
}

#[test]
fn an_expired_users_key_is_not_trusted_to_live() {
    let fixture = RedisFixture::prepare();
    let key = new_session(&fixture, true);
    let mut client = fixture.client();
    let held = client.read_locked(&key);
    assert_stored(client.write(&held, b"data"));
    fixture.server().cli(&["pexpire", &user_key(&fixture), "1"]);
    thread::sleep(Duration::from_millis(50));
    assert_eq!(client.read_unlocked(&key).data, None);
}

/// What was watched for a session that was only read does not fail the next one.
#[test]
fn an_abandoned_session_does_not_affect_the_next() {
    let fixture = RedisFixture::prepare();
    let (mut client, mut other) = (fixture.client(), fixture.client());
    let [abandoned, next] = [(); 2].map(|()| new_session(&fixture, false));
    for lock in [true, false] {
        // Its scripts are known from here on.
        let held = read(&mut client, &abandoned, lock);
        client.store.release(&abandoned, held.token).unwrap();
        client.peek(&next);
        forget_calls(fixture.server());
        let held = read(&mut client, &abandoned, lock);
        if lock {
            client.store.release(&abandoned, held.token).unwrap();
        }
        let seen = other.read_unlocked(&abandoned);
        assert_stored(other.write(&seen, b"changed"));
        let held = client.read_locked(&next);
        assert_stored(client.write(&held, b"written"));
        assert_eq!(calls(fixture.server(), "evalsha"), u64::from(lock));
    }
}

/// Scripts take the place of a command that a server, a proxy or an ACL lacks.
#[test]
fn without_one_of_the_commands_scripts_do_everything() {
    for missing in ["multi", "exec", "watch", "unwatch", "mget", "hexists"] {
        let fixture = RedisFixture::prepare();
        let denied = format!("-{missing}");
        let (keys, mut before) = (
            [new_session(&fixture, false), new_session(&fixture, true)],
            fixture.client(),
        );
        let held = before.read_locked(&keys[0]);
        fixture
            .server()
            .cli(&["acl", "setuser", "default", &denied]);
        // A connection from before, and a new one.
        assert_stored(before.write(&held, b"before"));
        let mut client = fixture.client();
        for client in [&mut before, &mut client] {
            for key in &keys {
                for lock in [true, false] {
                    for data in [b"a", b"b"] {
                        let held = read(client, key, lock);
                        assert_eq!(held.login.is_some(), *key == keys[1], "{missing}");
                        assert_stored(client.write(&held, data));
                        assert_eq!(client.peek(key).unwrap(), data, "{missing}");
                    }
                    let held = read(client, key, lock);
                    assert_stored(client.touch(&held, 2 * HOUR));
                    let held = read(client, key, lock);
                    fixture.client().destroy(key);
                    assert_eq!(client.write(&held, b"late"), Outcome::Gone, "{missing}");
                    client.put(key, b"data", HOUR);
                    if *key == keys[1] {
                        client.sign_in(key, &user("ann"), with_max_logins(0));
                    }
                }
            }
        }
        let token = Token::random().unwrap();
        let key = fixture.new_key();
        let held = client.load(&key, token, None, false).unwrap();
        assert_stored(client.write(&held, b"new"));
        // The connection remembers it.
        forget_calls(fixture.server());
        for _ in 0..5 {
            let held = client.read_locked(&keys[1]);
            assert_stored(client.write(&held, b"more"));
        }
        let stats = fixture.server().cli(&["info", "commandstats"]);
        let refused = format!("cmdstat_{missing}:");
        assert!(!stats.contains(&refused), "{missing}: {stats}");
    }
}
