//! What is sent arrives: once, as it was, and where it belongs.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use rsso_core::login::event::Kind;
use rsso_testkit::XmppClients;
use rsso_testkit::xmpp::Answer;

use super::*;
use crate::delivery::{Sink, Verdict};

/// Some are always under way.
const PACE: Duration = Duration::from_millis(10);

on_each_server! {
    every_kick_arrives_once
    what_is_kicked_while_the_server_is_away_arrives_once
    what_is_kicked_around_a_stop_arrives
    what_is_kicked_around_a_crash_arrives
    hostile_texts_do_no_harm
    a_notice_without_a_resource_waits_for_its_user
}

async fn every_kick_arrives_once(server: XmppServer) {
    let mut clients = server.clients(&["alice@example.org/web", "alice@example.org/ios"]);
    let bridge = bridge(&server, "language = 'de'");
    until_delivered(&bridge, &kick("alice")).await;
    clients.next("message");
    let (mut seen, mut proved) = (Vec::new(), Vec::new());
    for _ in 0..tries() {
        let kick = kick("alice");
        let sent = now();
        until_delivered(&bridge, &kick).await;
        proved.push(now() - sent);
        let message = clients.next("message");
        seen.push(message["at"].as_f64().unwrap() - sent);
        assert_eq!(message["id"], kick.event_id);
        assert_eq!(message["me"], "alice@example.org/web");
        assert_eq!(message["type"], "headline");
        assert_eq!(message["sender"], COMPONENT);
        assert_eq!(message["lang"], "de");
        assert!(
            message["body"].as_str().unwrap().contains("anderen Gerät"),
            "{message}"
        );
        assert_eq!(message["event"], kick.event);
    }
    assert_eq!(
        clients.next_within("message", Duration::from_millis(500)),
        None,
        "one too many"
    );
    assert!(
        clients.repeated_ids().is_empty(),
        "{:?}",
        clients.repeated_ids()
    );
    println!(
        "{} kicks: seen p50 {:.2} ms, p99 {:.2} ms; proved p50 {:.2} ms, p99 {:.2} ms",
        seen.len(),
        percentile(&mut seen, 50),
        percentile(&mut seen, 99),
        percentile(&mut proved, 50),
        percentile(&mut proved, 99),
    );
}

/// One after another, the server being stopped between two of them: then it is always known who has what.
async fn what_is_kicked_while_the_server_is_away_arrives_once(mut server: XmppServer) {
    let count = tries();
    let mut clients = server.clients(&["alice@example.org/web"]);
    let bridge = Arc::new(bridge(&server, ""));
    until_delivered(&bridge, &kick("alice")).await;
    clients.next("message");
    let mut wanted = Vec::new();
    for _ in 0..count * 2 / 5 {
        let kick = kick("alice");
        until_delivered(&bridge, &kick).await;
        wanted.push(kick.event_id);
    }
    server.stop();
    let mut waiting = Vec::new();
    for _ in 0..count / 5 {
        let (bridge, kick) = (Arc::clone(&bridge), kick("alice"));
        wanted.push(kick.event_id.clone());
        waiting.push(tokio::spawn(async move {
            until_delivered(&bridge, &kick).await;
        }));
        sleep(PACE).await;
    }
    sleep(away(count)).await;
    server.restart();
    for one in waiting {
        one.await.unwrap();
    }
    while wanted.len() < count {
        let kick = kick("alice");
        until_delivered(&bridge, &kick).await;
        wanted.push(kick.event_id);
    }
    let got = arrived(&mut clients);
    println!(
        "{count} kicks, {} of them while the server was away: {} arrived, {} of them again",
        count / 5,
        got.len(),
        clients.repeated_ids().len()
    );
    wanted.sort();
    assert_eq!(got, wanted);
    assert!(
        clients.repeated_ids().is_empty(),
        "{:?}",
        clients.repeated_ids()
    );
}

async fn what_is_kicked_around_a_stop_arrives(server: XmppServer) {
    kicks_around(server, XmppServer::stop).await;
}

async fn what_is_kicked_around_a_crash_arrives(server: XmppServer) {
    kicks_around(server, XmppServer::kill9).await;
}

/// Kicks in a steady flow, the server being ended in the middle of it and started later.
async fn kicks_around(server: XmppServer, end: impl FnOnce(&mut XmppServer) + Send + 'static) {
    let count = tries();
    let away = away(count);
    let mut clients = server.clients(&["alice@example.org/web"]);
    let bridge = Arc::new(bridge(&server, ""));
    until_delivered(&bridge, &kick("alice")).await;
    clients.next("message");
    let mut middle = Some((server, end));
    let (mut sending, mut restarted) = (Vec::new(), None);
    let delivered = Arc::new(Mutex::new(HashSet::new()));
    for number in 0..count {
        let (bridge, kick) = (Arc::clone(&bridge), kick("alice"));
        let done = Arc::clone(&delivered);
        sending.push(tokio::spawn(async move {
            until_delivered(&bridge, &kick).await;
            done.lock().unwrap().insert(kick.event_id.clone());
            kick.event_id
        }));
        sleep(PACE).await;
        if number >= count * 2 / 5
            && let Some((mut server, end)) = middle.take()
        {
            let before = delivered.lock().unwrap().clone();
            restarted = Some(std::thread::spawn(move || {
                end(&mut server);
                std::thread::sleep(away);
                server.restart();
                (server, before, Instant::now())
            }));
        }
    }
    let mut wanted = Vec::new();
    for one in sending {
        wanted.push(one.await.unwrap());
    }
    let (server, before, since) = restarted.unwrap().join().unwrap();
    let all_delivered = since.elapsed();
    let got = arrived(&mut clients);
    let again = clients.repeated_ids();
    println!(
        "{count} kicks around {away:?} without a server: {} arrived, {} of them again under their id; it had taken \
         the last {all_delivered:?} after its start",
        got.len(),
        again.len(),
    );
    wanted.sort();
    assert_eq!(got, wanted);
    // What was under way when it went may have arrived, and nobody can say. What was delivered before does not come again.
    for id in again {
        assert!(!before.contains(id), "{id}");
    }
    drop(server);
}

/// For how long there is no server.
fn away(count: usize) -> Duration {
    Duration::from_secs(if count >= 200 { 10 } else { 2 })
}

/// The ids of all messages, until no more come.
fn arrived(clients: &mut XmppClients) -> Vec<String> {
    let mut got = Vec::new();
    while let Some(message) = clients.next_within("message", Duration::from_secs(2)) {
        got.push(message["id"].as_str().unwrap().to_owned());
    }
    got.sort();
    got
}

async fn hostile_texts_do_no_harm(server: XmppServer) {
    let mut clients = server.clients(&["alice@example.org/web", "at\\40slash\\2f@example.org/web"]);
    let bridge = bridge(&server, "");
    until_delivered(&bridge, &kick("alice")).await;
    clients.next("message");
    let hostile = [
        "</message><message to='alice@example.org/web'><body>x</body></message>",
        "</stream:stream>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]>&b;",
        "]]>&amp;&#0;'\"",
        "alice@example.org/web",
        "alice/web",
        "alice\0",
        "alice\u{7}\u{1B}[2J\r\n",
        "alice\u{200B}",
        "\u{FFFE}\u{FFFF}\u{FDD0}\u{10FFFF}",
        "\u{202E}alice\u{E000}",
        "{uid}",
        "{device}{label}",
        "@",
        "/",
        " ",
        "\\40",
        "ａｌｉｃｅ",
    ];
    for text in hostile {
        // As a uid it reaches nobody.
        let verdict = bridge.deliver(&kick(text)).await;
        assert!(
            matches!(verdict, Verdict::NoRecipient | Verdict::GiveUp(_)),
            "{text:?}: {verdict:?}"
        );
        // As a label and a payload it arrives as it is.
        let notice = delivery(
            Kind::Message,
            &identity(b"alice", text),
            &json!({"payload": text}),
        );
        assert_eq!(
            bridge.deliver(&notice).await,
            Verdict::Delivered,
            "{text:?}"
        );
        let message = clients.next("message");
        assert_eq!(message["id"], notice.event_id, "{text:?}: {message}");
        let event: Value = serde_json::from_str(message["event"].as_str().unwrap()).unwrap();
        assert_eq!(event["data"]["payload"], text);
        assert_eq!(event["data"]["label"], text);
    }
    let long = "x".repeat(255);
    assert_eq!(bridge.deliver(&kick(&long)).await, Verdict::NoRecipient);
    let no_text = delivery(Kind::Kicked, &identity(b"\xFF", ""), &json!({}));
    assert!(matches!(bridge.deliver(&no_text).await, Verdict::GiveUp(_)));
    let big = delivery(
        Kind::Message,
        &identity(b"alice", ""),
        &json!({"payload": "<&\0".repeat(5000)}),
    );
    assert_eq!(bridge.deliver(&big).await, Verdict::Delivered);
    assert_eq!(clients.next("message")["id"], big.event_id);
    // Its escaped name is an account like any other.
    let kick = kick("at@slash/");
    assert_eq!(bridge.deliver(&kick).await, Verdict::Delivered);
    let message = clients.next("message");
    assert_eq!(
        (&message["id"], &message["to"]),
        (
            &json!(kick.event_id),
            &json!("at\\40slash\\2f@example.org/web")
        )
    );
}

async fn a_notice_without_a_resource_waits_for_its_user(server: XmppServer) {
    let bridge = bridge(&server, "resource = ''");
    let notice = delivery(
        Kind::Message,
        &identity(b"alice", ""),
        &json!({"payload": {"text": "hello"}}),
    );
    until_delivered(&bridge, &notice).await;
    let mut clients = XmppClients::start(
        server.client_port(),
        Answer::Unknown,
        &["alice@example.org/any"],
    );
    let message = clients.next("message");
    assert_eq!(message["id"], notice.event_id);
    assert_eq!(message["body"], "hello");
    // A name of nobody comes back from the server.
    let nobody = delivery(
        Kind::Message,
        &identity(b"nobody", ""),
        &json!({"payload": 1}),
    );
    assert_eq!(bridge.deliver(&nobody).await, Verdict::NoRecipient);
}

fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs_f64()
}

fn percentile(of: &mut [f64], percent: usize) -> f64 {
    of.sort_by(f64::total_cmp);
    of[(of.len() * percent / 100).min(of.len() - 1)] * 1000.0
}
