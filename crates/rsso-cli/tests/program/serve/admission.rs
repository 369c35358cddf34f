//! Who may connect to `rsso serve`: origins, cookies, and the limits of connections.

use super::gateways::{TIMEOUT, with_login};

use rsso_testkit::eventually;
use rsso_testkit::gateway::{SseClient, WsClient, connect};

const COOKIE: (&str, &str) = ("Cookie", "PHPSESSID=one");

#[test]
fn only_pages_of_the_same_host_may_connect() {
    let (_backend, gateway, _dir) = with_login("", &[]);
    let own = format!("http://127.0.0.1:{}", gateway.port());
    for (origin, may) in [
        (own.as_str(), true),
        ("http://evil.example", false),
        ("null", false),
        (&format!("{own}.evil.example"), false),
    ] {
        let headers = [COOKIE, ("Origin", origin)];
        let socket = WsClient::open(gateway.port(), "/sso/ws", &headers);
        assert_eq!(socket.err(), (!may).then_some(403), "{origin}");
        let stream = SseClient::open(gateway.port(), "/sso/events", &headers);
        assert_eq!(stream.err(), (!may).then_some(403), "{origin}");
    }
    assert_eq!(
        gateway.metric("rsso_refusals_total{reason=\"origin\"}"),
        6.0
    );
}

#[test]
fn a_list_of_origins_replaces_the_own_host() {
    let (_backend, gateway, _dir) = with_login("origins = [\"https://shop.example\"]", &[]);
    let own = format!("http://127.0.0.1:{}", gateway.port());
    let headers = [COOKIE, ("Origin", own.as_str())];
    assert_eq!(
        SseClient::open(gateway.port(), "/sso/events", &headers).unwrap_err(),
        403
    );
    let headers = [COOKIE, ("Origin", "https://shop.example")];
    let stream = SseClient::open(gateway.port(), "/sso/events", &headers).unwrap();
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
fn an_unknown_malformed_or_missing_cookie_lets_nobody_in() {
    let (_backend, gateway, _dir) = with_login("", &[]);
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
        let stream = SseClient::open(gateway.port(), "/sso/events", &headers);
        assert_eq!(stream.unwrap_err(), 401, "{cookie}");
        let stream = SseClient::open(gateway.port(), "/sso/events?lastEventId=0", &headers);
        assert_eq!(stream.unwrap_err(), 401, "{cookie}");
        let mut socket = WsClient::open(gateway.port(), "/sso/ws", &headers).unwrap();
        assert_eq!(socket.read_to_end(), (Vec::new(), Some(4401)), "{cookie}");
    }
    // A browser can send two cookies of the same name, for two paths.
    let headers = [("Cookie", "PHPSESSID=other; a=b; PHPSESSID=one")];
    assert!(SseClient::open(gateway.port(), "/sso/events", &headers).is_ok());
    let log = gateway.log();
    for secret in ["one", "unknown", "aaaa"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn the_session_may_be_in_another_cookie() {
    let (_backend, gateway, _dir) = with_login("", &["--cookie", "__Host-sid"]);
    let headers = [("Cookie", "PHPSESSID=one")];
    assert_eq!(
        SseClient::open(gateway.port(), "/sso/events", &headers).unwrap_err(),
        401
    );
    let headers = [("Cookie", "__Host-sid=one")];
    assert!(SseClient::open(gateway.port(), "/sso/events", &headers).is_ok());
}

#[test]
fn connections_are_limited_by_login_by_address_and_in_total() {
    let (backend, gateway, _dir) = with_login(
        "max_connections = 12\nmax_connections_per_address = 4\nmax_connections_per_login = 2\n\
         trusted_proxies = [\"127.0.0.1\"]",
        &[],
    );
    backend.application().log_in("two", "bob", "web");
    let open = |session: &str, address: &str| {
        let cookie = format!("PHPSESSID={session}");
        let headers = [("Cookie", cookie.as_str()), ("X-Forwarded-For", address)];
        WsClient::open(gateway.port(), "/sso/ws", &headers)
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
    eventually("there is room again", TIMEOUT, || {
        open("two", "192.0.2.1").ok()
    });
    // A connection that sends nothing is counted too.
    let silent: Vec<_> = (0..11).map(|_| connect(gateway.port())).collect();
    assert_eq!(open("two", "192.0.2.2").unwrap_err(), 0);
    drop(silent);
    eventually("there is room again", TIMEOUT, || {
        open("two", "192.0.2.2").ok()
    });
}
