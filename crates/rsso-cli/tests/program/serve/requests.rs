//! Requests as they come over the wire: in pieces, with more behind them, and with what is no request for events.

use std::io::{Read, Write as _};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::Command;

use super::gateways::{TIMEOUT, with_login};
use crate::common::backend::{Backend, program};

use rsso_testkit::gateway::connect;
use rsso_testkit::process::Server;
use rsso_testkit::{Gateway, WorkDir, eventually};
use serde_json::json;

const STREAM: &str = "/sso/events HTTP/1.1\r\nHost: a\r\nCookie: PHPSESSID=one\r\n";

/// RFC 6455, section 1.3.
const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const ACCEPT: &str = "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

fn stream() -> String {
    format!("GET {STREAM}\r\n")
}

fn handshake(connection: &str, version: &str, key: &str) -> String {
    format!(
        "GET /sso/ws HTTP/{version}\r\nHost: a\r\nCookie: PHPSESSID=one\r\nConnection: {connection}\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n{key}\r\n"
    )
}

fn send(gateway: &Gateway, request: &[u8]) -> TcpStream {
    let mut tcp = connect(gateway.port());
    tcp.write_all(request).unwrap();
    tcp
}

/// Reads until `end` has come.
#[track_caller]
fn read_until(socket: &mut impl Read, end: &str) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    loop {
        let shown = String::from_utf8_lossy(&text);
        if shown.ends_with(end) {
            return shown.into_owned();
        }
        match socket.read(&mut byte) {
            Ok(1) => text.push(byte[0]),
            other => panic!("{other:?} after {shown:?}"),
        }
    }
}

/// The whole answer, up to the end of the connection.
fn answer(gateway: &Gateway, request: &str) -> String {
    let mut text = String::new();
    let read = send(gateway, request.as_bytes()).read_to_string(&mut text);
    read.unwrap_or_else(|error| panic!("{error} after {text:?}"));
    text
}

#[test]
fn a_head_may_come_in_pieces() {
    let (_backend, gateway, _dir) = with_login("", &[]);
    let requests = [stream(), handshake("Upgrade", "1.1", KEY)];
    for (request, status) in requests.iter().zip(["200 OK", "101 Switching Protocols"]) {
        let mut tcp = connect(gateway.port());
        for byte in request.as_bytes() {
            tcp.write_all(&[*byte]).unwrap();
        }
        let head = read_until(&mut tcp, "\r\n\r\n");
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status}\r\n")),
            "{head}"
        );
        read_until(&mut tcp, "io.rsso.connected.v1");
    }
}

#[test]
fn frames_may_come_with_the_handshake() {
    let (_backend, gateway, _dir) = with_login("", &[]);
    let mut request = handshake("keep-alive, Upgrade", "1.1", KEY).into_bytes();
    // A ping, masked with zeros.
    request.extend([0x89, 0x82, 0, 0, 0, 0]);
    request.extend(b"ab");
    let mut tcp = send(&gateway, &request);
    let head = read_until(&mut tcp, "\r\n\r\n");
    assert!(head.contains(ACCEPT), "{head}");
    for name in ["connection: close", "content-length", "transfer-encoding"] {
        assert!(!head.contains(name), "{head}");
    }
    read_until(&mut tcp, "\u{2}ab");
}

#[test]
fn what_comes_after_a_request_for_a_stream_is_dropped() {
    let (backend, gateway, _dir) = with_login("", &[]);
    let next = stream();
    let chunked = format!("GET {STREAM}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    let expecting = format!("GET {STREAM}Content-Length: 3\r\nExpect: 100-continue\r\n\r\nabc");
    for request in [
        format!("{next}{next}"),
        format!("GET {STREAM}Content-Length: 3\r\n\r\nabc"),
        chunked,
        expecting,
    ] {
        let mut tcp = send(&gateway, request.as_bytes());
        let head = read_until(&mut tcp, "\r\n\r\n");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(head.contains("connection: close\r\n"), "{head}");
        assert!(head.contains("transfer-encoding: chunked\r\n"), "{head}");
        read_until(&mut tcp, "io.rsso.connected.v1");
        tcp.write_all(b"more").unwrap();
        backend.application().notify("ann", None, &json!("hello"));
        let events = read_until(&mut tcp, "io.rsso.message.v1");
        assert!(!events.contains("HTTP/1.1"), "{events}");
    }
    assert_eq!(gateway.metric("rsso_closes_total{reason=\"flood\"}"), 0.0);
}

#[test]
fn a_client_of_a_stream_that_sends_without_end_is_cut_off() {
    let (_backend, gateway, _dir) = with_login("", &[]);
    let mut tcp = send(&gateway, stream().as_bytes());
    read_until(&mut tcp, "io.rsso.connected.v1");
    eventually("it is cut off", TIMEOUT, || {
        let broken = tcp.write_all(&[b'a'; 4096]).is_err();
        let closed = gateway.metric("rsso_closes_total{reason=\"flood\"}");
        (broken && closed == 1.0).then_some(())
    });
}

#[test]
fn a_stream_to_a_client_of_http_1_0_has_no_chunks() {
    let (backend, gateway, _dir) = with_login("", &[]);
    let request = stream().replace("HTTP/1.1", "HTTP/1.0");
    let mut tcp = send(&gateway, request.as_bytes());
    let head = read_until(&mut tcp, "\r\n\r\n");
    assert!(head.starts_with("HTTP/1.0 200 OK\r\n"), "{head}");
    assert!(!head.contains("transfer-encoding"), "{head}");
    read_until(&mut tcp, "io.rsso.connected.v1");
    backend.application().log_in("two", "ann", "web");
    let mut rest = String::new();
    tcp.read_to_string(&mut rest).unwrap();
    let end = "\n\nevent: close\ndata: {\"code\":4001,\"reason\":\"replaced\"}\n\n";
    assert!(rest.ends_with(end), "{rest}");
}

#[test]
fn a_stream_ends_when_its_client_closes() {
    let (_backend, gateway, _dir) = with_login("", &[]);
    for how in [Shutdown::Write, Shutdown::Both] {
        let mut tcp = send(&gateway, stream().as_bytes());
        read_until(&mut tcp, "io.rsso.connected.v1");
        let open = || gateway.metric("rsso_connections{transport=\"sse\"}");
        assert_eq!(open(), 1.0);
        tcp.shutdown(how).unwrap();
        eventually("it is gone", TIMEOUT, || (open() == 0.0).then_some(()));
    }
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let (_backend, gateway, _dir) = with_login("", &[]);
    let padding = |size: usize| format!("X: {}\r\n\r\n", "a".repeat(size));
    for request in [stream(), handshake("Upgrade", "1.1", KEY)] {
        let head = request.trim_end();
        let large = answer(
            &gateway,
            &format!("{head}\r\n{}", padding(8192 - head.len())),
        );
        assert!(large.starts_with("HTTP/1.1 431 "), "{large}");
        let fits = format!("{head}\r\n{}", padding(7900 - head.len()));
        read_until(&mut send(&gateway, fits.as_bytes()), "io.rsso.connected.v1");
    }
}

#[test]
fn other_requests_for_events_are_answered_as_http() {
    let (_backend, gateway, _dir) = with_login("", &[]);
    let http_1_0 = handshake("Upgrade", "1.0", KEY);
    let bad_length = format!("GET {STREAM}Content-Length: x\r\n\r\n");
    let two_lengths = format!("GET {STREAM}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc");
    let no_header = format!("GET {STREAM}X y: z\r\n\r\n");
    for (request, status) in [
        (format!("HEAD {STREAM}\r\n"), "1.1 200"),
        (format!("OPTIONS {STREAM}\r\n"), "1.1 405"),
        (format!("POST {STREAM}Content-Length: 0\r\n\r\n"), "1.1 405"),
        (bad_length, "1.1 400"),
        (two_lengths, "1.1 400"),
        (no_header, "1.1 400"),
        ("GET /sso/events/ HTTP/1.1\r\n\r\n".to_owned(), "1.1 404"),
        ("GET /sso/events HTTP/1.1\r\n\r\n".to_owned(), "1.1 401"),
        ("GET /sso/ws HTTP/1.1\r\n\r\n".to_owned(), "1.1 400"),
        (handshake("Upgrade", "1.1", ""), "1.1 400"),
        (handshake("close", "1.1", KEY), "1.1 400"),
        (http_1_0, "1.0 426"),
        ("hello\r\n\r\n".to_owned(), "1.1 400"),
    ] {
        let answer = answer(&gateway, &request);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(
            head.starts_with(&format!("HTTP/{status} ")),
            "{request}{answer}"
        );
        assert!(head.contains("connection: close"), "{request}{answer}");
        assert!(body.is_empty() || !request.starts_with("HEAD"), "{answer}");
    }
    let open = ["websocket", "sse"]
        .map(|t| gateway.metric(&format!("rsso_connections{{transport=\"{t}\"}}")));
    assert_eq!(open, [0.0, 0.0]);
}

#[test]
fn events_come_over_a_unix_socket_too() {
    let backend = Backend::sqlite();
    backend.application().log_in("one", "ann", "web");
    let (dir, dsn) = (WorkDir::new(), backend.dsn());
    let path = dir.join("gateway.sock");
    let listen = format!("unix:{}", path.display());
    let mut command = Command::new(program());
    command.args(["serve", "--dsn", &dsn, "--listen", &listen]);
    let mut server = Server::spawn("rsso serve", &mut command, &dir.join("log"));
    let ask = |request: &str| {
        let mut socket = UnixStream::connect(&path).ok()?;
        socket.set_read_timeout(Some(TIMEOUT)).ok()?;
        socket.write_all(request.as_bytes()).ok()?;
        Some(socket)
    };
    server.wait_ready(|| {
        let mut answer = String::new();
        let read = ask("GET /readyz HTTP/1.1\r\n\r\n").map(|mut s| s.read_to_string(&mut answer));
        read.is_some() && answer.starts_with("HTTP/1.1 200")
    });
    for request in [stream(), handshake("Upgrade", "1.1", KEY)] {
        let mut socket = ask(&request).unwrap();
        read_until(&mut socket, "io.rsso.connected.v1");
    }
    server.stop();
}
