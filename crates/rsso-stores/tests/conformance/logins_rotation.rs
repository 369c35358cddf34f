//! `session_regenerate_id()`: the login moves to the new id, and stays one login.

use rsso_core::login::event::Kind;
use rsso_core::login::{Claimed, LoginId, MAX_SESSIONS, ROTATION_GRACE, Seat, Which};
use rsso_core::store::{Outcome, Token};

use crate::common::fixture::{Ground, HOUR};
use crate::common::login_helpers::{at_most, refusing, told_of, user, wish};

/// Expiry is counted in whole seconds, and rounded up.
const GRACE: u64 = ROTATION_GRACE.as_secs() + 1;

pub fn a_login_and_the_data_move_to_the_new_id(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (old, new, alice) = (ground.key(), ground.key(), user("alice"));
    let login = worker.one_more(&old, &alice);
    let before = worker.store.logins(&alice).unwrap();
    let told = worker.told(&alice);
    let version = worker
        .rotate(&old, &new, login)
        .expect("the new id is free");

    let seen = worker.unlocked(&new);
    assert_eq!(
        (seen.data.as_deref(), seen.seen),
        (Some(&b"data"[..]), Some(version))
    );
    let bound = seen.login.as_ref().unwrap();
    assert_eq!(
        (told_of(&bound.login), bound.user, bound.rotated),
        (told_of(&before[0]), alice.key(), false)
    );
    assert!(ground.seconds_left(&new) > HOUR.as_secs() - 60);
    // Listed once, as it was claimed, and nobody is told.
    let listed = worker.store.logins(&alice).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(told_of(&listed[0]), told_of(&before[0]));
    assert_eq!(worker.told(&alice), told);
    assert!(matches!(worker.write(&seen, b"more"), Outcome::Stored(_)));
    assert_eq!(worker.peek(&old).unwrap(), b"data");

    let seen = worker.unlocked(&old);
    let bound = seen.login.unwrap();
    assert_eq!(
        (told_of(&bound.login), bound.rotated),
        (told_of(&before[0]), true)
    );
}

pub fn the_old_id_is_not_refreshed_any_more(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (old, new, alice) = (ground.key(), ground.key(), user("alice"));
    let login = worker.one_more(&old, &alice);
    let under_way = worker.unlocked(&old);
    assert!(ground.seconds_left(&old) > GRACE);
    worker.rotate(&old, &new, login).unwrap();
    assert!((1..=GRACE).contains(&ground.seconds_left(&old)));
    // Requests that were under way are served, and those that come within the grace.
    assert!(matches!(
        worker.write(&under_way, b"late"),
        Outcome::Stored(_)
    ));
    assert!((1..=GRACE).contains(&ground.seconds_left(&old)));
    for _ in 0..2 {
        let held = worker.locked(&old);
        assert_eq!(held.data.as_deref(), Some(&b"late"[..]));
        assert!(matches!(worker.touch(&held, HOUR), Outcome::Stored(_)));
        assert!((1..=GRACE).contains(&ground.seconds_left(&old)));
        let held = worker.locked(&old);
        assert!(matches!(worker.write(&held, b"late"), Outcome::Stored(_)));
        assert!((1..=GRACE).contains(&ground.seconds_left(&old)));
    }
    assert_eq!(worker.peek(&new).unwrap(), b"data");
    assert!(worker.unlocked(&old).login.unwrap().rotated);
}

pub fn what_would_expire_sooner_does_so(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (old, new, alice) = (ground.key(), ground.key(), user("alice"));
    worker.put(&old, b"data", std::time::Duration::from_secs(9));
    let (login, _) = worker.sign_in(&old, &alice, at_most(1));
    worker.rotate(&old, &new, login).unwrap();
    assert!((1..=10).contains(&ground.seconds_left(&old)));
}

/// Two tabs, one cookie: both rotate the id that they were sent with.
pub fn an_id_may_be_rotated_by_many_requests(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (old, alice) = (ground.key(), user("alice"));
    let login = worker.one_more(&old, &alice);
    let siblings = [(); 4].map(|()| ground.key());
    for new in &siblings {
        assert!(worker.rotate(&old, new, login).is_some());
    }
    assert_eq!(worker.logins(&alice), [login]);
    for new in &siblings {
        let bound = worker.store.login_of(new).unwrap().unwrap();
        assert_eq!((bound.login.identity.login, bound.rotated), (login, false));
        assert!(ground.seconds_left(new) > GRACE);
    }
    assert!(ground.seconds_left(&old) <= GRACE);
    // It is one login: it counts as one, and is kicked as one.
    let outside = worker.unlocked(&ground.key());
    let claimed = worker.claim(&outside, &wish(&alice, "web", refusing(2)));
    assert!(matches!(claimed, Claimed::New(..)), "{claimed:?}");
    let kicks = worker.kick(
        &alice,
        &Which {
            login: Some(login),
            ..Which::default()
        },
    );
    assert_eq!(kicks.len(), 1);
    for key in siblings.iter().chain([&old]) {
        let gone = worker.unlocked(key);
        assert_eq!((gone.data, gone.kick.as_ref()), (None, Some(&kicks[0])));
    }
    assert_eq!(worker.addressees(&alice, Kind::Kicked), [login]);
}

pub fn so_many_sessions_of_a_login_and_no_more(ground: &dyn Ground) {
    for chain in [true, false] {
        let mut worker = ground.worker();
        let user = user(format!("chain {chain}"));
        let mut keys = vec![ground.key()];
        let login = worker.one_more(&keys[0], &user);
        for number in 1..=MAX_SESSIONS + 4 {
            // A chain of ids; or the first id again and again, as long as it is there.
            let from = if chain { number - 1 } else { 0 };
            let new = ground.key();
            let moved = worker.rotate(&keys[from], &new, login);
            assert_eq!(moved.is_some(), worker.peek(&new).is_some());
            if moved.is_some() {
                keys.push(new);
            }
            let bound = keys
                .iter()
                .filter(|key| worker.login_of(key) == Some(login));
            assert!(bound.count() <= MAX_SESSIONS);
            assert_eq!(worker.login_of(keys.last().unwrap()), Some(login));
        }
        let stored = keys.iter().filter(|key| worker.peek(key).is_some());
        assert!((MAX_SESSIONS / 2..=MAX_SESSIONS).contains(&stored.count()));
        assert_eq!(worker.logins(&user), [login]);
        assert_eq!(worker.told(&user).len(), 1);
    }
}

pub fn who_does_not_have_the_login_cannot_rotate(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (anonymous, other, to) = (ground.key(), ground.key(), ground.key());
    let alice = user("alice");
    worker.put(&anonymous, b"data", HOUR);
    let login = worker.one_more(&other, &alice);
    let stranger = LoginId::new().unwrap();
    for (from, login) in [
        (&anonymous, login),
        (&other, stranger),
        (&ground.key(), login),
    ] {
        assert_eq!(worker.rotate(from, &to, login), None);
        assert_eq!(worker.peek(&to), None);
    }
    assert_eq!(worker.peek(&anonymous).unwrap(), b"data");
    assert_eq!(worker.login_of(&other), Some(login));
    assert!(ground.seconds_left(&anonymous) > GRACE && ground.seconds_left(&other) > GRACE);
}

pub fn a_rotation_does_not_overwrite(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (old, taken, alice, bob) = (ground.key(), ground.key(), user("alice"), user("bob"));
    let login = worker.one_more(&old, &alice);
    let other = worker.one_more(&taken, &bob);
    assert_eq!(worker.rotate(&old, &taken, login), None);
    assert_eq!(
        (worker.login_of(&taken), worker.login_of(&old)),
        (Some(other), Some(login))
    );
    assert_eq!(worker.logins(&bob), [other]);
}

/// The answer may be lost with its connection.
pub fn a_rotation_may_be_sent_twice(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (old, new, alice) = (ground.key(), ground.key(), user("alice"));
    let login = worker.one_more(&old, &alice);
    let seat = Seat {
        seen: None,
        token: Token::random().unwrap(),
        ttl: HOUR,
    };
    let mut send = || {
        worker
            .store
            .rotate((&old, None), &new, seat, login)
            .unwrap()
    };
    let first = send();
    assert!(first.is_some());
    assert_eq!(send(), first);
    assert_eq!(worker.unlocked(&new).seen, first);
    assert_eq!(worker.logins(&alice), [login]);
}

pub fn a_rotation_gives_the_old_lock_back(ground: &dyn Ground) {
    let (mut a, mut b) = (ground.worker(), ground.worker());
    let (old, alice) = (ground.key(), user("alice"));
    let login = a.one_more(&old, &alice);
    // A rotation that is refused as well.
    for (login, moves) in [(login, true), (LoginId::new().unwrap(), false)] {
        let held = a.locked(&old);
        let seat = Seat {
            seen: None,
            token: Token::random().unwrap(),
            ttl: HOUR,
        };
        let from = (&old, Some(held.token));
        let moved = a.store.rotate(from, &ground.key(), seat, login).unwrap();
        assert_eq!(moved.is_some(), moves);
        let free = b.try_lock(&old, std::time::Duration::ZERO, HOUR).unwrap();
        b.store.release(&old, free.token).unwrap();
    }
}
