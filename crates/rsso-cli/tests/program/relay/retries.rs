//! Failed deliveries to webhooks: what is retried and when, and what becomes a dead letter.

use std::collections::HashSet;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::common::backend::Backend;
use crate::common::receiver::{Receiver, Reply};
use crate::common::relay::{OTHER_SECRET, RelaySetup, SECRET, webhook};
use crate::common::rsso;

use rsso_testkit::eventually;
use serde_json::json;

#[test]
fn an_event_is_delivered_once_after_nine_failures() {
    for backend in [Backend::sqlite(), Backend::redis()] {
        let setup = RelaySetup::new();
        let receiver = Receiver::start(|_, nth| Reply::status(if nth < 10 { 500 } else { 200 }));
        let pauses = "[0, 0, 0, 0, 0, 0, 0, 0, 0]";
        let gateway = setup.gateway(&backend, &webhook(&receiver.url(), pauses, ""));
        backend.application().log_in("a", "ann", "web");
        let requests = receiver.wait_for(10);
        let ids: HashSet<_> = requests.iter().map(|r| r.id()).collect();
        assert_eq!(ids.len(), 1, "the same id each time");
        assert!(requests.iter().all(|r| r.is_signed_with(SECRET)));
        setup.wait_for(0, 0, 0);
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
fn an_event_with_a_wrong_secret_becomes_a_dead_letter_that_can_be_retried() {
    let (backend, setup) = (Backend::sqlite(), RelaySetup::new());
    let receiver = Receiver::verifying(OTHER_SECRET);
    let mut gateway = setup.gateway(&backend, &webhook(&receiver.url(), "[0]", ""));
    backend.application().log_in("a", "ann", "web");
    let dead = setup.wait_for(0, 0, 1);
    assert_eq!(receiver.count(), 2);
    let letter = &dead["dead_letters"][0];
    assert_eq!(letter["attempts"], 2);
    assert_eq!(letter["problem"], "answered 401");
    assert_eq!(letter["type"], "io.rsso.login.claimed.v1");
    assert_eq!(letter["event"], receiver.requests()[0].id());
    assert_eq!(gateway.metric("rsso_relay_dead_total"), 1.0);
    let spool = setup.spool().display().to_string();
    let text = rsso(&["webhooks", "--spool", &spool]).ok();
    assert!(text.starts_with("hook  pending 0  dead 1\n"), "{text}");
    assert!(text.contains("2 attempts  answered 401"), "{text}");

    // The receiver gets the right secret, and the operator retries the delivery.
    gateway.stop();
    let url = receiver.url();
    setup.configure(&webhook(&url, "[0]", "").replace(SECRET, OTHER_SECRET));
    gateway.start_again();
    assert_eq!(setup.webhooks(&["--retry"]), json!({"retried": 1}));
    setup.wait_for(0, 0, 0);
    assert_eq!(receiver.count(), 3);
    let log = gateway.log();
    for secret in [SECRET, OTHER_SECRET] {
        let bare = &secret["whsec_".len()..];
        assert!(!log.contains(bare));
        for name in ["serve.db", "serve.db-wal"] {
            let spool = std::fs::read(setup.dir.join(name)).unwrap_or_default();
            assert!(!String::from_utf8_lossy(&spool).contains(bare), "{name}");
        }
    }
}

#[test]
fn a_retry_waits_as_long_as_retry_after_says() {
    let (backend, setup) = (Backend::sqlite(), RelaySetup::new());
    let receiver = Receiver::start(|_, nth| match nth {
        1 => Reply {
            status: 503,
            headers: vec![("Retry-After", "2".to_owned())],
            ..Reply::default()
        },
        _ => Reply::status(200),
    });
    let _gateway = setup.gateway(&backend, &webhook(&receiver.url(), "[0]", ""));
    backend.application().log_in("a", "ann", "web");
    let requests = receiver.wait_for(2);
    let waited = requests[1].at - requests[0].at;
    assert!(waited >= Duration::from_millis(1950), "{waited:?}");
    setup.wait_for(0, 0, 0);
}

#[test]
fn a_planned_retry_survives_a_restart_of_the_gateway() {
    let (backend, setup) = (Backend::redis(), RelaySetup::new());
    let receiver = Receiver::start(|_, nth| Reply::status(if nth < 3 { 500 } else { 200 }));
    let mut gateway = setup.gateway(&backend, &webhook(&receiver.url(), "[0, 2]", ""));
    backend.application().log_in("a", "ann", "web");
    receiver.wait_for(2);
    // Wait until the spool has recorded the second failure and planned the third attempt.
    let due = eventually(
        "the third attempt has its time",
        Duration::from_secs(20),
        || {
            let next = setup.webhooks(&[])["endpoints"][0]["next"].as_i64()?;
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            let ahead = next - i64::try_from(now.as_millis()).unwrap();
            let ahead = Duration::from_millis(u64::try_from(ahead).ok()?);
            (ahead > Duration::from_millis(500)).then(|| Instant::now() + ahead)
        },
    );
    gateway.kill9();
    gateway.start_again();
    let requests = receiver.wait_for(3);
    // The two times come from different clocks, one of whole milliseconds.
    assert!(requests[2].at + Duration::from_millis(50) >= due);
    setup.wait_for(0, 0, 0);
    assert_eq!(receiver.count(), 3);
}

#[test]
fn status_410_ends_the_retries_at_once() {
    let (backend, setup) = (Backend::redis(), RelaySetup::new());
    let receiver = Receiver::start(|_, _| Reply::status(410));
    let _gateway = setup.gateway(&backend, &webhook(&receiver.url(), "[0, 0, 0]", ""));
    backend.application().log_in("a", "ann", "web");
    let dead = setup.wait_for(0, 0, 1);
    assert_eq!(dead["dead_letters"][0]["attempts"], 1);
    sleep(Duration::from_millis(200));
    assert_eq!(receiver.count(), 1);
}

#[test]
fn a_redirect_is_not_followed() {
    let (backend, setup) = (Backend::sqlite(), RelaySetup::new());
    let elsewhere = Receiver::accepting_all();
    let url = elsewhere.url();
    let receiver = Receiver::start(move |_, _| Reply {
        status: 307,
        headers: vec![("Location", url.clone())],
        ..Reply::default()
    });
    let _gateway = setup.gateway(&backend, &webhook(&receiver.url(), "[0]", ""));
    backend.application().log_in("a", "ann", "web");
    let dead = setup.wait_for(0, 0, 1);
    let problem = dead["dead_letters"][0]["problem"].as_str().unwrap();
    assert!(
        problem.contains("307") && problem.contains("redirect"),
        "{problem}"
    );
    assert_eq!((receiver.count(), elsewhere.count()), (2, 0));
}

#[test]
fn a_delivery_in_progress_at_a_stop_is_not_repeated() {
    let (backend, setup) = (Backend::sqlite(), RelaySetup::new());
    let receiver = Receiver::start(|_, _| Reply {
        status: 200,
        delay: Duration::from_millis(700),
        ..Reply::default()
    });
    let mut gateway = setup.gateway(&backend, &webhook(&receiver.url(), "[]", ""));
    let mut app = backend.application();
    app.log_in("a", "ann", "web");
    app.notify("ann", None, &json!(1));
    receiver.wait_for(1);
    gateway.stop();
    setup.wait_for(0, 1, 0);
    gateway.start_again();
    receiver.wait_for(2);
    setup.wait_for(0, 0, 0);
    assert_eq!(receiver.count(), 2);
}

#[test]
fn a_retry_does_not_delay_later_events() {
    let (backend, setup) = (Backend::sqlite(), RelaySetup::new());
    // The first event is always refused.
    let receiver = Receiver::start(|request, _| {
        Reply::status(if request.body.contains("claimed") {
            500
        } else {
            200
        })
    });
    let _gateway = setup.gateway(&backend, &webhook(&receiver.url(), "[3600]", ""));
    let mut app = backend.application();
    app.log_in("a", "ann", "web");
    for n in 0..5 {
        app.notify("ann", None, &json!(n));
    }
    let requests = receiver.wait_for(6);
    let payloads = requests[1..]
        .iter()
        .map(|r| r.json()["data"]["payload"].clone());
    assert!(payloads.eq((0..5).map(|n| json!(n))));
    let left = setup.wait_for(0, 1, 0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let hour = left["next"].as_i64().unwrap() / 1000 - i64::try_from(now.as_secs()).unwrap();
    assert!((3590..=4320).contains(&hour), "{hour}");
}
