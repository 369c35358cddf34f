//! A TCP proxy between a client and a server, which counts round trips, and cuts or stalls connections.
//!
//! What always holds: a round trip is data to the server followed by data from the server, in any number of packets. So a
//! batch of commands counts as one.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// A running proxy; its connections are closed on drop.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    target: SocketAddr,
    round_trips: AtomicU64,
    connections: AtomicU64,
    closing: AtomicBool,
    stalled: Mutex<bool>,
    moved: Condvar,
    /// Connections with a lower number are forgotten.
    forgotten: AtomicU64,
    open: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// Listens on a free port and forwards everything to `target_port` on loopback.
    ///
    /// # Panics
    /// If there is no free port.
    pub fn start(target_port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free loopback port");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            target: SocketAddr::from((Ipv4Addr::LOCALHOST, target_port)),
            round_trips: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            closing: AtomicBool::new(false),
            stalled: Mutex::new(false),
            moved: Condvar::new(),
            forgotten: AtomicU64::new(0),
            open: Mutex::new(Vec::new()),
        });
        let acceptor = Some(thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.accept(&listener)
        }));
        Self {
            address,
            shared,
            acceptor,
        }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Round trips so far, over all connections.
    pub fn round_trips(&self) -> u64 {
        self.shared.round_trips.load(Ordering::SeqCst)
    }

    /// Runs `act`; returns its round trips and its value.
    pub fn count<T>(&self, act: impl FnOnce() -> T) -> (u64, T) {
        let before = self.round_trips();
        let value = act();
        (self.round_trips() - before, value)
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Closes every open connection; new ones are accepted.
    pub fn disconnect_all(&self) {
        for stream in lock(&self.shared.open).drain(..) {
            let _already_closed = stream.shutdown(Shutdown::Both);
        }
    }

    /// Drops all data of the open connections silently, as firewalls do.
    ///
    /// New connections work.
    pub fn drop_silently(&self) {
        self.shared
            .forgotten
            .store(self.connections() + 1, Ordering::SeqCst);
    }

    /// Keeps all data in the proxy until [`Self::resume`]; connections are accepted.
    pub fn stall(&self) {
        *lock(&self.shared.stalled) = true;
    }

    /// Ends [`Self::stall`].
    pub fn resume(&self) {
        *lock(&self.shared.stalled) = false;
        self.shared.moved.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        self.resume();
        // Wakes the acceptor, which then ends.
        let _woken = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ended = acceptor.join();
        }
        self.disconnect_all();
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming().map_while(Result::ok) {
            if self.closing.load(Ordering::SeqCst) {
                return;
            }
            let number = self.connections.fetch_add(1, Ordering::SeqCst) + 1;
            // If the server is down, the client sees its connection closed.
            if let Ok(server) = TcpStream::connect(self.target) {
                self.join(number, client, server);
            }
        }
    }

    fn join(self: &Arc<Self>, number: u64, client: TcpStream, server: TcpStream) {
        for stream in [&client, &server] {
            let _best_effort = stream.set_nodelay(true);
        }
        let copies = (
            client.try_clone(),
            server.try_clone(),
            client.try_clone(),
            server.try_clone(),
        );
        let (Ok(client_in), Ok(server_in), Ok(client_kept), Ok(server_kept)) = copies else {
            return;
        };
        lock(&self.open).extend([client_kept, server_kept]);
        let asked = Arc::new(AtomicBool::new(false));
        thread::spawn({
            let (shared, asked) = (Arc::clone(self), Arc::clone(&asked));
            move || {
                shared.pump(number, client_in, server, || {
                    asked.store(true, Ordering::SeqCst)
                })
            }
        });
        let shared = Arc::clone(self);
        thread::spawn(move || {
            let counter = Arc::clone(&shared);
            shared.pump(number, server_in, client, || {
                if asked.swap(false, Ordering::SeqCst) {
                    counter.round_trips.fetch_add(1, Ordering::SeqCst);
                }
            });
        });
    }

    /// Copies until either side ends; calls `seen` before it forwards data.
    fn pump(&self, number: u64, mut from: TcpStream, mut to: TcpStream, seen: impl Fn()) {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            self.wait_for_flow();
            if number < self.forgotten.load(Ordering::SeqCst) {
                continue;
            }
            seen();
            if to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _already_closed = from.shutdown(Shutdown::Both);
        let _already_closed = to.shutdown(Shutdown::Both);
    }

    fn wait_for_flow(&self) {
        let guard = lock(&self.stalled);
        drop(self.moved.wait_while(guard, |stalled| *stalled));
    }
}

/// Locks a mutex; a panic of another thread does not make these values wrong.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
