//! Starts the relay, and ends it: a worker for each endpoint, a reader for each realm.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use std::{fmt, io, thread};

use nix::fcntl::{Flock, FlockArg};
use rsso_core::login::Realm;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::timeout;

use super::config::Settings;
use super::delivery::{OnDelivered, Sink};
use super::endpoint::Endpoint;
use super::ingest;
use super::metrics;
use super::outbox::Outbox;
use super::route::Route;
use super::spool::Spool;
use super::worker::Worker;
use super::xmpp;

/// How often a state that another process uses is tried.
const LOCK_RETRY_INTERVAL: Duration = Duration::from_millis(200);

/// How often a state that cannot be written is tried.
const REGISTER_RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// How often the spool is looked after.
const PRUNE_INTERVAL: Duration = Duration::from_secs(30);

/// A relay that runs.
#[derive(Debug)]
pub struct Relay {
    stop: watch::Sender<bool>,
    /// Closed when everything has come to an end.
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

/// Begins to hand events on.
///
/// # Errors
/// If its state cannot be opened, or a thread cannot be started.
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
    let lock = lock_file(&settings.spool).map_err(|error| cannot(&error.to_string()))?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("relay")
        .enable_all()
        // For each endpoint one that looks up a name, and the spool.
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
            let Some(_lock) = wait_for(lock, &stopped) else {
                return;
            };
            run(&runtime, settings, spool, &outbox, on_delivered, stopped);
            // A name that is still looked up is nobody's any more.
            runtime.shutdown_timeout(Duration::from_millis(100));
        })
        .map_err(|error| SpoolError {
            path,
            problem: error.to_string(),
        })?;
    Ok(Relay { stop, ended })
}

impl Relay {
    /// Takes up nothing more, and waits for what is under way: it would be sent again otherwise.
    pub async fn stop(mut self, within: Duration) {
        // It has ended already where nobody hears it.
        let _ = self.stop.send(true);
        if timeout(within, self.ended.recv()).await.is_err() {
            tracing::info!("the relay was cut short: what was under way is sent again");
        }
    }
}

/// SQLite locks the spool itself, and not for as long as a process lives: hence a file beside it.
fn lock_file(state: &Path) -> io::Result<File> {
    let mut path = PathBuf::from(state).into_os_string();
    path.push(".lock");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options.open(path)
}

/// Two at one spool would send everything twice; the second takes over when the first is gone.
fn wait_for(mut file: File, stopped: &watch::Receiver<bool>) -> Option<Flock<File>> {
    let mut said = false;
    while !*stopped.borrow() {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Some(lock),
            Err((still, _)) => file = still,
        }
        if !said {
            tracing::warn!("the relay waits: another process uses its state");
            said = true;
        }
        thread::sleep(LOCK_RETRY_INTERVAL);
    }
    None
}

fn run(
    runtime: &Runtime,
    settings: Settings,
    spool: Spool,
    outbox: &Outbox,
    on_delivered: OnDelivered,
    mut stopped: watch::Receiver<bool>,
) {
    let spool = Arc::new(spool);
    let names = settings.names();
    let Some(registered) = register(&spool, &names, &stopped) else {
        return;
    };
    let ids = names
        .into_iter()
        .map(str::to_owned)
        .zip(registered)
        .collect();
    let mut workers = Workers {
        runtime,
        spool: Arc::clone(&spool),
        ids,
        stopped: stopped.clone(),
        on_delivered,
        workers: JoinSet::new(),
        routes: HashMap::new(),
        endpoints: Vec::new(),
    };
    for (endpoint, webhook) in settings.webhooks {
        workers.start(&endpoint, webhook);
    }
    for (endpoint, hub) in settings.hubs {
        workers.start(&endpoint, hub);
    }
    if let Some((endpoint, settings)) = settings.xmpp {
        let _within = runtime.enter();
        match xmpp::Xmpp::start(settings) {
            Ok(bridge) => workers.start(&endpoint, bridge),
            Err(error) => return tracing::error!(%error, "no relay: cannot start a thread"),
        }
    }
    let endpoints = workers.endpoints;
    for (realm, routes) in workers.routes {
        let started = ingest::start(outbox.clone(), realm, Arc::clone(&spool), routes);
        if let Err(error) = started {
            return tracing::error!(%error, "no relay: cannot start a thread");
        }
    }
    tracing::info!(endpoints = endpoints.len(), "the relay hands events on");
    let mut workers = workers.workers;
    runtime.block_on(async {
        let pruning = tokio::spawn(prune(spool, endpoints.into()));
        // Its sender is gone with the process only.
        let _ = stopped.wait_for(|stop| *stop).await;
        while let Some(ended) = workers.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a worker failed");
            }
        }
        pruning.abort();
    });
}

/// Until it can be written: what happens meanwhile waits in the outbox.
fn register(
    spool: &Spool,
    names: &[&str],
    stopped: &watch::Receiver<bool>,
) -> Option<Vec<(i64, i64)>> {
    while !*stopped.borrow() {
        match spool.register(names) {
            Ok(registered) => return Some(registered),
            Err(error) => tracing::error!(%error, "no relay yet: its state cannot be written"),
        }
        thread::sleep(REGISTER_RETRY_INTERVAL);
    }
    None
}

/// The workers, and who has to be told of what.
struct Workers<'a> {
    runtime: &'a Runtime,
    spool: Arc<Spool>,
    /// Their numbers, and since when each is configured.
    ids: HashMap<String, (i64, i64)>,
    stopped: watch::Receiver<bool>,
    on_delivered: OnDelivered,
    workers: JoinSet<()>,
    routes: HashMap<Realm, Vec<Route>>,
    endpoints: Vec<(i64, Arc<str>)>,
}

impl Workers<'_> {
    fn start(&mut self, endpoint: &Endpoint, sink: impl Sink) {
        let Some(&(id, since)) = self.ids.get(&endpoint.name) else {
            return;
        };
        let (name, wake) = (Arc::from(&*endpoint.name), Arc::new(Notify::new()));
        metrics::endpoint(&name, self.spool.pending(id));
        self.endpoints.push((id, Arc::clone(&name)));
        for realm in &endpoint.realms {
            self.routes.entry(realm.clone()).or_default().push(Route {
                endpoint: id,
                name: Arc::clone(&name),
                filter: endpoint.filter.clone(),
                gets_gap_events: endpoint.gets_gap_events,
                since,
                wake: Arc::clone(&wake),
            });
        }
        let worker = Worker {
            endpoint: id,
            name,
            sink,
            schedule: endpoint.schedule.clone(),
            max_in_flight: endpoint.max_in_flight,
            spool: Arc::clone(&self.spool),
            wake,
            on_delivered: Arc::clone(&self.on_delivered),
            failing: AtomicBool::new(false),
        };
        let stopped = self.stopped.clone();
        self.workers
            .spawn_on(worker.run(stopped), self.runtime.handle());
    }
}

async fn prune(spool: Arc<Spool>, endpoints: Arc<[(i64, Arc<str>)]>) {
    loop {
        let (house, known) = (Arc::clone(&spool), Arc::clone(&endpoints));
        let kept = spawn_blocking(move || {
            let given_up = house.prune()?;
            for (id, name) in &*known {
                // `rsso webhooks --retry` is another process.
                metrics::pending(name, house.pending(*id));
            }
            Ok::<_, rusqlite::Error>(given_up)
        });
        match kept.await {
            Ok(Ok(0)) => {}
            Ok(Ok(given_up)) => {
                metrics::gave_up(given_up as u64);
                tracing::error!(given_up, "waited for too long, see rsso webhooks");
            }
            Ok(Err(error)) => tracing::error!(%error, "the spool cannot be looked after"),
            Err(_) => return,
        }
        tokio::time::sleep(PRUNE_INTERVAL).await;
    }
}
