//! The bridge against real servers and a real client. `RSSO_TRIES=200`: as often as the promise says.
#![expect(clippy::print_stdout, reason = "how long it took is worth knowing")]

use std::time::Duration;

use rsso_core::login::event::{Event, Kind, Moment, Position};
use rsso_core::login::{Device, Identity, LoginId, Uid};
use rsso_testkit::XmppServer;
use rsso_testkit::xmpp::{Answer, COMPONENT, DOMAIN, SECRET};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::*;
use crate::delivery::{Delivery, Sink, Verdict};

/// Accounts as the server stores them; the last is `at@slash/` of the application.
const ACCOUNTS: [&str; 3] = ["alice", "bob", "at\\40slash\\2f"];

macro_rules! on_each_server {
    ($($name:ident)*) => {
        mod prosody {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(XmppServer::prosody(&ACCOUNTS)).await;
            })*
        }
        mod ejabberd {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(XmppServer::ejabberd(&ACCOUNTS)).await;
            })*
        }
    };
}

mod accounts;
mod deliveries;
mod failures;
mod tls;

fn tries() -> usize {
    let tries = std::env::var("RSSO_TRIES").ok();
    tries.map_or(20, |tries| tries.parse().expect("RSSO_TRIES is a number"))
}

fn settings(server: &XmppServer, more: &str) -> Settings {
    let port = server.component_port();
    let account = if more.contains("account_query") {
        String::new()
    } else {
        format!("account = '{{uid}}@{DOMAIN}'\n")
    };
    let config: XmppConfig = toml::from_str(&format!(
        "server = '127.0.0.1:{port}'\ncomponent = '{COMPONENT}'\nsecret = \"{SECRET}\"\n{account}reconnect_grace = 10\n{more}"
    ))
    .unwrap();
    Settings::new(config).unwrap()
}

fn bridge(server: &XmppServer, more: &str) -> Xmpp {
    Xmpp::start(settings(server, more)).unwrap()
}

fn identity(uid: &[u8], label: &str) -> Identity {
    let device = Device::parse(b"web").unwrap();
    Identity::new(
        LoginId::new().unwrap(),
        &Uid::parse(uid).unwrap(),
        &device,
        Some(label),
    )
}

fn delivery(kind: Kind, who: &Identity, more: &Value) -> Delivery {
    let mut data = json!(who);
    data["at"] = json!(1);
    data.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let id = Moment::now().unwrap().name();
    let json = json!({
        "specversion": "1.0",
        "id": id,
        "type": kind.as_str(),
        "source": "urn:rsso:default",
        "subject": who.uid,
        "time": "2026-01-01T00:00:00.000Z",
        "data": data,
    });
    let event = Event {
        position: Position::from_number(7),
        json: json.to_string(),
        outlived: false,
    };
    Delivery {
        id: 1,
        event_id: id,
        position: "7".to_owned(),
        kind: kind.as_str().to_owned(),
        event: event.to_json(),
        attempt: 1,
    }
}

fn kick(uid: &str) -> Delivery {
    let by = json!({"login": LoginId::new().unwrap(), "device": "web", "label": "new", "ip": null});
    let more = json!({"reason": "replaced", "code": -4, "by": by, "at": 1});
    delivery(Kind::Kicked, &identity(uid.as_bytes(), "old"), &more)
}

async fn until_delivered(bridge: &Xmpp, delivery: &Delivery) {
    until_done(bridge, delivery, Verdict::Delivered).await;
}

/// As the worker does it.
async fn until_done(bridge: &Xmpp, delivery: &Delivery, done: Verdict) {
    let end = Instant::now() + Duration::from_secs(90);
    loop {
        match bridge.deliver(delivery).await {
            verdict if verdict == done => return,
            Verdict::Postpone(_) if Instant::now() < end => {
                sleep(Duration::from_millis(100)).await;
            }
            other => panic!("{other:?}"),
        }
    }
}
