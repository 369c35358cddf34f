//! Only the living count: what expired, was destroyed or was removed holds no slot.

use std::thread;
use std::time::Duration;

use rsso_core::SessionKey;
use rsso_core::login::event::Kind;
use rsso_core::login::{Claimed, LoginId, User, Which};
use rsso_core::store::{End, Outcome};

use crate::common::fixture::{Ground, HOUR, Worker};
use crate::common::login_helpers::{at_most, refusing, user, wish};

const SHORT: Duration = Duration::from_secs(1);
const OVER: Duration = Duration::from_millis(2300);

fn expiring(worker: &mut Worker, key: &SessionKey, user: &User) -> LoginId {
    let held = worker.unlocked(key);
    let claim = wish(user, "web", at_most(0));
    let claimed = worker.claim_for(&held, &claim, SHORT);
    assert!(matches!(claimed, Claimed::New(..)), "{claimed:?}");
    claim.login
}

/// The slot of a dead login is free at once, and nobody is told of a kick.
fn is_free(ground: &dyn Ground, user: &User, dead: &SessionKey, login: LoginId) {
    let mut worker = ground.worker();
    assert_eq!(worker.logins(user), []);
    assert_eq!((worker.login_of(dead), worker.peek(dead)), (None, None));
    assert_eq!(worker.store.notify(user, None, "1").unwrap(), 0);
    assert_eq!(worker.kick(user, &Which::default()), []);
    let (newcomer, kicks) = worker.sign_in(&ground.key(), user, refusing(1));
    assert_eq!(kicks, []);
    assert_eq!(worker.logins(user), [newcomer]);
    assert_eq!(worker.addressees(user, Kind::Kicked), []);
    assert_eq!(worker.addressees(user, Kind::Message), []);
    let ends = [Kind::Expired, Kind::Released]
        .map(|kind| worker.addressees(user, kind))
        .concat();
    assert!(ends.is_empty() || ends == [login], "{ends:?}");
    assert_eq!(worker.unlocked(dead).kick, None);
}

/// Nor under the policy that kicks: the newcomer replaces nobody.
fn is_not_kicked(ground: &dyn Ground, user: &User) {
    let mut worker = ground.worker();
    let (newcomer, kicks) = worker.sign_in(&ground.key(), user, at_most(1));
    assert_eq!(kicks, []);
    assert_eq!(worker.logins(user), [newcomer]);
    assert_eq!(worker.addressees(user, Kind::Kicked), []);
}

pub fn an_expired_login_holds_no_slot(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (one, two) = (ground.key(), ground.key());
    let (alice, bob) = (user("alice"), user("bob"));
    let login = expiring(&mut worker, &one, &alice);
    expiring(&mut worker, &two, &bob);
    thread::sleep(OVER);
    is_free(ground, &alice, &one, login);
    is_not_kicked(ground, &bob);
}

pub fn a_destroyed_login_holds_no_slot(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (one, two) = (ground.key(), ground.key());
    let (alice, bob) = (user("alice"), user("bob"));
    let login = worker.one_more(&one, &alice);
    worker.one_more(&two, &bob);
    assert!(worker.destroy(&one) && worker.destroy(&two));
    assert_eq!(worker.addressees(&alice, Kind::Released), [login]);
    is_free(ground, &alice, &one, login);
    is_not_kicked(ground, &bob);
    assert_eq!(worker.addressees(&alice, Kind::Expired), []);
}

pub fn a_login_whose_session_was_removed_holds_no_slot(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (one, two) = (ground.key(), ground.key());
    let (alice, bob) = (user("alice"), user("bob"));
    let login = worker.one_more(&one, &alice);
    worker.one_more(&two, &bob);
    ground.remove_behind_its_back(&one);
    ground.remove_behind_its_back(&two);
    is_free(ground, &alice, &one, login);
    is_not_kicked(ground, &bob);
}

pub fn a_flushed_store_locks_nobody_out(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let users: Vec<_> = (0..3).map(|n| user(format!("user {n}"))).collect();
    for user in &users {
        worker.sign_in(&ground.key(), user, refusing(1));
    }
    ground.flush();
    for user in &users {
        assert_eq!(worker.logins(user), []);
        let (newcomer, _) = worker.sign_in(&ground.key(), user, refusing(1));
        assert_eq!(worker.logins(user), [newcomer]);
        assert_eq!(worker.addressees(user, Kind::Kicked), []);
    }
}

pub fn the_dead_are_told_of_once(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let alice = user("alice");
    let keys = [(); 3].map(|()| ground.key());
    let logins = keys.each_ref().map(|key| worker.one_more(key, &alice));
    ground.remove_behind_its_back(&keys[0]);
    ground.remove_behind_its_back(&keys[1]);
    for _ in 0..3 {
        assert_eq!(worker.logins(&alice), [logins[2]]);
        assert_eq!(worker.store.notify(&alice, None, "1").unwrap(), 1);
    }
    assert_eq!(worker.addressees(&alice, Kind::Expired), logins[..2]);
    let told = worker.told_of(&alice, Kind::Expired);
    assert_eq!(
        (&told[0]["code"], &told[0]["reason"]),
        (&(-3).into(), &"expired".into())
    );
    assert_eq!(worker.addressees(&alice, Kind::Kicked), []);
}

pub fn a_new_session_under_the_id_does_not_inherit_the_login(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let ends: [fn(&dyn Ground, &mut Worker, &SessionKey); 3] = [
        |_, worker, key| assert!(worker.destroy(key)),
        |ground, _, key| ground.remove_behind_its_back(key),
        |ground, _, _| ground.flush(),
    ];
    for (number, end) in ends.into_iter().enumerate() {
        let (key, user) = (ground.key(), user(number.to_string()));
        worker.one_more(&key, &user);
        end(ground, &mut worker, &key);
        worker.put(&key, b"anew", HOUR);
        assert_eq!(
            (worker.login_of(&key), worker.logins(&user)),
            (None, vec![])
        );
        assert_eq!(worker.unlocked(&key).login, None);
        // Ending the new session ends nobody's login a second time.
        assert!(worker.destroy(&key));
        assert!(worker.addressees(&user, Kind::Released).len() <= 1);
    }
    let (key, alice) = (ground.key(), user("alice"));
    expiring(&mut worker, &key, &alice);
    thread::sleep(OVER);
    worker.put(&key, b"anew", HOUR);
    assert_eq!(
        (worker.login_of(&key), worker.logins(&alice)),
        (None, vec![])
    );
}

/// Else there would be two of one user: the old request's session, and the newcomer's.
pub fn who_was_found_dead_is_not_revived_by_a_late_request(ground: &dyn Ground) {
    let (mut a, mut b) = (ground.worker(), ground.worker());
    for (number, locked) in [true, false].into_iter().enumerate() {
        let (key, user) = (ground.key(), user(number.to_string()));
        let login = expiring(&mut b, &key, &user);
        let held = if locked {
            a.locked(&key)
        } else {
            a.unlocked(&key)
        };
        thread::sleep(OVER);
        let (newcomer, kicks) = b.sign_in(&ground.key(), &user, at_most(1));
        // A session in use may count as living: then it is kicked.
        assert!(kicks.len() <= 1);
        let outcome = a.write(&held, b"revived");
        assert_eq!(outcome, Outcome::Gone, "locked: {locked}");
        assert_eq!((a.login_of(&key), a.peek(&key)), (None, None));
        assert_eq!(b.logins(&user), [newcomer]);
        let ends = [Kind::Expired, Kind::Kicked].map(|kind| b.addressees(&user, kind));
        assert_eq!(ends.concat(), [login]);
    }
}

/// A page that takes longer than its session had left.
pub fn a_login_in_use_does_not_expire(ground: &dyn Ground) {
    let (mut a, mut b) = (ground.worker(), ground.worker());
    let (key, alice) = (ground.key(), user("alice"));
    let login = expiring(&mut b, &key, &alice);
    let held = a.locked(&key);
    assert_eq!(held.login.as_ref().unwrap().login.identity.login, login);
    thread::sleep(OVER);
    b.store.gc(None).unwrap();
    assert!(matches!(a.touch(&held, HOUR), Outcome::Stored(_)));
    assert_eq!(
        (a.login_of(&key), a.logins(&alice)),
        (Some(login), vec![login])
    );
    assert_eq!(a.told(&alice).len(), 1);
}

pub fn who_does_not_come_back_is_told_of_once(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (dead, key, alice, bob) = (ground.key(), ground.key(), user("alice"), user("bob"));
    let login = expiring(&mut worker, &dead, &alice);
    let living = worker.one_more(&key, &bob);
    thread::sleep(OVER);
    for _ in 0..2 {
        worker.store.gc(None).unwrap();
        // A store whose server removes by itself has nothing to do.
        assert!(worker.addressees(&alice, Kind::Expired).len() <= 1);
    }
    worker.sign_in(&ground.key(), &alice, refusing(1));
    assert_eq!(worker.addressees(&alice, Kind::Expired), [login]);
    assert_eq!(
        (worker.logins(&bob), worker.login_of(&key)),
        (vec![living], Some(living))
    );
    assert_eq!(worker.told(&bob).len(), 1);
}

pub fn a_refreshed_login_lives_on(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (key, alice) = (ground.key(), user("alice"));
    let login = expiring(&mut worker, &key, &alice);
    let held = worker.locked(&key);
    assert!(matches!(worker.touch(&held, HOUR), Outcome::Stored(_)));
    thread::sleep(OVER);
    assert_eq!(worker.logins(&alice), [login]);
    let outside = worker.unlocked(&ground.key());
    let claimed = worker.claim(&outside, &wish(&alice, "web", refusing(1)));
    assert!(matches!(claimed, Claimed::Refused(..)), "{claimed:?}");
}

/// A logout that comes late: the generation that it saw has ended.
pub fn a_late_destroy_leaves_the_successor_alone(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (key, alice) = (ground.key(), user("alice"));
    worker.one_more(&key, &alice);
    let seen = worker.unlocked(&key).seen.map(|seen| seen.generation);
    worker.destroy(&key);
    let successor = worker.one_more(&key, &alice);
    let end = End {
        seen,
        ..End::default()
    };
    assert!(!worker.store.destroy(&key, None, end).unwrap());
    assert_eq!(worker.logins(&alice), [successor]);
    assert_eq!(worker.peek(&key).unwrap(), b"data");
    assert_eq!(worker.addressees(&alice, Kind::Released).len(), 1);
}
