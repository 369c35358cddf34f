//! One operation ends 5,000 logins: each of its events arrives once, with an id of its own.
//!
//! The events go to a webhook, to an XMPP client and to browsers.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::common::backend::{Backend, kind, user};
use crate::common::receiver::Receiver;
use crate::common::relay::{RelaySetup, webhook, xmpp};
use crate::common::{HOUR, json, open_store, session_key};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use rsso_core::login::{
    Claim, ClaimBasis, Claimed, Client, Device, KickRequest, Limits, LoginId, LoginSelector,
};
use rsso_core::store::{Store, Token};
use rsso_testkit::{XmppServer, eventually};
use serde_json::Value;

/// More logins than the relay reads at once.
///
/// It is also more than the last two characters of an id can number (1,024).
const LOGINS: usize = 5000;

/// One in this many logins has a page open.
const PAGES: usize = 10;

/// How long a test waits; alone on a machine each takes at most 30 seconds.
const TIMEOUT: Duration = Duration::from_secs(200);

fn session(number: usize) -> String {
    format!("s{number}")
}

/// Logs in the session with this number, all for one user.
fn log_in(store: &mut dyn Store, number: usize) -> LoginId {
    let claim = Claim {
        user: user("kiosk"),
        login: LoginId::new().unwrap(),
        device: Device::parse(b"web").unwrap(),
        label: None,
        meta: None,
        client: Client::default(),
        claimed_from: None,
        notify_others: false,
        limits: Limits {
            max_logins: 0,
            max_logins_per_device: 0,
            max_logins_hard: 10_000,
            storm_limit: 0,
            ..Limits::default()
        },
        tombstone_ttl: HOUR,
    };
    let basis = ClaimBasis {
        seen: None,
        token: Token::random().unwrap(),
        ttl: HOUR,
    };
    let claimed = store
        .claim(&session_key(&session(number)), basis, &claim)
        .unwrap();
    assert!(matches!(claimed, Claimed::New(..)));
    claim.login
}

/// A store with 5,000 logins of one user.
struct SharedAccount {
    backend: Backend,
    store: Box<dyn Store>,
    logins: Vec<LoginId>,
}

impl SharedAccount {
    fn open() -> Self {
        let backend = Backend::sqlite();
        let mut store = open_store(&backend.dsn());
        let logins = (0..LOGINS).map(|n| log_in(&mut *store, n)).collect();
        Self {
            backend,
            store,
            logins,
        }
    }

    /// Ends all logins at once; returns the event id of each.
    fn kick_all(&mut self) -> HashMap<String, String> {
        let order = KickRequest {
            reason: "closing time".to_owned(),
            tombstone_ttl: HOUR,
        };
        let kiosk = user("kiosk");
        let before = self.store.newest(&kiosk.realm).unwrap();
        let kicked = self
            .store
            .kick(&kiosk, &LoginSelector::default(), &order)
            .unwrap();
        assert_eq!(kicked.len(), LOGINS);
        let events = self
            .store
            .events(&kiosk.realm, &before, 2 * LOGINS)
            .unwrap();
        assert_eq!(events.len(), LOGINS);
        let ids: HashMap<_, _> = events
            .iter()
            .map(|e| login_and_id(&json(&e.json)))
            .collect();
        assert_eq!(ids.values().collect::<HashSet<_>>().len(), LOGINS);
        assert!(
            self.logins
                .iter()
                .all(|login| ids.contains_key(&login.to_string()))
        );
        ids
    }
}

/// The login that a kick ended, and the id of the event.
fn login_and_id(event: &Value) -> (String, String) {
    assert_eq!(kind(event), "kicked");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&event["data"]["login"]), text(&event["id"]))
}

#[test]
fn each_event_of_a_large_kick_arrives_once_at_webhooks_and_browsers() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    let (mut account, setup, receiver) = (
        SharedAccount::open(),
        RelaySetup::new(),
        Receiver::accepting_all(),
    );
    let tables = webhook(
        &receiver.url(),
        "[]",
        "types = [\"login.kicked\"]\nmax_in_flight = 8",
    );
    let tables = format!("max_connections_per_address = {LOGINS}\n{tables}");
    let gateway = setup.gateway(&account.backend, &tables);
    let mut pages: Vec<_> = (0..LOGINS)
        .step_by(PAGES)
        .map(|number| {
            let mut socket = gateway.socket(&session(number), None).unwrap();
            assert_eq!(kind(&socket.event()), "connected");
            (account.logins[number].to_string(), socket)
        })
        .collect();
    let ids = account.kick_all();

    for (login, socket) in &mut pages {
        let (events, code) = socket.read_to_end();
        let told: Vec<_> = events.iter().map(login_and_id).collect();
        assert_eq!(told, [(login.clone(), ids[&*login].clone())]);
        assert_eq!(code, Some(4002));
    }
    eventually("the webhook has them", TIMEOUT, || {
        (receiver.count() >= LOGINS).then_some(())
    });
    setup.wait_for(0, 0, 0);
    let requests = receiver.requests();
    assert_eq!(requests.len(), LOGINS);
    let told: HashMap<_, _> = requests
        .iter()
        .map(|request| {
            let (login, id) = login_and_id(&request.json());
            assert_eq!(request.id(), id);
            (login, id)
        })
        .collect();
    assert_eq!(told, ids);
    assert_eq!(gateway.metric("rsso_relay_gaps_total"), 0.0);
}

#[test]
fn each_event_of_a_large_kick_arrives_once_over_xmpp() {
    let server = XmppServer::prosody(&["kiosk"]);
    let mut clients = server.clients(&["kiosk@example.org/web"]);
    let (mut account, setup) = (SharedAccount::open(), RelaySetup::new());
    let gateway = setup.gateway(&account.backend, &xmpp(&server, ""));
    let ids = account.kick_all();
    let mut told = HashMap::new();
    while told.len() < LOGINS {
        let message = clients.next_within("message", TIMEOUT).expect("a message");
        let (login, id) = login_and_id(&json(message["event"].as_str().unwrap()));
        assert_eq!(message["id"], id.as_str());
        assert_eq!(told.insert(login, id), None, "delivered twice");
    }
    assert_eq!(told, ids);
    eventually("all are confirmed", TIMEOUT, || {
        let delivered = gateway.metric("rsso_xmpp_messages_total{result=\"delivered\"}");
        (delivered >= LOGINS as f64).then_some(())
    });
    setup.wait_for(0, 0, 0);
    assert_eq!(
        clients.next_within("message", Duration::from_millis(500)),
        None
    );
    assert_eq!(clients.repeated_ids(), Vec::<&str>::new());
    assert_eq!(gateway.metric("rsso_relay_gaps_total"), 0.0);
}
