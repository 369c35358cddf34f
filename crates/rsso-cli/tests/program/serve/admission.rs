//! Who gets into `rsso serve`, and who does not: origins, cookies, crowds, clients that mean harm or are
//! broken; and what its operator sees.

use std::fs::Permissions;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::common::push::{Backing, program};
use crate::common::{STORE_FAILED, WRONG_USAGE, json, rsso, rsso_with};
use rsso_testkit::gateway::{Socket, Stream, connect};
use rsso_testkit::{Gateway, WorkDir, eventually};
use serde_json::json;
use tungstenite::Message;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;

const COOKIE: (&str, &str) = ("Cookie", "PHPSESSID=one");
const SLOW: Duration = Duration::from_secs(30);

/// A gateway that says elsewhere that it is ready.
fn with_admin(config: &str, arguments: &[&str]) -> (Backing, Gateway, WorkDir) {
    let backing = Backing::sqlite();
    let dir = WorkDir::new();
    let file = dir.write("serve.toml", config);
    let dsn = backing.dsn();
    let mut all = vec!["--config", file.to_str().unwrap(), "--dsn", &dsn];
    all.extend(arguments);
    let gateway = Gateway::start_anyhow(program(), &all);
    (backing, gateway, dir)
}

/// A gateway with a configuration file, and ann logged in with the session `one`.
fn with(config: &str, arguments: &[&str]) -> (Backing, Gateway, WorkDir) {
    let backing = Backing::sqlite();
    let dir = WorkDir::new();
    let file = dir.write("serve.toml", config);
    let mut all = vec!["--config", file.to_str().unwrap()];
    all.extend(arguments);
    let gateway = backing.gateway(&all);
    backing.site().log_in("one", "ann", "web");
    (backing, gateway, dir)
}

#[test]
fn only_pages_of_the_same_host_may_connect() {
    let (_backing, gateway, _dir) = with("", &[]);
    let own = format!("http://127.0.0.1:{}", gateway.port());
    for (origin, may) in [
        (own.as_str(), true),
        ("http://evil.example", false),
        ("null", false),
        (&format!("{own}.evil.example"), false),
    ] {
        let headers = [COOKIE, ("Origin", origin)];
        let socket = Socket::open(gateway.port(), "/sso/ws", &headers);
        assert_eq!(socket.err(), (!may).then_some(403), "{origin}");
        let stream = Stream::open(gateway.port(), "/sso/events", &headers);
        assert_eq!(stream.err(), (!may).then_some(403), "{origin}");
    }
    assert_eq!(
        gateway.metric("rsso_refusals_total{reason=\"origin\"}"),
        6.0
    );
}

#[test]
fn a_list_of_origins_is_all_there_is() {
    let (_backing, gateway, _dir) = with("origins = [\"https://shop.example\"]", &[]);
    let own = format!("http://127.0.0.1:{}", gateway.port());
    let headers = [COOKIE, ("Origin", own.as_str())];
    assert_eq!(
        Stream::open(gateway.port(), "/sso/events", &headers).unwrap_err(),
        403
    );
    let headers = [COOKIE, ("Origin", "https://shop.example")];
    let stream = Stream::open(gateway.port(), "/sso/events", &headers).unwrap();
    for header in [
        "access-control-allow-origin: https://shop.example",
        "access-control-allow-credentials: true",
        "vary: origin",
    ] {
        assert!(
            stream.headers.iter().any(|h| h == header),
            "{:?}",
            stream.headers
        );
    }
}

#[test]
fn a_cookie_that_is_stolen_malformed_or_missing_lets_nobody_in() {
    let (_backing, gateway, _dir) = with("", &[]);
    let long = "a".repeat(5000);
    let many: String = (0..40).map(|n| format!("PHPSESSID=other{n}; ")).collect();
    let many = format!("{many}PHPSESSID=one");
    let cookies = [
        "",
        "PHPSESSID",
        "PHPSESSID=",
        "PHPSESSID=unknown",
        "PHPSESSID=../../one",
        "phpsessid=one",
        "PHPSESSID=one%00",
        "PHPSESSID=\"one\"",
        "OTHER=one",
        "PHPSESSID=' OR 1=1 --",
        &long,
        &many,
    ];
    for cookie in cookies {
        let headers = [("Cookie", cookie)];
        let stream = Stream::open(gateway.port(), "/sso/events", &headers);
        assert_eq!(stream.unwrap_err(), 401, "{cookie}");
        let stream = Stream::open(gateway.port(), "/sso/events?lastEventId=0", &headers);
        assert_eq!(stream.unwrap_err(), 401, "{cookie}");
        let mut socket = Socket::open(gateway.port(), "/sso/ws", &headers).unwrap();
        assert_eq!(socket.rest(), (Vec::new(), Some(4401)), "{cookie}");
    }
    // Of two with the same name, as a browser has them for two paths.
    let headers = [("Cookie", "PHPSESSID=other; a=b; PHPSESSID=one")];
    assert!(Stream::open(gateway.port(), "/sso/events", &headers).is_ok());
    let log = gateway.log();
    for secret in ["one", "unknown", "aaaa"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn another_cookie_can_be_the_sessions() {
    let (_backing, gateway, _dir) = with("", &["--cookie", "__Host-sid"]);
    let headers = [("Cookie", "PHPSESSID=one")];
    assert_eq!(
        Stream::open(gateway.port(), "/sso/events", &headers).unwrap_err(),
        401
    );
    let headers = [("Cookie", "__Host-sid=one")];
    assert!(Stream::open(gateway.port(), "/sso/events", &headers).is_ok());
}

#[test]
fn a_crowd_is_refused_by_login_address_and_all_in_all() {
    let (backing, gateway, _dir) = with(
        "max_connections = 12\nmax_connections_per_address = 4\nmax_connections_per_login = 2\n\
         trusted_proxies = [\"127.0.0.1\"]",
        &[],
    );
    backing.site().log_in("two", "bob", "web");
    let open = |session: &str, address: &str| {
        let cookie = format!("PHPSESSID={session}");
        let headers = [("Cookie", cookie.as_str()), ("X-Forwarded-For", address)];
        Socket::open(gateway.port(), "/sso/ws", &headers)
    };
    let mut sockets: Vec<_> = (0..2).map(|_| open("one", "192.0.2.1").unwrap()).collect();
    assert_eq!(open("one", "192.0.2.1").unwrap_err(), 429);
    sockets.extend((0..2).map(|_| open("two", "192.0.2.1").unwrap()));
    assert_eq!(open("two", "192.0.2.1").unwrap_err(), 429);
    assert_eq!(
        gateway.metric("rsso_refusals_total{reason=\"crowded\"}"),
        2.0
    );
    sockets.truncate(1);
    eventually("there is room again", SLOW, || {
        open("two", "192.0.2.1").ok()
    });
    // Whoever says nothing is counted as well.
    let silent: Vec<_> = (0..11).map(|_| connect(gateway.port())).collect();
    assert_eq!(open("two", "192.0.2.2").unwrap_err(), 0);
    drop(silent);
    eventually("there is room again", SLOW, || {
        open("two", "192.0.2.2").ok()
    });
}

#[test]
fn a_client_has_nothing_to_say() {
    let (_backing, gateway, _dir) = with("", &[]);
    let mut large = gateway.socket("one", None).unwrap();
    large.event();
    // The gateway does not read it to its end.
    let _broken = large.send(Message::binary(vec![0; 1 << 20]));
    assert!(matches!(large.heed(), Err(Some(1009) | None)));
    let mut chatty = gateway.socket("one", None).unwrap();
    chatty.event();
    for _ in 0..200 {
        let _broken = chatty.send(Message::text("hello"));
    }
    assert!(matches!(chatty.heed(), Err(Some(1008) | None)));
    let mut polite = gateway.socket("one", None).unwrap();
    polite.event();
    polite.send(Message::text("hello")).unwrap();
    polite.send(Message::Ping(vec![1].into())).unwrap();
    let bye = CloseFrame {
        code: CloseCode::Normal,
        reason: "bye".into(),
    };
    polite.send(Message::Close(Some(bye))).unwrap();
    assert_eq!(polite.heed(), Err(Some(1000)), "a close is answered");
}

#[test]
fn who_is_slow_to_ask_is_cut_off() {
    let (_backing, gateway, _dir) = with("", &[]);
    let mut slow = connect(gateway.port());
    slow.set_read_timeout(Some(SLOW)).unwrap();
    slow.write_all(b"GET /sso/events HTTP/1.1\r\nHost: a\r\nX: ")
        .unwrap();
    let mut rest = Vec::new();
    match slow.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    let rest = String::from_utf8_lossy(&rest);
    assert!(
        rest.is_empty() || rest.starts_with("HTTP/1.1 408"),
        "{rest}"
    );
    let mut large = connect(gateway.port());
    let head = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "a".repeat(100_000)
    );
    let _reset = large.write_all(head.as_bytes());
    let mut rest = String::new();
    let _reset = large.read_to_string(&mut rest);
    assert!(
        rest.is_empty() || rest.starts_with("HTTP/1.1 431"),
        "{rest}"
    );
    assert!(gateway.stream("one", None).is_ok());
}

#[test]
fn who_does_not_read_is_cut_off_and_resumes() {
    let (backing, gateway, _dir) = with("", &[]);
    let mut site = backing.site();
    site.log_in("two", "ann", "ios");
    let mut reader = gateway.socket("two", None).unwrap();
    let start = reader.event()["sequence"].as_str().unwrap().to_owned();
    let socket = gateway.socket("one", None).unwrap();
    let stream = gateway.stream("one", None).unwrap();
    for tcp in [socket.tcp(), stream.tcp()] {
        assert!(tcp.peer_addr().is_ok());
    }
    let text = "x".repeat(200_000);
    for n in 0..60 {
        site.notify("ann", None, &json!({"n": n, "text": text}));
        // Who reads is not troubled by who does not.
        let event = reader.event();
        assert_eq!(event["data"]["payload"]["n"], n);
    }
    eventually("they are gone", SLOW, || {
        let open = ["websocket", "sse"]
            .map(|t| gateway.metric(&format!("rsso_connections{{transport=\"{t}\"}}")));
        (open == [1.0, 0.0]).then_some(())
    });
    assert_eq!(
        gateway.metric("rsso_closes_total{reason=\"too-slow\"}"),
        2.0
    );
    drop((socket, stream));
    let mut again = gateway.socket("one", Some(&start)).unwrap();
    for n in 0..60 {
        assert_eq!(again.event()["data"]["payload"]["n"], n);
    }
}

#[test]
fn a_peer_that_answers_no_ping_is_gone() {
    let (_backing, gateway, _dir) = with("heartbeat = 1", &[]);
    let mut alive = gateway.socket("one", None).unwrap();
    let dead = gateway.socket("one", None).unwrap();
    // Reading answers pings; nobody reads from the other.
    for _ in 0..6 {
        alive.next_of_all().unwrap();
    }
    eventually("the other is gone", SLOW, || {
        let open = gateway.metric("rsso_connections{transport=\"websocket\"}");
        (open == 1.0).then_some(())
    });
    drop(dead);
}

#[test]
fn an_event_breaks_out_of_nothing() {
    let (backing, gateway, _dir) = with("", &[]);
    let mut site = backing.site();
    let label = "</script>\r\nevent: close\ndata: {\"code\":4001}\n\n\u{2028}\u{0}\"'<b>";
    let mut stream = gateway.stream("one", None).unwrap();
    stream.heed().unwrap();
    site.notify("ann", None, &json!({"text": label}));
    let block = stream.heed().unwrap();
    assert_eq!(block.event, "io.rsso.message.v1");
    assert_eq!(block.json()["data"]["payload"]["text"], label);
    // JSON may have line breaks between its members.
    site.0
        .notify(
            &crate::common::push::user("ann"),
            None,
            "{\r\n\"a\":\n[1,\r2]}",
        )
        .unwrap();
    assert_eq!(
        stream.heed().unwrap().json()["data"]["payload"],
        json!({"a": [1, 2]})
    );
    site.log_in_at("three", "ann", "web", label);
    let block = stream.heed().unwrap();
    assert_eq!(block.event, "io.rsso.login.kicked.v1");
    assert_eq!(block.json()["data"]["by"]["label"], label);
    assert_eq!(stream.heed().unwrap().event, "close");
}

#[test]
fn a_gateway_that_stops_sends_its_clients_elsewhere() {
    let (backing, mut gateway, _dir) = with("drain = 5", &[]);
    backing.site().log_in("two", "bob", "web");
    let mut sockets: Vec<_> = (0..10)
        .map(|_| gateway.socket("one", None).unwrap())
        .collect();
    let mut stream = gateway.stream("two", None).unwrap();
    let mut stuck = connect(gateway.port());
    stuck.write_all(b"GET /sso/events HTTP/1.1\r\n").unwrap();
    gateway.terminate();
    for socket in &mut sockets {
        let (events, code) = socket.rest();
        assert_eq!((events.len(), code), (1, Some(1001)));
    }
    let greeting = stream.block().unwrap();
    assert!(greeting.retry.is_some());
    assert_eq!(stream.block().unwrap().event, "io.rsso.connected.v1");
    let last = stream.block().unwrap();
    assert!(last.retry.is_some() && last.data.is_empty(), "{last:?}");
    assert_eq!(stream.block(), None);
    eventually("it has ended", SLOW, || {
        (!gateway.is_running()).then_some(())
    });
    assert!(
        gateway.log().contains("stopped left=0"),
        "{}",
        gateway.log()
    );
}

#[test]
fn it_waits_for_a_store_that_is_not_there_yet() {
    let dir = WorkDir::new();
    let dsn = format!("sqlite:{}", dir.join("sessions.db").display());
    let mut gateway = Gateway::start(program(), &["--dsn", &dsn]);
    assert_eq!(gateway.get("/readyz", &[]).status, 503);
    assert_eq!(gateway.stream("one", None).unwrap_err(), 503);
    assert_eq!(gateway.metric("rsso_store_up"), 0.0);
    assert!(!dir.join("sessions.db").exists(), "PHP makes it");
    crate::common::store_session(&mut *crate::common::worker(&dsn), "one");
    gateway.wait_ready();
    assert_eq!(gateway.stream("one", None).unwrap_err(), 401);
    assert_eq!(gateway.metric("rsso_store_up"), 1.0);
}

#[test]
fn an_operator_sees_what_goes_on_at_another_address() {
    let dir = WorkDir::new();
    let admin = dir.join("admin.sock");
    let argument = format!("unix:{}?mode=0600", admin.display());
    let (backing, gateway, _dir) = with("", &["--log-format", "json"]);
    assert_eq!(gateway.get("/healthz", &[]).body, "ok\n");
    let mut socket = gateway.socket("one", None).unwrap();
    socket.event();
    backing.site().notify("ann", None, &json!("hello"));
    socket.event();
    // What a browser has is counted a moment later.
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
        eventually(line, SLOW, || {
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

    let backing = Backing::sqlite();
    let dsn = backing.dsn();
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
    // What it left behind is no obstacle.
    let mut server = rsso_testkit::process::Server::spawn("rsso serve", &mut command, &log);
    server.wait_ready(|| ask("/readyz").is_some_and(|a| a.starts_with("HTTP/1.1 200")));
    server.stop();
    assert!(!admin.exists());
}

#[test]
fn the_client_is_served_with_a_tag() {
    let (_backing, gateway, _dir) = with("", &[]);
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
fn a_configuration_is_checked() {
    let dir = WorkDir::new();
    let good = dir.write(
        "good.toml",
        "listen = \"[::1]:8600\"\norigins = [\"https://shop.example\"]\ntrusted_proxies = [\"10.0.0.0/8\"]\n\
         rsso.dsn = \"redis://10.0.0.5/1\"\nrsso.hash_ids = true\nrsso.read_timeout = 1.5\n",
    );
    let check = |file: &str| rsso(&["serve", "--check=configuration", "--config", file]);
    let said = check(good.to_str().unwrap()).ok();
    assert_eq!(
        said,
        "the configuration is good: http://[::1]:8600, redis://10.0.0.5:6379/1, for pages of https://shop.example\n"
    );
    let object = rsso_with(
        &[
            ("RSSO_LISTEN", "127.0.0.1:1"),
            ("RSSO_ORIGIN", "https://a.example,https://b.example"),
        ],
        &[
            "serve",
            "--check=configuration",
            "--json",
            "--config",
            good.to_str().unwrap(),
        ],
    );
    let object = json(&object.ok());
    assert_eq!(object["listen"], "http://127.0.0.1:1");
    assert_eq!(
        object["origins"],
        json!(["https://a.example", "https://b.example"])
    );

    for (text, problem) in [
        ("", "no store is named"),
        ("lisen = \"a\"", "line 1: unknown field `lisen`"),
        ("\nheartbeat = 0", "heartbeat: must be 1 to 3600 seconds"),
        ("max_connections = 0", "max_connections: must be 1 or more"),
        ("listen = \"localhost\"", "--listen: must be an address"),
        (
            "origins = [\"*\"]",
            "--origin: '*' is not https://example.org[:port]",
        ),
        (
            "trusted_proxies = [\"all\"]",
            "trusted_proxies: 'all' is not an address or a network",
        ),
        ("cookie = \"a b\"", "--cookie: must be PHP's session.name"),
        ("log_level = \"loud\"", "--log-level: must be error"),
        ("rsso.dsn = \"oracle://secret@a\"", "rsso.dsn"),
        ("rsso.nothing = 1", "nothing"),
        ("rsso.dsn = [1]", "rsso.dsn: must be a text"),
        ("rsso.dsn = 'redis://a:secret", "line 1"),
        (
            "rsso = \"redis://a:secret@b\"",
            "line 1: invalid type: string",
        ),
        (
            "origins = \"https://secret@a\"",
            "line 1: invalid type: string",
        ),
    ] {
        let file = dir.write("wrong.toml", text);
        std::fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        let said = check(file.to_str().unwrap()).failed(WRONG_USAGE);
        assert!(said.contains(problem), "{text}: {said}");
        assert!(!said.contains("secret"), "{said}");
    }
    let readable = dir.write(
        "password.toml",
        "rsso.dsn = \"redis://u:secret@10.0.0.5\"\n",
    );
    let file = readable.to_str().unwrap();
    let said = check(file).failed(WRONG_USAGE);
    assert!(said.contains("can be read by everybody"), "{said}");
    std::fs::set_permissions(&readable, Permissions::from_mode(0o640)).unwrap();
    assert!(!check(file).ok().contains("secret"));

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = rsso(&[
        "serve",
        "--dsn",
        "redis://127.0.0.1:1",
        "--listen",
        &address,
    ]);
    let said = said.failed(STORE_FAILED);
    assert!(said.contains("--listen: cannot listen at"), "{said}");
}

#[test]
fn another_users_database_is_not_opened_as_root() {
    let said = rsso(&["serve", "--check", "--dsn", "sqlite:relative.db"]).failed(WRONG_USAGE);
    assert!(said.contains("--dsn"), "{said}");
    let backing = Backing::sqlite();
    let Backing::Sqlite(dir) = &backing else {
        unreachable!()
    };
    rsso_testkit::give_to_web(&dir.join("sessions.db"));
    if std::fs::metadata(dir.join("sessions.db")).unwrap().uid() == 0 {
        return; // only root can give files away, and only root is refused
    }
    let mut gateway = Gateway::start(program(), &["--dsn", &backing.dsn()]);
    eventually("it says why", SLOW, || {
        gateway.log().contains("runuser -u www-data").then_some(())
    });
    assert_eq!(gateway.get("/readyz", &[]).status, 503);
    gateway.stop();
}

#[test]
fn a_full_gateway_still_says_how_it_is() {
    let dir = WorkDir::new();
    let admin = dir.join("admin.sock");
    let argument = format!("unix:{}", admin.display());
    let (backing, mut gateway, _dir) = with_admin(
        "max_connections = 2\ndrain = 2",
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
    eventually("it answers", SLOW, || {
        ask("/readyz")?.starts_with("HTTP/1.1 200").then_some(())
    });
    assert!(ask("/metrics").unwrap().contains("rsso_store_up"));
    drop(full);
    backing.site().log_in("one", "ann", "web");
    // It does not answer the close, so that there is something to wait for.
    let _silent = eventually("there is room again", SLOW, || {
        gateway.socket("one", None).ok()
    });
    gateway.terminate();
    eventually("it says that it stops", SLOW, || {
        ask("/readyz")?.starts_with("HTTP/1.1 503").then_some(())
    });
    gateway.stop();
}
