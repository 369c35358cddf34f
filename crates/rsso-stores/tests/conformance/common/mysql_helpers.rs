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

use crate::common::store_client::StoreClient;

/// The directives for a table of Symfony's shape.
pub const EXISTING_TABLE: [(&str, &str); 2] = [
    ("mysql_table", "sessions"),
    (
        "mysql_columns",
        "id=sess_id,data=sess_data,expires=sess_lifetime,time=sess_time",
    ),
];

pub fn create_existing_table(mariadb: &MariaDb, lifetime: &str, engine: &str) {
    mariadb.sql(&format!(
        "CREATE OR REPLACE TABLE sessions (sess_id VARBINARY(128) NOT NULL PRIMARY KEY, sess_data LONGBLOB NOT NULL,
         sess_lifetime {lifetime} NOT NULL, sess_time INTEGER UNSIGNED NOT NULL) ENGINE={engine}"
    ));
}

pub fn connect(dsn: &str, directives: &[(&str, &str)]) -> StoreClient {
    let mut settings = Settings::default();
    settings.set("dsn", dsn).unwrap();
    for (name, value) in directives {
        settings.set(name, value).unwrap();
    }
    let spec = Spec::resolve(&settings, "").unwrap();
    StoreClient {
        store: spec.create().unwrap(),
    }
}

/// A new session's key; for an existing table its id is not hashed.
pub fn new_key(directives: &[(&str, &str)]) -> SessionKey {
    let sid = SessionId::random().unwrap();
    SessionKey::of(&sid, directives.is_empty())
}

/// The address of the same server behind another port.
pub fn url_with_port(mariadb: &MariaDb, port: u16) -> String {
    let here = format!("127.0.0.1:{}", mariadb.port());
    mariadb.url().replace(&here, &format!("127.0.0.1:{port}"))
}

/// What the error of `act` says.
pub fn error_text<T: std::fmt::Debug>(done: rsso_core::Result<T>) -> String {
    done.unwrap_err().chain()
}

/// Between a worker and its server: hands everything on, until it swallows an answer and hangs up.
pub struct LossyProxy {
    port: u16,
    plan: Arc<Plan>,
}

#[derive(Default)]
struct Plan {
    /// Which answer from now on is swallowed; 0 for none.
    dropped_answer: AtomicU64,
    /// The client is not told yet.
    is_delayed: AtomicBool,
}

impl LossyProxy {
    pub fn to(server: u16) -> Self {
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
    pub fn drop_next_answer(&self) {
        self.drop_answer(1);
    }

    /// As [`Self::drop_next_answer`], for a later one, counted from 1.
    pub fn drop_answer(&self, which: u64) {
        self.plan.dropped_answer.store(which, Ordering::SeqCst);
    }

    /// The client waits for the stolen answer until [`Self::disconnect_now`].
    pub fn delay_disconnect(&self) {
        self.plan.is_delayed.store(true, Ordering::SeqCst);
    }

    pub fn disconnect_now(&self) {
        self.plan.is_delayed.store(false, Ordering::SeqCst);
    }
}

impl Plan {
    fn drops_this_answer(&self) -> bool {
        let next = |left: u64| left.checked_sub(1);
        self.dropped_answer
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, next)
            == Ok(1)
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, plan: Option<&Plan>) {
    let mut buffer = vec![0; 65536];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if let Some(plan) = plan.filter(|plan| plan.drops_this_answer()) {
            while plan.is_delayed.load(Ordering::SeqCst) {
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
