//! Starts the relay, and ends it: a worker for each endpoint, a reader for each realm.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io, thread};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::timeout;

use super::config::Settings;
use super::delivery::OnDelivered;
use super::outbox::Outbox;
use super::spool::{Registered, Spool};
use super::workers::{NamedEndpoint, Workers};
use super::{ingest, metrics, spool_lock, xmpp};

/// The pause between attempts to write to a spool that fails at the start.
const REGISTER_RETRY_INTERVAL: Duration = Duration::from_secs(1);

const PRUNE_INTERVAL: Duration = Duration::from_secs(30);

/// How long a stopping relay waits for a host name that is still looked up.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(100);

/// A relay that runs.
#[derive(Debug)]
pub struct Relay {
    stop: watch::Sender<bool>,
    /// Closed when all threads and tasks have ended.
    ended: mpsc::Receiver<()>,
}

/// Why the relay cannot start.
#[derive(Debug)]
pub struct SpoolError {
    path: PathBuf,
    problem: String,
}

impl fmt::Display for SpoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spool: {}: {}", self.path.display(), self.problem)
    }
}

impl std::error::Error for SpoolError {}

/// Starts to forward events.
///
/// # Errors
/// If the spool cannot be opened, or a thread cannot be started.
pub fn start(
    settings: Settings,
    outbox: Outbox,
    on_delivered: OnDelivered,
) -> Result<Relay, SpoolError> {
    let cannot = |problem: &str| SpoolError {
        path: settings.spool.clone(),
        problem: problem.to_owned(),
    };
    let spool = Spool::open(&settings.spool).map_err(|problem| cannot(&problem))?;
    let lock = spool_lock::open(&settings.spool).map_err(|error| cannot(&error.to_string()))?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("relay")
        .enable_all()
        // One for each endpoint, to look up its host name, and some for the spool.
        .max_blocking_threads(settings.endpoints() + 8)
        .build()
        .map_err(|error| cannot(&error.to_string()))?;
    let (stop, stopped) = watch::channel(false);
    let (alive, ended) = mpsc::channel(1);
    let path = settings.spool.clone();
    thread::Builder::new()
        .name("relay".to_owned())
        .spawn(move || {
            let _alive = alive;
            let Some(_lock) = spool_lock::acquire(lock, &stopped) else {
                return;
            };
            run(&runtime, settings, spool, &outbox, on_delivered, stopped);
            runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
        })
        .map_err(|error| SpoolError {
            path,
            problem: error.to_string(),
        })?;
    Ok(Relay { stop, ended })
}

impl Relay {
    /// Stops the relay, and waits for the deliveries under way, which would be sent again otherwise.
    pub async fn stop(mut self, within: Duration) {
        // Without a receiver the relay has ended already.
        let _ = self.stop.send(true);
        if timeout(within, self.ended.recv()).await.is_err() {
            tracing::info!("the relay was cut short: what was under way is sent again");
        }
    }
}

/// Runs the relay until it is stopped.
fn run(
    runtime: &Runtime,
    settings: Settings,
    spool: Spool,
    outbox: &Outbox,
    on_delivered: OnDelivered,
    stopped: watch::Receiver<bool>,
) {
    let spool = Arc::new(spool);
    let names = settings.names();
    let Some(registered) = register_endpoints(&spool, &names, &stopped) else {
        return;
    };
    let names = names.into_iter().map(str::to_owned);
    let workers = Workers {
        runtime,
        spool: Arc::clone(&spool),
        registered: names.zip(registered).collect(),
        stopped: stopped.clone(),
        on_delivered,
        tasks: JoinSet::new(),
        routes: HashMap::new(),
        endpoints: Vec::new(),
    };
    match start_threads(settings, workers, outbox) {
        Ok(started) => runtime.block_on(wait_for_end(started, spool, stopped)),
        Err(error) => tracing::error!(%error, "no relay: cannot start a thread"),
    }
}

/// The tasks that run, and the endpoints that they serve.
struct Started {
    workers: JoinSet<()>,
    endpoints: Vec<NamedEndpoint>,
}

/// Starts a worker for each endpoint, then a reader for each realm.
fn start_threads(
    settings: Settings,
    mut workers: Workers<'_>,
    outbox: &Outbox,
) -> io::Result<Started> {
    for webhook in settings.webhooks {
        workers.start(&webhook.endpoint, webhook.sink);
    }
    for hub in settings.hubs {
        workers.start(&hub.endpoint, hub.sink);
    }
    if let Some(bridge) = settings.xmpp {
        let _entered = workers.runtime.enter();
        workers.start(&bridge.endpoint, xmpp::Xmpp::start(bridge.sink)?);
    }
    for (realm, routes) in workers.routes {
        ingest::start(outbox.clone(), realm, Arc::clone(&workers.spool), routes)?;
    }
    Ok(Started {
        workers: workers.tasks,
        endpoints: workers.endpoints,
    })
}

/// Waits until the relay is stopped and all workers have ended.
async fn wait_for_end(mut started: Started, spool: Arc<Spool>, mut stopped: watch::Receiver<bool>) {
    let endpoints = started.endpoints;
    tracing::info!(endpoints = endpoints.len(), "the relay forwards events");
    let pruning = tokio::spawn(prune_regularly(spool, endpoints.into()));
    // Its sender lives as long as the process.
    let _ = stopped.wait_for(|stop| *stop).await;
    while let Some(ended) = started.workers.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a worker failed");
        }
    }
    pruning.abort();
}

/// Registers the endpoints, trying until the spool can be written; `None`: the relay is stopped.
fn register_endpoints(
    spool: &Spool,
    names: &[&str],
    stopped: &watch::Receiver<bool>,
) -> Option<Vec<Registered>> {
    while !*stopped.borrow() {
        match spool.register_endpoints(names) {
            Ok(registered) => return Some(registered),
            Err(error) => tracing::error!(%error, "no relay yet: its spool cannot be written"),
        }
        thread::sleep(REGISTER_RETRY_INTERVAL);
    }
    None
}

/// Prunes the spool, and counts what waits: `rsso webhooks --retry` is another process.
async fn prune_regularly(spool: Arc<Spool>, endpoints: Arc<[NamedEndpoint]>) {
    loop {
        let (spool, endpoints) = (Arc::clone(&spool), Arc::clone(&endpoints));
        let pruned = spawn_blocking(move || {
            let given_up = spool.prune()?;
            for endpoint in &*endpoints {
                metrics::pending(&endpoint.name, spool.pending(endpoint.id));
            }
            Ok::<_, rusqlite::Error>(given_up)
        });
        match pruned.await {
            Ok(Ok(0)) => {}
            Ok(Ok(given_up)) => {
                metrics::gave_up(given_up as u64);
                tracing::error!(given_up, "waited for too long, see rsso webhooks");
            }
            Ok(Err(error)) => tracing::error!(%error, "the spool cannot be pruned"),
            Err(_) => return,
        }
        tokio::time::sleep(PRUNE_INTERVAL).await;
    }
}
