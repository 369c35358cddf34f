//! A double click on "sign in": the browser drops the first answer and its cookie, so the second claim must succeed.

use rsso_core::SessionId;
use rsso_core::login::event::Kind;
use rsso_core::login::{Claim, Claimed, Limits, LoginId, LoginSelector, Refused};
use rsso_core::request::Written;

use crate::common::fixture::{Fixture, HOUR, new_sid};
use crate::common::login_helpers::{new_claim, refuse_above, user, with_max_logins};
use crate::common::php_request::Request;

/// A request that presents `cookie` and signs in as applications do: a new id, then the claim.
fn sign_in(fixture: &dyn Fixture, cookie: &SessionId, claim: &Claim) -> (SessionId, Claimed) {
    sign_in_with(fixture, cookie, claim, &[])
}

fn sign_in_with(
    fixture: &dyn Fixture,
    cookie: &SessionId,
    claim: &Claim,
    directives: &[(&str, &str)],
) -> (SessionId, Claimed) {
    let mut request = Request::begin_with(fixture, directives);
    // Strict mode asks first.
    request.accepts_id(cookie);
    request.read(cookie);
    let new = request.regenerate(cookie, true);
    let claimed = request.claim(claim);
    if !matches!(claimed, Claimed::Refused(..)) {
        assert_eq!(request.write(&new, b"signed in"), Written::Stored);
    }
    request.end();
    (new, claimed)
}

/// The session of a page with a form for signing in.
fn form(fixture: &dyn Fixture, directives: &[(&str, &str)]) -> SessionId {
    let id = new_sid();
    let mut request = Request::begin_with(fixture, directives);
    request.read(&id);
    assert_eq!(request.write(&id, b"form"), Written::Stored);
    request.end();
    id
}

pub fn a_second_click_replaces_the_first(fixture: &dyn Fixture) {
    let mut other = fixture.client();
    let policies = [
        refuse_above(1),
        with_max_logins(1),
        refuse_above(2),
        with_max_logins(0),
    ];
    for (number, limits) in policies.into_iter().enumerate() {
        for lock in ["1", "0"] {
            let ann = user(format!("ann {number} {lock}"));
            let directives = [("lock", lock)];
            let cookie = form(fixture, &directives);
            let mut lost: Vec<(SessionId, LoginId)> = Vec::new();
            for _ in 0..3 {
                let claim = new_claim(&ann, "web", limits);
                let (id, claimed) = sign_in_with(fixture, &cookie, &claim, &directives);
                let Claimed::New(_, kicks) = claimed else {
                    panic!("{limits:?}: a click more is no other browser: {claimed:?}");
                };
                assert_eq!(kicks, []);
                assert_eq!(other.logins(&ann), [claim.login]);
                assert_eq!(other.login_of(&fixture.key_of(&id)), Some(claim.login));
                lost.push((id, claim.login));
            }
            lost.pop();
            let released: Vec<_> = lost.iter().map(|(_, login)| *login).collect();
            assert_eq!(other.logins_in_events(&ann, Kind::Released), released);
            assert_eq!(other.logins_in_events(&ann, Kind::Kicked), []);
            for (id, _) in &lost {
                // Requests in progress get an empty session.
                let seen = other.read_unlocked(&fixture.key_of(id));
                assert_eq!((seen.data, seen.login), (Some(Vec::new()), None));
            }
        }
    }
}

/// Without strict mode any cookie is a session, even one that was never stored.
pub fn a_second_click_may_have_an_id_that_was_never_stored(fixture: &dyn Fixture) {
    let (mut other, ann) = (fixture.client(), user("ann"));
    let cookie = new_sid();
    for _ in 0..2 {
        let claim = new_claim(&ann, "web", refuse_above(1));
        let (_, claimed) = sign_in(fixture, &cookie, &claim);
        assert!(matches!(claimed, Claimed::New(..)), "{claimed:?}");
        assert_eq!(other.logins(&ann), [claim.login]);
    }
}

/// The application regenerates the id before it claims, and `sso_claim()` does so again.
///
/// The old session is deleted or kept, and the handler or PHP generates the ids.
pub fn a_second_click_is_recognized_although_ids_were_regenerated(fixture: &dyn Fixture) {
    let (mut other, ann) = (fixture.client(), user("ann"));
    for (delete, creates_ids) in [(true, true), (false, true), (true, false), (false, false)] {
        let cookie = form(fixture, &[]);
        let regenerate = match creates_ids {
            true => Request::regenerate,
            false => Request::regenerate_without_create_sid,
        };
        for _ in 0..2 {
            let claim = new_claim(&ann, "web", refuse_above(1));
            let mut request = Request::reading(fixture, &cookie);
            let id = regenerate(&mut request, &cookie, delete);
            let id = regenerate(&mut request, &id, true);
            let claimed = request.claim(&claim);
            assert!(
                matches!(claimed, Claimed::New(..)),
                "{delete} {creates_ids}: {claimed:?}"
            );
            assert_eq!(request.write(&id, b"signed in"), Written::Stored);
            request.end();
            assert_eq!(other.logins(&ann), [claim.login]);
        }
        other.kick(&ann, &LoginSelector::default());
    }
}

/// The id has expired or never existed, and strict mode or PHP replaces it.
///
/// Symfony's handler classes also treat an empty session as unknown.
pub fn a_second_click_is_recognized_if_its_id_was_replaced(fixture: &dyn Fixture) {
    let (mut other, ann) = (fixture.client(), user("ann"));
    for (creates_ids, stored) in [(true, false), (false, false), (false, true)] {
        let cookie = new_sid();
        if stored {
            other.put(&fixture.key_of(&cookie), b"", HOUR);
        }
        for _ in 0..2 {
            let claim = new_claim(&ann, "web", refuse_above(1));
            let mut request = Request::begin(fixture);
            request.state.opened();
            let given = new_sid();
            if creates_ids {
                assert!(!request.accepts_id(&cookie));
                request.state.created(given.clone(), false);
            } else {
                assert_eq!(request.read(&cookie), b"");
            }
            request.read(&given);
            let id = match creates_ids {
                true => request.regenerate(&given, true),
                false => request.regenerate_without_create_sid(&given, true),
            };
            let claimed = request.claim(&claim);
            assert!(
                matches!(claimed, Claimed::New(..)),
                "{creates_ids} {stored}: {claimed:?}"
            );
            assert_eq!(request.write(&id, b"signed in"), Written::Stored);
            request.end();
            assert_eq!(other.logins(&ann), [claim.login]);
        }
        other.kick(&ann, &LoginSelector::default());
    }
}

/// In a process that serves many visitors, one visitor's session means nothing for the next.
pub fn a_claim_of_the_next_visitor_is_not_a_second_click(fixture: &dyn Fixture) {
    let (mut other, ann) = (fixture.client(), user("ann"));
    for creates_ids in [true, false] {
        let cookie = form(fixture, &[]);
        let (_, first) = sign_in(fixture, &cookie, &new_claim(&ann, "web", refuse_above(1)));
        assert!(matches!(first, Claimed::New(..)), "{first:?}");
        let mut process = Request::begin(fixture);
        process.state.opened();
        process.read(&cookie);
        process.close();
        // The extension says that this is no rotation.
        process.state.opened();
        process.state.forget_predecessor();
        let new = new_sid();
        if creates_ids {
            process.state.created(new.clone(), false);
        }
        process.read(&new);
        let claimed = process.claim(&new_claim(&ann, "web", refuse_above(1)));
        assert!(matches!(claimed, Claimed::Refused(..)), "{claimed:?}");
        process.end();
        other.kick(&ann, &LoginSelector::default());
    }
}

pub fn a_second_click_kicks_nobody_and_is_no_storm(fixture: &dyn Fixture) {
    let (mut other, ann) = (fixture.client(), user("ann"));
    let limits = Limits {
        storm_limit: 1,
        ..with_max_logins(1)
    };
    let cookie = form(fixture, &[]);
    for _ in 0..5 {
        let (_, claimed) = sign_in(fixture, &cookie, &new_claim(&ann, "web", limits));
        assert!(
            matches!(&claimed, Claimed::New(_, kicks) if kicks.is_empty()),
            "{claimed:?}"
        );
    }
    assert_eq!(other.logins_in_events(&ann, Kind::Storm), []);
    // It has not used up the replacements of others either.
    let (_, kicks) = other.sign_in(&fixture.new_key(), &ann, limits);
    assert_eq!(kicks.len(), 1);
}

pub fn a_second_click_counts_only_within_the_grace_period(fixture: &dyn Fixture) {
    let (mut other, ann) = (fixture.client(), user("ann"));
    let cookie = form(fixture, &[]);
    let first = new_claim(&ann, "web", refuse_above(1));
    // The login's id contains the time of its claim.
    let old = Claim {
        login: LoginId::parse("01BX5ZZKBKACTAV9WEVGEMMVRZ").unwrap(),
        ..first
    };
    sign_in(fixture, &cookie, &old);
    let (_, claimed) = sign_in(fixture, &cookie, &new_claim(&ann, "web", refuse_above(1)));
    assert!(
        matches!(claimed, Claimed::Refused(Refused::Limit, _)),
        "{claimed:?}"
    );
    assert_eq!(other.logins(&ann), [old.login]);
}

pub fn a_claim_of_another_browser_is_not_a_second_click(fixture: &dyn Fixture) {
    let (mut other, ann, bob) = (fixture.client(), user("ann"), user("bob"));
    let (here, there) = (form(fixture, &[]), form(fixture, &[]));
    let (id, first) = sign_in(fixture, &here, &new_claim(&ann, "web", refuse_above(1)));
    assert!(matches!(first, Claimed::New(..)), "{first:?}");
    let (_, claimed) = sign_in(fixture, &there, &new_claim(&ann, "web", refuse_above(1)));
    assert!(matches!(claimed, Claimed::Refused(..)), "{claimed:?}");
    // Another user of that browser takes no login of the first.
    let (_, claimed) = sign_in(fixture, &here, &new_claim(&bob, "web", refuse_above(1)));
    assert!(matches!(claimed, Claimed::New(..)), "{claimed:?}");
    assert_eq!(other.logins(&ann).len(), 1);
    // A claim from the login's own session is the same login.
    let mut request = Request::reading(fixture, &id);
    let claimed = request.claim(&new_claim(&ann, "web", refuse_above(1)));
    assert!(matches!(claimed, Claimed::Same(..)), "{claimed:?}");
    request.end();
    assert_eq!(other.logins(&ann).len(), 1);
    assert_eq!(other.logins(&bob).len(), 1);
}

/// Two devices present one cookie, or one client signs in for both.
pub fn a_claim_for_another_device_is_not_a_second_click(fixture: &dyn Fixture) {
    let (mut other, ann) = (fixture.client(), user("ann"));
    for limits in [with_max_logins(5), with_max_logins(0)] {
        let cookie = form(fixture, &[]);
        for device in ["web", "ios"] {
            let (_, claimed) = sign_in(fixture, &cookie, &new_claim(&ann, device, limits));
            assert!(matches!(claimed, Claimed::New(..)), "{claimed:?}");
        }
        assert_eq!(other.logins(&ann).len(), 2);
        other.kick(&ann, &LoginSelector::default());
    }
}
