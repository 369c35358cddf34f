//! The store's rotation: a login moves to a new id, and stays one login.

use rsso_core::login::event::Kind;
use rsso_core::login::{Claimed, LoginId, LoginSelector, MAX_SESSIONS, ROTATION_GRACE};
use rsso_core::store::{Outcome, Rotation, Token};

use crate::common::fixture::{Fixture, HOUR};
use crate::common::login_helpers::{new_claim, refuse_above, stable_parts, user, with_max_logins};

/// The grace period in whole seconds, rounded up.
const GRACE: u64 = ROTATION_GRACE.as_secs() + 1;

pub fn the_new_id_gets_login_and_data_and_the_old_keeps_them(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (old, new, alice) = (fixture.new_key(), fixture.new_key(), user("alice"));
    let login = client.add_login(&old, &alice);
    let before = client.store.logins(&alice).unwrap();
    let events = client.events_about(&alice);
    let version = client
        .rotate(&old, &new, login)
        .expect("the new id is free");

    let seen = client.read_unlocked(&new);
    assert_eq!(
        (seen.data.as_deref(), seen.seen),
        (Some(&b"data"[..]), Some(version))
    );
    let bound = seen.login.as_ref().unwrap();
    assert_eq!(
        (stable_parts(&bound.login), bound.user, bound.rotated),
        (stable_parts(&before[0]), alice.key(), false)
    );
    assert!(fixture.seconds_left(&new) > HOUR.as_secs() - 60);
    // The list has it once, as it was claimed, and there is no event.
    let listed = client.store.logins(&alice).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(stable_parts(&listed[0]), stable_parts(&before[0]));
    assert_eq!(client.events_about(&alice), events);
    assert!(matches!(client.write(&seen, b"more"), Outcome::Stored(_)));
    assert_eq!(client.peek(&old).unwrap(), b"data");

    let seen = client.read_unlocked(&old);
    let bound = seen.login.unwrap();
    assert_eq!(
        (stable_parts(&bound.login), bound.rotated),
        (stable_parts(&before[0]), true)
    );
}

pub fn requests_under_the_old_id_do_not_extend_it(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (old, new, alice) = (fixture.new_key(), fixture.new_key(), user("alice"));
    let login = client.add_login(&old, &alice);
    let under_way = client.read_unlocked(&old);
    assert!(fixture.seconds_left(&old) > GRACE);
    client.rotate(&old, &new, login).unwrap();
    assert!((1..=GRACE).contains(&fixture.seconds_left(&old)));
    // Requests in progress are served, and those within the grace period.
    assert!(matches!(
        client.write(&under_way, b"late"),
        Outcome::Stored(_)
    ));
    assert!((1..=GRACE).contains(&fixture.seconds_left(&old)));
    for _ in 0..2 {
        let held = client.read_locked(&old);
        assert_eq!(held.data.as_deref(), Some(&b"late"[..]));
        assert!(matches!(client.touch(&held, HOUR), Outcome::Stored(_)));
        assert!((1..=GRACE).contains(&fixture.seconds_left(&old)));
        let held = client.read_locked(&old);
        assert!(matches!(client.write(&held, b"late"), Outcome::Stored(_)));
        assert!((1..=GRACE).contains(&fixture.seconds_left(&old)));
    }
    assert_eq!(client.peek(&new).unwrap(), b"data");
    assert!(client.read_unlocked(&old).login.unwrap().rotated);
}

pub fn a_rotation_does_not_lengthen_a_shorter_lifetime(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (old, new, alice) = (fixture.new_key(), fixture.new_key(), user("alice"));
    client.put(&old, b"data", std::time::Duration::from_secs(9));
    let (login, _) = client.sign_in(&old, &alice, with_max_logins(1));
    client.rotate(&old, &new, login).unwrap();
    assert!((1..=10).contains(&fixture.seconds_left(&old)));
}

/// Two tabs with one cookie: both rotate the id that they presented.
pub fn several_requests_may_rotate_one_id(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (old, alice) = (fixture.new_key(), user("alice"));
    let login = client.add_login(&old, &alice);
    let siblings = [(); 4].map(|()| fixture.new_key());
    for new in &siblings {
        assert!(client.rotate(&old, new, login).is_some());
    }
    assert_eq!(client.logins(&alice), [login]);
    for new in &siblings {
        let bound = client.store.login_of(new).unwrap().unwrap();
        assert_eq!((bound.login.identity.login, bound.rotated), (login, false));
        assert!(fixture.seconds_left(new) > GRACE);
    }
    assert!(fixture.seconds_left(&old) <= GRACE);
    // It counts as one login, and is kicked as one.
    let outside = client.read_unlocked(&fixture.new_key());
    let claimed = client.claim(&outside, &new_claim(&alice, "web", refuse_above(2)));
    assert!(matches!(claimed, Claimed::New(..)), "{claimed:?}");
    let kicks = client.kick(
        &alice,
        &LoginSelector {
            login: Some(login),
            ..LoginSelector::default()
        },
    );
    assert_eq!(kicks.len(), 1);
    for key in siblings.iter().chain([&old]) {
        let gone = client.read_unlocked(key);
        assert_eq!((gone.data, gone.kick.as_ref()), (None, Some(&kicks[0])));
    }
    assert_eq!(client.logins_in_events(&alice, Kind::Kicked), [login]);
}

pub fn a_login_has_a_limited_number_of_sessions(fixture: &dyn Fixture) {
    for chain in [true, false] {
        let mut client = fixture.client();
        let user = user(format!("chain {chain}"));
        let mut keys = vec![fixture.new_key()];
        let login = client.add_login(&keys[0], &user);
        for number in 1..=MAX_SESSIONS + 4 {
            // A chain of ids; or the first id repeatedly, as long as it exists.
            let from = if chain { number - 1 } else { 0 };
            let new = fixture.new_key();
            let moved = client.rotate(&keys[from], &new, login);
            assert_eq!(moved.is_some(), client.peek(&new).is_some());
            if moved.is_some() {
                keys.push(new);
            }
            let bound = keys
                .iter()
                .filter(|key| client.login_of(key) == Some(login));
            assert!(bound.count() <= MAX_SESSIONS);
            assert_eq!(client.login_of(keys.last().unwrap()), Some(login));
        }
        let stored = keys.iter().filter(|key| client.peek(key).is_some());
        assert!((MAX_SESSIONS / 2..=MAX_SESSIONS).contains(&stored.count()));
        assert_eq!(client.logins(&user), [login]);
        assert_eq!(client.events_about(&user).len(), 1);
    }
}

pub fn a_rotation_that_names_another_login_does_nothing(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (anonymous, other, to) = (fixture.new_key(), fixture.new_key(), fixture.new_key());
    let alice = user("alice");
    client.put(&anonymous, b"data", HOUR);
    let login = client.add_login(&other, &alice);
    let stranger = LoginId::new().unwrap();
    for (from, login) in [
        (&anonymous, login),
        (&other, stranger),
        (&fixture.new_key(), login),
    ] {
        assert_eq!(client.rotate(from, &to, login), None);
        assert_eq!(client.peek(&to), None);
    }
    assert_eq!(client.peek(&anonymous).unwrap(), b"data");
    assert_eq!(client.login_of(&other), Some(login));
    assert!(fixture.seconds_left(&anonymous) > GRACE && fixture.seconds_left(&other) > GRACE);
}

pub fn a_rotation_does_not_overwrite_a_session(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (old, taken, alice, bob) = (
        fixture.new_key(),
        fixture.new_key(),
        user("alice"),
        user("bob"),
    );
    let login = client.add_login(&old, &alice);
    let other = client.add_login(&taken, &bob);
    assert_eq!(client.rotate(&old, &taken, login), None);
    assert_eq!(
        (client.login_of(&taken), client.login_of(&old)),
        (Some(other), Some(login))
    );
    assert_eq!(client.logins(&bob), [other]);
}

/// The answer may be lost with its connection.
pub fn a_rotation_sent_twice_counts_once(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (old, new, alice) = (fixture.new_key(), fixture.new_key(), user("alice"));
    let login = client.add_login(&old, &alice);
    let rotation = Rotation {
        from: &old,
        lock: None,
        to: &new,
        login,
        token: Token::random().unwrap(),
        ttl: HOUR,
    };
    let mut send = || client.store.rotate(&rotation).unwrap();
    let first = send();
    assert!(first.is_some());
    assert_eq!(send(), first);
    assert_eq!(client.read_unlocked(&new).seen, first);
    assert_eq!(client.logins(&alice), [login]);
}

pub fn a_rotation_releases_the_old_lock(fixture: &dyn Fixture) {
    let (mut a, mut b) = (fixture.client(), fixture.client());
    let (old, alice) = (fixture.new_key(), user("alice"));
    let login = a.add_login(&old, &alice);
    // A refused rotation releases it, too.
    for (login, moves) in [(login, true), (LoginId::new().unwrap(), false)] {
        let held = a.read_locked(&old);
        let rotation = Rotation {
            from: &old,
            lock: Some(held.token),
            to: &fixture.new_key(),
            login,
            token: Token::random().unwrap(),
            ttl: HOUR,
        };
        let moved = a.store.rotate(&rotation).unwrap();
        assert_eq!(moved.is_some(), moves);
        let free = b.try_lock(&old, std::time::Duration::ZERO, HOUR).unwrap();
        b.store.release(&old, free.token).unwrap();
    }
}
