//! `rsso serve` while the gateway or the store restarts: no event is lost or doubled.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use crate::common::backend::{Application, Backend, kind, user};

use rsso_core::login::event::Position;
use rsso_core::login::{LoginId, Realm};
use rsso_testkit::Gateway;
use rsso_testkit::gateway::WsClient;
use serde_json::{Value, json};

on_every_store!(
    a_restart_of_the_gateway_neither_loses_nor_doubles_events,
    two_gateways_deliver_the_same_events,
);

#[test]
fn a_restart_of_redis_neither_loses_nor_doubles_events() {
    a_restart_of_the_store_neither_loses_nor_doubles_events(Backend::redis());
}

#[test]
fn a_restart_of_mariadb_neither_loses_nor_doubles_events() {
    a_restart_of_the_store_neither_loses_nor_doubles_events(Backend::mysql());
}

/// A client that reconnects with its last position, as browsers do.
struct Client<'a> {
    session: &'a str,
    gateway: &'a (dyn Fn() -> u16 + Sync),
    position: String,
    received: Vec<Value>,
}

impl<'a> Client<'a> {
    fn new(session: &'a str, gateway: &'a (dyn Fn() -> u16 + Sync)) -> Self {
        Self {
            session,
            gateway,
            position: "0".to_owned(),
            received: Vec::new(),
        }
    }

    /// Collects messages until `enough`, and reconnects whenever the connection breaks.
    fn receive_until(&mut self, enough: impl Fn(&Value) -> bool) {
        let cookie = format!("PHPSESSID={}", self.session);
        loop {
            let path = format!("/sso/ws?lastEventId={}", self.position);
            let port = (self.gateway)();
            let Ok(tcp) = std::net::TcpStream::connect(("127.0.0.1", port)) else {
                thread::sleep(Duration::from_millis(20));
                continue;
            };
            tcp.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let Ok(mut socket) = WsClient::over(tcp, port, &path, &[("Cookie", &cookie)]) else {
                thread::sleep(Duration::from_millis(20));
                continue;
            };
            loop {
                match socket.next_event() {
                    Ok(event) => {
                        assert_ne!(kind(&event), "gap");
                        self.position = event["sequence"].as_str().unwrap().to_owned();
                        if kind(&event) == "message" {
                            let payload = event["data"]["payload"].clone();
                            let done = enough(&payload);
                            self.received.push(payload);
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

/// The messages to a login in the outbox.
fn messages_in_outbox(app: &mut Application, login: LoginId) -> Vec<Value> {
    let mut after = Position::START;
    let mut payloads = Vec::new();
    loop {
        let events = app.0.events(&Realm::default(), &after, 1000).unwrap();
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

/// Sends the numbers below `count`, then `end`; a number may be sent twice if the store fails.
fn send_all(app: &mut Application, uid: &str, count: u64) {
    for n in 0..count {
        let user = user(uid);
        while app.0.notify(&user, None, &n.to_string()).is_err() {
            thread::sleep(Duration::from_millis(10));
        }
        // Slow enough that a restart happens while there is something left to send.
        thread::sleep(Duration::from_micros(300));
    }
    while app.0.notify(&user(uid), None, "\"end\"").is_err() {
        thread::sleep(Duration::from_millis(10));
    }
}

fn a_restart_of_the_gateway_neither_loses_nor_doubles_events(backend: &Backend) {
    let mut gateway = backend.gateway(&[]);
    let mut app = backend.application();
    let login = app.log_in("one", "ann", "web");
    let port = gateway.port();
    let received = thread::scope(|scope| {
        let listening = scope.spawn(move || {
            let same = || port;
            let mut client = Client::new("one", &same);
            client.receive_until(|payload| payload == "end");
            client.received
        });
        let mut sender = backend.application();
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
    assert_eq!(received.len(), 1001);
    assert_eq!(received, messages_in_outbox(&mut app, login));
}

fn a_restart_of_the_store_neither_loses_nor_doubles_events(mut backend: Backend) {
    let gateway = backend.gateway(&[]);
    let mut app = backend.application();
    let login = app.log_in("one", "ann", "web");
    let port = gateway.port();
    let mut sender = backend.application();
    let received = thread::scope(|scope| {
        let listening = scope.spawn(move || {
            let same = || port;
            let mut client = Client::new("one", &same);
            client.receive_until(|payload| payload == "end");
            client.received
        });
        let sending = scope.spawn(move || send_all(&mut sender, "ann", 1000));
        let mut restarts = 0;
        while restarts < 2 || (!sending.is_finished() && restarts < 5) {
            thread::sleep(Duration::from_millis(30));
            backend.restart();
            restarts += 1;
        }
        sending.join().unwrap();
        listening.join().unwrap()
    });
    assert!(received.len() >= 1001);
    let mut app = backend.application();
    assert_eq!(received, messages_in_outbox(&mut app, login));
}

fn two_gateways_deliver_the_same_events(backend: &Backend) {
    let gateways = [backend.gateway(&[]), backend.gateway(&[])];
    let mut app = backend.application();
    app.log_in("one", "ann", "web");
    let mut sender = backend.application();
    let turn = std::sync::atomic::AtomicUsize::new(0);
    thread::scope(|scope| {
        let sending = scope.spawn(move || send_all(&mut sender, "ann", 300));
        // The client changes between the two, with the position that the other gave.
        let ports: Vec<u16> = gateways.iter().map(Gateway::port).collect();
        let next = || ports[turn.fetch_add(1, Ordering::Relaxed) % 2];
        let mut client = Client::new("one", &next);
        for until in (9..300_u64).step_by(10) {
            client.receive_until(|payload| *payload == until);
        }
        client.receive_until(|payload| payload == "end");
        sending.join().unwrap();
        let numbers: Vec<Value> = (0..300).map(|n| json!(n)).chain([json!("end")]).collect();
        assert_eq!(client.received, numbers);
    });
}
