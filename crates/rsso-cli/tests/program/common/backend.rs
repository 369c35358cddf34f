//! Stores, and the gateways and applications that use them.

use std::path::Path;

use super::{HOUR, open_store, open_store_with_outbox_limit, session_key};

use rsso_core::login::{
    Claim, ClaimBasis, Claimed, Client, Device, Kick, KickRequest, Limits, LoginId, LoginSelector,
    Realm, Uid, User,
};
use rsso_core::store::{End, Store, Token};
use rsso_testkit::{Gateway, MariaDb, RedisServer, WorkDir};
use serde_json::Value;

/// An empty store of one kind, with its server.
pub enum Backend {
    Sqlite(WorkDir),
    Redis(RedisServer),
    Mysql(MariaDb),
}

impl Backend {
    pub fn sqlite() -> Self {
        let dir = WorkDir::new();
        let backend = Self::Sqlite(dir);
        // The gateway creates no database; PHP does.
        open_store(&backend.dsn()).ready().expect("SQLite works");
        backend
    }

    /// A Redis server that keeps its data over a restart.
    pub fn redis() -> Self {
        Self::Redis(RedisServer::builder().persistent().start())
    }

    pub fn mysql() -> Self {
        Self::Mysql(MariaDb::start())
    }

    pub fn dsn(&self) -> String {
        match self {
            Self::Sqlite(dir) => format!("sqlite:{}", dir.join("sessions.db").display()),
            Self::Redis(server) => server.url(),
            Self::Mysql(server) => server.url(),
        }
    }

    /// Kills the server and starts it with what it had written; SQLite has no server.
    pub fn restart(&mut self) {
        match self {
            Self::Sqlite(_) => {}
            Self::Redis(server) => server.restart(),
            Self::Mysql(server) => server.restart(),
        }
    }

    /// Starts `rsso serve` on this store, and waits until it is ready.
    pub fn gateway(&self, arguments: &[&str]) -> Gateway {
        let dsn = self.dsn();
        let mut all = vec!["--dsn", &dsn];
        all.extend(arguments);
        Gateway::start_ready(program(), &all)
    }

    /// Deletes a session from the store without rsso, as an administrator may.
    pub fn remove_session(&self, session: &str) {
        let key = session_key(session);
        let hex: String = key.as_bytes().iter().map(|b| format!("{b:02x}")).collect();
        let sql = format!("DELETE FROM rsso_sessions WHERE id = x'{hex}'");
        match self {
            Self::Sqlite(dir) => super::sqlite(&dir.join("sessions.db"), &sql),
            Self::Redis(server) => {
                let name = format!("rsso:{{{}}}:d", key.to_text());
                assert_eq!(server.cli(&["del", &name]), "1");
            }
            Self::Mysql(server) => drop(server.sql(&sql)),
        }
    }

    /// Empties the outbox.
    pub fn clear_outbox(&self) {
        let sql = "DELETE FROM rsso_events";
        match self {
            Self::Sqlite(dir) => super::sqlite(&dir.join("sessions.db"), sql),
            Self::Redis(server) => {
                assert_eq!(server.cli(&["del", "rsso:e:default"]), "1");
            }
            Self::Mysql(server) => drop(server.sql(sql)),
        }
    }

    /// An application on this store.
    pub fn application(&self) -> Application {
        Application(open_store(&self.dsn()))
    }

    /// Like [`Self::application`]; the outbox keeps this many events.
    pub fn application_with_outbox_limit(&self, events: u64) -> Application {
        Application(open_store_with_outbox_limit(&self.dsn(), events))
    }
}

/// The program `rsso` under test.
pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_rsso"))
}

/// An application in PHP: it uses the store as rsso_claim() and the like do.
pub struct Application(pub Box<dyn Store>);

impl Application {
    /// Logs a user in; there is one login per device class.
    pub fn log_in(&mut self, session: &str, uid: &str, device: &str) -> LoginId {
        self.log_in_with_label(session, uid, device, "somewhere")
    }

    /// Like [`Self::log_in`], with a label.
    pub fn log_in_with_label(
        &mut self,
        session: &str,
        uid: &str,
        device: &str,
        label: &str,
    ) -> LoginId {
        self.claim(session, uid, device, label).0
    }

    /// Claims a login, and returns its id and the logins that this kicked.
    pub fn claim(
        &mut self,
        session: &str,
        uid: &str,
        device: &str,
        label: &str,
    ) -> (LoginId, Vec<Kick>) {
        self.claim_as(session, &new_claim(uid, device, label))
    }

    /// Logs a user in, and notifies the user's other logins.
    pub fn log_in_notifying_others(
        &mut self,
        session: &str,
        uid: &str,
        device: &str,
        label: &str,
        from: Client,
    ) -> LoginId {
        let claim = Claim {
            client: from,
            notify_others: true,
            ..new_claim(uid, device, label)
        };
        self.claim_as(session, &claim).0
    }

    fn claim_as(&mut self, session: &str, claim: &Claim) -> (LoginId, Vec<Kick>) {
        let basis = ClaimBasis {
            seen: None,
            token: Token::random().expect("randomness"),
            ttl: HOUR,
        };
        match self.0.claim(&session_key(session), basis, claim) {
            Ok(Claimed::New(_, kicks)) => (claim.login, kicks),
            other => panic!("{other:?}"),
        }
    }

    pub fn log_out(&mut self, session: &str) {
        self.0
            .destroy(&session_key(session), None, End::default())
            .expect("the store works");
    }

    pub fn kick(&mut self, uid: &str, which: &LoginSelector) -> usize {
        let order = KickRequest {
            reason: "kicked".to_owned(),
            tombstone_ttl: HOUR,
        };
        let kicked = self.0.kick(&user(uid), which, &order);
        kicked.expect("the store works").len()
    }

    pub fn notify(&mut self, uid: &str, device: Option<&str>, payload: &Value) -> u64 {
        let device = device.map(|d| Device::parse(d.as_bytes()).expect("a device"));
        self.0
            .notify(&user(uid), device.as_ref(), &payload.to_string())
            .expect("the store works")
    }
}

/// A claim that leaves one login per device class.
fn new_claim(uid: &str, device: &str, label: &str) -> Claim {
    Claim {
        user: user(uid),
        login: LoginId::new().expect("randomness"),
        device: Device::parse(device.as_bytes()).expect("a device"),
        label: Some(label.to_owned()),
        meta: None,
        client: Client::default(),
        claimed_from: None,
        limits: Limits {
            max_logins: 0,
            max_logins_per_device: 1,
            storm_limit: 0,
            ..Limits::default()
        },
        notify_others: false,
        tombstone_ttl: HOUR,
    }
}

pub fn user(uid: &str) -> User {
    User {
        realm: Realm::default(),
        uid: Uid::parse(uid.as_bytes()).expect("a uid"),
    }
}

/// How often a random test is repeated.
pub fn tries(usual: usize) -> usize {
    let wanted = std::env::var("RSSO_TRIES").ok();
    wanted.map_or(usual, |n| n.parse().expect("RSSO_TRIES is a number"))
}

/// The type of an event without prefix and version, such as `kicked`.
pub fn kind(event: &Value) -> &str {
    let kind = event["type"].as_str().expect("a type");
    let kind = kind.strip_prefix("io.rsso.").expect("rsso's");
    let kind = kind.strip_suffix(".v1").expect("version 1");
    kind.strip_prefix("login.").unwrap_or(kind)
}

/// Logs a user in to a realm, and sends them a message.
pub fn log_in_to_realm(store: &mut dyn Store, realm: &str, session: &str, uid: &str) {
    let user = User {
        realm: Realm::parse(realm).expect("a realm"),
        uid: Uid::parse(uid.as_bytes()).expect("a uid"),
    };
    let claim = Claim {
        user: user.clone(),
        login: LoginId::new().expect("randomness"),
        device: Device::parse(b"web").expect("a device"),
        label: None,
        meta: None,
        client: Client::default(),
        claimed_from: None,
        limits: Limits::default(),
        notify_others: false,
        tombstone_ttl: HOUR,
    };
    let basis = ClaimBasis {
        seen: None,
        token: Token::random().expect("randomness"),
        ttl: HOUR,
    };
    let claimed = store.claim(&session_key(session), basis, &claim);
    assert!(matches!(claimed, Ok(Claimed::New(..))), "{claimed:?}");
    store.notify(&user, None, "1").expect("the store works");
}
