//! What a list of logins says beside who they are.

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rsso_core::login::{Claim, Claimed, Client, Details, Limits, Login, OnConflict, User};

use super::isolation::Stored as _;
use crate::common::fixture::{Ground, HOUR, sid};
use crate::common::login_helpers::{at_most, user, wish};
use crate::common::php_request::Request;

/// How far a server's whole seconds, and a busy machine, may be off.
const SLACK: i64 = 120_000;

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

fn only(ground: &dyn Ground, user: &User) -> Login {
    let mut logins = ground.worker().store.logins(user).unwrap();
    assert_eq!(logins.len(), 1);
    logins.remove(0)
}

fn expires_in_an_hour(login: &Login) -> bool {
    let hour = i64::try_from(HOUR.as_millis()).unwrap();
    let left = login.expires_at.expect("a list tells") - now();
    (hour - SLACK..=hour + hour / 32 + SLACK).contains(&left)
}

pub fn a_list_says_when_a_login_was_used_and_when_it_ends(ground: &dyn Ground) {
    let (alice, id) = (user("alice"), sid());
    let mut request = Request::begin(ground);
    request.state.created(id.clone(), false);
    request.read(&id);
    let claim = Claim {
        client: Client::new("192.0.2.7".parse().ok(), Some(b"Firefox"), Details::Masked),
        ..wish(&alice, "web", at_most(1))
    };
    assert!(matches!(request.claim(&claim), Claimed::New(..)));
    request.write(&id, b"in").unwrap_stored();
    request.end();
    let fresh = only(ground, &alice);
    assert!(expires_in_an_hour(&fresh), "{fresh:?}");
    assert_eq!(fresh.more.ip.as_deref(), Some("192.0.2.0/24"));
    assert_eq!(fresh.more.user_agent.as_deref(), Some("Firefox"));
    let claimed = fresh.more.claimed_at;
    let seen = fresh.last_seen_at(now()).expect("it is known");
    assert!((claimed..=now()).contains(&seen), "{fresh:?}");

    // Each use is seen, and the rest as it was.
    thread::sleep(Duration::from_millis(3100));
    let mut request = Request::on(ground, &id);
    request.write(&id, b"again").unwrap_stored();
    request.end();
    let used = only(ground, &alice);
    assert!(expires_in_an_hour(&used), "{used:?}");
    assert_eq!(used.more, fresh.more);
    let seen_later = used.last_seen_at(now()).expect("it is known");
    assert!(
        (seen + 1000..=now()).contains(&seen_later),
        "{seen} {seen_later}"
    );
}

pub fn who_is_refused_is_told_until_when(ground: &dyn Ground) {
    let alice = user("alice");
    let mut other = ground.worker();
    let (holder, _) = other.sign_in(&ground.key(), &alice, at_most(1));
    let limits = Limits {
        on_conflict: OnConflict::Refuse,
        ..at_most(1)
    };
    let id = sid();
    let mut request = Request::on(ground, &id);
    let Claimed::Refused(_, logins) = request.claim(&wish(&alice, "web", limits)) else {
        panic!("one is all that may live");
    };
    assert_eq!(logins[0].identity.login, holder);
    assert!(expires_in_an_hour(&logins[0]), "{logins:?}");
    assert!(logins[0].last_seen_at(now()).is_some());
    request.end();
}
