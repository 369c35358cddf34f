//! Starts the gateway and the relay, and stops them.

use std::sync::Arc;
use std::time::Duration;

use rsso_core::login::event::{Event, Position};
use rsso_core::store::OpenStore;
use rsso_gateway::{FeedObserver, Server};
use rsso_relay::{Outbox, ReadAhead};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use super::check;
use super::config::Settings;
use crate::args::{LogFormat, Serve};
use crate::output::{Failure, Output};
use crate::store::StoreSource;

/// The most threads that wait for the store.
const MAX_BLOCKING_THREADS: usize = 16;

/// How long the program waits at its end for a query to a store that hangs.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(100);

pub(crate) fn run(args: &Serve, output: Output) -> Result<(), Failure> {
    let settings = Settings::new(args)?;
    let source = StoreSource::new(&settings.store)?;
    if let Some(what) = args.check {
        return check::run(&settings, &source, what, output);
    }
    start_log(&settings);
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(MAX_BLOCKING_THREADS)
        .build()
        .map_err(|error| Failure::Store(format!("cannot start threads: {error}")))?;
    let done = runtime.block_on(serve(settings, source));
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    done
}

fn start_log(settings: &Settings) {
    let log = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(settings.log_level)
        .with_target(false);
    match settings.log_format {
        LogFormat::Text => log.with_ansi(false).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

/// Gives the relay what the gateway reads, so that the store is not asked twice.
struct RelayReadAhead(Arc<ReadAhead>);

impl FeedObserver for RelayReadAhead {
    fn restart(&self, position: Option<Position>) {
        self.0.restart(position);
    }

    fn append(&self, after: Position, events: Vec<Event>) {
        self.0.append(after, events);
    }
}

async fn serve(settings: Settings, source: StoreSource) -> Result<(), Failure> {
    let failed = |error: &dyn std::error::Error| Failure::Store(error.to_string());
    let counts = source.counts_events();
    let store: Arc<dyn OpenStore> = Arc::new(source);
    let realm = settings.store.settings.logins.realm.clone();
    let read_ahead = Arc::new(ReadAhead::new(realm));
    let observer = Arc::new(RelayReadAhead(Arc::clone(&read_ahead)));
    let drain_timeout = settings.gateway.drain_timeout;
    let server = Server::start(settings.gateway, Arc::clone(&store), observer)
        .await
        .map_err(|error| failed(&error))?;
    let outbox = Outbox {
        store,
        read_ahead,
        counts,
    };
    let relay = settings
        .relay
        .map(|relay| rsso_relay::start(relay, outbox, Arc::new(server.on_delivered())))
        .transpose()
        .map_err(|error| failed(&error))?;
    let address = server
        .address()
        .map_err(|error| Failure::Store(format!("--listen: {error}")))?;
    tracing::info!(
        %address, store = %settings.store.dsn()?, version = env!("CARGO_PKG_VERSION"), "serving"
    );
    let stop_relay = async {
        if let Some(relay) = relay {
            relay.stop(drain_timeout).await;
        }
    };
    let stopped = server.run(stop_signal(), stop_relay).await;
    stopped.map_err(|error| Failure::Store(format!("cannot wait for signals: {error}")))
}

/// Waits for SIGTERM or SIGINT.
async fn stop_signal() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
