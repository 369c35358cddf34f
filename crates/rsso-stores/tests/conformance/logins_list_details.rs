//! The list of logins shows last use, expiry and client of each.

use std::thread;
use std::time::Duration;

use rsso_core::login::{Claim, Claimed, Client, Details, Login, User};

use crate::common::fixture::{Fixture, HOUR, new_sid};
use crate::common::login_helpers::{new_claim, now, refuse_above, user, with_max_logins};
use crate::common::php_request::{Request, Stored as _};

/// Milliseconds that a server's whole seconds and a busy machine may be off.
const SLACK: i64 = 120_000;

/// The user's only login.
fn only_login(fixture: &dyn Fixture, user: &User) -> Login {
    let mut logins = fixture.client().store.logins(user).unwrap();
    assert_eq!(logins.len(), 1);
    logins.remove(0)
}

fn expires_in_an_hour(login: &Login) -> bool {
    let hour = i64::try_from(HOUR.as_millis()).unwrap();
    let left = login.expires_at.expect("the list has the expiry") - now();
    (hour - SLACK..=hour + hour / 32 + SLACK).contains(&left)
}

pub fn the_list_shows_last_use_and_expiry_of_a_login(fixture: &dyn Fixture) {
    let (alice, id) = (user("alice"), new_sid());
    let mut request = Request::begin(fixture);
    request.state.created(id.clone(), false);
    request.read(&id);
    let claim = Claim {
        client: Client::new("192.0.2.7".parse().ok(), Some(b"Firefox"), Details::Masked),
        ..new_claim(&alice, "web", with_max_logins(1))
    };
    assert!(matches!(request.claim(&claim), Claimed::New(..)));
    request.write(&id, b"in").unwrap_stored();
    request.end();
    let fresh = only_login(fixture, &alice);
    assert!(expires_in_an_hour(&fresh), "{fresh:?}");
    assert_eq!(fresh.more.ip.as_deref(), Some("192.0.2.0/24"));
    assert_eq!(fresh.more.user_agent.as_deref(), Some("Firefox"));
    let claimed = fresh.more.claimed_at;
    let seen = fresh.last_seen_at(now()).expect("it is known");
    assert!((claimed..=now()).contains(&seen), "{fresh:?}");

    // A use changes the time of last use, and nothing else.
    thread::sleep(Duration::from_millis(3100));
    let mut request = Request::reading(fixture, &id);
    request.write(&id, b"again").unwrap_stored();
    request.end();
    let used = only_login(fixture, &alice);
    assert!(expires_in_an_hour(&used), "{used:?}");
    assert_eq!(used.more, fresh.more);
    let seen_later = used.last_seen_at(now()).expect("it is known");
    assert!(
        (seen + 1000..=now()).contains(&seen_later),
        "{seen} {seen_later}"
    );
}

pub fn a_refusal_shows_when_the_other_login_expires(fixture: &dyn Fixture) {
    let alice = user("alice");
    let mut other = fixture.client();
    let (holder, _) = other.sign_in(&fixture.new_key(), &alice, with_max_logins(1));
    let id = new_sid();
    let mut request = Request::reading(fixture, &id);
    let Claimed::Refused(_, logins) = request.claim(&new_claim(&alice, "web", refuse_above(1)))
    else {
        panic!("one is all that may live");
    };
    assert_eq!(logins[0].identity.login, holder);
    assert!(expires_in_an_hour(&logins[0]), "{logins:?}");
    assert!(logins[0].last_seen_at(now()).is_some());
    request.end();
}
