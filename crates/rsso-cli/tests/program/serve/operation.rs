//! Running `rsso serve`: health, metrics, stopping, and a store that does not exist yet.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;

use super::gateways::{TIMEOUT, with_admin_address, with_login};
use crate::common::backend::{Backend, program};
use crate::common::{WRONG_USAGE, json, rsso};

use rsso_testkit::gateway::connect;
use rsso_testkit::{Gateway, WorkDir, eventually};
use serde_json::json;

#[test]
fn a_gateway_that_stops_sends_its_clients_away() {
    let (backend, mut gateway, _dir) = with_login("drain_timeout = 5", &[]);
    backend.application().log_in("two", "bob", "web");
    let mut sockets: Vec<_> = (0..10)
        .map(|_| gateway.socket("one", None).unwrap())
        .collect();
    let mut stream = gateway.stream("two", None).unwrap();
    let mut stuck = connect(gateway.port());
    stuck.write_all(b"GET /sso/events HTTP/1.1\r\n").unwrap();
    gateway.terminate();
    for socket in &mut sockets {
        let (events, code) = socket.read_to_end();
        assert_eq!((events.len(), code), (1, Some(1001)));
    }
    let greeting = stream.next_block().unwrap();
    assert!(greeting.retry.is_some());
    assert_eq!(stream.next_block().unwrap().event, "io.rsso.connected.v1");
    let last = stream.next_block().unwrap();
    assert!(last.retry.is_some() && last.data.is_empty(), "{last:?}");
    assert_eq!(stream.next_block(), None);
    eventually("it has ended", TIMEOUT, || {
        (!gateway.is_running()).then_some(())
    });
    assert!(
        gateway.log().contains("stopped left=0"),
        "{}",
        gateway.log()
    );
}

#[test]
fn the_gateway_waits_for_a_store_that_does_not_exist_yet() {
    let dir = WorkDir::new();
    let dsn = format!("sqlite:{}", dir.join("sessions.db").display());
    let mut gateway = Gateway::start(program(), &["--dsn", &dsn]);
    assert_eq!(gateway.get("/readyz", &[]).status, 503);
    assert_eq!(gateway.stream("one", None).unwrap_err(), 503);
    assert_eq!(gateway.metric("rsso_store_up"), 0.0);
    assert!(!dir.join("sessions.db").exists(), "PHP makes it");
    crate::common::store_session(&mut *crate::common::open_store(&dsn), "one");
    gateway.wait_ready();
    assert_eq!(gateway.stream("one", None).unwrap_err(), 401);
    assert_eq!(gateway.metric("rsso_store_up"), 1.0);
}

#[test]
fn health_and_metrics_may_have_their_own_address() {
    let dir = WorkDir::new();
    let admin = dir.join("admin.sock");
    let argument = format!("unix:{}?mode=0600", admin.display());
    let (backend, gateway, _dir) = with_login("", &["--log-format", "json"]);
    assert_eq!(gateway.get("/healthz", &[]).body, "ok\n");
    let mut socket = gateway.socket("one", None).unwrap();
    socket.event();
    backend.application().notify("ann", None, &json!("hello"));
    socket.event();
    // An event is counted a moment after a browser has it.
    for line in [
        "rsso_connections{transport=\"websocket\"} 1",
        "rsso_connections{transport=\"sse\"} 0",
        "rsso_sign_ins_total{as=\"login\"} 1",
        "rsso_store_up 1",
        "rsso_event_delivery_seconds_count 1",
        "rsso_event_delivery_seconds_bucket{le=\"10\"} 1",
        "rsso_events_delivered_total{type=\"io.rsso.message.v1\"} 1",
        "rsso_outbox_events_total 2",
    ] {
        eventually(line, TIMEOUT, || {
            let metrics = gateway.get("/metrics", &[]).body;
            metrics.contains(line).then_some(())
        });
    }
    let log = gateway.log();
    let serving = log
        .lines()
        .map(json)
        .find(|line| line["message"] == "serving");
    assert_eq!(serving.expect(&log)["level"], "INFO");

    let backend = Backend::sqlite();
    let dsn = backend.dsn();
    let log = dir.join("log");
    let port = rsso_testkit::process::free_port();
    let listen = format!("127.0.0.1:{port}");
    let mut command = std::process::Command::new(program());
    command.args([
        "serve",
        "--dsn",
        &dsn,
        "--listen",
        &listen,
        "--admin-listen",
        &argument,
    ]);
    let mut server = rsso_testkit::process::Server::spawn("rsso serve", &mut command, &log);
    let ask = |path: &str| {
        let mut stream = UnixStream::connect(&admin).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    };
    server.wait_ready(|| ask("/readyz").is_some_and(|a| a.starts_with("HTTP/1.1 200")));
    assert!(ask("/metrics").unwrap().contains("rsso_store_up 1"));
    let mut public = connect(port);
    public
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    public.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    let mode = std::fs::metadata(&admin).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    server.kill9();
    // The socket file of the gateway that was killed does not prevent a start.
    let mut server = rsso_testkit::process::Server::spawn("rsso serve", &mut command, &log);
    server.wait_ready(|| ask("/readyz").is_some_and(|a| a.starts_with("HTTP/1.1 200")));
    server.stop();
    assert!(!admin.exists());
}

#[test]
fn the_client_is_served_with_an_etag() {
    let (_backend, gateway, _dir) = with_login("", &[]);
    let answer = gateway.get("/sso/client.js", &[("Origin", "https://elsewhere.example")]);
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("export"), "{}", answer.body);
    let header = |name: &str| {
        let mut lines = answer
            .headers
            .iter()
            .filter_map(|line| line.strip_prefix(name));
        lines
            .next()
            .map(|value| value.trim_start_matches(": ").to_owned())
    };
    assert_eq!(
        header("content-type").as_deref(),
        Some("text/javascript; charset=utf-8")
    );
    assert_eq!(header("access-control-allow-origin").as_deref(), Some("*"));
    let tag = header("etag").unwrap();
    let again = gateway.get("/sso/client.js", &[("If-None-Match", &tag)]);
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    assert_eq!(gateway.get("/sso/client.d.ts", &[]).status, 200);
    assert_eq!(gateway.get("/sso/nothing", &[]).status, 404);
}

#[test]
fn root_does_not_open_another_users_database() {
    let output = rsso(&["serve", "--check", "--dsn", "sqlite:relative.db"]).failed(WRONG_USAGE);
    assert!(output.contains("--dsn"), "{output}");
    let backend = Backend::sqlite();
    let Backend::Sqlite(dir) = &backend else {
        unreachable!()
    };
    rsso_testkit::chown_to_web_user(&dir.join("sessions.db"));
    if std::fs::metadata(dir.join("sessions.db")).unwrap().uid() == 0 {
        return; // only root can give files away, and only root is refused
    }
    let mut gateway = Gateway::start(program(), &["--dsn", &backend.dsn()]);
    eventually("it says why", TIMEOUT, || {
        gateway.log().contains("runuser -u www-data").then_some(())
    });
    assert_eq!(gateway.get("/readyz", &[]).status, 503);
    gateway.stop();
}

#[test]
fn a_full_gateway_still_reports_its_health() {
    let dir = WorkDir::new();
    let admin = dir.join("admin.sock");
    let argument = format!("unix:{}", admin.display());
    let (backend, mut gateway, _dir) = with_admin_address(
        "max_connections = 2\ndrain_timeout = 2",
        &["--admin-listen", &argument],
    );
    let full = [(); 2].map(|()| connect(gateway.port()));
    let ask = |path: &str| {
        let mut stream = UnixStream::connect(&admin).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    };
    eventually("it answers", TIMEOUT, || {
        ask("/readyz")?.starts_with("HTTP/1.1 200").then_some(())
    });
    assert!(ask("/metrics").unwrap().contains("rsso_store_up"));
    drop(full);
    backend.application().log_in("one", "ann", "web");
    // This client does not answer the close, so the gateway has something to wait for.
    let _silent = eventually("there is room again", TIMEOUT, || {
        gateway.socket("one", None).ok()
    });
    gateway.terminate();
    eventually("it says that it stops", TIMEOUT, || {
        ask("/readyz")?.starts_with("HTTP/1.1 503").then_some(())
    });
    gateway.stop();
}
