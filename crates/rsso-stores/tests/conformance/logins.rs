//! A claim creates a login; a repeated one changes nothing; data, uid, label and meta survive.

use rsso_core::login::event::Kind;
use rsso_core::login::{Claim, Claimed, Client, Details};
use rsso_core::store::Outcome;
use rsso_core::{SessionId, SessionKey};

use crate::common::fixture::{Fixture, HOUR};
use crate::common::login_helpers::{new_claim, now, refuse_above, user, user_of, with_max_logins};

pub fn a_claim_creates_a_login(fixture: &dyn Fixture) {
    let (mut a, mut b) = (fixture.client(), fixture.client());
    let (key, alice) = (fixture.new_key(), user("alice"));
    a.put(&key, b"cart", HOUR);
    let held = a.read_locked(&key);
    let before = now();
    let claim = Claim {
        label: Some("Firefox on Linux".to_owned()),
        meta: Some(r#"{"theme":"dark"}"#.to_owned()),
        ..new_claim(&alice, "web", with_max_logins(1))
    };
    let Claimed::New(version, kicks) = a.claim(&held, &claim) else {
        panic!("the first login of a user is free");
    };
    assert_eq!(version.generation, held.seen.unwrap().generation);
    assert_eq!(kicks, []);

    let logins = b.store.logins(&alice).unwrap();
    assert_eq!(logins.len(), 1);
    let login = &logins[0];
    assert_eq!(login.identity, claim.identity());
    assert_eq!(login.more.meta, claim.meta);
    assert!((before..=now()).contains(&login.more.claimed_at));

    let seen = b.read_unlocked(&key);
    assert_eq!(seen.data.unwrap(), b"cart");
    let bound = seen.login.unwrap();
    assert_eq!(
        (&bound.login.identity, &bound.login.more, bound.user),
        (&login.identity, &login.more, alice.key())
    );
    assert!(!bound.rotated);
    assert_eq!(b.store.login_of(&key).unwrap(), Some(bound));

    let events = b.events_about(&alice);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["type"], "io.rsso.login.claimed.v1");
    assert_eq!(events[0]["data"]["login"], claim.login.to_string());
    assert_eq!(events[0]["data"]["device"], "web");
    assert_eq!(events[0]["data"]["label"], "Firefox on Linux");
    // The login's id was generated before the call to the store.
    let at = events[0]["data"]["at"].as_i64().unwrap();
    assert!((login.more.claimed_at..=now()).contains(&at));
    // The request that has claimed continues.
    assert!(matches!(a.write(&held, b"sold"), Outcome::Stored(_)));
    assert_eq!(b.peek(&key).unwrap(), b"sold");
    assert_eq!(b.login_of(&key), Some(claim.login));
}

pub fn a_claim_creates_a_missing_session(fixture: &dyn Fixture) {
    let (mut a, mut b) = (fixture.client(), fixture.client());
    let (key, alice) = (fixture.new_key(), user("alice"));
    let mut held = a.read_locked(&key);
    assert_eq!(held.seen, None);
    let claim = new_claim(&alice, "web", with_max_logins(1));
    let Claimed::New(version, _) = a.claim(&held, &claim) else {
        panic!("the first login of a user is free");
    };
    let seen = b.read_unlocked(&key);
    assert_eq!((seen.data, seen.seen), (Some(Vec::new()), Some(version)));
    assert_eq!(b.login_of(&key), Some(claim.login));
    let left = fixture.seconds_left(&key);
    assert!(
        (HOUR.as_secs() - 60..=HOUR.as_secs() + 1).contains(&left),
        "{left}"
    );
    held.seen = Some(version);
    assert!(matches!(a.write(&held, b"data"), Outcome::Stored(_)));
    assert_eq!(b.peek(&key).unwrap(), b"data");
    assert_eq!(b.logins(&alice), [claim.login]);
}

pub fn claiming_again_from_the_same_session_changes_nothing(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let (key, other, alice) = (fixture.new_key(), fixture.new_key(), user("alice"));
    let login = client.add_login(&key, &alice);
    let holder = client.add_login(&other, &alice);
    let (before, events) = (client.read_unlocked(&key), client.events_about(&alice));
    for limits in [
        with_max_logins(2),
        with_max_logins(1),
        refuse_above(1),
        with_max_logins(0),
    ] {
        let again = Claim {
            label: Some("another".to_owned()),
            ..new_claim(&alice, "web", limits)
        };
        let Claimed::Same(version, bound) = client.claim(&before, &again) else {
            panic!("{limits:?}: this session has that login already");
        };
        assert_eq!(Some(version), before.seen);
        assert_eq!(Some(bound), before.login);
    }
    let after = client.read_unlocked(&key);
    assert_eq!((after.seen, after.login), (before.seen, before.login));
    assert_eq!(client.logins(&alice), [login, holder]);
    assert_eq!(client.events_about(&alice), events);
}

/// The answer of a claim may be lost with its connection.
pub fn a_claim_sent_twice_counts_once(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let alice = user("alice");
    let (stored, missing) = (fixture.new_key(), fixture.new_key());
    client.put(&stored, b"data", HOUR);
    for key in [&stored, &missing] {
        let held = client.read_unlocked(key);
        let claim = new_claim(&alice, "web", with_max_logins(1));
        let Claimed::New(version, _) = client.claim(&held, &claim) else {
            panic!("an older login makes room");
        };
        let events = client.events_about(&alice);
        match client.claim(&held, &claim) {
            Claimed::New(same, _) => assert_eq!(same, version),
            Claimed::Same(same, bound) => {
                assert_eq!(same, version);
                assert_eq!(bound.login.identity, claim.identity());
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(client.logins(&alice), [claim.login]);
        assert_eq!(client.events_about(&alice), events);
    }
}

pub fn prefixes_do_not_share_logins(fixture: &dyn Fixture) {
    let (mut here, mut there) = (
        fixture.client(),
        fixture.client_with(&[("prefix", "other_")]),
    );
    let (one, two, alice) = (fixture.new_key(), fixture.new_key(), user("alice"));
    let (first, _) = here.sign_in(&one, &alice, with_max_logins(1));
    let (second, kicks) = there.sign_in(&two, &alice, with_max_logins(1));
    assert_eq!(kicks, []);
    assert_eq!(
        (here.logins(&alice), there.logins(&alice)),
        (vec![first], vec![second])
    );
    assert_eq!(
        (
            here.events_about(&alice).len(),
            there.events_about(&alice).len()
        ),
        (1, 1)
    );
    assert_eq!(there.login_of(&two), Some(second));
}

/// `rsso.hash_ids=0`: ids as they are, with every character that an id may have.
pub fn an_unhashed_id_may_have_a_login(fixture: &dyn Fixture) {
    let (mut client, alice) = (fixture.client(), user("alice"));
    let plain = |text: String| SessionKey::of(&SessionId::parse(text.as_bytes()).unwrap(), false);
    let keys = ["-,a".to_owned(), "Z9,-".to_owned(), "x".repeat(100)].map(plain);
    let login = client.add_login(&keys[0], &alice);
    assert!(client.rotate(&keys[0], &keys[1], login).is_some());
    assert_eq!(client.login_of(&keys[1]), Some(login));
    let (winner, kicks) = client.sign_in(&keys[2], &alice, with_max_logins(1));
    assert_eq!(kicks.len(), 1);
    for key in &keys[..2] {
        let gone = client.read_unlocked(key);
        assert_eq!((gone.data, gone.kick.as_ref()), (None, Some(&kicks[0])));
    }
    assert_eq!(client.logins(&alice), [winner]);
}

/// A store never confuses the data with what it keeps beside them.
pub fn changes_to_the_login_never_change_the_data(fixture: &dyn Fixture) {
    let (mut client, alice) = (fixture.client(), user("alice"));
    let every_byte: Vec<u8> = (0..=255).collect();
    let large: Vec<u8> = every_byte.iter().copied().cycle().take(1_000_000).collect();
    // Data that look like the trailer of a Redis record, of each length that a trailer may have.
    let trailers = [27, 69, 96].map(|length| [b"R1L", "x".repeat(length - 3).as_bytes()].concat());
    let mut all = vec![b"".to_vec(), b"x".to_vec(), every_byte, large];
    all.extend(trailers);
    for data in all {
        let (key, new) = (fixture.new_key(), fixture.new_key());
        client.put(&key, &data, HOUR);
        let first = client.sign_in(&key, &alice, with_max_logins(0)).0;
        assert!(client.peek(&key).unwrap() == data);
        client.sign_in_on_device(&key, &alice, "ios", with_max_logins(0));
        assert!(client.peek(&key).unwrap() == data);
        let held = client.read_locked(&key);
        assert!(held.data.as_ref() == Some(&data));
        let reversed: Vec<u8> = data.iter().rev().copied().collect();
        assert!(matches!(client.write(&held, &reversed), Outcome::Stored(_)));
        let login = client.login_of(&key).unwrap();
        assert_ne!(login, first);
        assert!(client.rotate(&key, &new, login).is_some());
        for key in [&key, &new] {
            assert!(client.peek(key).unwrap() == reversed);
            let held = client.read_locked(key);
            client.store.release(key, held.token).unwrap();
            assert!(held.data.unwrap() == reversed);
        }
        let held = client.read_unlocked(&new);
        assert!(client.store.sign_out(&new, login).unwrap());
        assert!(client.peek(&new).unwrap() == reversed);
        assert!(matches!(client.touch(&held, HOUR), Outcome::Stored(_)));
        assert!(client.peek(&new).unwrap() == reversed);
        client.sign_in(&new, &alice, with_max_logins(0));
        assert!(client.peek(&new).unwrap() == reversed);
        let held = client.read_unlocked(&new);
        assert!(matches!(client.write(&held, &data), Outcome::Stored(_)));
        assert!(client.peek(&new).unwrap() == data);
    }
}

pub fn the_same_uid_in_another_realm_is_another_user(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let here = user("alice");
    let there = user_of("elsewhere", "alice");
    let (one, two) = (fixture.new_key(), fixture.new_key());
    let (first, _) = client.sign_in(&one, &here, with_max_logins(1));
    let (second, kicks) = client.sign_in(&two, &there, with_max_logins(1));
    assert_eq!(kicks, []);
    assert_eq!(client.logins(&here), [first]);
    assert_eq!(client.logins(&there), [second]);
    assert_eq!(
        client
            .kick(&there, &rsso_core::login::LoginSelector::default())
            .len(),
        1
    );
    assert_eq!(client.logins(&here), [first]);
    assert_eq!(client.logins_in_events(&here, Kind::Kicked), []);
}

pub fn any_uid_is_read_back(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let every_byte: Vec<u8> = (0..=255).collect();
    let uids: [&[u8]; 12] = [
        b"\0",
        b"\xff",
        b"a\0b",
        b"0",
        b" ",
        b"{}:*?[x]",
        b"'; DROP TABLE rsso_logins; --",
        b"al\"ice\n\\</script>",
        "\u{fffd}\u{1f600}".as_bytes(),
        &[0xff; 255],
        &every_byte[..255],
        &every_byte[1..],
    ];
    let mut keys = Vec::<(SessionKey, _)>::new();
    for uid in uids {
        let key = fixture.new_key();
        let (login, kicks) = client.sign_in(&key, &user(uid), with_max_logins(1));
        assert_eq!(kicks, [], "{uid:?} is nobody else");
        keys.push((key, login));
    }
    for (uid, (key, login)) in uids.into_iter().zip(keys) {
        let user = user(uid);
        let logins = client.store.logins(&user).unwrap();
        assert_eq!(logins.len(), 1, "{uid:?}");
        assert_eq!(logins[0].identity.uid_bytes(), uid);
        assert_eq!(logins[0].identity.uid, String::from_utf8_lossy(uid));
        let bound = client.store.login_of(&key).unwrap().unwrap();
        assert_eq!(
            (bound.login.identity.login, bound.user),
            (login, user.key())
        );
        let claimed = client.event_data(&user, Kind::Claimed);
        let mine = claimed
            .iter()
            .filter(|data| data["login"] == login.to_string());
        assert_eq!(mine.count(), 1);
    }
}

pub fn any_label_and_meta_are_read_back(fixture: &dyn Fixture) {
    let mut client = fixture.client();
    let long = "\u{1f600}".repeat(63);
    for (number, label) in [
        "",
        "\"'`\\",
        "</script>",
        "\u{1f9d1}\u{200d}\u{1f4bb}",
        "\0\u{7f}\n\u{2028}",
        &long,
    ]
    .into_iter()
    .enumerate()
    {
        let user = user(number.to_string());
        let (key, successor) = (fixture.new_key(), fixture.new_key());
        let meta = serde_json::json!([{ "label": label, "n": 1.5e300, "empty": {}, "list": [] }]);
        let claim = Claim {
            label: Some(label.to_owned()),
            meta: Some(meta.to_string()),
            client: Client::new("2001:db8::1".parse().ok(), Some(b"Firefox"), Details::Full),
            ..new_claim(&user, "web", with_max_logins(1))
        };
        let held = client.read_unlocked(&key);
        assert!(matches!(client.claim(&held, &claim), Claimed::New(..)));
        let logins = client.store.logins(&user).unwrap();
        assert_eq!(logins[0].identity.label.as_deref(), Some(label));
        assert_eq!(logins[0].more.meta, claim.meta);
        assert_eq!(logins[0].more.ip.as_deref(), Some("2001:db8::1"));
        assert_eq!(logins[0].more.user_agent.as_deref(), Some("Firefox"));
        let (_, kicks) = client.sign_in(&successor, &user, with_max_logins(1));
        assert_eq!(kicks[0].identity.label.as_deref(), Some(label));
        assert_eq!(client.read_unlocked(&key).kick.unwrap(), kicks[0]);
        assert_eq!(client.event_data(&user, Kind::Kicked)[0]["label"], label);
    }
}
