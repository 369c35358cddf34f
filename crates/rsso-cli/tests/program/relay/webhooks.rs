//! Webhooks of `rsso serve`: what a receiver gets, and what becomes of what it does not take.

use std::collections::HashSet;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::common::push::{Backing, kind, user};
use crate::common::receiver::{Receiver, Reply};
use crate::common::relay::{OTHER_SECRET, Office, SECRET, webhook};
use crate::common::{json, rsso};
use rsso_core::login::{Client, Which};
use rsso_core::store::receipts;
use rsso_testkit::{Certificates, eventually};
use serde_json::json;

on_every_store!(
    an_event_is_delivered_signed_and_in_order,
    what_happened_while_the_gateway_was_down_is_delivered,
    a_claim_that_waits_hears_of_a_webhook,
);

fn an_event_is_delivered_signed_and_in_order(backing: &Backing) {
    let (office, receiver) = (Office::new(), Receiver::verifying(SECRET));
    let mut site = backing.site();
    site.log_in("before", "ann", "web");
    let gateway = office.gateway(backing, &webhook(&receiver.url(), "[]", ""));
    let login = site.log_in("new", "ann", "web");
    site.notify("ann", None, &json!("é \"quoted\" </script>"));
    site.kick("ann", &Which::default());
    let requests = receiver.wait_for(4);
    let events: Vec<_> = requests.iter().map(|r| r.json()).collect();
    // What happened before the relay began is no news.
    let kinds: Vec<_> = events.iter().map(kind).collect();
    let (last, first) = (&kinds[2..], HashSet::from([kinds[0], kinds[1]]));
    assert_eq!(first, HashSet::from(["kicked", "claimed"]), "{kinds:?}");
    assert_eq!(last, ["message", "kicked"]);
    assert_eq!(events[3]["data"]["login"], login.to_string());
    assert_eq!(events[2]["data"]["payload"], "é \"quoted\" </script>");
    let outbox = rsso(&["tail", "--json", "--dsn", &backing.dsn()]).ok();
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
    office.wait_for(0, 0, 0);
    let delivered = "rsso_relay_deliveries_total{endpoint=\"hook\",result=\"delivered\"}";
    assert_eq!(gateway.metric(delivered), 4.0);
    assert_eq!(gateway.metric("rsso_relay_pending{endpoint=\"hook\"}"), 0.0);
    assert_eq!(receiver.count(), 4);
}

fn what_happened_while_the_gateway_was_down_is_delivered(backing: &Backing) {
    let (office, receiver) = (Office::new(), Receiver::willing());
    let mut gateway = office.gateway(backing, &webhook(&receiver.url(), "[]", ""));
    let mut site = backing.site();
    site.log_in("a", "ann", "web");
    receiver.wait_for(1);
    office.wait_for(0, 0, 0);
    gateway.stop();
    site.log_in("b", "bob", "web");
    site.notify("bob", None, &json!(1));
    gateway.start_again();
    let requests = receiver.wait_for(3);
    let kinds: Vec<_> = requests.iter().map(|r| r.json()).collect();
    let kinds: Vec<_> = kinds.iter().map(kind).collect();
    assert_eq!(kinds, ["claimed", "claimed", "message"]);
}

fn a_claim_that_waits_hears_of_a_webhook(backing: &Backing) {
    let (office, receiver) = (Office::new(), Receiver::willing());
    let _gateway = office.gateway(backing, &webhook(&receiver.url(), "[]", ""));
    let mut site = backing.site();
    let realm = user("ann").realm;
    eventually("it says that it is there", Duration::from_secs(30), || {
        site.0.is_attended(&realm).unwrap().then_some(())
    });
    site.log_in("one", "ann", "web");
    let (_, mut kicks) = site.claim("two", "ann", "web", "elsewhere");
    receipts::collect(&mut *site.0, &realm, &mut kicks, Duration::from_secs(20));
    assert_eq!(kicks[0].delivered, Some(true));
}

#[test]
fn nine_failures_and_then_it_is_delivered_once() {
    for backing in [Backing::sqlite(), Backing::redis()] {
        let office = Office::new();
        let receiver = Receiver::start(|_, nth| Reply::status(if nth < 10 { 500 } else { 200 }));
        let pauses = "[0, 0, 0, 0, 0, 0, 0, 0, 0]";
        let gateway = office.gateway(&backing, &webhook(&receiver.url(), pauses, ""));
        backing.site().log_in("a", "ann", "web");
        let requests = receiver.wait_for(10);
        let ids: HashSet<_> = requests.iter().map(|r| r.id()).collect();
        assert_eq!(ids.len(), 1, "the same id each time");
        assert!(requests.iter().all(|r| r.is_signed_with(SECRET)));
        office.wait_for(0, 0, 0);
        let count = |result| {
            let labels = format!("{{endpoint=\"hook\",result=\"{result}\"}}");
            gateway.metric(&format!("rsso_relay_deliveries_total{labels}"))
        };
        assert_eq!((count("failed"), count("delivered")), (9.0, 1.0));
        sleep(Duration::from_millis(200));
        assert_eq!(receiver.count(), 10);
    }
}

#[test]
fn a_wrong_secret_is_caught_and_ends_as_a_dead_letter_that_can_be_retried() {
    let (backing, office) = (Backing::sqlite(), Office::new());
    let receiver = Receiver::verifying(OTHER_SECRET);
    let mut gateway = office.gateway(&backing, &webhook(&receiver.url(), "[0]", ""));
    backing.site().log_in("a", "ann", "web");
    let dead = office.wait_for(0, 0, 1);
    assert_eq!(receiver.count(), 2);
    let letter = &dead["dead_letters"][0];
    assert_eq!(letter["attempts"], 2);
    assert_eq!(letter["problem"], "answered 401");
    assert_eq!(letter["type"], "io.rsso.login.claimed.v1");
    assert_eq!(letter["event"], receiver.requests()[0].id());
    assert_eq!(gateway.metric("rsso_relay_dead_total"), 1.0);
    let state = office.state().display().to_string();
    let text = rsso(&["webhooks", "--state", &state]).ok();
    assert!(text.starts_with("hook  pending 0  dead 1\n"), "{text}");
    assert!(text.contains("2 attempts  answered 401"), "{text}");

    // The operator gives the right one, and has it tried again.
    gateway.stop();
    let url = receiver.url();
    office.configure(&webhook(&url, "[0]", "").replace(SECRET, OTHER_SECRET));
    gateway.start_again();
    assert_eq!(office.webhooks(&["--retry"]), json!({"retried": 1}));
    office.wait_for(0, 0, 0);
    assert_eq!(receiver.count(), 3);
    let log = gateway.log();
    for secret in [SECRET, OTHER_SECRET] {
        let bare = &secret["whsec_".len()..];
        assert!(!log.contains(bare));
        for name in ["serve.db", "serve.db-wal"] {
            let spool = std::fs::read(office.dir.join(name)).unwrap_or_default();
            assert!(!String::from_utf8_lossy(&spool).contains(bare), "{name}");
        }
    }
}

#[test]
fn while_secrets_are_rotated_whoever_has_either_is_content() {
    let (backing, office) = (Backing::sqlite(), Office::new());
    let (old, new) = (
        Receiver::verifying(SECRET),
        Receiver::verifying(OTHER_SECRET),
    );
    let file = office.dir.write_secret(
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
    let _gateway = office.gateway(&backing, &tables);
    backing.site().log_in("a", "ann", "web");
    for receiver in [&old, &new] {
        let request = &receiver.wait_for(1)[0];
        assert!(request.is_signed_with(SECRET) && request.is_signed_with(OTHER_SECRET));
    }
    office.wait_for(0, 0, 0);
    office.wait_for(1, 0, 0);
    assert_eq!((old.count(), new.count()), (1, 1));
}

#[test]
fn retry_after_is_waited_for() {
    let (backing, office) = (Backing::sqlite(), Office::new());
    let receiver = Receiver::start(|_, nth| match nth {
        1 => Reply {
            status: 503,
            headers: vec![("Retry-After", "2".to_owned())],
            ..Reply::default()
        },
        _ => Reply::status(200),
    });
    let _gateway = office.gateway(&backing, &webhook(&receiver.url(), "[0]", ""));
    backing.site().log_in("a", "ann", "web");
    let requests = receiver.wait_for(2);
    let waited = requests[1].at - requests[0].at;
    assert!(waited >= Duration::from_millis(1950), "{waited:?}");
    office.wait_for(0, 0, 0);
}

#[test]
fn a_further_attempt_outlives_the_gateway() {
    let (backing, office) = (Backing::redis(), Office::new());
    let receiver = Receiver::start(|_, nth| Reply::status(if nth < 3 { 500 } else { 200 }));
    let mut gateway = office.gateway(&backing, &webhook(&receiver.url(), "[0, 2]", ""));
    backing.site().log_in("a", "ann", "web");
    receiver.wait_for(2);
    // Until the spool has the second failure, and when the third attempt is: it knows nothing of it before.
    let due = eventually(
        "the third attempt has its time",
        Duration::from_secs(20),
        || {
            let next = office.webhooks(&[])["endpoints"][0]["next"].as_i64()?;
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            let ahead = next - i64::try_from(now.as_millis()).unwrap();
            let ahead = Duration::from_millis(u64::try_from(ahead).ok()?);
            (ahead > Duration::from_millis(500)).then(|| Instant::now() + ahead)
        },
    );
    gateway.kill9();
    gateway.start_again();
    let requests = receiver.wait_for(3);
    // A clock of whole milliseconds, and one that counts from elsewhere.
    assert!(requests[2].at + Duration::from_millis(50) >= due);
    office.wait_for(0, 0, 0);
    assert_eq!(receiver.count(), 3);
}

#[test]
fn gone_is_gone_at_once() {
    let (backing, office) = (Backing::redis(), Office::new());
    let receiver = Receiver::start(|_, _| Reply::status(410));
    let _gateway = office.gateway(&backing, &webhook(&receiver.url(), "[0, 0, 0]", ""));
    backing.site().log_in("a", "ann", "web");
    let dead = office.wait_for(0, 0, 1);
    assert_eq!(dead["dead_letters"][0]["attempts"], 1);
    sleep(Duration::from_millis(200));
    assert_eq!(receiver.count(), 1);
}

#[test]
fn a_redirect_is_not_followed() {
    let (backing, office) = (Backing::sqlite(), Office::new());
    let elsewhere = Receiver::willing();
    let url = elsewhere.url();
    let receiver = Receiver::start(move |_, _| Reply {
        status: 307,
        headers: vec![("Location", url.clone())],
        ..Reply::default()
    });
    let _gateway = office.gateway(&backing, &webhook(&receiver.url(), "[0]", ""));
    backing.site().log_in("a", "ann", "web");
    let dead = office.wait_for(0, 0, 1);
    let problem = dead["dead_letters"][0]["problem"].as_str().unwrap();
    assert!(
        problem.contains("307") && problem.contains("redirect"),
        "{problem}"
    );
    assert_eq!((receiver.count(), elsewhere.count()), (2, 0));
}

#[test]
fn what_is_under_way_when_the_gateway_stops_comes_once() {
    let (backing, office) = (Backing::sqlite(), Office::new());
    let receiver = Receiver::start(|_, _| Reply {
        status: 200,
        after: Duration::from_millis(700),
        ..Reply::default()
    });
    let mut gateway = office.gateway(&backing, &webhook(&receiver.url(), "[]", ""));
    let mut site = backing.site();
    site.log_in("a", "ann", "web");
    site.notify("ann", None, &json!(1));
    receiver.wait_for(1);
    gateway.stop();
    office.wait_for(0, 1, 0);
    gateway.start_again();
    receiver.wait_for(2);
    office.wait_for(0, 0, 0);
    assert_eq!(receiver.count(), 2);
}

#[test]
fn what_is_tried_again_holds_up_nothing_behind_it() {
    let (backing, office) = (Backing::sqlite(), Office::new());
    // The first event is refused for ever.
    let receiver = Receiver::start(|request, _| {
        Reply::status(if request.body.contains("claimed") {
            500
        } else {
            200
        })
    });
    let _gateway = office.gateway(&backing, &webhook(&receiver.url(), "[3600]", ""));
    let mut site = backing.site();
    site.log_in("a", "ann", "web");
    for n in 0..5 {
        site.notify("ann", None, &json!(n));
    }
    let requests = receiver.wait_for(6);
    let payloads = requests[1..]
        .iter()
        .map(|r| r.json()["data"]["payload"].clone());
    assert!(payloads.eq((0..5).map(|n| json!(n))));
    let left = office.wait_for(0, 1, 0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let hour = left["next"].as_i64().unwrap() / 1000 - i64::try_from(now.as_secs()).unwrap();
    assert!((3590..=4320).contains(&hour), "{hour}");
}

#[test]
fn an_endpoint_gets_the_types_and_realms_it_wants() {
    let (backing, office) = (Backing::sqlite(), Office::new());
    let (kicks, shop) = (Receiver::willing(), Receiver::willing());
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
    let gateway = office.gateway(&backing, &tables);
    rsso_testkit::eventually("both realms", Duration::from_secs(20), || {
        (gateway.log().matches("the relay begins").count() == 2).then_some(())
    });
    let mut site = backing.site();
    site.log_in("a", "ann", "web");
    site.log_in("b", "ann", "web");
    site.notify("ann", None, &json!(1));
    let mut other = crate::common::worker(&backing.dsn());
    crate::common::push::log_in_of_realm(&mut *other, "shop", "s", "zoe");
    site.log_in_aloud("c", "ann", "ios", "a phone", Client::default());
    site.log_out("b");
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
fn https_is_checked_against_the_authorities() {
    let (backing, office) = (Backing::sqlite(), Office::new());
    let certificates = Certificates::generate(&office.dir);
    let receiver = Receiver::start_tls(&certificates);
    let other_dir = rsso_testkit::WorkDir::new();
    let other = Certificates::generate(&other_dir);
    let tables = format!(
        "{}[[webhook]]\nname = \"wrong\"\nurl = \"{}\"\nsecrets = \"{SECRET}\"\nretry_after = []\nca_file = \"{}\"\n",
        webhook(
            &receiver.url(),
            "[]",
            &format!("ca_file = \"{}\"", certificates.ca.display())
        ),
        receiver.url(),
        other.ca.display()
    );
    let _gateway = office.gateway(&backing, &tables);
    backing.site().log_in("a", "ann", "web");
    let request = &receiver.wait_for(1)[0];
    assert!(request.is_signed_with(SECRET));
    let dead = office.wait_for(1, 0, 1);
    let problem = dead["dead_letters"][0]["problem"].as_str().unwrap();
    assert!(problem.contains("certificate"), "{problem}");
    assert_eq!(receiver.count(), 1);
}

#[test]
fn a_second_gateway_on_the_same_state_waits_for_the_first() {
    let (backing, office) = (Backing::sqlite(), Office::new());
    let receiver = Receiver::willing();
    let mut first = office.gateway(&backing, &webhook(&receiver.url(), "[]", ""));
    let path = office.dir.join("serve.toml").display().to_string();
    let second = backing.gateway(&["--config", &path]);
    rsso_testkit::eventually("it waits", Duration::from_secs(20), || {
        second.log().contains("the relay waits").then_some(())
    });
    let mut site = backing.site();
    site.log_in("a", "ann", "web");
    receiver.wait_for(1);
    office.wait_for(0, 0, 0);
    first.kill9();
    site.log_in("b", "bob", "web");
    receiver.wait_for(2);
    office.wait_for(0, 0, 0);
    assert_eq!(receiver.count(), 2);
}
