//! Webhooks: what a receiver gets, and which events go to which endpoint.

use std::collections::HashSet;
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::common::backend::{Backend, kind, user};
use crate::common::receiver::Receiver;
use crate::common::relay::{OTHER_SECRET, RelaySetup, SECRET, webhook};
use crate::common::{json, rsso};

use rsso_core::login::{Client, LoginSelector};
use rsso_core::store::receipts;
use rsso_testkit::{Certificates, eventually};
use serde_json::json;

on_every_store!(
    an_event_is_delivered_signed_and_in_order,
    events_while_the_gateway_was_down_are_delivered,
    a_waiting_claim_learns_of_a_webhooks_delivery,
);

fn an_event_is_delivered_signed_and_in_order(backend: &Backend) {
    let (setup, receiver) = (RelaySetup::new(), Receiver::verifying(SECRET));
    let mut app = backend.application();
    app.log_in("before", "ann", "web");
    let gateway = setup.gateway(backend, &webhook(&receiver.url(), "[]", ""));
    let login = app.log_in("new", "ann", "web");
    app.notify("ann", None, &json!("é \"quoted\" </script>"));
    app.kick("ann", &LoginSelector::default());
    let requests = receiver.wait_for(4);
    let events: Vec<_> = requests.iter().map(|r| r.json()).collect();
    // Events from before the first start of the relay are not delivered.
    let kinds: Vec<_> = events.iter().map(kind).collect();
    let (last, first) = (&kinds[2..], HashSet::from([kinds[0], kinds[1]]));
    assert_eq!(first, HashSet::from(["kicked", "claimed"]), "{kinds:?}");
    assert_eq!(last, ["message", "kicked"]);
    assert_eq!(events[3]["data"]["login"], login.to_string());
    assert_eq!(events[2]["data"]["payload"], "é \"quoted\" </script>");
    let outbox = rsso(&["tail", "--json", "--dsn", &backend.dsn()]).ok();
    let outbox: Vec<_> = outbox.lines().map(json).collect();
    assert_eq!(outbox[1..], events);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    for (request, event) in requests.iter().zip(&events) {
        assert_eq!(request.line, "POST /hook HTTP/1.1");
        assert_eq!(request.id(), event["id"]);
        assert_eq!(
            request.header("content-type"),
            "application/cloudevents+json"
        );
        assert!(request.header("user-agent").starts_with("rsso/"));
        let timestamp: u64 = request.header("webhook-timestamp").parse().unwrap();
        assert!(now.as_secs().abs_diff(timestamp) < 30, "{timestamp}");
        assert!(request.is_signed_with(SECRET) && !request.is_signed_with(OTHER_SECRET));
    }
    setup.wait_for(0, 0, 0);
    let delivered = "rsso_relay_deliveries_total{endpoint=\"hook\",result=\"delivered\"}";
    assert_eq!(gateway.metric(delivered), 4.0);
    assert_eq!(gateway.metric("rsso_relay_pending{endpoint=\"hook\"}"), 0.0);
    assert_eq!(receiver.count(), 4);
}

fn events_while_the_gateway_was_down_are_delivered(backend: &Backend) {
    let (setup, receiver) = (RelaySetup::new(), Receiver::accepting_all());
    let mut gateway = setup.gateway(backend, &webhook(&receiver.url(), "[]", ""));
    let mut app = backend.application();
    app.log_in("a", "ann", "web");
    receiver.wait_for(1);
    setup.wait_for(0, 0, 0);
    gateway.stop();
    app.log_in("b", "bob", "web");
    app.notify("bob", None, &json!(1));
    gateway.start_again();
    let requests = receiver.wait_for(3);
    let kinds: Vec<_> = requests.iter().map(|r| r.json()).collect();
    let kinds: Vec<_> = kinds.iter().map(kind).collect();
    assert_eq!(kinds, ["claimed", "claimed", "message"]);
}

fn a_waiting_claim_learns_of_a_webhooks_delivery(backend: &Backend) {
    let (setup, receiver) = (RelaySetup::new(), Receiver::accepting_all());
    let _gateway = setup.gateway(backend, &webhook(&receiver.url(), "[]", ""));
    let mut app = backend.application();
    let realm = user("ann").realm;
    eventually("it says that it is there", Duration::from_secs(30), || {
        app.0.has_gateway(&realm).unwrap().then_some(())
    });
    app.log_in("one", "ann", "web");
    let (_, mut kicks) = app.claim("two", "ann", "web", "elsewhere");
    receipts::collect(&mut *app.0, &realm, &mut kicks, Duration::from_secs(20));
    assert_eq!(kicks[0].delivered, Some(true));
}

#[test]
fn during_a_rotation_of_secrets_either_secret_verifies() {
    let (backend, setup) = (Backend::sqlite(), RelaySetup::new());
    let (old, new) = (
        Receiver::verifying(SECRET),
        Receiver::verifying(OTHER_SECRET),
    );
    let file = setup.dir.write_secret(
        "secrets",
        &format!("# the new one\n{OTHER_SECRET}\n{SECRET}\n"),
    );
    let tables: String = [&old, &new]
        .iter()
        .map(|receiver| {
            format!(
                "[[webhook]]\nurl = \"{}\"\nsecrets_file = \"{}\"\n",
                receiver.url(),
                file.display()
            )
        })
        .collect();
    let _gateway = setup.gateway(&backend, &tables);
    backend.application().log_in("a", "ann", "web");
    for receiver in [&old, &new] {
        let request = &receiver.wait_for(1)[0];
        assert!(request.is_signed_with(SECRET) && request.is_signed_with(OTHER_SECRET));
    }
    setup.wait_for(0, 0, 0);
    setup.wait_for(1, 0, 0);
    assert_eq!((old.count(), new.count()), (1, 1));
}

#[test]
fn an_endpoint_gets_only_its_types_and_realms() {
    let (backend, setup) = (Backend::sqlite(), RelaySetup::new());
    let (kicks, shop) = (Receiver::accepting_all(), Receiver::accepting_all());
    let tables = format!(
        "{}[[webhook]]\nname = \"shop\"\nurl = \"{}\"\nsecrets = \"{SECRET}\"\nrealms = [\"shop\", \"default\"]\n\
         types = [\"message\"]\n",
        webhook(
            &kicks.url(),
            "[]",
            "types = [\"login.kicked\", \"login.released\", \"login.elsewhere\"]"
        ),
        shop.url()
    );
    let gateway = setup.gateway(&backend, &tables);
    rsso_testkit::eventually("both realms", Duration::from_secs(20), || {
        (gateway.log().matches("the relay begins").count() == 2).then_some(())
    });
    let mut app = backend.application();
    app.log_in("a", "ann", "web");
    app.log_in("b", "ann", "web");
    app.notify("ann", None, &json!(1));
    let mut other = crate::common::open_store(&backend.dsn());
    crate::common::backend::log_in_to_realm(&mut *other, "shop", "s", "zoe");
    app.log_in_notifying_others("c", "ann", "ios", "a phone", Client::default());
    app.log_out("b");
    kicks.wait_for(3);
    let messages = shop.wait_for(2);
    let sources: HashSet<_> = messages
        .iter()
        .map(|r| r.json()["source"].to_string())
        .collect();
    assert_eq!(sources.len(), 2, "{sources:?}");
    sleep(Duration::from_millis(200));
    let kinds: Vec<_> = kicks.requests().iter().map(|r| r.json()).collect();
    assert_eq!(
        kinds.iter().map(kind).collect::<Vec<_>>(),
        ["kicked", "elsewhere", "released"]
    );
    assert_eq!(shop.count(), 2);
}

#[test]
fn an_untrusted_certificate_is_refused() {
    let (backend, setup) = (Backend::sqlite(), RelaySetup::new());
    let certificates = Certificates::generate(&setup.dir);
    let receiver = Receiver::start_tls(&certificates);
    let other_dir = rsso_testkit::WorkDir::new();
    let other = Certificates::generate(&other_dir);
    let tables = format!(
        "{}[[webhook]]\nname = \"wrong\"\nurl = \"{}\"\nsecrets = \"{SECRET}\"\nretry_schedule = []\nca_file = \"{}\"\n",
        webhook(
            &receiver.url(),
            "[]",
            &format!("ca_file = \"{}\"", certificates.ca.display())
        ),
        receiver.url(),
        other.ca.display()
    );
    let _gateway = setup.gateway(&backend, &tables);
    backend.application().log_in("a", "ann", "web");
    let request = &receiver.wait_for(1)[0];
    assert!(request.is_signed_with(SECRET));
    let dead = setup.wait_for(1, 0, 1);
    let problem = dead["dead_letters"][0]["problem"].as_str().unwrap();
    assert!(problem.contains("certificate"), "{problem}");
    assert_eq!(receiver.count(), 1);
}

#[test]
fn a_second_gateway_on_the_same_state_waits_for_the_first() {
    let (backend, setup) = (Backend::sqlite(), RelaySetup::new());
    let receiver = Receiver::accepting_all();
    let mut first = setup.gateway(&backend, &webhook(&receiver.url(), "[]", ""));
    let path = setup.dir.join("serve.toml").display().to_string();
    let second = backend.gateway(&["--config", &path]);
    rsso_testkit::eventually("it waits", Duration::from_secs(20), || {
        second.log().contains("the relay waits").then_some(())
    });
    let mut app = backend.application();
    app.log_in("a", "ann", "web");
    receiver.wait_for(1);
    setup.wait_for(0, 0, 0);
    first.kill9();
    app.log_in("b", "bob", "web");
    receiver.wait_for(2);
    setup.wait_for(0, 0, 0);
    assert_eq!(receiver.count(), 2);
}
