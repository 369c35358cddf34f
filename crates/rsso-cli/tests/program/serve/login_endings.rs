//! `rsso serve` on each store: a browser without a login learns how its last login ended.
//!
//! It learns the same by WebSocket and by event stream.

use crate::common::backend::{Backend, kind};
use crate::common::{HOUR, open_store};

use rsso_core::login::{LoginId, LoginSelector};
use rsso_core::request::{RequestState, Validation, Written};
use rsso_core::{SessionId, Settings};
use rsso_testkit::Gateway;
use rsso_testkit::gateway::{Answer, SseClient, WsClient};

on_every_store!(
    a_client_without_a_session_learns_how_its_login_ended,
    another_claim_of_the_session_makes_its_clients_reconnect,
    an_id_from_strict_mode_still_tells_how_the_login_ended,
    an_inherited_kick_is_reported_even_without_its_event,
);

/// The answers to a client without a session that had this login.
///
/// They are the close code of a WebSocket, and the status and the header `rsso-close` of an event stream.
fn answers_to_former_login(gateway: &Gateway, login: &str) -> (Option<u16>, u16, Option<String>) {
    let cookie = [("Cookie", "PHPSESSID=nobody")];
    let path = |carrier: &str| format!("/sso/{carrier}?lastEventId=1&login={login}");
    let (events, code) = WsClient::open(gateway.port(), &path("ws"), &cookie)
        .unwrap()
        .read_to_end();
    assert!(events.is_empty(), "{events:?}");
    let answer: Answer = gateway.get(&path("events"), &cookie);
    let header = |line: &String| {
        let (name, value) = line.split_once(':')?;
        (name.eq_ignore_ascii_case("rsso-close")).then(|| value.trim().to_owned())
    };
    (code, answer.status, answer.headers.iter().find_map(header))
}

fn a_client_without_a_session_learns_how_its_login_ended(backend: &Backend) {
    let gateway = backend.gateway(&[]);
    let mut app = backend.application();
    let ended = |login: LoginId, code: u16| {
        let answers = answers_to_former_login(&gateway, &login.to_string());
        assert_eq!(answers, (Some(code), 204, Some(code.to_string())));
    };

    let login = app.log_in("here", "ann", "web");
    app.log_out("here");
    ended(login, 4003);

    let login = app.log_in("gone", "bob", "web");
    backend.remove_session("gone");
    ended(login, 4004);

    let login = app.log_in("old", "cid", "web");
    app.log_in("new", "cid", "web");
    ended(login, 4001);

    let login = app.log_in("sent", "dan", "web");
    app.kick("dan", &LoginSelector::default());
    ended(login, 4002);

    // A client with a position had a login once; one without anything, or with nonsense, had none.
    let nobody = |query: &str| {
        let path = format!("/sso/ws{query}");
        WsClient::open(gateway.port(), &path, &[])
            .unwrap()
            .read_to_end()
            .1
    };
    assert_eq!(nobody("?lastEventId=1"), Some(4004));
    for stranger in ["", "?lastEventId=0", "?login=", "?login=PHPSESSID"] {
        assert_eq!(nobody(stranger), Some(4401), "{stranger}");
    }
}

fn another_claim_of_the_session_makes_its_clients_reconnect(backend: &Backend) {
    let gateway = backend.gateway(&[]);
    let mut app = backend.application();
    let before = app.log_in("here", "ann", "web");
    let mut socket = gateway.socket("here", None).unwrap();
    let mut stream = gateway.stream("here", None).unwrap();
    assert_eq!(kind(&socket.event()), "connected");
    stream.next_event().unwrap();
    let after = app.log_in("here", "bob", "web");

    let (events, code) = socket.read_to_end();
    assert_eq!(code, Some(4501));
    assert_eq!(events[0]["data"]["reason"], "reclaimed");
    assert_eq!(
        stream.next_event().unwrap().event,
        "io.rsso.login.released.v1"
    );
    // The client is told when to reconnect, and not that this is final.
    assert!(stream.next_block().unwrap().retry.is_some());
    assert_eq!(stream.next_block(), None);

    let mut again = gateway.socket("here", None).unwrap();
    assert_eq!(again.event()["data"]["login"], after.to_string());
    // A client with the login of before reconnects until it has the new one.
    let path = format!("/sso/ws?login={before}");
    let (_, code) = WsClient::open(gateway.port(), &path, &[])
        .unwrap()
        .read_to_end();
    assert_eq!(code, Some(4501));
    let path = format!("/sso/events?login={before}");
    let mut stream = SseClient::open(gateway.port(), &path, &[]).unwrap();
    assert!(stream.next_block().unwrap().retry.is_some());
}

/// Serves a request with an unknown session id: strict mode gives the browser the id `new`.
fn request_with_unknown_id(backend: &Backend, presented: &str, new: &str, stores: bool) {
    let (mut store, settings) = (open_store(&backend.dsn()), Settings::default());
    let id = |name: &str| SessionId::parse(name.as_bytes()).unwrap();
    let mut request = RequestState::default();
    request.opened();
    let known = request
        .with(&mut *store, &settings)
        .validate(&id(presented), Validation::Start);
    assert!(!known.unwrap());
    request.created(id(new), false);
    let read = request.with(&mut *store, &settings).read(&id(new), HOUR);
    assert_eq!(read.unwrap(), b"");
    if stores {
        let written = request
            .with(&mut *store, &settings)
            .write(&id(new), b"x", HOUR);
        assert_eq!(written.unwrap(), Written::Stored);
    }
    request.with(&mut *store, &settings).finish().unwrap();
}

fn an_id_from_strict_mode_still_tells_how_the_login_ended(backend: &Backend) {
    let gateway = backend.gateway(&[]);
    let mut app = backend.application();
    let old = app.log_in("old", "ann", "web");
    // This page was left before the kick; the browser may bring it back from its cache.
    let mut page = gateway.socket("old", None).unwrap();
    let seen = page.event()["sequence"].as_str().unwrap().to_owned();
    drop(page);
    let winner = app.log_in_with_label("thief", "ann", "web", "Safari on the boat");
    request_with_unknown_id(backend, "old", "first", false);
    request_with_unknown_id(backend, "first", "second", true);
    for id in ["old", "first", "second"] {
        // A new page, and the one that comes back.
        for query in [String::new(), format!("?login={old}&lastEventId={seen}")] {
            let cookie = [("Cookie", &*format!("PHPSESSID={id}"))];
            let path = format!("/sso/ws{query}");
            let (events, code) = WsClient::open(gateway.port(), &path, &cookie)
                .unwrap()
                .read_to_end();
            assert_eq!((events.len(), code), (1, Some(4001)), "{id} {query}");
            let data = &events[0]["data"];
            assert_eq!(data["login"], old.to_string());
            assert_eq!(data["by"]["login"], winner.to_string());
            assert_eq!(data["by"]["label"], "Safari on the boat");
            let path = format!("/sso/events{query}");
            let mut stream = SseClient::open(gateway.port(), &path, &cookie).unwrap();
            assert_eq!(stream.next_event().unwrap().json(), events[0]);
            assert_eq!(stream.next_event().unwrap().json()["code"], 4001);
            // A client that has seen the event does not get it again.
            let seen = events[0]["sequence"].as_str().unwrap();
            let mut again = gateway.socket(id, Some(seen)).unwrap();
            assert_eq!(again.read_to_end(), (Vec::new(), Some(4001)));
        }
    }
    // This ends when a user logs in with that session.
    let bob = app.log_in("second", "bob", "web");
    let mut again = gateway.socket("second", None).unwrap();
    assert_eq!(again.event()["data"]["login"], bob.to_string());
    let mut stranger = gateway.socket("third", None).unwrap();
    assert_eq!(stranger.read_to_end(), (Vec::new(), Some(4401)));
}

fn an_inherited_kick_is_reported_even_without_its_event(backend: &Backend) {
    let mut app = backend.application();
    let old = app.log_in("old", "ann", "web");
    let winner = app.log_in("thief", "ann", "web");
    request_with_unknown_id(backend, "old", "new", false);
    backend.clear_outbox();
    let gateway = backend.gateway(&[]);
    let (events, code) = gateway.socket("new", Some("0")).unwrap().read_to_end();
    assert_eq!(code, Some(4001));
    let kicked = events.last().unwrap();
    assert_eq!(kind(kicked), "kicked");
    assert_eq!(kicked["data"]["login"], old.to_string());
    assert_eq!(kicked["data"]["by"]["login"], winner.to_string());
}
