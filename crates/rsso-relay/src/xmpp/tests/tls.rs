//! Over TLS, to a server that takes it from the first byte: ejabberd.

use std::path::Path;

use rsso_testkit::{Certificates, WorkDir};

use super::super::stream::Stream;
use super::super::stream_end::EndCause;
use super::*;

fn with_ca(ca: &Path) -> String {
    format!("tls = true\nca_file = '{}'\n", ca.display())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_arrive_over_tls() {
    let server = XmppServer::ejabberd_with_tls(&ACCOUNTS);
    let mut clients = server.clients(&["alice@example.org/web"]);
    let bridge = bridge(&server, &with_ca(server.ca()));
    for _ in 0..tries() {
        let kick = kick("alice");
        until_delivered(&bridge, &kick).await;
        assert_eq!(clients.next("message")["id"], kick.event_id.as_str());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_prove_to_be_the_server_gets_nothing() {
    let server = XmppServer::ejabberd_with_tls(&ACCOUNTS);
    let good = settings(&server, &with_ca(server.ca())).connection;
    let refused = async |connection: &connection_settings::ConnectionSettings| {
        let end = Stream::open(connection).await.err().expect("not let in");
        assert!(!end.reason.contains(connection.secret.expose()), "{end:?}");
        end
    };
    // Of another authority, and of the system's.
    let dir = WorkDir::new();
    let stranger = Certificates::generate(&dir);
    for more in [with_ca(&stranger.ca), "tls = true\n".to_owned()] {
        let end = refused(&settings(&server, &more).connection).await;
        assert_eq!(end.cause, EndCause::Misconfigured, "{end:?}");
        assert!(end.reason.starts_with("xmpp.ca_file: "), "{end:?}");
    }
    // Another name for the same place, which the certificate does not have.
    let port = server.component_port();
    let elsewhere = format!("127.0.0.2:{port}");
    let tls = super::super::connection_settings::Tls::new(&elsewhere, Some(server.ca())).unwrap();
    let other = connection_settings::ConnectionSettings {
        tls: Some(tls),
        ..good.clone()
    };
    let end = refused(&other).await;
    assert!(end.reason.starts_with("xmpp.ca_file: "), "{end:?}");
    // One that speaks no TLS, and one that speaks nothing else.
    let plain = XmppServer::ejabberd(&ACCOUNTS);
    let end = refused(&settings(&plain, &with_ca(server.ca())).connection).await;
    assert!(
        end.reason.starts_with("xmpp.tls: ") || end.cause == EndCause::ConnectionLost,
        "{end:?}"
    );
    let end = refused(&connection_settings::ConnectionSettings { tls: None, ..good }).await;
    assert!(
        end.reason.starts_with("xmpp.server: ") || end.cause == EndCause::ConnectionLost,
        "{end:?}"
    );
}
