//! A proxy that loses an answer of the server.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// A proxy that can drop an answer and disconnect the client.
pub struct LossyProxy {
    port: u16,
    plan: Arc<Plan>,
}

#[derive(Default)]
struct Plan {
    /// Which answer from now on is dropped; 0 for none.
    dropped_answer: AtomicU64,
    /// The client stays connected after the dropped answer.
    is_delayed: AtomicBool,
}

impl LossyProxy {
    /// A proxy to this port on loopback.
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

    /// The port that clients connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Drops the next answer and disconnects its client; the server's connection stays open.
    pub fn drop_next_answer(&self) {
        self.drop_answer(1);
    }

    /// [`Self::drop_next_answer`] for a later answer, counted from 1; 0 drops none.
    pub fn drop_answer(&self, which: u64) {
        self.plan.dropped_answer.store(which, Ordering::SeqCst);
    }

    /// The client stays connected, and waits for the dropped answer until [`Self::disconnect_now`].
    pub fn delay_disconnect(&self) {
        self.plan.is_delayed.store(true, Ordering::SeqCst);
    }

    /// Ends [`Self::delay_disconnect`].
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
            // The server has not noticed, as behind a proxy that lost the client.
            thread::sleep(Duration::from_secs(20));
            return;
        }
        if to.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
    let _closed = to.shutdown(Shutdown::Write);
}
