//! Accounts from a user table.

use rsso_testkit::MariaDb;

use super::*;
use crate::delivery::{Sink, Verdict};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_user_table_says_which_account_and_which_language() {
    let mut database = MariaDb::start();
    database.sql(
        "CREATE TABLE users (id INT PRIMARY KEY, jabber VARCHAR(99) NULL, lang VARCHAR(9) NULL);
         INSERT INTO users VALUES (1, 'alice', 'fr'), (2, 'bob@example.org', NULL), (3, NULL, NULL), (4, 'a@b@c', '')",
    );
    let server = XmppServer::prosody(&ACCOUNTS);
    let mut clients = server.clients(&["alice@example.org/web", "bob@example.org/web"]);
    let bridge = bridge(
        &server,
        &format!(
            "account_query = 'SELECT jabber, lang FROM users WHERE id = ?'\ndomain = '{DOMAIN}'\nmysql_dsn = '{}'",
            database.url()
        ),
    );
    until_delivered(&bridge, &kick("1")).await;
    let message = clients.next("message");
    assert_eq!(
        (&message["me"], &message["lang"]),
        (&json!("alice@example.org/web"), &json!("fr"))
    );
    // A connection that was cut is made anew.
    assert_eq!(database.kill_connections(), 1);
    assert_eq!(bridge.deliver(&kick("2")).await, Verdict::Delivered);
    assert_eq!(clients.next("message")["me"], "bob@example.org/web");
    for nobody in ["3", "77", "' OR id = 1 -- ", "\0"] {
        assert_eq!(
            bridge.deliver(&kick(nobody)).await,
            Verdict::NoRecipient,
            "{nobody:?}"
        );
    }
    assert!(matches!(
        bridge.deliver(&kick("4")).await,
        Verdict::GiveUp(_)
    ));
    assert_eq!(
        clients.next_within("message", Duration::from_millis(300)),
        None
    );
    database.kill9();
    let verdict = bridge.deliver(&kick("1")).await;
    assert!(
        matches!(&verdict, Verdict::Postpone(why) if why.contains("xmpp.account_query")),
        "{verdict:?}"
    );
    database.restart();
    until_delivered(&bridge, &kick("1")).await;
    clients.next("message");
    database.sql("DROP TABLE users");
    let verdict = bridge.deliver(&kick("1")).await;
    assert!(
        matches!(
            verdict,
            Verdict::Retry {
                retry_after: None,
                ..
            }
        ),
        "{verdict:?}"
    );
}
