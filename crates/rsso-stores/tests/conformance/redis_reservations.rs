//! Reservations on Redis: an act on logins that was overtaken goes first the next time, and holds up nobody for ever.

use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use rsso_core::SessionKey;
use rsso_core::login::{Claimed, LoginId, LoginSelector, User};
use rsso_core::store::MAYBE_CHANGED;
use rsso_testkit::redis::Monitor;
use rsso_testkit::{RedisServer, eventually};

use crate::common::fixture::{Fixture as _, RedisFixture, StoreClient};
use crate::common::login_helpers::{new_claim, user, with_max_logins};
use crate::common::lossy_proxy::LossyProxy;
use crate::common::redis_helpers::{calls, client_through, forget_calls, new_session};

const SOON: Duration = Duration::from_secs(20);

/// A server on which Ann has a login, and the client that has just claimed it.
///
/// This client's next rotation expects what it has seen then, so it is overtaken by whatever another client does.
struct AnnsLogin {
    fixture: RedisFixture,
    proxy: LossyProxy,
    client: StoreClient,
    key: SessionKey,
    login: LoginId,
}

impl AnnsLogin {
    fn new() -> Self {
        let fixture = RedisFixture::prepare();
        let proxy = LossyProxy::to(fixture.server().port());
        // Longer than any other wait of these tests: a late answer is no lost one.
        let mut client = client_through(&proxy, &fixture, "30");
        let key = fixture.new_key();
        let login = client.add_login(&key, &user("ann"));
        Self {
            fixture,
            proxy,
            client,
            key,
            login,
        }
    }

    /// Another client changes something at Ann, but not the login.
    fn overtake(&self) {
        let sent = self.fixture.client().store.notify(&user("ann"), None, "1");
        assert_eq!(sent.unwrap(), 1);
    }
}

fn reservation_key(user: &User) -> String {
    format!("rsso:a:{}", user.key().to_text())
}

fn user_key(user: &User) -> String {
    format!("rsso:u:{}", user.key().to_text())
}

/// Makes this reservation for another act, as if that took an hour.
fn reserve(server: &RedisServer, reservation: &str) {
    server.cli(&["set", reservation, "another act", "px", "3600000"]);
}

fn assert_nobody_is_reserved(server: &RedisServer) {
    let reservations = server.cli(&["--scan", "--pattern", "rsso:a:*"]);
    assert_eq!(reservations, "");
}

/// The keys of the reservations that acts have made since the last look.
fn new_reservations(monitor: &Monitor) -> Vec<String> {
    let key = |line: String| {
        let (_, set) = line.split_once(r#" lua] "SET" ""#)?;
        let (key, _) = set.split_once('"')?;
        key.starts_with("rsso:a:").then(|| key.to_owned())
    };
    monitor.take().into_iter().filter_map(key).collect()
}

/// Waits until an act that another one holds up has asked several times, or has ended too early.
fn wait_for_attempts<T>(server: &RedisServer, act: &ScopedJoinHandle<'_, T>) {
    eventually("it tries several times", SOON, || {
        (act.is_finished() || calls(server, "evalsha") >= 8).then_some(())
    });
}

#[test]
fn every_act_waits_while_another_has_reserved_its_user() {
    type Act = fn(&RedisFixture, &mut StoreClient, &SessionKey, LoginId);
    let acts: [(&str, Act); 6] = [
        ("claim", |fixture, client, _, _| {
            client.sign_in(&fixture.new_key(), &user("ann"), with_max_logins(1));
        }),
        ("rotation", |fixture, client, key, login| {
            assert!(client.rotate(key, &fixture.new_key(), login).is_some());
        }),
        ("kick", |_, client, _, _| {
            let kicks = client.kick(&user("ann"), &LoginSelector::default());
            assert_eq!(kicks.len(), 1);
        }),
        ("message", |_, client, _, _| {
            assert_eq!(client.store.notify(&user("ann"), None, "1").unwrap(), 1);
        }),
        ("sign-out", |_, client, key, login| {
            assert!(client.store.sign_out(key, login).unwrap());
        }),
        ("end of the session", |_, client, key, _| {
            assert!(client.destroy(key));
        }),
    ];
    for (name, act) in acts {
        let ann = AnnsLogin::new();
        let server = ann.fixture.server();
        let last_act = || server.cli(&["hget", &user_key(&user("ann")), "v"]);
        let reservation = reservation_key(&user("ann"));
        let before = last_act();
        reserve(server, &reservation);
        let mut client = ann.fixture.client();
        forget_calls(server);
        thread::scope(|scope| {
            let acting = scope.spawn(|| act(&ann.fixture, &mut client, &ann.key, ann.login));
            wait_for_attempts(server, &acting);
            assert_eq!(last_act(), before, "{name}");
            assert_eq!(server.cli(&["get", &reservation]), "another act", "{name}");
            server.cli(&["pexpire", &reservation, "1"]);
            acting.join().unwrap();
        });
        assert_ne!(last_act(), before, "{name}");
        assert_nobody_is_reserved(server);
    }
}

#[test]
fn an_act_on_another_user_does_not_wait() {
    let mut ann = AnnsLogin::new();
    let server = ann.fixture.server();
    ann.overtake();
    let monitor = server.monitor();
    let new_key = ann.fixture.new_key();
    ann.client.rotate(&ann.key, &new_key, ann.login).unwrap();
    reserve(server, &new_reservations(&monitor)[0]);
    let (mut client, key) = (ann.fixture.client(), ann.fixture.new_key());
    let login = client.add_login(&key, &user("bob"));
    assert_eq!(client.logins(&user("bob")), [login]);
}

#[test]
fn the_reservation_of_an_act_that_hangs_expires() {
    let mut ann = AnnsLogin::new();
    ann.overtake();
    let monitor = ann.fixture.server().monitor();
    // The first answer is that of the change, which is refused; the second is that of the new look, which reserves.
    ann.proxy.drop_answer(2);
    ann.proxy.delay_disconnect();
    let (client, new_key) = (&mut ann.client, ann.fixture.new_key());
    thread::scope(|scope| {
        let rotating = scope.spawn(|| client.rotate(&ann.key, &new_key, ann.login));
        eventually("the rotation reserves Ann", SOON, || {
            (!new_reservations(&monitor).is_empty()).then_some(())
        });
        let mut other = ann.fixture.client();
        other.sign_in(&ann.fixture.new_key(), &user("ann"), with_max_logins(2));
        assert!(!rotating.is_finished());
        ann.proxy.disconnect_now();
        assert!(rotating.join().unwrap().is_some());
    });
    assert_nobody_is_reserved(ann.fixture.server());
}

/// It only looks whether it was done.
#[test]
fn an_act_in_doubt_reserves_nothing_and_waits_for_nobody() {
    for is_reserved in [false, true] {
        let mut ann = AnnsLogin::new();
        let server = ann.fixture.server();
        ann.overtake();
        let monitor = server.monitor();
        // It is refused, looks again and reserves Ann, and is done; that answer is lost.
        ann.proxy.drop_answer(3);
        ann.proxy.delay_disconnect();
        let (client, new_key) = (&mut ann.client, ann.fixture.new_key());
        let error = thread::scope(|scope| {
            let rotating = scope.spawn(|| client.try_rotate(&ann.key, &new_key, ann.login));
            let mut other = ann.fixture.client();
            eventually("the rotation is done", SOON, || {
                (other.login_of(&new_key) == Some(ann.login)).then_some(())
            });
            // So it cannot find out what it has done.
            other.kick(&user("ann"), &LoginSelector::default());
            if is_reserved {
                reserve(server, &reservation_key(&user("ann")));
            }
            ann.proxy.disconnect_now();
            rotating.join().unwrap().unwrap_err().to_string()
        });
        assert!(error.contains(MAYBE_CHANGED), "{is_reserved}: {error}");
        // Before the answer was lost.
        assert_eq!(new_reservations(&monitor).len(), 1, "{is_reserved}");
        match is_reserved {
            true => {
                let holder = server.cli(&["get", &reservation_key(&user("ann"))]);
                assert_eq!(holder, "another act");
            }
            false => assert_nobody_is_reserved(server),
        }
    }
}

#[test]
fn an_overtaken_act_reserves_its_user_only_until_it_ends() {
    for end in ["is done", "changes nothing", "fails"] {
        let mut ann = AnnsLogin::new();
        let server = ann.fixture.server();
        match end {
            "changes nothing" => {
                let mut other = ann.fixture.client();
                other.kick(&user("ann"), &LoginSelector::default());
            }
            _ => ann.overtake(),
        }
        if end == "fails" {
            server.cli(&["acl", "setuser", "default", "-hset"]);
        }
        let monitor = server.monitor();
        let rotated = ann
            .client
            .try_rotate(&ann.key, &ann.fixture.new_key(), ann.login);
        assert_nobody_is_reserved(server);
        assert_eq!(new_reservations(&monitor).len(), 1, "{end}");
        assert_eq!(rotated.is_err(), end == "fails", "{rotated:?}");
        assert_eq!(rotated.is_ok_and(|new| new.is_some()), end == "is done");
    }
}

/// An older rsso knows no reservation.
#[test]
fn an_act_overtaken_in_spite_of_its_reservation_gives_it_up() {
    for fails in [false, true] {
        let fixture = RedisFixture::prepare();
        let (server, ann) = (fixture.server(), user("ann"));
        let key = new_session(&fixture, false);
        let mut client = fixture.client();
        let held = client.read_unlocked(&key);
        // No snapshot shows it, because it lacks the realm. So it overtakes every act.
        server.cli(&["hset", &user_key(&ann), "v", "an older rsso"]);
        let monitor = server.monitor();
        let claim = new_claim(&ann, "web", with_max_logins(0));
        let claimed = thread::scope(|scope| {
            let claiming = scope.spawn(|| client.try_claim(&held, &claim));
            let mut reservations = 0;
            eventually("it reserves Ann twice", SOON, || {
                reservations += new_reservations(&monitor).len();
                (reservations >= 2).then_some(())
            });
            if fails {
                server.cli(&["acl", "setuser", "default", "-hset"]);
            }
            server.cli(&["del", &user_key(&ann)]);
            claiming.join().unwrap()
        });
        assert_nobody_is_reserved(server);
        assert_eq!(claimed.is_err(), fails, "{claimed:?}");
        assert_eq!(client.logins(&ann).len(), usize::from(!fails));
    }
}

#[test]
fn a_user_whom_an_overtaken_act_no_longer_concerns_is_not_left_reserved() {
    let fixture = RedisFixture::prepare();
    let (server, ann, bob) = (fixture.server(), user("ann"), user("bob"));
    let (key, mut other) = (fixture.new_key(), fixture.client());
    let login = other.add_login(&key, &bob);
    let mut client = fixture.client();
    let held = client.read_unlocked(&key);
    reserve(server, &reservation_key(&ann));
    forget_calls(server);
    let monitor = server.monitor();
    let claim = new_claim(&ann, "web", with_max_logins(0));
    let claimed = thread::scope(|scope| {
        // It is to end Bob's login, too.
        let claiming = scope.spawn(|| client.claim(&held, &claim));
        wait_for_attempts(server, &claiming);
        // Who waits for one user has reserved no other: Bob can sign out.
        assert!(new_reservations(&monitor).is_empty());
        assert!(other.store.sign_out(&key, login).unwrap());
        server.cli(&["del", &reservation_key(&ann)]);
        claiming.join().unwrap()
    });
    assert_nobody_is_reserved(server);
    let reserved = new_reservations(&monitor);
    assert_eq!(reserved, [&bob, &ann].map(reservation_key));
    assert!(matches!(claimed, Claimed::New(..)), "{claimed:?}");
}
