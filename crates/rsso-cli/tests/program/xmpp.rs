//! The whole way: a claim in the store, the outbox, the relay, an XMPP server, its client.

use std::collections::HashSet;
use std::time::Duration;

use crate::common::push::{Backing, kind, tries};
use crate::common::relay::Office;
use rsso_core::login::Client;
use rsso_testkit::xmpp::{COMPONENT, DOMAIN, SECRET};
use rsso_testkit::{Gateway, XmppClients, XmppServer, eventually};
use serde_json::Value;

const DELIVERED: &str = "rsso_xmpp_messages_total{result=\"delivered\"}";

fn every_login_that_is_replaced_is_told(mut server: XmppServer, backing: &Backing) {
    let mut clients = server.clients(&["alice@example.org/web"]);
    let office = Office::new();
    let port = server.component_port();
    let gateway = office.gateway(
        backing,
        &format!(
            "[xmpp]\nserver = \"127.0.0.1:{port}\"\ncomponent = \"{COMPONENT}\"\nsecret = \"{SECRET}\"\n\
             account = \"{{uid}}@{DOMAIN}\"\ngrace = 10\n"
        ),
    );
    let mut site = backing.site();
    let count = tries(20);
    let mut kicked = site.log_in("s0", "alice", "web");
    let (mut told, mut under_way) = (Vec::new(), None);
    for number in 1..=count {
        if number == count / 2 {
            // What was seen may not have been confirmed yet, and would come again.
            let confirmed = || (gateway.metric(DELIVERED) >= (number - 1) as f64).then_some(());
            eventually("all is confirmed", Duration::from_secs(20), confirmed);
        }
        let newer = site.log_in(&format!("s{number}"), "alice", "web");
        if number == count / 2 {
            // Its message is somewhere on its way.
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
    let extra = clients.within("message", Duration::from_secs(1));
    assert_eq!(extra, None);
    let logins: HashSet<_> = told.iter().map(|notice| &notice.login).collect();
    assert_eq!(logins.len(), count);
    // At least once: it may have arrived when the server went, and the server could not say so any more.
    for again in clients.again() {
        let notice = told.iter().find(|notice| notice.id == again).unwrap();
        assert_eq!(Some(&notice.login), under_way.as_ref());
    }
    let delivered = gateway.metric(DELIVERED);
    assert!(delivered >= count as f64, "{delivered}");
    assert!(!gateway.log().contains(SECRET));
}

/// A kick as a client sees it.
struct Notice {
    id: String,
    login: String,
}

fn next(clients: &mut XmppClients, gateway: &Gateway) -> Notice {
    let Some(message) = clients.within("message", Duration::from_secs(60)) else {
        panic!("a kick does not arrive:\n{}", gateway.log());
    };
    let event: Value = serde_json::from_str(message["event"].as_str().unwrap()).unwrap();
    assert_eq!(kind(&event), "kicked");
    Notice {
        id: message["id"].as_str().unwrap().to_owned(),
        login: event["data"]["login"].as_str().unwrap().to_owned(),
    }
}

fn a_login_is_told_of_another_one(server: &XmppServer, backing: &Backing) {
    let mut clients = server.clients(&["alice@example.org/web"]);
    let office = Office::new();
    let port = server.component_port();
    let gateway = office.gateway(
        backing,
        &format!(
            "[xmpp]\nserver = \"127.0.0.1:{port}\"\ncomponent = \"{COMPONENT}\"\nsecret = \"{SECRET}\"\n\
             account = \"{{uid}}@{DOMAIN}\"\n"
        ),
    );
    let mut site = backing.site();
    let web = site.log_in("web", "alice", "web");
    let phone = site.log_in_aloud("phone", "alice", "ios", "a phone", Client::default());
    let Some(message) = clients.within("message", Duration::from_secs(60)) else {
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
fn of_another_login_through_prosody() {
    let server = XmppServer::prosody(&["alice"]);
    a_login_is_told_of_another_one(&server, &Backing::sqlite());
}

#[test]
fn through_prosody() {
    let server = XmppServer::prosody(&["alice"]);
    every_login_that_is_replaced_is_told(server, &Backing::sqlite());
}

#[test]
fn through_ejabberd() {
    let server = XmppServer::ejabberd(&["alice"]);
    every_login_that_is_replaced_is_told(server, &Backing::redis());
}
