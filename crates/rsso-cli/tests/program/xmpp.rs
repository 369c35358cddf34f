//! The whole path of an event to an XMPP client: store, outbox, relay, XMPP server.

use std::collections::HashSet;
use std::time::Duration;

use crate::common::backend::{Backend, kind, tries};
use crate::common::relay::{RelaySetup, xmpp};

use rsso_core::login::Client;
use rsso_testkit::xmpp::SECRET;
use rsso_testkit::{Gateway, XmppClients, XmppServer, eventually};
use serde_json::Value;

const DELIVERED: &str = "rsso_xmpp_messages_total{result=\"delivered\"}";

fn every_replaced_login_gets_a_message(mut server: XmppServer, backend: &Backend) {
    let mut clients = server.clients(&["alice@example.org/web"]);
    let setup = RelaySetup::new();
    let gateway = setup.gateway(backend, &xmpp(&server, "reconnect_grace = 10"));
    let mut app = backend.application();
    let count = tries(20);
    let mut kicked = app.log_in("s0", "alice", "web");
    let (mut told, mut under_way) = (Vec::new(), None);
    for number in 1..=count {
        if number == count / 2 {
            // Without this wait a message that was seen but not confirmed would come again.
            let confirmed = || (gateway.metric(DELIVERED) >= (number - 1) as f64).then_some(());
            eventually("all is confirmed", Duration::from_secs(20), confirmed);
        }
        let newer = app.log_in(&format!("s{number}"), "alice", "web");
        if number == count / 2 {
            // The message is on its way now.
            server.stop();
            under_way = Some(kicked.to_string());
        } else if number == count * 3 / 4 {
            server.restart();
        }
        if !(count / 2..count * 3 / 4).contains(&number) {
            told.push(next(&mut clients, &gateway));
        }
        if number == 1 {
            assert_eq!(told[0].login, kicked.to_string());
        }
        kicked = newer;
    }
    while told.len() < count {
        told.push(next(&mut clients, &gateway));
    }
    let extra = clients.next_within("message", Duration::from_secs(1));
    assert_eq!(extra, None);
    let logins: HashSet<_> = told.iter().map(|notice| &notice.login).collect();
    assert_eq!(logins.len(), count);
    // Delivery is at least once: the server may have stopped after the message arrived, before it confirmed.
    for again in clients.repeated_ids() {
        let notice = told.iter().find(|notice| notice.id == again).unwrap();
        assert_eq!(Some(&notice.login), under_way.as_ref());
    }
    let delivered = gateway.metric(DELIVERED);
    assert!(delivered >= count as f64, "{delivered}");
    assert!(!gateway.log().contains(SECRET));
}

/// A kick as an XMPP client gets it.
struct Notice {
    id: String,
    login: String,
}

fn next(clients: &mut XmppClients, gateway: &Gateway) -> Notice {
    let Some(message) = clients.next_within("message", Duration::from_secs(60)) else {
        panic!("a kick does not arrive:\n{}", gateway.log());
    };
    let event: Value = serde_json::from_str(message["event"].as_str().unwrap()).unwrap();
    assert_eq!(kind(&event), "kicked");
    Notice {
        id: message["id"].as_str().unwrap().to_owned(),
        login: event["data"]["login"].as_str().unwrap().to_owned(),
    }
}

fn a_login_is_notified_of_another_one(server: &XmppServer, backend: &Backend) {
    let mut clients = server.clients(&["alice@example.org/web"]);
    let setup = RelaySetup::new();
    let gateway = setup.gateway(backend, &xmpp(server, ""));
    let mut app = backend.application();
    let web = app.log_in("web", "alice", "web");
    let phone = app.log_in_notifying_others("phone", "alice", "ios", "a phone", Client::default());
    let Some(message) = clients.next_within("message", Duration::from_secs(60)) else {
        panic!("it does not arrive:\n{}", gateway.log());
    };
    let event: Value = serde_json::from_str(message["event"].as_str().unwrap()).unwrap();
    assert_eq!(kind(&event), "elsewhere");
    assert_eq!(event["data"]["login"], web.to_string());
    assert_eq!(event["data"]["by"]["login"], phone.to_string());
    let body = message["body"].as_str().unwrap();
    assert!(body.contains("another device (ios)"), "{body}");
}

#[test]
fn through_prosody_a_login_is_notified_of_another_one() {
    let server = XmppServer::prosody(&["alice"]);
    a_login_is_notified_of_another_one(&server, &Backend::sqlite());
}

#[test]
fn through_prosody_every_replaced_login_gets_a_message() {
    let server = XmppServer::prosody(&["alice"]);
    every_replaced_login_gets_a_message(server, &Backend::sqlite());
}

#[test]
fn through_ejabberd_every_replaced_login_gets_a_message() {
    let server = XmppServer::ejabberd(&["alice"]);
    every_replaced_login_gets_a_message(server, &Backend::redis());
}
