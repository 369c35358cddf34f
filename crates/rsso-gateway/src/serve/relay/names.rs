//! The addresses of one endpoint's server, by the system's resolver.
//!
//! What always holds: whatever the resolver does, one thread waits for it, no more, and it is not asked
//! once for each event where it has no answer. `localhost` is this machine, whatever the resolver says.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// How long a name that was not found is taken for still unknown.
const UNKNOWN: Duration = Duration::from_secs(1);

pub(super) struct Names {
    on_this_machine: bool,
    one: Arc<Semaphore>,
    last: Arc<Mutex<Option<Failed>>>,
}

/// The last question, where it had no answer. One endpoint has one name.
struct Failed {
    when: Instant,
    kind: io::ErrorKind,
    problem: String,
}

impl Names {
    pub(super) fn new(on_this_machine: bool) -> Self {
        Self {
            on_this_machine,
            one: Arc::new(Semaphore::new(1)),
            last: Arc::default(),
        }
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let (one, last) = (Arc::clone(&self.one), Arc::clone(&self.last));
        let on_this_machine = self.on_this_machine;
        Box::pin(async move {
            let permit = one.acquire_owned().await?;
            if let Some(failed) = &*last.lock()
                && failed.when.elapsed() < UNKNOWN
            {
                return Err(io::Error::new(failed.kind, failed.problem.clone()).into());
            }
            let found = spawn_blocking(move || {
                let _permit = permit;
                let found = (name.as_str(), 0).to_socket_addrs();
                *last.lock() = found.as_ref().err().map(|error| Failed {
                    when: Instant::now(),
                    kind: error.kind(),
                    problem: error.to_string(),
                });
                found
            });
            let found: Vec<SocketAddr> = found
                .await??
                .filter(|address| !on_this_machine || address.ip().is_loopback())
                .collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
