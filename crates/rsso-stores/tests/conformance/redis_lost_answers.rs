//! Lost answers of a Redis server: a write is made once, and what rsso says of it is true.

use std::thread;

use rsso_core::SessionKey;
use rsso_core::login::event::Kind;
use rsso_core::login::{Claimed, LoginId, LoginSelector, User};
use rsso_core::store::{Change, End, Lock, MAYBE_STORED};

use crate::common::fixture::{Fixture as _, HOUR, RedisFixture, StoreClient};
use crate::common::login_helpers::{new_claim, user, with_max_logins};
use crate::common::lossy_proxy::LossyProxy;
use crate::common::redis_helpers::{assert_stored, calls, client_through, forget_calls, read};

/// A server, and a client of it whose answers may be lost.
struct LossyStore {
    fixture: RedisFixture,
    proxy: LossyProxy,
    client: StoreClient,
}

impl LossyStore {
    fn new() -> Self {
        let fixture = RedisFixture::prepare();
        let proxy = LossyProxy::to(fixture.server().port());
        let client = client_through(&proxy, &fixture, "2");
        Self {
            fixture,
            proxy,
            client,
        }
    }

    /// With a session that the client has stored.
    fn with_session() -> (Self, SessionKey) {
        let mut store = Self::new();
        let key = store.fixture.new_key();
        store.client.put(&key, b"old", HOUR);
        (store, key)
    }

    /// With a login that another client has claimed.
    fn with_login(user: &User) -> (Self, LoginId) {
        let store = Self::new();
        let login = store
            .fixture
            .client()
            .add_login(&store.fixture.new_key(), user);
        (store, login)
    }
}

#[test]
fn a_write_whose_answer_is_lost_is_stored_once() {
    for lock in [true, false] {
        for has_login in [false, true] {
            let mut store = LossyStore::new();
            let key = store.fixture.new_key();
            let mut other = store.fixture.client();
            other.put(&key, b"old", HOUR);
            if has_login {
                other.sign_in(&key, &user("ann"), with_max_logins(0));
            }
            for data in [b"new 1", b"new 2"] {
                let held = read(&mut store.client, &key, lock);
                forget_calls(store.fixture.server());
                store.proxy.drop_next_answer();
                assert_stored(store.client.write(&held, data));
                // One transaction of this write; the new connection tries one too.
                assert_eq!(calls(store.fixture.server(), "exec"), 2);
                // The lock is free, and the login is still there.
                let seen = other.read_locked(&key);
                assert_eq!(seen.data.as_deref(), Some(&data[..]));
                assert_eq!(seen.login.is_some(), has_login);
                other.store.release(&key, seen.token).unwrap();
            }
        }
    }
}

#[test]
fn a_new_session_whose_answer_is_lost_is_stored_once() {
    for lock in [true, false] {
        let mut store = LossyStore::new();
        for _ in 0..2 {
            let key = store.fixture.new_key();
            let held = read(&mut store.client, &key, lock);
            store.proxy.drop_next_answer();
            assert_stored(store.client.write(&held, b"new"));
            assert_eq!(
                store.fixture.client().read_locked(&key).data.unwrap(),
                b"new"
            );
        }
    }
}

#[test]
fn a_lock_whose_answer_is_lost_is_taken_again() {
    let (mut store, key) = LossyStore::with_session();
    store.proxy.drop_next_answer();
    let held = store.client.read_locked(&key);
    assert_eq!(held.data.as_deref(), Some(&b"old"[..]));
    assert_stored(store.client.write(&held, b"new"));
    assert_eq!(
        store.fixture.client().read_locked(&key).data.unwrap(),
        b"new"
    );
}

#[test]
fn an_end_whose_answer_is_lost_is_done_once() {
    for replaces in [true, false] {
        let (mut store, key) = LossyStore::with_session();
        let held = store.client.read_locked(&key);
        let end = End {
            seen: held.seen.map(|seen| seen.generation),
            ..End::default()
        };
        let lock = Lock {
            token: held.token,
            held: true,
        };
        store.proxy.drop_next_answer();
        let existed = match replaces {
            true => store
                .client
                .store
                .destroy_leaving_empty(&key, lock, end, HOUR),
            false => store.client.store.destroy(&key, Some(held.token), end),
        };
        assert!(existed.unwrap());
        let left = store.fixture.client().read_locked(&key).data;
        assert_eq!(left, replaces.then(Vec::new));
    }
}

/// A second answer is lost, of the script that would find out.
#[test]
fn a_write_is_not_reported_as_known_if_the_question_is_lost_too() {
    let (mut store, key) = LossyStore::with_session();
    let held = store.client.read_locked(&key);
    store
        .fixture
        .server()
        .cli(&["acl", "setuser", "default", "-evalsha"]);
    store.proxy.drop_next_answer();
    let change = Change::Write(b"new", HOUR);
    let error = store
        .client
        .store
        .commit(&key, held.basis(HOUR), change)
        .unwrap_err();
    assert!(error.to_string().contains(MAYBE_STORED), "{error}");
}

/// An act on logins reads first: the second answer is that of the change.
const ANSWER_OF_CHANGE: u64 = 2;

#[test]
fn a_claim_whose_answer_is_lost_is_made_once() {
    let ann = user("ann");
    let (mut store, _) = LossyStore::with_login(&ann);
    let key = store.fixture.new_key();
    let held = store.client.read_unlocked(&key);
    let claim = new_claim(&ann, "web", with_max_logins(1));
    store.proxy.drop_answer(ANSWER_OF_CHANGE);
    let claimed = store.client.claim(&held, &claim);
    assert!(
        matches!(&claimed, Claimed::New(_, kicks) if kicks.len() == 1),
        "{claimed:?}"
    );
    let mut other = store.fixture.client();
    assert_eq!(other.logins(&ann), [claim.login]);
    assert_eq!(other.logins_in_events(&ann, Kind::Kicked).len(), 1);
    assert_eq!(other.logins_in_events(&ann, Kind::Claimed).len(), 2);
}

#[test]
fn a_kick_whose_answer_is_lost_is_made_once() {
    let ann = user("ann");
    let (mut store, login) = LossyStore::with_login(&ann);
    assert_eq!(store.client.logins(&ann), [login]);
    store.proxy.drop_answer(ANSWER_OF_CHANGE);
    let kicks = store.client.kick(&ann, &LoginSelector::default());
    assert_eq!(kicks.len(), 1);
    assert_eq!(kicks[0].identity.login, login);
    let kicked = store.fixture.client().logins_in_events(&ann, Kind::Kicked);
    assert_eq!(kicked, [login]);
}

#[test]
fn a_message_whose_answer_is_lost_is_sent_once() {
    let ann = user("ann");
    let (mut store, login) = LossyStore::with_login(&ann);
    assert_eq!(store.client.logins(&ann), [login]);
    store.proxy.drop_answer(ANSWER_OF_CHANGE);
    assert_eq!(store.client.store.notify(&ann, None, "1").unwrap(), 1);
    let sent = store.fixture.client().logins_in_events(&ann, Kind::Message);
    assert_eq!(sent, [login]);
}

/// The user has changed again before the question could be asked.
#[test]
fn a_claim_is_not_reported_as_known_if_the_user_has_changed_since() {
    let mut store = LossyStore::new();
    let ann = user("ann");
    // The server has the scripts: sending them has answers, too.
    assert_eq!(store.fixture.client().logins(&ann), []);
    let key = store.fixture.new_key();
    let held = store.client.read_unlocked(&key);
    let claim = new_claim(&ann, "web", with_max_logins(1));
    store.proxy.drop_answer(ANSWER_OF_CHANGE);
    store.proxy.delay_disconnect();
    let error = thread::scope(|scope| {
        let (client, proxy) = (&mut store.client, &store.proxy);
        let claiming = scope.spawn(|| client.try_claim(&held, &claim).unwrap_err());
        let mut other = store.fixture.client();
        while other.logins(&ann) != [claim.login] {
            thread::yield_now();
        }
        other.kick(&ann, &LoginSelector::default());
        proxy.disconnect_now();
        claiming.join().unwrap()
    });
    let text = error.to_string();
    assert!(text.contains("it is not known whether"), "{text}");
    assert_eq!(store.fixture.client().logins(&ann), []);
}
