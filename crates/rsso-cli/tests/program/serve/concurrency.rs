//! `rsso serve` under concurrent writes: each login gets its own events, and none is lost.
//!
//! `RSSO_TRIES` sets how often the random tests are repeated.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::common::backend::{Backend, kind, tries};
use crate::common::random::SeededRandom;

use rsso_core::login::{LoginId, LoginSelector};
use rsso_testkit::eventually;
use rsso_testkit::gateway::WsClient;
use serde_json::{Value, json};

on_every_store!(
    a_client_that_connects_during_writes_misses_nothing,
    each_login_gets_only_its_own_events,
);

fn a_client_that_connects_during_writes_misses_nothing(backend: &Backend) {
    let gateway = backend.gateway(&[]);
    let mut app = backend.application();
    app.log_in("one", "ann", "web");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let mut sender = backend.application();
        let stop = &stop;
        scope.spawn(move || {
            for n in 0_u64.. {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                sender.notify("ann", None, &json!(n));
                if n % 8 == 0 {
                    thread::sleep(Duration::from_millis(1));
                }
            }
        });
        let _stopper = Stopper(stop);
        let mut position = "0".to_owned();
        let mut expected = 0_u64;
        for attempt in 0..tries(100) {
            let mut socket = gateway.socket("one", Some(&position)).unwrap();
            let mut connected = false;
            let mut after = 0;
            // The events that it missed, and some that come after them.
            while !connected || after < 3 {
                let event = socket.event();
                position = event["sequence"].as_str().unwrap().to_owned();
                match kind(&event) {
                    "connected" => connected = true,
                    "message" => {
                        assert_eq!(event["data"]["payload"], expected, "try {attempt}");
                        expected += 1;
                        after += u32::from(connected);
                    }
                    other => panic!("{other}"),
                }
            }
        }
    });
}

struct Stopper<'a>(&'a AtomicBool);

impl Drop for Stopper<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A connected browser, and the events that it must get.
struct Browser {
    login: LoginId,
    uid: String,
    device: &'static str,
    socket: WsClient,
    expected: Vec<Value>,
    end: Option<(&'static str, u16)>,
}

fn each_login_gets_only_its_own_events(backend: &Backend) {
    const DEVICES: [&str; 3] = ["web", "ios", "pc"];
    let gateway = backend.gateway(&[]);
    let mut app = backend.application();
    let mut random = SeededRandom::new(0);
    let mut browsers: Vec<Browser> = Vec::new();
    for step in 0..tries(200) {
        let uid = format!("user{}", random.below(4));
        let device = DEVICES[random.below(3)];
        let lives = |b: &Browser| b.end.is_none() && b.uid == uid;
        match random.below(10) {
            0..4 => {
                let session = format!("session{step}");
                let login = app.log_in(&session, &uid, device);
                let loser = browsers.iter_mut().find(|b| lives(b) && b.device == device);
                if let Some(loser) = loser {
                    loser.end = Some(("kicked", 4001));
                }
                browsers.push(Browser {
                    login,
                    uid,
                    device,
                    socket: gateway.socket(&session, None).unwrap(),
                    expected: Vec::new(),
                    end: None,
                });
            }
            4 => {
                let of_device = LoginSelector {
                    device: Some(rsso_core::login::Device::parse(device.as_bytes()).unwrap()),
                    ..LoginSelector::default()
                };
                let mut hit = browsers
                    .iter_mut()
                    .filter(|b| lives(b) && b.device == device);
                let victim = hit.next();
                assert_eq!(app.kick(&uid, &of_device), usize::from(victim.is_some()));
                if let Some(victim) = victim {
                    victim.end = Some(("kicked", 4002));
                }
            }
            5 => {
                let Some(leaver) = browsers.iter_mut().find(|b| lives(b)) else {
                    continue;
                };
                let which = LoginSelector {
                    login: Some(leaver.login),
                    ..LoginSelector::default()
                };
                assert_eq!(app.kick(&uid, &which), 1);
                leaver.end = Some(("kicked", 4002));
            }
            other => {
                let only = (other == 6).then_some(device);
                app.notify(&uid, only, &json!(step));
                for browser in browsers.iter_mut().filter(|b| lives(b)) {
                    if only.is_none_or(|device| browser.device == device) {
                        browser.expected.push(json!(step));
                    }
                }
            }
        }
    }
    assert!(browsers.len() > 20);
    for n in 0..4 {
        app.notify(&format!("user{n}"), None, &json!("end"));
    }
    for browser in browsers {
        browser.check();
    }
}

impl Browser {
    fn check(mut self) {
        let mut received = Vec::new();
        let end = loop {
            match self.socket.next_event() {
                Ok(event) => {
                    assert_eq!(event["data"]["login"], self.login.to_string(), "{event}");
                    match kind(&event) {
                        "connected" => {}
                        "message" if event["data"]["payload"] == "end" => break None,
                        "message" => received.push(event["data"]["payload"].clone()),
                        ending => {
                            let (expected, code) = self.end.expect("it lives");
                            assert_eq!(ending, expected);
                            assert_eq!(self.socket.next_event(), Err(Some(code)));
                            break Some((expected, code));
                        }
                    }
                }
                Err(code) => panic!("{code:?} without an event"),
            }
        };
        assert_eq!(end, self.end);
        assert_eq!(received, self.expected);
    }
}

#[test]
fn a_transaction_that_commits_late_is_not_skipped() {
    let backend = Backend::mysql();
    let Backend::Mysql(server) = &backend else {
        unreachable!()
    };
    let gateway = backend.gateway(&[]);
    let mut app = backend.application();
    let login = app.log_in("one", "ann", "web");
    app.log_in("two", "bob", "web");
    let mut ann = gateway.socket("one", None).unwrap();
    let mut bob = gateway.socket("two", None).unwrap();
    ann.event();
    bob.event();
    let late = json!({
        "specversion": "1.0", "id": "late", "source": "urn:rsso:default", "type": "io.rsso.message.v1",
        "subject": "ann", "time": "2026-01-01T00:00:00.000Z", "datacontenttype": "application/json",
        "data": {
            "login": login, "uid": "ann", "device": "web", "label": null, "at": 1_767_225_600_000_u64, "payload": "late"
        },
    });
    let slow = format!(
        "BEGIN; UPDATE rsso_realms SET position = LAST_INSERT_ID(position + 1) WHERE realm = 'default'; \
         INSERT INTO rsso_events (realm, position, at, event) \
           VALUES ('default', LAST_INSERT_ID(), UNIX_TIMESTAMP(), '{late}'); \
         SELECT SLEEP(1); COMMIT"
    );
    thread::scope(|scope| {
        let slow = scope.spawn(|| server.sql(&slow));
        eventually(
            "the transaction is under way",
            Duration::from_secs(10),
            || {
                let sleeping = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'";
                (server.sql(sleeping) == "1").then_some(())
            },
        );
        // These wait for the transaction; a gateway that reads only what is new would skip its event.
        (0..20).for_each(|n| assert_eq!(app.notify("bob", None, &json!(n)), 1));
        slow.join().unwrap();
    });
    assert_eq!(ann.event()["data"]["payload"], "late");
    let numbers: Vec<_> = (0..20)
        .map(|_| bob.event()["data"]["payload"].clone())
        .collect();
    assert_eq!(numbers, (0..20).map(|n| json!(n)).collect::<Vec<_>>());
}
