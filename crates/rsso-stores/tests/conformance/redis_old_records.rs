//! Sessions that the first version has stored on Redis, byte for byte: all of them go on, with their logins.
//!
//! Then a record held no more of a login than its id and its user, and had the magic `R1`.

use std::thread;

use data_encoding::HEXLOWER;
use rsso_core::SessionKey;
use rsso_core::login::{LoginId, LoginSelector};
use rsso_core::store::{Outcome, Token};

use crate::common::fixture::{Fixture as _, HOUR, RedisFixture};
use crate::common::login_helpers::{new_claim, user, with_max_logins};

const LOGIN: &str = "01M8PDXTB8X4PFJV3T0RYFBYD8";
const ANN: &str = "JGrK-gn6W7rhNNi5_BlyNOupUko-NSxymmPXcPR799o";
const VERSION: &[u8; 24] = b"generat.revision of 16 b";

/// A store with what the first version has left: one session with ann's login.
struct OldStore {
    fixture: RedisFixture,
    key: SessionKey,
}

impl OldStore {
    fn new() -> Self {
        let fixture = RedisFixture::prepare();
        let key = fixture.new_key();
        let store = Self { fixture, key };
        store.set_record(&record(b"data", b'L'));
        let user = format!("rsso:u:{ANN}");
        let entry = format!(
            r#"{{"i":"{{\"login\":\"{LOGIN}\",\"uid\":\"ann\",\"device\":\"web\",\"label\":null}}","s":["{}"],"b":"rRvOCV7ie8hs6vV_FIl_Qg","m":"{{\"claimed_at\":1796049135976,\"meta\":null,\"lifetime\":1485000,\"born_of\":\"rRvOCV7ie8hs6vV_FIl_Qg\"}}","d":"web","a":1796049135976,"n":1}}"#,
            store.key.to_text()
        );
        let fields = [
            ["n", "1"],
            ["r", "default"],
            ["h", r#""source":"urn:rsso:default","subject":"ann""#],
            ["w", "1796049135"],
            ["c", "0"],
            ["x", "0"],
            ["W", "1796049135"],
            ["C", "0"],
            ["X", "0"],
            [LOGIN, &entry],
        ];
        let server = store.fixture.server();
        server.cli(&[&["hset", &user], fields.as_flattened()].concat());
        server.cli(&["pexpire", &user, "7200000"]);
        store
    }

    fn set_record(&self, value: &[u8]) {
        let set = "return redis.call('SET', KEYS[1], (ARGV[1]:gsub('%x%x', function(h) return string.char(tonumber(h, 16)) end)), 'PX', 3600000)";
        let hex = HEXLOWER.encode(value);
        let name = self.record_name();
        assert_eq!(
            self.fixture.server().cli(&["eval", set, "1", &name, &hex]),
            "OK"
        );
    }

    fn record(&self) -> Vec<u8> {
        let get = "return ((redis.call('GET', KEYS[1]) or ''):gsub('.', function(c) return string.format('%02x', c:byte()) end))";
        let hex = self
            .fixture
            .server()
            .cli(&["eval", get, "1", &self.record_name()]);
        HEXLOWER.decode(hex.as_bytes()).unwrap()
    }

    fn record_name(&self) -> String {
        format!("rsso:{{{}}}:d", self.key.to_text())
    }

    /// Whether the record is one of the second format, whose end is as in the first.
    fn is_new(&self) -> bool {
        let record = self.record();
        let Some((_, end)) = record.split_last_chunk::<96>() else {
            return false;
        };
        let binding = format!("{LOGIN}{ANN}");
        end.starts_with(binding.as_bytes()) && (&end[69..71], end[71]) == (b"R2", b'L')
    }
}

/// A record of the first format.
fn record(data: &[u8], state: u8) -> Vec<u8> {
    let binding = format!("{LOGIN}{ANN}R1");
    [data, binding.as_bytes(), &[state], VERSION].concat()
}

fn login() -> LoginId {
    LoginId::parse(LOGIN).unwrap()
}

#[test]
fn an_old_session_keeps_its_login() {
    let old = OldStore::new();
    let mut client = old.fixture.client();
    assert_eq!(client.login_of(&old.key), Some(login()));
    let unlocked = client.read_unlocked(&old.key);
    assert_eq!(unlocked.data.as_deref(), Some(&b"data"[..]));
    let whole = unlocked.login.unwrap();
    assert_eq!(whole.login.identity.login, login());
    let locked = client.read_locked(&old.key);
    assert_eq!(locked.data.as_deref(), Some(&b"data"[..]));
    assert_eq!(locked.login.as_ref(), Some(&whole));
    assert!(old.is_new());
    // The upgraded record is read as the old one was.
    client.store.release(&old.key, locked.token).unwrap();
    let again = client.read_locked(&old.key);
    assert_eq!(again.login, Some(whole));
    assert_eq!(client.logins(&user("ann")), [login()]);
}

/// Without the lock it stays as it is: an older rsso that has read it may be about to change it.
#[test]
fn an_old_session_is_new_once_it_was_used_under_its_lock() {
    for lock in [true, false] {
        for write in [true, false] {
            let old = OldStore::new();
            let mut client = old.fixture.client();
            let held = match lock {
                true => client.read_locked(&old.key),
                false => client.read_unlocked(&old.key),
            };
            let outcome = match write {
                true => client.write(&held, b"longer than before"),
                false => client.touch(&held, HOUR),
            };
            assert!(matches!(outcome, Outcome::Stored(_)), "{outcome:?}");
            let again = client.read_unlocked(&old.key);
            assert_eq!(old.is_new(), lock, "lock {lock}, write {write}");
            let data = if write {
                &b"longer than before"[..]
            } else {
                b"data"
            };
            assert_eq!(again.data.as_deref(), Some(data));
            assert_eq!(again.login.unwrap().login.identity.login, login());
        }
    }
}

#[test]
fn an_old_login_may_be_kicked_replaced_signed_out_or_destroyed() {
    let ann = user("ann");
    let old = OldStore::new();
    let mut client = old.fixture.client();
    assert_eq!(client.kick(&ann, &LoginSelector::default()).len(), 1);
    assert!(client.read_unlocked(&old.key).kick.is_some());

    let old = OldStore::new();
    let mut client = old.fixture.client();
    let kicks = client
        .sign_in(&old.fixture.new_key(), &ann, with_max_logins(1))
        .1;
    assert_eq!(kicks[0].identity.login, login());
    assert_eq!(client.peek(&old.key), None);

    let old = OldStore::new();
    let mut client = old.fixture.client();
    assert!(client.store.sign_out(&old.key, login()).unwrap());
    let held = client.read_locked(&old.key);
    assert_eq!(
        (held.data.as_deref(), held.login.as_ref()),
        (Some(&b"data"[..]), None)
    );
    client.write(&held, b"nobody's");
    assert_eq!(client.peek(&old.key).unwrap(), b"nobody's");
    assert!(client.logins(&ann).is_empty());

    let old = OldStore::new();
    let mut client = old.fixture.client();
    assert!(client.destroy(&old.key));
    assert!(client.logins(&ann).is_empty());
}

#[test]
fn an_old_login_may_be_rotated() {
    let old = OldStore::new();
    let (mut client, to) = (old.fixture.client(), old.fixture.new_key());
    assert!(client.rotate(&old.key, &to, login()).is_some());
    for key in [&old.key, &to] {
        let held = client.read_unlocked(key);
        assert_eq!(held.data.as_deref(), Some(&b"data"[..]));
        assert_eq!(held.login.unwrap().login.identity.login, login());
    }
    client.put(&to, b"new", HOUR);
    client.put(&old.key, b"old", HOUR);
    assert_eq!(client.peek(&to).unwrap(), b"new");
    assert_eq!(client.peek(&old.key).unwrap(), b"old");
    assert!(old.fixture.seconds_left(&old.key) <= 30);
    assert_eq!(client.logins(&user("ann")), [login()]);
}

#[test]
fn another_login_takes_the_place_of_an_old_one_whatever_its_length() {
    for label in [None, Some("a place ".repeat(50))] {
        let old = OldStore::new();
        let mut client = old.fixture.client();
        // Twice, because the first also turns the old record into a new one.
        for (name, label) in [("bob", label.clone()), ("carl", None)] {
            let held = client.read_unlocked(&old.key);
            let mut claim = new_claim(&user(name), "web", with_max_logins(1));
            claim.label = label;
            client.claim(&held, &claim);
            let held = client.read_locked(&old.key);
            assert_eq!(held.data.as_deref(), Some(&b"data"[..]), "{name}");
            assert_eq!(held.login.unwrap().login.identity.uid, name);
            client.store.release(&old.key, held.token).unwrap();
        }
        assert!(client.logins(&user("ann")).is_empty());
    }
}

#[test]
fn old_records_become_new_under_load_and_nobody_is_signed_out() {
    const CLIENTS: u8 = 4;
    for _ in 0..10 {
        let old = OldStore::new();
        thread::scope(|scope| {
            for number in 0..CLIENTS {
                let old = &old;
                scope.spawn(move || {
                    let mut client = old.fixture.client();
                    for _ in 0..5 {
                        let held = client.read_locked(&old.key);
                        assert_eq!(held.login.as_ref().unwrap().login.identity.login, login());
                        let data = [held.data.as_deref().unwrap(), &[number]].concat();
                        assert!(matches!(client.write(&held, &data), Outcome::Stored(_)));
                    }
                });
            }
        });
        let data = old.fixture.client().peek(&old.key).unwrap();
        assert_eq!(data.len(), 4 + 5 * usize::from(CLIENTS));
        assert!(old.is_new());
    }
}

/// Both versions may serve the same sessions as long as nobody is signed in.
#[test]
fn a_session_without_a_login_is_stored_as_by_the_first_version() {
    let old = OldStore::new();
    old.set_record(&[&b"dataR1S"[..], VERSION].concat());
    let mut client = old.fixture.client();
    let held = client.read_locked(&old.key);
    assert_eq!(held.data.as_deref(), Some(&b"data"[..]));
    client.write(&held, b"more");
    let (generation, _) = VERSION.split_first_chunk::<8>().unwrap();
    let expected = [&b"moreR1S"[..], generation, held.token.as_bytes()].concat();
    assert_eq!(old.record(), expected);
    let key = old.fixture.new_key();
    let new = OldStore { key, ..old };
    let token = Token::random().unwrap();
    let held = client.load(&new.key, token, None, false).unwrap();
    client.write(&held, b"new");
    let record = new.record();
    assert_eq!((&record[..6], record.len()), (&b"newR1S"[..], 30));
    assert_eq!(record[14..], token.as_bytes()[..]);
}
