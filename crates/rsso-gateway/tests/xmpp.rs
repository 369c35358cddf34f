//! The whole way: a claim in the store, the outbox, the relay, an XMPP server, its client.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    unreachable_pub,
    missing_docs,
    reason = "a test fails by panicking, and nobody reads its documentation but in its name"
)]

mod common;

use common::push::{Backing, kind, tries};
use common::relay::Office;
use rsso_testkit::xmpp::{COMPONENT, DOMAIN, SECRET};
use rsso_testkit::{Ejabberd, Prosody, XmppServer};
use serde_json::Value;

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
    let mut told = Vec::new();
    for number in 1..=count {
        let newer = site.log_in(&format!("s{number}"), "alice", "web");
        if number == count / 2 {
            server.stop();
        } else if number == count * 3 / 4 {
            server.restart();
        }
        if !(count / 2..count * 3 / 4).contains(&number) {
            let message = clients.next("message");
            told.push(message.clone());
        }
        if told.len() == 1 && number == 1 {
            let event: Value = serde_json::from_str(told[0]["event"].as_str().unwrap()).unwrap();
            assert_eq!(event["data"]["login"], kicked.to_string());
            assert_eq!(kind(&event), "kicked");
        }
        kicked = newer;
    }
    while told.len() < count {
        told.push(clients.next("message"));
    }
    let extra = clients.within("message", std::time::Duration::from_secs(1));
    assert_eq!(extra, None);
    let mut ids: Vec<_> = told
        .iter()
        .map(|message| message["id"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
    let delivered = gateway.metric("rsso_xmpp_messages_total{result=\"delivered\"}");
    assert!(delivered >= count as f64, "{delivered}");
    assert!(!gateway.log().contains(SECRET));
}

#[test]
fn through_prosody() {
    let server = XmppServer::Prosody(Prosody::start(&["alice"]));
    every_login_that_is_replaced_is_told(server, &Backing::sqlite());
}

#[test]
fn through_ejabberd() {
    let server = XmppServer::Ejabberd(Ejabberd::start(&["alice"]));
    every_login_that_is_replaced_is_told(server, &Backing::redis());
}
