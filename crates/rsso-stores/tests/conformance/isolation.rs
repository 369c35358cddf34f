//! One process, many visitors, and requests beside a login: nobody gets what is another's.

use std::thread;
use std::time::Duration;

use rsso_core::SessionId;
use rsso_core::login::{Claimed, ROTATION_GRACE, Which};
use rsso_core::request::{Refusal, Written};

use crate::common::fixture::{Ground, HOUR, sid};
use crate::common::login_helpers::{at_most, user, wish};
use crate::common::php_request::Request;

/// The next start in the process: PHP opens, and presents the browser's id.
fn next_visitor(request: &mut Request, sid: &SessionId) -> bool {
    request.state.opened();
    request.knows(sid)
}

pub fn a_new_session_that_was_closed_is_not_overwritten(ground: &dyn Ground) {
    let id = sid();
    let key = ground.key_of(&id);
    let mut request = Request::begin(ground);
    request.state.created(id.clone(), false);
    request.read(&id);
    request.state.close_unlocked();
    let mut other = ground.worker();
    other.put(&key, b"theirs", HOUR);
    // A class that writes after its close.
    let written = request.write(&id, b"ours");
    assert_eq!(written, Written::Refused(Refusal::LockLost));
    assert_eq!(other.peek(&key).unwrap(), b"theirs");
    request.end();
}

/// Without strict mode nothing asks before the read.
pub fn an_id_that_was_made_may_be_known_after_a_close(ground: &dyn Ground) {
    let (made, visitor) = (sid(), sid());
    let mut process = Request::begin(ground);
    process.state.created(made.clone(), false);
    process.read(&visitor);
    process.close();
    let mut other = ground.worker();
    other.put(&ground.key_of(&made), b"theirs", HOUR);
    assert_eq!(process.read(&made), b"theirs");
    process.end();
}

pub fn a_kick_is_told_to_nobody_else(ground: &dyn Ground) {
    let alice = user("alice");
    let mut other = ground.worker();
    let gone = sid();
    other.one_more(&ground.key_of(&gone), &alice);
    other.kick(&alice, &Which::default());
    let mut process = Request::begin(ground);
    for presents_the_id in [true, false] {
        assert!(!next_visitor(&mut process, &gone));
        let new = sid();
        process.state.created(new.clone(), false);
        process.read(&new);
        assert!(process.kicked().is_some());
        process.close();
        // Somebody else's request in the same process.
        process.state.opened();
        let theirs = sid();
        if presents_the_id {
            other.put(&ground.key_of(&theirs), b"theirs", HOUR);
            assert!(process.knows(&theirs));
        } else {
            process.state.created(theirs.clone(), false);
        }
        process.read(&theirs);
        assert_eq!(process.kicked(), None);
        process.close();
    }
}

pub fn a_kick_is_told_after_the_new_id_as_well(ground: &dyn Ground) {
    let alice = user("alice");
    let mut other = ground.worker();
    let gone = sid();
    other.one_more(&ground.key_of(&gone), &alice);
    other.kick(&alice, &Which::default());
    let mut request = Request::begin(ground);
    assert!(!next_visitor(&mut request, &gone));
    let new = sid();
    request.state.created(new.clone(), false);
    request.read(&new);
    let newer = request.regenerate(&new, true);
    assert!(request.kicked().is_some());
    request.write(&newer, b"x").unwrap_stored();
    request.end();
}

pub fn a_rotation_without_a_new_id_moves_no_login(ground: &dyn Ground) {
    let alice = user("alice");
    let (mut other, old, theirs) = (ground.worker(), sid(), sid());
    other.one_more(&ground.key_of(&old), &alice);
    other.put(&ground.key_of(&theirs), b"theirs", HOUR);
    let mut process = Request::on(ground, &old);
    process.leave(&old, false);
    // The open of the new id failed; the next visitor comes.
    let store = process.worker.store.as_mut();
    process.state.cancel_rotation(store).unwrap();
    assert!(next_visitor(&mut process, &theirs));
    assert_eq!(process.read(&theirs), b"theirs");
    assert_eq!(process.login(), None);
    process.end();
}

/// A poll that was sent before the login's answer: in strict mode another id would be sent to it,
/// in a cookie that takes the place of the login's.
pub fn who_waits_beside_a_login_goes_on_as_nobody(ground: &dyn Ground) {
    let alice = user("alice");
    let old = sid();
    ground.worker().put(&ground.key_of(&old), b"cart", HOUR);
    let mut login = Request::on(ground, &old);
    thread::scope(|scope| {
        let poll = scope.spawn(|| {
            let mut poll = Request::begin(ground);
            let stays = poll.knows(&old);
            let data = poll.read(&old);
            let login = poll.login();
            let written = poll.write(&old, b"");
            poll.end();
            (stays, data, login, written)
        });
        thread::sleep(Duration::from_millis(200));
        let new = login.regenerate(&old, true);
        login.claim(&wish(&alice, "web", at_most(1)));
        login.write(&new, b"cart of alice").unwrap_stored();
        login.end();
        let (stays, data, login, written) = poll.join().unwrap();
        assert!(stays, "no new id, and so no cookie");
        assert_eq!((data, login), (Vec::new(), None));
        written.unwrap_stored();
    });
    // Who comes a moment later as well; and it is not kept for ever.
    let mut late = Request::begin(ground);
    assert!(late.knows(&old));
    assert_eq!(late.read(&old), b"");
    late.end();
}

pub fn what_was_emptied_does_not_come_back(ground: &dyn Ground) {
    let old = sid();
    let key = ground.key_of(&old);
    let mut other = ground.worker();
    other.put(&key, b"secret", HOUR);
    let mut slow = Request::begin_with(ground, &[("lock", "0")]);
    assert_eq!(slow.read(&old), b"secret");
    let mut request = Request::on(ground, &old);
    let new = request.regenerate(&old, true);
    request.write(&new, b"secret").unwrap_stored();
    request.end();
    assert_eq!(slow.write(&old, b"secret"), Written::Refused(Refusal::Gone));
    assert_eq!(other.peek(&key).unwrap(), b"");
    let left = ground.seconds_left(&key);
    assert!(left <= ROTATION_GRACE.as_secs() + 1, "{left}");
    // One that was ended meanwhile is not begun anew.
    let ended = sid();
    let key = ground.key_of(&ended);
    other.put(&key, b"secret", HOUR);
    let mut request = Request::on(ground, &ended);
    other.destroy(&key);
    request.regenerate(&ended, true);
    request.end();
    assert_eq!(other.peek(&key), None);
    assert!(other.try_lock(&key, Duration::from_secs(5), HOUR).is_ok());
}

/// The login of another user in the same browser: the former one ends with all its ids.
pub fn who_waits_beside_another_users_login_goes_on_as_nobody(ground: &dyn Ground) {
    let (alice, bob) = (user("alice"), user("bob"));
    let old = sid();
    ground.worker().one_more(&ground.key_of(&old), &alice);
    let mut login = Request::on(ground, &old);
    let new = login.regenerate(&old, true);
    login.claim(&wish(&bob, "web", at_most(1)));
    login.write(&new, b"of bob").unwrap_stored();
    login.end();
    let mut poll = Request::begin(ground);
    assert!(poll.knows(&old));
    assert_eq!(poll.read(&old), b"");
    assert_eq!(poll.login(), None);
    poll.end();
}

/// Says what was expected where it is not so.
pub trait Stored {
    fn unwrap_stored(self);
}

impl Stored for Written {
    fn unwrap_stored(self) {
        assert_eq!(self, Self::Stored);
    }
}

/// `session_reset()`, or a class that reads once more, after a claim that came too late.
pub fn an_ended_session_that_is_read_again_gives_its_lock_back(ground: &dyn Ground) {
    let (id, mut other) = (sid(), ground.worker());
    other.put(&ground.key_of(&id), b"data", HOUR);
    let mut request = Request::on(ground, &id);
    assert!(other.destroy(&ground.key_of(&id)));
    let claimed = request.claim(&wish(&user("alice"), "web", at_most(1)));
    assert!(matches!(claimed, Claimed::Ended), "{claimed:?}");
    assert_eq!(request.read(&id), b"");
    request.end();
    assert!(other.locked(&ground.key_of(&id)).locked);
}
