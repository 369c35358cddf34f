//! Clients that send too much, are slow, do not read or do not answer are disconnected.
//!
//! No other client notices.

use std::io::{ErrorKind, Read as _, Write as _};

use super::gateways::{TIMEOUT, with_login};

use rsso_testkit::eventually;
use rsso_testkit::gateway::connect;
use serde_json::json;
use tungstenite::Message;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;

#[test]
fn a_client_may_send_almost_nothing() {
    let (_backend, gateway, _dir) = with_login("", &[]);
    let mut large = gateway.socket("one", None).unwrap();
    large.event();
    // The gateway does not read the request to its end.
    let _broken = large.send(Message::binary(vec![0; 1 << 20]));
    assert!(matches!(large.next_event(), Err(Some(1009) | None)));
    let mut chatty = gateway.socket("one", None).unwrap();
    chatty.event();
    for _ in 0..200 {
        let _broken = chatty.send(Message::text("hello"));
    }
    assert!(matches!(chatty.next_event(), Err(Some(1008) | None)));
    let mut polite = gateway.socket("one", None).unwrap();
    polite.event();
    polite.send(Message::text("hello")).unwrap();
    polite.send(Message::Ping(vec![1].into())).unwrap();
    let bye = CloseFrame {
        code: CloseCode::Normal,
        reason: "bye".into(),
    };
    polite.send(Message::Close(Some(bye))).unwrap();
    assert_eq!(polite.next_event(), Err(Some(1000)), "a close is answered");
}

#[test]
fn a_slow_request_is_cut_off() {
    let (_backend, gateway, _dir) = with_login("", &[]);
    let mut slow = connect(gateway.port());
    slow.set_read_timeout(Some(TIMEOUT)).unwrap();
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
fn a_client_that_does_not_read_is_cut_off_and_resumes() {
    let (backend, gateway, _dir) = with_login("", &[]);
    let mut app = backend.application();
    app.log_in("two", "ann", "ios");
    let mut reader = gateway.socket("two", None).unwrap();
    let start = reader.event()["sequence"].as_str().unwrap().to_owned();
    let socket = gateway.socket("one", None).unwrap();
    let stream = gateway.stream("one", None).unwrap();
    for tcp in [socket.tcp(), stream.tcp()] {
        assert!(tcp.peer_addr().is_ok());
    }
    let text = "x".repeat(200_000);
    for n in 0..60 {
        app.notify("ann", None, &json!({"n": n, "text": text}));
        // A client that reads gets everything meanwhile.
        let event = reader.event();
        assert_eq!(event["data"]["payload"]["n"], n);
    }
    eventually("they are gone", TIMEOUT, || {
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
fn a_client_that_answers_no_ping_is_disconnected() {
    let (_backend, gateway, _dir) = with_login("heartbeat_interval = 1", &[]);
    let mut alive = gateway.socket("one", None).unwrap();
    let dead = gateway.socket("one", None).unwrap();
    // Reading answers pings; nothing reads from the other client.
    for _ in 0..6 {
        alive.next_event_or_heartbeat().unwrap();
    }
    eventually("the other is gone", TIMEOUT, || {
        let open = gateway.metric("rsso_connections{transport=\"websocket\"}");
        (open == 1.0).then_some(())
    });
    drop(dead);
}

#[test]
fn hostile_text_in_an_event_stays_inside_its_data() {
    let (backend, gateway, _dir) = with_login("", &[]);
    let mut app = backend.application();
    let label = "</script>\r\nevent: close\ndata: {\"code\":4001}\n\n\u{2028}\u{0}\"'<b>";
    let mut stream = gateway.stream("one", None).unwrap();
    stream.next_event().unwrap();
    app.notify("ann", None, &json!({"text": label}));
    let block = stream.next_event().unwrap();
    assert_eq!(block.event, "io.rsso.message.v1");
    assert_eq!(block.json()["data"]["payload"]["text"], label);
    // A payload may have line breaks between its members.
    app.0
        .notify(
            &crate::common::backend::user("ann"),
            None,
            "{\r\n\"a\":\n[1,\r2]}",
        )
        .unwrap();
    assert_eq!(
        stream.next_event().unwrap().json()["data"]["payload"],
        json!({"a": [1, 2]})
    );
    app.log_in_with_label("three", "ann", "web", label);
    let block = stream.next_event().unwrap();
    assert_eq!(block.event, "io.rsso.login.kicked.v1");
    assert_eq!(block.json()["data"]["by"]["label"], label);
    assert_eq!(stream.next_event().unwrap().event, "close");
}
