//! What tests of one MySQL store stand on: workers on an address, and a server that keeps its answers.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rsso_stores::Spec;
use rsso_core::{SessionId, SessionKey, Settings};
use rsso_testkit::MariaDb;

use crate::common::store_client::Worker;

/// The directives for a table of Symfony's shape.
pub const MAPPED: [(&str, &str); 2] = [
    ("mysql_table", "sessions"),
    (
        "mysql_columns",
        "id=sess_id,data=sess_data,expires=sess_lifetime,time=sess_time",
    ),
];

pub fn make_mapped_table(mariadb: &MariaDb, lifetime: &str, engine: &str) {
    mariadb.sql(&format!(
        "CREATE OR REPLACE TABLE sessions (sess_id VARBINARY(128) NOT NULL PRIMARY KEY, sess_data LONGBLOB NOT NULL,
         sess_lifetime {lifetime} NOT NULL, sess_time INTEGER UNSIGNED NOT NULL) ENGINE={engine}"
    ));
}

pub fn worker(dsn: &str, directives: &[(&str, &str)]) -> Worker {
    let mut settings = Settings::default();
    settings.set("dsn", dsn).unwrap();
    for (name, value) in directives {
        settings.set(name, value).unwrap();
    }
    let spec = Spec::resolve(&settings, "").unwrap();
    Worker {
        store: spec.create().unwrap(),
    }
}

/// A new session's key; for an existing table its id is not hashed.
pub fn key(directives: &[(&str, &str)]) -> SessionKey {
    let sid = SessionId::random().unwrap();
    SessionKey::of(&sid, directives.is_empty())
}

/// The address of the same server behind another port.
pub fn through(mariadb: &MariaDb, port: u16) -> String {
    let here = format!("127.0.0.1:{}", mariadb.port());
    mariadb.url().replace(&here, &format!("127.0.0.1:{port}"))
}

/// What the error of `act` says.
pub fn complaint<T: std::fmt::Debug>(done: rsso_core::Result<T>) -> String {
    done.unwrap_err().chain()
}

/// Between a worker and its server: hands everything on, until it swallows an answer and hangs up.
pub struct Thief {
    port: u16,
    plan: Arc<Plan>,
}

#[derive(Default)]
struct Plan {
    /// Which answer from now on is swallowed; 0 for none.
    stolen: AtomicU64,
    /// The client is not told yet.
    is_held: AtomicBool,
}

impl Thief {
    pub fn before(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let plan = Arc::new(Plan::default());
        let shared = Arc::clone(&plan);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)) else {
                    continue;
                };
                let (client_too, server_too) =
                    (client.try_clone().unwrap(), server.try_clone().unwrap());
                let plan = Arc::clone(&shared);
                thread::spawn(move || forward(client_too, server_too, None));
                thread::spawn(move || forward(server, client, Some(&plan)));
            }
        });
        Self { port, plan }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The next answer does not arrive, and its connection ends for the client. The server's stays open.
    pub fn steal_next_answer(&self) {
        self.steal_answer(1);
    }

    /// As [`Self::steal_next_answer`], for a later one, counted from 1.
    pub fn steal_answer(&self, which: u64) {
        self.plan.stolen.store(which, Ordering::SeqCst);
    }

    /// The client waits for the stolen answer until [`Self::tell`].
    pub fn hold(&self) {
        self.plan.is_held.store(true, Ordering::SeqCst);
    }

    pub fn tell(&self) {
        self.plan.is_held.store(false, Ordering::SeqCst);
    }
}

impl Plan {
    fn takes_this(&self) -> bool {
        let next = |left: u64| left.checked_sub(1);
        self.stolen
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, next)
            == Ok(1)
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, plan: Option<&Plan>) {
    let mut buffer = vec![0; 65536];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if let Some(plan) = plan.filter(|plan| plan.takes_this()) {
            while plan.is_held.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(5));
            }
            let _gone = to.shutdown(Shutdown::Both);
            // As behind a proxy that lost the client: the server has not noticed yet.
            thread::sleep(Duration::from_secs(20));
            return;
        }
        if to.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
    let _closed = to.shutdown(Shutdown::Write);
}
