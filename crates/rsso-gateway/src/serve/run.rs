//! Starts the gateway, and stops it.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep};

use super::caps::Caps;
use super::channel::Channels;
use super::config::Settings;
use super::desk::Desk;
use super::diagnosis::{Diagnosis, Site};
use super::door::Door;
use super::ending::Ending;
use super::gateway::Gateway;
use super::hints::Hints;
use super::hub::Hub;
use super::listen::{Address, Listener, Reception};
use super::receipts::Receipts;
use super::tap::Tap;
use super::{check, compare, feed, http, metrics, recheck, relay};
use crate::args::{LogFormat, Serve};
use crate::output::{Failure, Output};
use crate::store::Source;

/// Connections to `--admin-listen`.
const OPERATORS: usize = 64;

/// Files that are not connections of clients: the store's, the log, the listeners.
const OTHER_FILES: usize = 64 + OPERATORS;

pub(crate) fn run(args: &Serve, output: Output) -> Result<(), Failure> {
    let settings = Settings::new(args)?;
    let source = Source::new(&settings.store)?;
    if let Some(what) = args.check {
        return check::run(&settings, &source, what, output);
    }
    log(&settings);
    let runtime = Builder::new_multi_thread()
        .enable_all()
        // They wait for the store; see `desk`.
        .max_blocking_threads(16)
        .build()
        .map_err(|error| Failure::Store(format!("cannot start threads: {error}")))?;
    let done = runtime.block_on(serve(settings, source));
    // A question to a store that hangs is nobody's any more.
    runtime.shutdown_timeout(Duration::from_millis(100));
    done
}

fn log(settings: &Settings) {
    let log = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(settings.log_level)
        .with_target(false);
    match settings.log_format {
        LogFormat::Text => log.with_ansi(false).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

async fn serve(settings: Settings, source: Source) -> Result<(), Failure> {
    let cannot = |what: &str, error: std::io::Error| Failure::Store(format!("{what}: {error}"));
    let rendered = metrics::install().map_err(Failure::Store)?;
    let listener = bind("--listen", &settings.listen).await?;
    let admin = match &settings.admin_listen {
        Some(address) => Some(bind("--admin-listen", address).await?),
        None => None,
    };
    let max = allowed_connections(settings.max_connections)?;
    let logins = &settings.store.settings.logins;
    let hub = Arc::new(Hub::new(settings.max_per_login));
    let desk = Desk::new(
        source.clone(),
        logins.realm.clone(),
        settings.store.settings.hashes_ids(),
    );
    let hints = Arc::new(Hints::default());
    let site = Site {
        cookie: settings.cookie.clone(),
        realm: logins.realm.clone(),
        hash_ids: (settings.store.settings.mysql_table.is_empty())
            .then_some(settings.store.settings.hash_ids),
        settings: compare::ours(&settings),
    };
    let caps = Arc::new(Caps::new(max, settings.max_per_address));
    let receipts = Receipts::start(desk.clone(), logins.realm.clone());
    let tap = Arc::new(Tap::new(logins.realm.clone()));
    let relay = relay::start(settings.relay, source.clone(), receipts.clone(), &tap)?;
    let status = feed::start(source, Arc::clone(&hub), tap)
        .map_err(|error| cannot("cannot start a thread", error))?;
    let gateway = Arc::new(Gateway {
        door: Door {
            origins: settings.origins.clone(),
            trusted_proxies: settings.trusted_proxies.clone(),
            cookie: settings.cookie.clone(),
            caps: Arc::clone(&caps),
            desk: desk.clone(),
            status: Arc::clone(&status),
            diagnosis: Diagnosis::new(site),
            hints: Arc::clone(&hints),
        },
        channels: Arc::new(Channels {
            hub: Arc::clone(&hub),
            realm: logins.realm.clone(),
            heartbeat: settings.heartbeat,
            receipts,
            status: Arc::clone(&status),
        }),
        status,
        metrics: rendered.clone(),
    });
    tokio::spawn(metrics::keep_up(rendered.clone()));
    tokio::spawn(recheck::run(Arc::clone(&hub), desk, settings.recheck));

    let public = http::public(&gateway);
    let private = http::private(&gateway);
    let reception = |router, caps| Reception {
        caps,
        trusted_proxies: settings.trusted_proxies.clone().into(),
        router,
        hints: Arc::clone(&hints),
    };
    let for_browsers = reception(
        match admin {
            Some(_) => public,
            None => public.merge(private.clone()),
        },
        caps,
    );
    // A gateway that is full still says how it is.
    let for_operators = reception(private, Arc::new(Caps::new(OPERATORS, OPERATORS)));
    let operators = async {
        match &admin {
            Some(admin) => admin.run(&for_operators).await,
            None => pending().await,
        }
    };
    let address = listener
        .address()
        .map_err(|error| cannot("--listen", error))?;
    tracing::info!(
        %address, store = %settings.store.dsn()?, version = env!("CARGO_PKG_VERSION"), "serving"
    );
    let (hub, within) = (&hub, settings.drain);
    let browsers = async move {
        let signal = tokio::select! {
            () = listener.run(&for_browsers) => Ok(()),
            signal = stop() => signal,
        };
        drop(listener);
        let relay = async {
            if let Some(relay) = relay {
                relay.stop(within).await;
            }
        };
        tokio::join!(drain(hub, within), relay);
        signal
    };
    // Who asks while the gateway stops is told so.
    tokio::select! {
        signal = browsers => signal.map_err(|error| cannot("cannot wait for signals", error)),
        () = operators => Ok(()),
    }
}

async fn bind(flag: &str, address: &Address) -> Result<Listener, Failure> {
    Listener::bind(address)
        .await
        .map_err(|error| Failure::Store(format!("{flag}: cannot listen at {address}: {error}")))
}

/// What the system lets us have open, if it is less than what was asked for.
fn allowed_connections(wanted: usize) -> Result<usize, Failure> {
    let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return Ok(wanted);
    };
    // The soft limit is for programs that use select(2).
    let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    let room = usize::try_from(hard)
        .unwrap_or(usize::MAX)
        .saturating_sub(OTHER_FILES);
    if room == 0 {
        return Err(Failure::Store(format!(
            "the limit of open files (ulimit -n, LimitNOFILE=) is {hard}, which leaves room for nobody: rsso serve \
             needs {OTHER_FILES}, and one more for each browser"
        )));
    }
    if room < wanted {
        tracing::warn!(
            wanted,
            room,
            "max_connections is more than the limit of open files (ulimit -n) allows"
        );
    }
    Ok(wanted.min(room))
}

async fn stop() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Sends everybody elsewhere, spread over the first half of the time: they come back at once.
async fn drain(hub: &Hub, within: Duration) {
    let deadline = Instant::now() + within;
    let outlets = hub.drain();
    tracing::info!(connections = outlets.len(), "stopping");
    const SLICES: usize = 20;
    for slice in outlets.chunks(outlets.len().div_ceil(SLICES).max(1)) {
        slice
            .iter()
            .for_each(|outlet| outlet.end(Ending::GoingAway));
        sleep(within / 2 / u32::try_from(SLICES).unwrap_or(1)).await;
    }
    while hub.connections() > 0 && Instant::now() < deadline {
        sleep(Duration::from_millis(20)).await;
    }
    tracing::info!(left = hub.connections(), "stopped");
}
