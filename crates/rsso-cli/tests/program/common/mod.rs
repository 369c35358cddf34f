//! What the tests share: runs of the program `rsso`, and direct access to its stores.

/// Defines each of these tests for SQLite, Redis and MySQL.
macro_rules! on_every_store {
    ($($test:ident),* $(,)?) => {
        mod sqlite { $(#[test] fn $test() { super::$test(&crate::common::backend::Backend::sqlite()); })* }
        mod redis { $(#[test] fn $test() { super::$test(&crate::common::backend::Backend::redis()); })* }
        mod mysql { $(#[test] fn $test() { super::$test(&crate::common::backend::Backend::mysql()); })* }
    };
}

pub mod backend;
pub mod random;
pub mod receiver;
pub mod relay;
pub mod tokens;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rsso_core::login::{
    Claim, ClaimBasis, Claimed, Client, Details, Device, Limits, LoginId, Realm, Uid, User,
};
use rsso_core::store::{Basis, Change, Load, LockTerms, Outcome, Store, Token};
use rsso_core::{Deadline, SessionId, SessionKey, Settings};
use rsso_stores::Spec;

pub const SUCCESS: i32 = 0;
pub const STORE_FAILED: i32 = 1;
pub const WRONG_USAGE: i32 = 2;

/// The exit code and the output of a run.
#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs `rsso` with these arguments, these environment variables, and no other variable of rsso.
pub fn rsso_with(variables: &[(&str, &str)], arguments: &[&str]) -> Answer {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rsso"));
    for name in [
        "RSSO_DSN",
        "RSSO_PASSWORD",
        "RSSO_PASSWORD_FILE",
        "RSSO_PREFIX",
        "RSSO_REALM",
    ] {
        command.env_remove(name);
    }
    let output = command
        .args(arguments)
        .envs(variables.iter().copied())
        .output()
        .expect("run rsso");
    let text = |bytes| String::from_utf8(bytes).expect("rsso writes UTF-8");
    Answer {
        code: output.status.code().expect("rsso was not killed"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// Runs `rsso` with these arguments.
pub fn rsso(arguments: &[&str]) -> Answer {
    rsso_with(&[], arguments)
}

impl Answer {
    /// The standard output of a run that succeeded and wrote nothing to standard error.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (SUCCESS, ""), "{self:?}");
        self.stdout
    }

    /// The message of a run that failed with this code.
    ///
    /// It is the only line that the run printed.
    #[track_caller]
    pub fn failed(self, code: i32) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{self:?}");
        let line = self.stderr.strip_suffix('\n').expect("a whole line");
        assert!(!line.is_empty() && !line.contains('\n'), "{self:?}");
        line.to_owned()
    }
}

/// Parses JSON.
#[track_caller]
pub fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Opens the store directly, as PHP does.
pub fn open_store(dsn: &str) -> Box<dyn Store> {
    open_store_with_outbox_limit(dsn, Settings::default().logins.events_most)
}

/// Like [`open_store`]; the outbox keeps this many events.
pub fn open_store_with_outbox_limit(dsn: &str, events: u64) -> Box<dyn Store> {
    let mut settings = Settings::default();
    settings.set("dsn", dsn).expect("a good DSN");
    settings.logins.events_most = events;
    Spec::resolve(&settings, "")
        .and_then(|spec| spec.create())
        .expect("a good store")
}

/// The key of the session with this id, which is stored as a hash.
pub fn session_key(name: &str) -> SessionKey {
    SessionKey::of(&SessionId::parse(name.as_bytes()).expect("an id"), true)
}

/// Stores a session that lives for an hour.
pub fn store_session(store: &mut dyn Store, name: &str) {
    let basis = Basis {
        token: Token::random().expect("randomness"),
        locked: false,
        seen: None,
        keeps_expiry: false,
    };
    let outcome = store
        .commit(&session_key(name), basis, Change::Write(b"n|i:1;", HOUR))
        .expect("the store works");
    assert!(matches!(outcome, Outcome::Stored(_)));
}

/// Claims a login in a new session, and returns the id of the login.
pub fn claim(store: &mut dyn Store, name: &str, uid: &[u8], device: &str) -> String {
    let claim = Claim {
        user: User {
            realm: Realm::default(),
            uid: Uid::parse(uid).expect("a uid"),
        },
        login: LoginId::new().expect("randomness"),
        device: Device::parse(device.as_bytes()).expect("a device"),
        label: Some(format!("on {device}\u{7}")),
        meta: Some("{\"a\":1}".to_owned()),
        client: Client::new(
            "192.0.2.77".parse().ok(),
            Some("Agent\u{202e}/1".as_bytes()),
            Details::Full,
        ),
        claimed_from: None,
        limits: Limits {
            max_logins: 0,
            max_logins_per_device: 1,
            ..Limits::default()
        },
        notify_others: false,
        tombstone_ttl: HOUR,
    };
    let basis = ClaimBasis {
        seen: None,
        token: Token::random().expect("randomness"),
        ttl: HOUR,
    };
    let claimed = store
        .claim(&session_key(name), basis, &claim)
        .expect("the store works");
    assert!(matches!(claimed, Claimed::New(..)));
    claim.login.to_string()
}

/// Locks a session for as long as `store` lives.
pub fn lock_session(store: &mut dyn Store, name: &str) {
    let want = Load {
        token: Token::random().expect("randomness"),
        lock: Some(LockTerms {
            deadline: Deadline::after(Duration::from_secs(10)),
            ttl: HOUR,
        }),
        only_existing: false,
    };
    let loaded = store
        .load(&session_key(name), want)
        .expect("the store works");
    assert!(loaded.locked);
}

/// Runs statements on a SQLite file.
pub fn sqlite(path: &Path, sql: &str) {
    rusqlite::Connection::open(path)
        .and_then(|connection| connection.execute_batch(sql))
        .expect("SQLite works");
}

/// The number of sessions in a SQLite file, expired ones included.
pub fn sqlite_sessions(path: &Path) -> i64 {
    rusqlite::Connection::open(path)
        .and_then(|connection| {
            connection.query_row("SELECT COUNT(*) FROM rsso_sessions", [], |row| row.get(0))
        })
        .expect("SQLite works")
}

pub const HOUR: Duration = Duration::from_secs(3600);
