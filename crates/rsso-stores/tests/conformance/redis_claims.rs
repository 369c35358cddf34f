//! Claims on Redis: what their script runs while nobody else is served, and what becomes of them on a full server.

use std::collections::BTreeSet;

use rsso_core::login::event::Kind;
use rsso_core::login::{Claimed, Limits};
use rsso_core::store::NOT_CHANGED;

use crate::common::fixture::{Fixture as _, HOUR, RedisFixture};
use crate::common::login_helpers::{new_claim, user, with_max_logins};
use crate::common::redis_helpers::user_key;

#[test]
fn a_claim_at_the_hard_limit_does_not_read_every_login() {
    let fixture = RedisFixture::prepare();
    let (mut client, ann) = (fixture.client(), user("ann"));
    let limits = Limits {
        max_logins_hard: 30,
        storm_limit: 5,
        storm_limit_hour: 30,
        ..with_max_logins(0)
    };
    for _ in 0..60 {
        client.sign_in(&fixture.new_key(), &ann, limits);
    }
    assert_eq!(client.logins(&ann).len(), 30);
    fixture.server().cli(&["config", "resetstat"]);
    client.sign_in(&fixture.new_key(), &ann, limits);
    let calls = fixture.server().cli(&["info", "commandstats"]);
    assert!(calls.contains("cmdstat_zrange:calls=1,"), "{calls}");
    assert!(!calls.contains("hgetall"), "{calls}");
}

/// The names of all keys, and what every act on the user's logins changes.
fn traces(fixture: &RedisFixture) -> (BTreeSet<String>, String) {
    let keys = fixture.server().cli(&["--scan"]);
    let changed = ["hmget", &user_key(fixture), "v", "n"];
    let keys = keys.lines().map(str::to_owned).collect();
    (keys, fixture.server().cli(&changed))
}

fn set_max_memory(fixture: &RedisFixture, bytes: &str) {
    let set = ["config", "set", "maxmemory", bytes];
    assert_eq!(fixture.server().cli(&set), "OK");
}

#[test]
fn a_claim_that_a_full_server_refuses_changes_nothing() {
    for has_session in [true, false] {
        let fixture = RedisFixture::prepare();
        let (mut client, ann) = (fixture.client(), user("ann"));
        let (first, key) = (fixture.new_key(), fixture.new_key());
        let login = client.add_login(&first, &ann);
        if has_session {
            client.put(&key, b"data", HOUR);
        }
        let held = client.read_unlocked(&key);
        let claim = new_claim(&ann, "web", with_max_logins(0));
        let before = traces(&fixture);
        set_max_memory(&fixture, "1");
        let error = client.try_claim(&held, &claim).unwrap_err().to_string();
        assert!(error.contains("out of memory (maxmemory)"), "{error}");
        assert!(error.contains(NOT_CHANGED), "{error}");
        assert_eq!(traces(&fixture), before);
        assert_eq!(client.events_about(&ann).len(), 1);
        assert_eq!(client.login_of(&key), None);
        assert_eq!(client.logins(&ann), [login]);
        assert_eq!(client.login_of(&first), Some(login));
        set_max_memory(&fixture, "0");
        let data = has_session.then(|| b"data".to_vec());
        assert_eq!(client.peek(&key), data);
        assert!(matches!(client.claim(&held, &claim), Claimed::New(..)));
        assert_eq!(client.logins(&ann), [login, claim.login]);
    }
}

/// It frees memory first, and Redis then lets a script go on.
#[test]
fn a_claim_that_makes_room_is_made_whole_on_a_full_server() {
    let fixture = RedisFixture::prepare();
    let (mut client, ann) = (fixture.client(), user("ann"));
    let (first, key) = (fixture.new_key(), fixture.new_key());
    let login = client.add_login(&first, &ann);
    client.put(&key, b"data", HOUR);
    let held = client.read_unlocked(&key);
    let claim = new_claim(&ann, "web", with_max_logins(1));
    set_max_memory(&fixture, "1");
    assert!(matches!(client.claim(&held, &claim), Claimed::New(..)));
    assert_eq!(client.logins(&ann), [claim.login]);
    assert_eq!(
        client.read_unlocked(&first).kick.unwrap().identity.login,
        login
    );
    assert_eq!(client.logins_in_events(&ann, Kind::Kicked), [login]);
    assert_eq!(
        client.logins_in_events(&ann, Kind::Claimed),
        [login, claim.login]
    );
}
