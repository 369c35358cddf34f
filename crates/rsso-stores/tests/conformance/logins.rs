//! What a claim makes, and what claiming again does.

use rsso_core::login::event::Kind;
use rsso_core::login::{Claim, Claimed, Client, Details};
use rsso_core::store::Outcome;
use rsso_core::{SessionId, SessionKey};

use crate::common::fixture::{Ground, HOUR};
use crate::common::login_helpers::{at_most, now, refusing, user, user_of, wish};

pub fn a_claim_makes_a_login(ground: &dyn Ground) {
    let (mut a, mut b) = (ground.worker(), ground.worker());
    let (key, alice) = (ground.key(), user("alice"));
    a.put(&key, b"cart", HOUR);
    let held = a.locked(&key);
    let claim = Claim {
        label: Some("Firefox on Linux".to_owned()),
        meta: Some(r#"{"theme":"dark"}"#.to_owned()),
        ..wish(&alice, "web", at_most(1))
    };
    let before = now();
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

    let seen = b.unlocked(&key);
    assert_eq!(seen.data.unwrap(), b"cart");
    let bound = seen.login.unwrap();
    assert_eq!(
        (&bound.login.identity, &bound.login.more, bound.user),
        (&login.identity, &login.more, alice.key())
    );
    assert!(!bound.rotated);
    assert_eq!(b.store.login_of(&key).unwrap(), Some(bound));

    let told = b.told(&alice);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["type"], "io.rsso.login.claimed.v1");
    assert_eq!(told[0]["data"]["login"], claim.login.to_string());
    assert_eq!(told[0]["data"]["device"], "web");
    assert_eq!(told[0]["data"]["label"], "Firefox on Linux");
    // The login's id was made before the store was asked.
    let at = told[0]["data"]["at"].as_i64().unwrap();
    assert!((login.more.claimed_at..=now()).contains(&at));
    // The request that has claimed goes on.
    assert!(matches!(a.write(&held, b"sold"), Outcome::Stored(_)));
    assert_eq!(b.peek(&key).unwrap(), b"sold");
    assert_eq!(b.login_of(&key), Some(claim.login));
}

pub fn a_session_that_did_not_exist_is_made_by_its_claim(ground: &dyn Ground) {
    let (mut a, mut b) = (ground.worker(), ground.worker());
    let (key, alice) = (ground.key(), user("alice"));
    let mut held = a.locked(&key);
    assert_eq!(held.seen, None);
    let claim = wish(&alice, "web", at_most(1));
    let Claimed::New(version, _) = a.claim(&held, &claim) else {
        panic!("the first login of a user is free");
    };
    let seen = b.unlocked(&key);
    assert_eq!((seen.data, seen.seen), (Some(Vec::new()), Some(version)));
    assert_eq!(b.login_of(&key), Some(claim.login));
    let left = ground.seconds_left(&key);
    assert!(
        (HOUR.as_secs() - 60..=HOUR.as_secs() + 1).contains(&left),
        "{left}"
    );
    held.seen = Some(version);
    assert!(matches!(a.write(&held, b"data"), Outcome::Stored(_)));
    assert_eq!(b.peek(&key).unwrap(), b"data");
    assert_eq!(b.logins(&alice), [claim.login]);
}

pub fn claiming_again_from_the_same_session_changes_nothing(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let (key, other, alice) = (ground.key(), ground.key(), user("alice"));
    let login = worker.one_more(&key, &alice);
    let holder = worker.one_more(&other, &alice);
    let (before, told) = (worker.unlocked(&key), worker.told(&alice));
    for limits in [at_most(2), at_most(1), refusing(1), at_most(0)] {
        let again = Claim {
            label: Some("another".to_owned()),
            ..wish(&alice, "web", limits)
        };
        let Claimed::Same(version, bound) = worker.claim(&before, &again) else {
            panic!("{limits:?}: this session has that login already");
        };
        assert_eq!(Some(version), before.seen);
        assert_eq!(Some(bound), before.login);
    }
    let after = worker.unlocked(&key);
    assert_eq!((after.seen, after.login), (before.seen, before.login));
    assert_eq!(worker.logins(&alice), [login, holder]);
    assert_eq!(worker.told(&alice), told);
}

/// The answer of a claim may be lost with its connection.
pub fn a_claim_may_be_sent_twice(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let alice = user("alice");
    let (stored, missing) = (ground.key(), ground.key());
    worker.put(&stored, b"data", HOUR);
    for key in [&stored, &missing] {
        let held = worker.unlocked(key);
        let claim = wish(&alice, "web", at_most(1));
        let Claimed::New(version, _) = worker.claim(&held, &claim) else {
            panic!("an older login makes room");
        };
        let told = worker.told(&alice);
        match worker.claim(&held, &claim) {
            Claimed::New(same, _) => assert_eq!(same, version),
            Claimed::Same(same, bound) => {
                assert_eq!(same, version);
                assert_eq!(bound.login.identity, claim.identity());
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(worker.logins(&alice), [claim.login]);
        assert_eq!(worker.told(&alice), told);
    }
}

pub fn another_prefix_is_another_world(ground: &dyn Ground) {
    let (mut here, mut there) = (ground.worker(), ground.worker_with(&[("prefix", "other_")]));
    let (one, two, alice) = (ground.key(), ground.key(), user("alice"));
    let (first, _) = here.sign_in(&one, &alice, at_most(1));
    let (second, kicks) = there.sign_in(&two, &alice, at_most(1));
    assert_eq!(kicks, []);
    assert_eq!(
        (here.logins(&alice), there.logins(&alice)),
        (vec![first], vec![second])
    );
    assert_eq!((here.told(&alice).len(), there.told(&alice).len()), (1, 1));
    assert_eq!(there.login_of(&two), Some(second));
}

/// `rsso.hash_ids=0`: the ids as they are, with all that an id may hold.
pub fn a_plain_id_has_logins_too(ground: &dyn Ground) {
    let (mut worker, alice) = (ground.worker(), user("alice"));
    let plain = |text: String| SessionKey::of(&SessionId::parse(text.as_bytes()).unwrap(), false);
    let keys = ["-,a".to_owned(), "Z9,-".to_owned(), "x".repeat(100)].map(plain);
    let login = worker.one_more(&keys[0], &alice);
    assert!(worker.rotate(&keys[0], &keys[1], login).is_some());
    assert_eq!(worker.login_of(&keys[1]), Some(login));
    let (winner, kicks) = worker.sign_in(&keys[2], &alice, at_most(1));
    assert_eq!(kicks.len(), 1);
    for key in &keys[..2] {
        let gone = worker.unlocked(key);
        assert_eq!((gone.data, gone.kick.as_ref()), (None, Some(&kicks[0])));
    }
    assert_eq!(worker.logins(&alice), [winner]);
}

/// Whatever a store keeps beside the data, it is not taken for data, nor data for it.
pub fn any_data_survive_what_happens_to_the_login(ground: &dyn Ground) {
    let (mut worker, alice) = (ground.worker(), user("alice"));
    let every_byte: Vec<u8> = (0..=255).collect();
    let large: Vec<u8> = every_byte.iter().copied().cycle().take(1_000_000).collect();
    // What looks like the end of a record of Redis, of each length that such an end may have.
    let trailers = [27, 69, 96].map(|length| [b"R1L", "x".repeat(length - 3).as_bytes()].concat());
    let mut all = vec![b"".to_vec(), b"x".to_vec(), every_byte, large];
    all.extend(trailers);
    for data in all {
        let (key, new) = (ground.key(), ground.key());
        worker.put(&key, &data, HOUR);
        let first = worker.sign_in(&key, &alice, at_most(0)).0;
        assert!(worker.peek(&key).unwrap() == data);
        worker.sign_in_on(&key, &alice, "ios", at_most(0));
        assert!(worker.peek(&key).unwrap() == data);
        let held = worker.locked(&key);
        assert!(held.data.as_ref() == Some(&data));
        let reversed: Vec<u8> = data.iter().rev().copied().collect();
        assert!(matches!(worker.write(&held, &reversed), Outcome::Stored(_)));
        let login = worker.login_of(&key).unwrap();
        assert_ne!(login, first);
        assert!(worker.rotate(&key, &new, login).is_some());
        for key in [&key, &new] {
            assert!(worker.peek(key).unwrap() == reversed);
            let held = worker.locked(key);
            worker.store.release(key, held.token).unwrap();
            assert!(held.data.unwrap() == reversed);
        }
        let held = worker.unlocked(&new);
        assert!(worker.store.sign_out(&new, login).unwrap());
        assert!(worker.peek(&new).unwrap() == reversed);
        assert!(matches!(worker.touch(&held, HOUR), Outcome::Stored(_)));
        assert!(worker.peek(&new).unwrap() == reversed);
        worker.sign_in(&new, &alice, at_most(0));
        assert!(worker.peek(&new).unwrap() == reversed);
        let held = worker.unlocked(&new);
        assert!(matches!(worker.write(&held, &data), Outcome::Stored(_)));
        assert!(worker.peek(&new).unwrap() == data);
    }
}

pub fn users_of_another_realm_are_others(ground: &dyn Ground) {
    let mut worker = ground.worker();
    let here = user("alice");
    let there = user_of("elsewhere", "alice");
    let (one, two) = (ground.key(), ground.key());
    let (first, _) = worker.sign_in(&one, &here, at_most(1));
    let (second, kicks) = worker.sign_in(&two, &there, at_most(1));
    assert_eq!(kicks, []);
    assert_eq!(worker.logins(&here), [first]);
    assert_eq!(worker.logins(&there), [second]);
    assert_eq!(
        worker
            .kick(&there, &rsso_core::login::Which::default())
            .len(),
        1
    );
    assert_eq!(worker.logins(&here), [first]);
    assert_eq!(worker.addressees(&here, Kind::Kicked), []);
}

pub fn any_uid_comes_back(ground: &dyn Ground) {
    let mut worker = ground.worker();
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
        let key = ground.key();
        let (login, kicks) = worker.sign_in(&key, &user(uid), at_most(1));
        assert_eq!(kicks, [], "{uid:?} is nobody else");
        keys.push((key, login));
    }
    for (uid, (key, login)) in uids.into_iter().zip(keys) {
        let user = user(uid);
        let logins = worker.store.logins(&user).unwrap();
        assert_eq!(logins.len(), 1, "{uid:?}");
        assert_eq!(logins[0].identity.uid_bytes(), uid);
        assert_eq!(logins[0].identity.uid, String::from_utf8_lossy(uid));
        let bound = worker.store.login_of(&key).unwrap().unwrap();
        assert_eq!(
            (bound.login.identity.login, bound.user),
            (login, user.key())
        );
        let claimed = worker.told_of(&user, Kind::Claimed);
        let mine = claimed
            .iter()
            .filter(|data| data["login"] == login.to_string());
        assert_eq!(mine.count(), 1);
    }
}

pub fn any_label_and_meta_come_back(ground: &dyn Ground) {
    let mut worker = ground.worker();
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
        let (key, successor) = (ground.key(), ground.key());
        let meta = serde_json::json!([{ "label": label, "n": 1.5e300, "empty": {}, "list": [] }]);
        let claim = Claim {
            label: Some(label.to_owned()),
            meta: Some(meta.to_string()),
            client: Client::new("2001:db8::1".parse().ok(), Some(b"Firefox"), Details::Full),
            ..wish(&user, "web", at_most(1))
        };
        let held = worker.unlocked(&key);
        assert!(matches!(worker.claim(&held, &claim), Claimed::New(..)));
        let logins = worker.store.logins(&user).unwrap();
        assert_eq!(logins[0].identity.label.as_deref(), Some(label));
        assert_eq!(logins[0].more.meta, claim.meta);
        assert_eq!(logins[0].more.ip.as_deref(), Some("2001:db8::1"));
        assert_eq!(logins[0].more.user_agent.as_deref(), Some("Firefox"));
        let (_, kicks) = worker.sign_in(&successor, &user, at_most(1));
        assert_eq!(kicks[0].identity.label.as_deref(), Some(label));
        assert_eq!(worker.unlocked(&key).kick.unwrap(), kicks[0]);
        assert_eq!(worker.told_of(&user, Kind::Kicked)[0]["label"], label);
    }
}
