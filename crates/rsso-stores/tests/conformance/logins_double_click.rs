//! A button that is clicked twice: the browser drops the first answer, and with it the cookie.

use rsso_core::SessionId;
use rsso_core::login::event::Kind;
use rsso_core::login::{Claim, Claimed, Limits, LoginId, Refused, Which};
use rsso_core::request::Written;

use crate::common::fixture::{Ground, HOUR, sid};
use crate::common::login_helpers::{at_most, refusing, user, wish};
use crate::common::php_request::Request;

/// A request that presents `cookie` and signs in, as applications do: a new id, then the claim.
fn sign_in(ground: &dyn Ground, cookie: &SessionId, claim: &Claim) -> (SessionId, Claimed) {
    sign_in_with(ground, cookie, claim, &[])
}

fn sign_in_with(
    ground: &dyn Ground,
    cookie: &SessionId,
    claim: &Claim,
    directives: &[(&str, &str)],
) -> (SessionId, Claimed) {
    let mut request = Request::begin_with(ground, directives);
    // Strict mode asks first.
    request.knows(cookie);
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
fn form(ground: &dyn Ground, directives: &[(&str, &str)]) -> SessionId {
    let id = sid();
    let mut request = Request::begin_with(ground, directives);
    request.read(&id);
    assert_eq!(request.write(&id, b"form"), Written::Stored);
    request.end();
    id
}

pub fn a_second_click_takes_the_place_of_the_first(ground: &dyn Ground) {
    let mut other = ground.worker();
    let policies = [refusing(1), at_most(1), refusing(2), at_most(0)];
    for (number, limits) in policies.into_iter().enumerate() {
        for lock in ["1", "0"] {
            let ann = user(format!("ann {number} {lock}"));
            let directives = [("lock", lock)];
            let cookie = form(ground, &directives);
            let mut lost: Vec<(SessionId, LoginId)> = Vec::new();
            for _ in 0..3 {
                let claim = wish(&ann, "web", limits);
                let (id, claimed) = sign_in_with(ground, &cookie, &claim, &directives);
                let Claimed::New(_, kicks) = claimed else {
                    panic!("{limits:?}: a click more is no other browser: {claimed:?}");
                };
                assert_eq!(kicks, []);
                assert_eq!(other.logins(&ann), [claim.login]);
                assert_eq!(other.login_of(&ground.key_of(&id)), Some(claim.login));
                lost.push((id, claim.login));
            }
            lost.pop();
            let released: Vec<_> = lost.iter().map(|(_, login)| *login).collect();
            assert_eq!(other.addressees(&ann, Kind::Released), released);
            assert_eq!(other.addressees(&ann, Kind::Kicked), []);
            for (id, _) in &lost {
                // Requests under way go on as nobody.
                let seen = other.unlocked(&ground.key_of(id));
                assert_eq!((seen.data, seen.login), (Some(Vec::new()), None));
            }
        }
    }
}

/// Without strict mode any cookie is a session, also one that was never stored.
pub fn a_second_click_with_an_id_that_was_never_stored(ground: &dyn Ground) {
    let (mut other, ann) = (ground.worker(), user("ann"));
    let cookie = sid();
    for _ in 0..2 {
        let claim = wish(&ann, "web", refusing(1));
        let (_, claimed) = sign_in(ground, &cookie, &claim);
        assert!(matches!(claimed, Claimed::New(..)), "{claimed:?}");
        assert_eq!(other.logins(&ann), [claim.login]);
    }
}

/// The application renews the id before it claims, and `sso_claim()` renews it once more; or the old
/// session is kept. And PHP tells of the ids that it makes, or does not.
pub fn a_second_click_is_known_through_any_new_ids(ground: &dyn Ground) {
    let (mut other, ann) = (ground.worker(), user("ann"));
    for (delete, told) in [(true, true), (false, true), (true, false), (false, false)] {
        let cookie = form(ground, &[]);
        let regenerate = match told {
            true => Request::regenerate,
            false => Request::regenerate_unseen,
        };
        for _ in 0..2 {
            let claim = wish(&ann, "web", refusing(1));
            let mut request = Request::on(ground, &cookie);
            let id = regenerate(&mut request, &cookie, delete);
            let id = regenerate(&mut request, &id, true);
            let claimed = request.claim(&claim);
            assert!(
                matches!(claimed, Claimed::New(..)),
                "{delete} {told}: {claimed:?}"
            );
            assert_eq!(request.write(&id, b"signed in"), Written::Stored);
            request.end();
            assert_eq!(other.logins(&ann), [claim.login]);
        }
        other.kick(&ann, &Which::default());
    }
}

/// The id has expired, or never was one: strict mode gives another one, told or made by PHP itself; and to
/// Symfony's classes a session that is empty is unknown as well.
pub fn a_second_click_with_an_id_that_is_replaced(ground: &dyn Ground) {
    let (mut other, ann) = (ground.worker(), user("ann"));
    for (told, stored) in [(true, false), (false, false), (false, true)] {
        let cookie = sid();
        if stored {
            other.put(&ground.key_of(&cookie), b"", HOUR);
        }
        for _ in 0..2 {
            let claim = wish(&ann, "web", refusing(1));
            let mut request = Request::begin(ground);
            request.state.opened();
            let given = sid();
            if told {
                assert!(!request.knows(&cookie));
                request.state.created(given.clone(), false);
            } else {
                assert_eq!(request.read(&cookie), b"");
            }
            request.read(&given);
            let id = match told {
                true => request.regenerate(&given, true),
                false => request.regenerate_unseen(&given, true),
            };
            let claimed = request.claim(&claim);
            assert!(
                matches!(claimed, Claimed::New(..)),
                "{told} {stored}: {claimed:?}"
            );
            assert_eq!(request.write(&id, b"signed in"), Written::Stored);
            request.end();
            assert_eq!(other.logins(&ann), [claim.login]);
        }
        other.kick(&ann, &Which::default());
    }
}

/// A process that serves many: what one visitor's session was is nothing to the next one's.
pub fn a_claim_of_the_next_visitor_repeats_nothing(ground: &dyn Ground) {
    let (mut other, ann) = (ground.worker(), user("ann"));
    for told in [true, false] {
        let cookie = form(ground, &[]);
        let (_, first) = sign_in(ground, &cookie, &wish(&ann, "web", refusing(1)));
        assert!(matches!(first, Claimed::New(..)), "{first:?}");
        let mut process = Request::begin(ground);
        process.state.opened();
        process.read(&cookie);
        process.close();
        // No rotation: the extension says so.
        process.state.opened();
        process.state.forget_ancestor();
        let new = sid();
        if told {
            process.state.created(new.clone(), false);
        }
        process.read(&new);
        let claimed = process.claim(&wish(&ann, "web", refusing(1)));
        assert!(matches!(claimed, Claimed::Refused(..)), "{claimed:?}");
        process.end();
        other.kick(&ann, &Which::default());
    }
}

pub fn a_second_click_is_no_storm_and_nobodys_kick(ground: &dyn Ground) {
    let (mut other, ann) = (ground.worker(), user("ann"));
    let limits = Limits {
        storm_limit: 1,
        ..at_most(1)
    };
    let cookie = form(ground, &[]);
    for _ in 0..5 {
        let (_, claimed) = sign_in(ground, &cookie, &wish(&ann, "web", limits));
        assert!(
            matches!(&claimed, Claimed::New(_, kicks) if kicks.is_empty()),
            "{claimed:?}"
        );
    }
    assert_eq!(other.addressees(&ann, Kind::Storm), []);
    // Nor has it used up what others may replace.
    let (_, kicks) = other.sign_in(&ground.key(), &ann, limits);
    assert_eq!(kicks.len(), 1);
}

pub fn a_repeated_claim_counts_for_the_grace_only(ground: &dyn Ground) {
    let (mut other, ann) = (ground.worker(), user("ann"));
    let cookie = form(ground, &[]);
    let first = wish(&ann, "web", refusing(1));
    // A login's id says when it was claimed.
    let old = Claim {
        login: LoginId::parse("01BX5ZZKBKACTAV9WEVGEMMVRZ").unwrap(),
        ..first
    };
    sign_in(ground, &cookie, &old);
    let (_, claimed) = sign_in(ground, &cookie, &wish(&ann, "web", refusing(1)));
    assert!(
        matches!(claimed, Claimed::Refused(Refused::Limit, _)),
        "{claimed:?}"
    );
    assert_eq!(other.logins(&ann), [old.login]);
}

pub fn a_claim_from_elsewhere_repeats_nothing(ground: &dyn Ground) {
    let (mut other, ann, bob) = (ground.worker(), user("ann"), user("bob"));
    let (here, there) = (form(ground, &[]), form(ground, &[]));
    let (id, first) = sign_in(ground, &here, &wish(&ann, "web", refusing(1)));
    assert!(matches!(first, Claimed::New(..)), "{first:?}");
    let (_, claimed) = sign_in(ground, &there, &wish(&ann, "web", refusing(1)));
    assert!(matches!(claimed, Claimed::Refused(..)), "{claimed:?}");
    // Another user from there takes no login of the first.
    let (_, claimed) = sign_in(ground, &here, &wish(&bob, "web", refusing(1)));
    assert!(matches!(claimed, Claimed::New(..)), "{claimed:?}");
    assert_eq!(other.logins(&ann).len(), 1);
    // From the login's own id it is the same login.
    let mut request = Request::on(ground, &id);
    let claimed = request.claim(&wish(&ann, "web", refusing(1)));
    assert!(matches!(claimed, Claimed::Same(..)), "{claimed:?}");
    request.end();
    assert_eq!(other.logins(&ann).len(), 1);
    assert_eq!(other.logins(&bob).len(), 1);
}

/// One cookie that two devices present, or a client that signs in for both: neither is the other's second click.
pub fn a_claim_for_another_device_repeats_nothing(ground: &dyn Ground) {
    let (mut other, ann) = (ground.worker(), user("ann"));
    for limits in [at_most(5), at_most(0)] {
        let cookie = form(ground, &[]);
        for device in ["web", "ios"] {
            let (_, claimed) = sign_in(ground, &cookie, &wish(&ann, device, limits));
            assert!(matches!(claimed, Claimed::New(..)), "{claimed:?}");
        }
        assert_eq!(other.logins(&ann).len(), 2);
        other.kick(&ann, &Which::default());
    }
}
