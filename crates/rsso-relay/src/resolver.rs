//! The addresses of one endpoint's server, by the system's resolver.
//!
//! What always holds: at most one thread waits for the system's resolver. A name that was not found is not looked up
//! again for each event. `localhost` is this machine, whatever the resolver says.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// How long a failed lookup is remembered.
const FAILURE_REMEMBERED_FOR: Duration = Duration::from_secs(1);

/// Looks up the name of one endpoint's server.
pub(super) struct Resolver {
    on_this_machine: bool,
    one_at_a_time: Arc<Semaphore>,
    last_failure: Arc<Mutex<Option<FailedLookup>>>,
}

/// The last lookup, if it failed. An endpoint has only one name.
struct FailedLookup {
    when: Instant,
    kind: io::ErrorKind,
    problem: String,
}

impl Resolver {
    pub(super) fn new(on_this_machine: bool) -> Self {
        Self {
            on_this_machine,
            one_at_a_time: Arc::new(Semaphore::new(1)),
            last_failure: Arc::default(),
        }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (one_at_a_time, last_failure) = (
            Arc::clone(&self.one_at_a_time),
            Arc::clone(&self.last_failure),
        );
        let on_this_machine = self.on_this_machine;
        Box::pin(async move {
            let permit = one_at_a_time.acquire_owned().await?;
            if let Some(failed) = &*last_failure.lock()
                && failed.when.elapsed() < FAILURE_REMEMBERED_FOR
            {
                return Err(io::Error::new(failed.kind, failed.problem.clone()).into());
            }
            let found = spawn_blocking(move || {
                let _permit = permit;
                let found = (name.as_str(), 0).to_socket_addrs();
                *last_failure.lock() = found.as_ref().err().map(|error| FailedLookup {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether `localhost` is looked up this long after a failed lookup.
    async fn is_looked_up(ago: Duration) -> bool {
        let names = Resolver::new(true);
        *names.last_failure.lock() = Some(FailedLookup {
            when: Instant::now() - ago,
            kind: io::ErrorKind::NotFound,
            problem: "there was none".to_owned(),
        });
        match names.resolve("localhost".parse().unwrap()).await {
            Ok(mut found) => found.all(|address| address.ip().is_loopback()),
            Err(problem) => {
                assert_eq!(problem.to_string(), "there was none");
                false
            }
        }
    }

    #[tokio::test]
    async fn a_failed_lookup_is_not_repeated_at_once() {
        assert!(!is_looked_up(Duration::ZERO).await);
        assert!(is_looked_up(FAILURE_REMEMBERED_FOR).await);
    }

    #[tokio::test]
    async fn a_failed_lookup_is_remembered() {
        let names = Resolver::new(false);
        let asked = names.resolve("nowhere.invalid".parse().unwrap()).await;
        assert!(asked.is_err() && names.last_failure.lock().is_some());
        assert!(names.resolve("localhost".parse().unwrap()).await.is_err());
    }
}
