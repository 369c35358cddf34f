//! `rsso serve` while much happens at once: restarts, races, many users. Nothing is lost, nothing comes
//! twice, nothing goes to somebody else. `RSSO_TRIES` says how often what is a matter of luck is tried.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::common::push::{Backing, Site, kind, tries, user};
use rsso_core::login::event::Position;
use rsso_core::login::{LoginId, Realm, Which};
use rsso_testkit::gateway::Socket;
use rsso_testkit::{Gateway, eventually};
use serde_json::{Value, json};

on_every_store!(
    a_restart_of_the_gateway_loses_and_doubles_nothing,
    who_connects_while_events_are_written_misses_none,
    whatever_happens_each_login_hears_of_itself_only,
    two_gateways_say_the_same,
);

#[test]
fn a_restart_of_redis_loses_and_doubles_nothing() {
    a_restart_of_the_store_loses_and_doubles_nothing(Backing::redis());
}

#[test]
fn a_restart_of_mariadb_loses_and_doubles_nothing() {
    a_restart_of_the_store_loses_and_doubles_nothing(Backing::mysql());
}

/// A client as a browser's is: it comes back, with the position that it saw last.
struct Client<'a> {
    session: &'a str,
    gateway: &'a (dyn Fn() -> u16 + Sync),
    position: String,
    heard: Vec<Value>,
}

impl<'a> Client<'a> {
    fn new(session: &'a str, gateway: &'a (dyn Fn() -> u16 + Sync)) -> Self {
        Self {
            session,
            gateway,
            position: "0".to_owned(),
            heard: Vec::new(),
        }
    }

    /// Listens until `enough`, through whatever breaks.
    fn listen_until(&mut self, enough: impl Fn(&Value) -> bool) {
        let cookie = format!("PHPSESSID={}", self.session);
        loop {
            let path = format!("/sso/ws?lastEventId={}", self.position);
            let port = (self.gateway)();
            let Ok(tcp) = std::net::TcpStream::connect(("127.0.0.1", port)) else {
                thread::sleep(Duration::from_millis(20));
                continue;
            };
            tcp.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let Ok(mut socket) = Socket::over(tcp, port, &path, &[("Cookie", &cookie)]) else {
                thread::sleep(Duration::from_millis(20));
                continue;
            };
            loop {
                match socket.heed() {
                    Ok(event) => {
                        assert_ne!(kind(&event), "gap");
                        self.position = event["sequence"].as_str().unwrap().to_owned();
                        if kind(&event) == "message" {
                            let payload = event["data"]["payload"].clone();
                            let done = enough(&payload);
                            self.heard.push(payload);
                            if done {
                                return;
                            }
                        }
                    }
                    Err(code) => {
                        assert!(
                            code.is_none_or(|code| !(4000..4500).contains(&code)),
                            "{code:?}"
                        );
                        break;
                    }
                }
            }
        }
    }
}

/// The messages to a login that stand in the outbox.
fn in_the_outbox(site: &mut Site, login: LoginId) -> Vec<Value> {
    let mut after = Position::START;
    let mut payloads = Vec::new();
    loop {
        let events = site.0.events(&Realm::default(), &after, 1000).unwrap();
        let Some(last) = events.last() else {
            return payloads;
        };
        after = last.position.clone();
        for event in &events {
            let event: Value = serde_json::from_str(&event.json).unwrap();
            if kind(&event) == "message" && event["data"]["login"] == login.to_string() {
                payloads.push(event["data"]["payload"].clone());
            }
        }
    }
}

/// Sends numbers until all are sent; the store may fail meanwhile, and a number be sent twice.
fn send_all(site: &mut Site, uid: &str, count: u64) {
    for n in 0..count {
        let user = user(uid);
        while site.0.notify(&user, None, &n.to_string()).is_err() {
            thread::sleep(Duration::from_millis(10));
        }
        // So that something is left to be sent when what is to break breaks.
        thread::sleep(Duration::from_micros(300));
    }
    while site.0.notify(&user(uid), None, "\"end\"").is_err() {
        thread::sleep(Duration::from_millis(10));
    }
}

fn a_restart_of_the_gateway_loses_and_doubles_nothing(backing: &Backing) {
    let mut gateway = backing.gateway(&[]);
    let mut site = backing.site();
    let login = site.log_in("one", "ann", "web");
    let port = gateway.port();
    let heard = thread::scope(|scope| {
        let listening = scope.spawn(move || {
            let same = || port;
            let mut client = Client::new("one", &same);
            client.listen_until(|payload| payload == "end");
            client.heard
        });
        let mut sender = backing.site();
        let sending = scope.spawn(move || send_all(&mut sender, "ann", 1000));
        let mut restarts = 0;
        while !sending.is_finished() || restarts < 2 {
            gateway.kill9();
            gateway.start_again();
            restarts += 1;
            thread::sleep(Duration::from_millis(50));
        }
        listening.join().unwrap()
    });
    assert_eq!(heard.len(), 1001);
    assert_eq!(heard, in_the_outbox(&mut site, login));
}

fn a_restart_of_the_store_loses_and_doubles_nothing(mut backing: Backing) {
    let gateway = backing.gateway(&[]);
    let mut site = backing.site();
    let login = site.log_in("one", "ann", "web");
    let port = gateway.port();
    let mut sender = backing.site();
    let heard = thread::scope(|scope| {
        let listening = scope.spawn(move || {
            let same = || port;
            let mut client = Client::new("one", &same);
            client.listen_until(|payload| payload == "end");
            client.heard
        });
        let sending = scope.spawn(move || send_all(&mut sender, "ann", 1000));
        let mut restarts = 0;
        while restarts < 2 || (!sending.is_finished() && restarts < 5) {
            thread::sleep(Duration::from_millis(30));
            backing.restart();
            restarts += 1;
        }
        sending.join().unwrap();
        listening.join().unwrap()
    });
    assert!(heard.len() >= 1001);
    let mut site = backing.site();
    assert_eq!(heard, in_the_outbox(&mut site, login));
}

fn who_connects_while_events_are_written_misses_none(backing: &Backing) {
    let gateway = backing.gateway(&[]);
    let mut site = backing.site();
    site.log_in("one", "ann", "web");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let mut sender = backing.site();
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
            // What was missed, and some of what comes then.
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

/// A browser that is connected, and what it must hear.
struct Browser {
    login: LoginId,
    uid: String,
    device: &'static str,
    socket: Socket,
    expected: Vec<Value>,
    end: Option<(&'static str, u16)>,
}

fn whatever_happens_each_login_hears_of_itself_only(backing: &Backing) {
    const DEVICES: [&str; 3] = ["web", "ios", "pc"];
    let gateway = backing.gateway(&[]);
    let mut site = backing.site();
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let mut browsers: Vec<Browser> = Vec::new();
    for step in 0..tries(200) {
        let uid = format!("user{}", dice.roll(4));
        let device = DEVICES[dice.roll(3)];
        let lives = |b: &Browser| b.end.is_none() && b.uid == uid;
        match dice.roll(10) {
            0..4 => {
                let session = format!("session{step}");
                let login = site.log_in(&session, &uid, device);
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
                let of_device = Which {
                    device: Some(rsso_core::login::Device::parse(device.as_bytes()).unwrap()),
                    ..Which::default()
                };
                let mut hit = browsers
                    .iter_mut()
                    .filter(|b| lives(b) && b.device == device);
                let victim = hit.next();
                assert_eq!(site.kick(&uid, &of_device), usize::from(victim.is_some()));
                if let Some(victim) = victim {
                    victim.end = Some(("kicked", 4002));
                }
            }
            5 => {
                let Some(leaver) = browsers.iter_mut().find(|b| lives(b)) else {
                    continue;
                };
                let which = Which {
                    login: Some(leaver.login),
                    ..Which::default()
                };
                assert_eq!(site.kick(&uid, &which), 1);
                leaver.end = Some(("kicked", 4002));
            }
            other => {
                let only = (other == 6).then_some(device);
                site.notify(&uid, only, &json!(step));
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
        site.notify(&format!("user{n}"), None, &json!("end"));
    }
    for browser in browsers {
        browser.judge();
    }
}

impl Browser {
    fn judge(mut self) {
        let mut heard = Vec::new();
        let end = loop {
            match self.socket.heed() {
                Ok(event) => {
                    assert_eq!(event["data"]["login"], self.login.to_string(), "{event}");
                    match kind(&event) {
                        "connected" => {}
                        "message" if event["data"]["payload"] == "end" => break None,
                        "message" => heard.push(event["data"]["payload"].clone()),
                        ending => {
                            let (expected, code) = self.end.expect("it lives");
                            assert_eq!(ending, expected);
                            assert_eq!(self.socket.heed(), Err(Some(code)));
                            break Some((expected, code));
                        }
                    }
                }
                Err(code) => panic!("{code:?} without an event"),
            }
        };
        assert_eq!(end, self.end);
        assert_eq!(heard, self.expected);
    }
}

/// The same numbers each time (xorshift64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

fn two_gateways_say_the_same(backing: &Backing) {
    let gateways = [backing.gateway(&[]), backing.gateway(&[])];
    let mut site = backing.site();
    site.log_in("one", "ann", "web");
    let mut sender = backing.site();
    let turn = std::sync::atomic::AtomicUsize::new(0);
    thread::scope(|scope| {
        let sending = scope.spawn(move || send_all(&mut sender, "ann", 300));
        // From one to the other and back, with the position that the other gave.
        let ports: Vec<u16> = gateways.iter().map(Gateway::port).collect();
        let next = || ports[turn.fetch_add(1, Ordering::Relaxed) % 2];
        let mut client = Client::new("one", &next);
        for until in (9..300_u64).step_by(10) {
            client.listen_until(|payload| *payload == until);
        }
        client.listen_until(|payload| payload == "end");
        sending.join().unwrap();
        let numbers: Vec<Value> = (0..300).map(|n| json!(n)).chain([json!("end")]).collect();
        assert_eq!(client.heard, numbers);
    });
}

#[test]
fn a_transaction_that_commits_late_is_not_skipped() {
    let backing = Backing::mysql();
    let Backing::Mysql(server) = &backing else {
        unreachable!()
    };
    let gateway = backing.gateway(&[]);
    let mut site = backing.site();
    let login = site.log_in("one", "ann", "web");
    site.log_in("two", "bob", "web");
    let mut ann = gateway.socket("one", None).unwrap();
    let mut bob = gateway.socket("two", None).unwrap();
    ann.event();
    bob.event();
    let late = json!({
        "specversion": "1.0", "id": "late", "source": "urn:rsso:default", "type": "io.rsso.message.v1",
        "data": {"login": login, "uid": "ann", "device": "web", "label": null, "payload": "late"},
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
        // They come behind it, or they would be handed on before it.
        (0..20).for_each(|n| assert_eq!(site.notify("bob", None, &json!(n)), 1));
        slow.join().unwrap();
    });
    assert_eq!(ann.event()["data"]["payload"], "late");
    let numbers: Vec<_> = (0..20)
        .map(|_| bob.event()["data"]["payload"].clone())
        .collect();
    assert_eq!(numbers, (0..20).map(|n| json!(n)).collect::<Vec<_>>());
}
