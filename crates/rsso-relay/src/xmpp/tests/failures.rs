//! Servers that are away, hang or refuse, and clients that are not there.

use rsso_core::login::event::Kind;
use rsso_testkit::process;

use super::super::address::Address;
use super::super::connection::Connection;
use super::super::queued_message::{MessageOutcome, OutgoingMessage};
use super::super::stream::Stream;
use super::super::stream_end::EndCause;
use super::*;
use crate::delivery::{Sink, Verdict};
use crate::xmpp::bridge::SERVER_WAIT;

on_each_server! {
    a_setting_that_is_wrong_is_named
    an_absent_client_gets_nothing_and_delays_nobody
    a_kicked_session_is_ended_and_no_other
    a_client_that_claims_to_be_absent_is_ended_as_well
    a_message_to_a_silent_client_is_repeated_after_a_break
    a_client_with_the_same_resource_ends_the_older_one_for_good
    a_hung_server_delays_nobody_for_long
    a_hung_client_delays_nobody
    a_message_that_breaks_the_stream_is_left_out
}

async fn a_setting_that_is_wrong_is_named(server: XmppServer) {
    let good = settings(&server, "").connection;
    let refused = async |change: &dyn Fn(&mut connection_settings::ConnectionSettings)| {
        let mut settings = good.clone();
        change(&mut settings);
        let end = Stream::open(&settings).await.err().expect("not let in");
        assert!(!end.reason.contains(settings.secret.expose()), "{end:?}");
        end
    };
    let end = refused(&|settings| {
        settings.secret = rsso_core::Secret::new("another");
        settings.secret_setting = "secret_file";
    });
    let end = end.await;
    assert_eq!(end.cause, EndCause::Misconfigured, "{end:?}");
    assert!(end.reason.starts_with("xmpp.secret_file: "), "{end:?}");
    let end = refused(&|settings| settings.component = "other.example.org".to_owned()).await;
    // To ejabberd a component that it does not know has the wrong secret.
    assert!(
        end.reason.starts_with("xmpp.") && end.reason.contains("other.example.org"),
        "{end:?}"
    );
    let port = server.client_port();
    let end = refused(&|settings| settings.server = format!("127.0.0.1:{port}")).await;
    assert!(
        end.reason.starts_with("xmpp.") && end.reason.contains(&port.to_string()),
        "{end:?}"
    );
    let port = process::free_port();
    let end = refused(&|settings| settings.server = format!("127.0.0.1:{port}")).await;
    assert!(
        end.reason.starts_with("xmpp.server: cannot connect"),
        "{end:?}"
    );
    assert_eq!(end.cause, EndCause::ConnectionLost);
}

async fn an_absent_client_gets_nothing_and_delays_nobody(server: XmppServer) {
    let mut clients = server.clients(&["alice@example.org/ios"]);
    let bridge = bridge(&server, "");
    let gone = kick("alice");
    until_done(&bridge, &gone, Verdict::NoRecipient).await;
    assert_eq!(bridge.deliver(&kick("nobody")).await, Verdict::NoRecipient);
    // The server says so of a device, and of an account that there is not.
    for address in ["alice@example.org", "nobody@example.org"] {
        let to = Address::parse(address).unwrap();
        let message = OutgoingMessage {
            id: "x".to_owned(),
            stanza: format!("<message type='headline' from='{COMPONENT}' to='{address}/web'/>"),
            to: to.with_resource(Some("web")).unwrap(),
            end_session: false,
        };
        let outcome = bridge.connection.send(message, SERVER_WAIT).await;
        assert!(
            matches!(outcome, MessageOutcome::NoRecipient(_)),
            "{address}: {outcome:?}"
        );
    }
    let other = delivery(Kind::Expired, &identity(b"alice", ""), &json!({}));
    assert!(matches!(bridge.deliver(&other).await, Verdict::GiveUp(_)));
    assert_eq!(
        clients.next_within("message", Duration::from_millis(500)),
        None
    );
    // Nor when that device comes back, or another one is asked.
    drop(clients);
    let mut clients = server.clients(&["alice@example.org/web"]);
    assert_eq!(
        clients.next_within("message", Duration::from_millis(500)),
        None
    );
}

async fn a_kicked_session_is_ended_and_no_other(server: XmppServer) {
    let kick = kick("alice");
    let event: Value = serde_json::from_str(&kick.event).unwrap();
    let kicked = format!(
        "alice@example.org/web-{}",
        event["data"]["login"].as_str().unwrap()
    );
    let mut others = server.clients(&["alice@example.org/web-other", "bob@example.org/web"]);
    let mut clients = server.clients(&[&kicked]);
    let bridge = bridge(&server, "resource = '{device}-{login}'\nend_session = true");
    until_delivered(&bridge, &kick).await;
    assert_eq!(clients.next("message")["id"], kick.event_id);
    clients.next("offline");
    assert_eq!(
        others.next_within("offline", Duration::from_millis(500)),
        None
    );
}

async fn a_client_that_claims_to_be_absent_is_ended_as_well(server: XmppServer) {
    let kick = kick("alice");
    let event: Value = serde_json::from_str(&kick.event).unwrap();
    let login = event["data"]["login"].as_str().unwrap();
    let kicked = format!("alice@example.org/web-{login}");
    let mut clients = server.clients_with_answer(Answer::Unavailable, &[&kicked]);
    let bridge = bridge(&server, "resource = '{device}-{login}'\nend_session = true");
    until_done(&bridge, &kick, Verdict::NoRecipient).await;
    assert_eq!(clients.next("message")["id"], kick.event_id);
    clients.next("offline");
}

/// The server has answered, the client has not, and the stream breaks: nobody knows.
async fn a_message_to_a_silent_client_is_repeated_after_a_break(mut server: XmppServer) {
    let mut clients = server.clients_with_answer(Answer::Nothing, &["alice@example.org/web"]);
    let bridge = bridge(&server, "");
    // Where nothing breaks, that the server has it is enough.
    let first = kick("alice");
    until_delivered(&bridge, &first).await;
    assert_eq!(clients.next("message")["id"], first.event_id);
    let second = kick("alice");
    let (verdict, ()) = tokio::join!(bridge.deliver(&second), async {
        assert_eq!(clients.next("message")["id"], second.event_id);
        server.kill9();
    });
    assert!(matches!(verdict, Verdict::Postpone(_)), "{verdict:?}");
    server.restart();
    clients.next("online");
    until_delivered(&bridge, &second).await;
    assert_eq!(
        clients.next_within("message", Duration::from_millis(500)),
        None
    );
    assert_eq!(clients.repeated_ids(), [second.event_id]);
}

/// The device is the resource: what the server does then is what rsso does with logins.
async fn a_client_with_the_same_resource_ends_the_older_one_for_good(server: XmppServer) {
    let mut older = server.clients(&["alice@example.org/web"]);
    let bridge = bridge(&server, "");
    let kick = kick("alice");
    until_delivered(&bridge, &kick).await;
    let mut newer = server.clients(&["alice@example.org/web"]);
    assert_eq!(older.next("message")["id"], kick.event_id);
    assert_eq!(older.next("stream-error")["condition"], "conflict");
    older.next("offline");
    assert_eq!(older.next_within("online", Duration::from_secs(1)), None);
    // Nor does the newcomer hear of it.
    assert_eq!(
        newer.next_within("message", Duration::from_millis(100)),
        None
    );
}

async fn a_hung_server_delays_nobody_for_long(server: XmppServer) {
    let mut clients = server.clients(&["alice@example.org/web"]);
    let bridge = bridge(&server, "timeout = 1");
    until_delivered(&bridge, &kick("alice")).await;
    clients.next("message");
    server.pause();
    let before = Instant::now();
    let kick = kick("alice");
    let verdict = bridge.deliver(&kick).await;
    assert!(matches!(verdict, Verdict::Postpone(_)), "{verdict:?}");
    assert!(
        before.elapsed() < Duration::from_secs(5),
        "{:?}",
        before.elapsed()
    );
    server.resume();
    until_delivered(&bridge, &kick).await;
    // At least once: the server had the first one too, and an id to know the second by.
    assert_eq!(clients.next("message")["id"], kick.event_id);
}

async fn a_hung_client_delays_nobody(server: XmppServer) {
    let mut clients = server.clients(&["alice@example.org/web"]);
    let bridge = bridge(&server, "");
    until_delivered(&bridge, &kick("alice")).await;
    clients.next("message");
    clients.pause();
    let kick = kick("alice");
    // Before the client goes on: nothing waited for it.
    assert_eq!(bridge.deliver(&kick).await, Verdict::Delivered);
    clients.resume();
    assert_eq!(clients.next("message")["id"], kick.event_id);
}

async fn a_message_that_breaks_the_stream_is_left_out(server: XmppServer) {
    let mut clients = server.clients(&["alice@example.org/web"]);
    let settings = connection_settings::ConnectionSettings {
        grace: Duration::ZERO,
        ..settings(&server, "").connection
    };
    let connection = Connection::start(settings);
    let server_wait = Duration::from_secs(20);
    let message = |id: &str, text: &str| OutgoingMessage {
        id: id.to_owned(),
        stanza: format!(
            "<message id='{id}' from='{COMPONENT}' to='alice@example.org/web'><body>{text}</body></message>"
        ),
        to: Address::parse("alice@example.org").unwrap(),
        end_session: false,
    };
    assert_eq!(
        connection.send(message("first", "a"), server_wait).await,
        MessageOutcome::Delivered
    );
    let sent = async |id: &str, text: &str| {
        loop {
            match connection.send(message(id, text), server_wait).await {
                MessageOutcome::Disconnected(_) => {}
                other => return other,
            }
        }
    };
    let (before, bad, behind) = tokio::join!(
        sent("before", "b"),
        sent("bad", "&#7;"),
        sent("behind", "c")
    );
    assert_eq!(
        (before, behind),
        (MessageOutcome::Delivered, MessageOutcome::Delivered)
    );
    assert!(matches!(bad, MessageOutcome::Rejected(_)), "{bad:?}");
    let mut got: Vec<_> = (0..3)
        .map(|_| clients.next("message")["id"].clone())
        .collect();
    got.dedup();
    assert_eq!(got[0], "first");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_gateway_under_the_same_name_is_told_so() {
    let server = XmppServer::prosody(&ACCOUNTS);
    let first = bridge(&server, "");
    until_done(&first, &kick("alice"), Verdict::NoRecipient).await;
    let end = Stream::open(&settings(&server, "").connection)
        .await
        .err()
        .unwrap();
    assert!(
        end.reason.starts_with("xmpp.component: another program"),
        "{end:?}"
    );
}
