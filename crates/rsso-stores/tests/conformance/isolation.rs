//! Isolation: no visitor gets another's session, kick or login, even in one long-lived PHP process.

use std::thread;
use std::time::Duration;

use rsso_core::SessionId;
use rsso_core::login::{Claimed, LoginSelector, ROTATION_GRACE};
use rsso_core::request::{Refusal, Written};

use crate::common::fixture::{Fixture, HOUR, new_sid};
use crate::common::login_helpers::{new_claim, user, with_max_logins};
use crate::common::php_request::{Request, Stored as _};

/// The next request of the process: PHP opens the session, and presents the browser's id.
fn next_visitor(request: &mut Request, sid: &SessionId) -> bool {
    request.state.opened();
    request.accepts_id(sid)
}

pub fn a_write_after_close_is_refused_if_another_request_stored_the_id(fixture: &dyn Fixture) {
    let id = new_sid();
    let key = fixture.key_of(&id);
    let mut request = Request::begin(fixture);
    request.state.created(id.clone(), false);
    request.read(&id);
    request.state.close_without_store();
    let mut other = fixture.client();
    other.put(&key, b"theirs", HOUR);
    // A handler class may write after its close.
    let written = request.write(&id, b"ours");
    assert_eq!(written, Written::Refused(Refusal::LockLost));
    assert_eq!(other.peek(&key).unwrap(), b"theirs");
    request.end();
}

/// Without strict mode, the read is the first question about an id.
pub fn a_generated_id_that_was_stored_meanwhile_is_read_after_a_close(fixture: &dyn Fixture) {
    let (made, visitor) = (new_sid(), new_sid());
    let mut process = Request::begin(fixture);
    process.state.created(made.clone(), false);
    process.read(&visitor);
    process.close();
    let mut other = fixture.client();
    other.put(&fixture.key_of(&made), b"theirs", HOUR);
    assert_eq!(process.read(&made), b"theirs");
    process.end();
}

pub fn a_kick_is_reported_to_no_other_visitor(fixture: &dyn Fixture) {
    let alice = user("alice");
    let mut other = fixture.client();
    let gone = new_sid();
    other.add_login(&fixture.key_of(&gone), &alice);
    other.kick(&alice, &LoginSelector::default());
    let mut process = Request::begin(fixture);
    for presents_the_id in [true, false] {
        assert!(!next_visitor(&mut process, &gone));
        let new = new_sid();
        process.state.created(new.clone(), false);
        process.read(&new);
        assert!(process.kicked().is_some());
        process.close();
        // Another visitor's request in the same process.
        process.state.opened();
        let theirs = new_sid();
        if presents_the_id {
            other.put(&fixture.key_of(&theirs), b"theirs", HOUR);
            assert!(process.accepts_id(&theirs));
        } else {
            process.state.created(theirs.clone(), false);
        }
        process.read(&theirs);
        assert_eq!(process.kicked(), None);
        process.close();
    }
}

pub fn a_kick_is_still_reported_after_a_new_id(fixture: &dyn Fixture) {
    let alice = user("alice");
    let mut other = fixture.client();
    let gone = new_sid();
    other.add_login(&fixture.key_of(&gone), &alice);
    other.kick(&alice, &LoginSelector::default());
    let mut request = Request::begin(fixture);
    assert!(!next_visitor(&mut request, &gone));
    let new = new_sid();
    request.state.created(new.clone(), false);
    request.read(&new);
    let newer = request.regenerate(&new, true);
    assert!(request.kicked().is_some());
    request.write(&newer, b"x").unwrap_stored();
    request.end();
}

pub fn a_cancelled_rotation_gives_the_next_visitor_no_login(fixture: &dyn Fixture) {
    let alice = user("alice");
    let (mut other, old, theirs) = (fixture.client(), new_sid(), new_sid());
    other.add_login(&fixture.key_of(&old), &alice);
    other.put(&fixture.key_of(&theirs), b"theirs", HOUR);
    let mut process = Request::reading(fixture, &old);
    process.begin_regenerate(&old, false);
    // The open of the new id failed; the next visitor comes.
    let store = process.client.store.as_mut();
    process
        .state
        .with(store, &process.settings)
        .cancel_rotation()
        .unwrap();
    assert!(next_visitor(&mut process, &theirs));
    assert_eq!(process.read(&theirs), b"theirs");
    assert_eq!(process.login(), None);
    process.end();
}

/// A poll that the browser sent before it had the answer to its sign-in.
///
/// A new id from strict mode would replace the cookie of the sign-in.
pub fn a_request_that_waits_during_a_sign_in_gets_an_empty_session(fixture: &dyn Fixture) {
    let alice = user("alice");
    let old = new_sid();
    fixture.client().put(&fixture.key_of(&old), b"cart", HOUR);
    let mut login = Request::reading(fixture, &old);
    thread::scope(|scope| {
        let poll = scope.spawn(|| {
            let mut poll = Request::begin(fixture);
            let stays = poll.accepts_id(&old);
            let data = poll.read(&old);
            let login = poll.login();
            let written = poll.write(&old, b"");
            poll.end();
            (stays, data, login, written)
        });
        thread::sleep(Duration::from_millis(200));
        let new = login.regenerate(&old, true);
        login.claim(&new_claim(&alice, "web", with_max_logins(1)));
        login.write(&new, b"cart of alice").unwrap_stored();
        login.end();
        let (stays, data, login, written) = poll.join().unwrap();
        assert!(stays, "no new id, and so no cookie");
        assert_eq!((data, login), (Vec::new(), None));
        written.unwrap_stored();
    });
    // A request a moment later gets the same.
    let mut late = Request::begin(fixture);
    assert!(late.accepts_id(&old));
    assert_eq!(late.read(&old), b"");
    late.end();
}

pub fn a_slow_write_does_not_restore_an_id_after_a_deleting_regenerate(fixture: &dyn Fixture) {
    let old = new_sid();
    let key = fixture.key_of(&old);
    let mut other = fixture.client();
    other.put(&key, b"secret", HOUR);
    let mut slow = Request::begin_with(fixture, &[("lock", "0")]);
    assert_eq!(slow.read(&old), b"secret");
    let mut request = Request::reading(fixture, &old);
    let new = request.regenerate(&old, true);
    request.write(&new, b"secret").unwrap_stored();
    request.end();
    assert_eq!(slow.write(&old, b"secret"), Written::Refused(Refusal::Gone));
    assert_eq!(other.peek(&key).unwrap(), b"");
    let left = fixture.seconds_left(&key);
    assert!(left <= ROTATION_GRACE.as_secs() + 1, "{left}");
    // A session that was ended meanwhile is not created again.
    let ended = new_sid();
    let key = fixture.key_of(&ended);
    other.put(&key, b"secret", HOUR);
    let mut request = Request::reading(fixture, &ended);
    other.destroy(&key);
    request.regenerate(&ended, true);
    request.end();
    assert_eq!(other.peek(&key), None);
    assert!(other.try_lock(&key, Duration::from_secs(5), HOUR).is_ok());
}

/// Another user signs in with the same browser: the former login ends with all its ids.
pub fn a_request_under_a_former_users_session_id_gets_an_empty_session(fixture: &dyn Fixture) {
    let (alice, bob) = (user("alice"), user("bob"));
    let old = new_sid();
    fixture.client().add_login(&fixture.key_of(&old), &alice);
    let mut login = Request::reading(fixture, &old);
    let new = login.regenerate(&old, true);
    login.claim(&new_claim(&bob, "web", with_max_logins(1)));
    login.write(&new, b"of bob").unwrap_stored();
    login.end();
    let mut poll = Request::begin(fixture);
    assert!(poll.accepts_id(&old));
    assert_eq!(poll.read(&old), b"");
    assert_eq!(poll.login(), None);
    poll.end();
}

/// `session_reset()`, or a handler class that reads again, after a claim that was too late.
pub fn rereading_a_session_that_ended_leaves_no_lock_behind(fixture: &dyn Fixture) {
    let (id, mut other) = (new_sid(), fixture.client());
    other.put(&fixture.key_of(&id), b"data", HOUR);
    let mut request = Request::reading(fixture, &id);
    assert!(other.destroy(&fixture.key_of(&id)));
    let claimed = request.claim(&new_claim(&user("alice"), "web", with_max_logins(1)));
    assert!(matches!(claimed, Claimed::Ended), "{claimed:?}");
    assert_eq!(request.read(&id), b"");
    request.end();
    assert!(other.read_locked(&fixture.key_of(&id)).locked);
}
