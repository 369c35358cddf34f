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
use crate::store::Source;

pub(crate) fn run(args: &Serve, output: Output) -> Result<(), Failure> {
    let settings = Settings::new(args)?;
    let source = Source::new(&settings.store)?;
    if let Some(what) = args.check {
        return check::run(&settings, &source, what, output);
    }
    log(&settings);
    let runtime = Builder::new_multi_thread()
        .enable_all()
        // They wait for the store.
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

/// The relay reads along with the gateway: the store is not asked twice for the same events.
struct ReadAlong(Arc<ReadAhead>);

impl FeedObserver for ReadAlong {
    fn reset(&self, position: Option<Position>) {
        self.0.restart(position);
    }

    fn append(&self, after: Position, events: Vec<Event>) {
        self.0.append(after, events);
    }
}

async fn serve(settings: Settings, source: Source) -> Result<(), Failure> {
    let realm = settings.store.settings.logins.realm.clone();
    let counts = source.counts_events();
    let store: Arc<dyn OpenStore> = Arc::new(source);
    let drain = settings.gateway.drain_timeout;
    let read_ahead = Arc::new(ReadAhead::new(realm));
    let read_along = Arc::new(ReadAlong(Arc::clone(&read_ahead)));
    let server = Server::start(settings.gateway, Arc::clone(&store), read_along)
        .await
        .map_err(|error| Failure::Store(error.to_string()))?;
    let outbox = Outbox {
        store,
        read_ahead,
        counts,
    };
    let relay = settings
        .relay
        .map(|relay| rsso_relay::start(relay, outbox, Arc::new(server.on_delivered())))
        .transpose()
        .map_err(|error| Failure::Store(error.to_string()))?;
    let address = server
        .address()
        .map_err(|error| Failure::Store(format!("--listen: {error}")))?;
    tracing::info!(
        %address, store = %settings.store.dsn()?, version = env!("CARGO_PKG_VERSION"), "serving"
    );
    let stop_relay = async {
        if let Some(relay) = relay {
            relay.stop(drain).await;
        }
    };
    let signal = server.run(stop(), stop_relay).await;
    signal.map_err(|error| Failure::Store(format!("cannot wait for signals: {error}")))
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
