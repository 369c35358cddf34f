//! Starts the workers, and collects the routes to them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rsso_core::login::Realm;
use tokio::runtime::Runtime;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::delivery::{OnDelivered, Sink};
use super::endpoint::Endpoint;
use super::metrics;
use super::route::Route;
use super::spool::{Registered, Spool};
use super::worker::Worker;

/// An endpoint, as logs and metrics show it.
#[derive(Debug)]
pub(super) struct NamedEndpoint {
    pub(super) id: i64,
    pub(super) name: Arc<str>,
}

/// The workers, and the routes to them.
pub(super) struct Workers<'a> {
    pub(super) runtime: &'a Runtime,
    pub(super) spool: Arc<Spool>,
    pub(super) registered: HashMap<String, Registered>,
    pub(super) stopped: watch::Receiver<bool>,
    pub(super) on_delivered: OnDelivered,
    pub(super) tasks: JoinSet<()>,
    pub(super) routes: HashMap<Realm, Vec<Route>>,
    pub(super) endpoints: Vec<NamedEndpoint>,
}

impl Workers<'_> {
    /// Starts the worker of an endpoint.
    pub(super) fn start(&mut self, endpoint: &Endpoint, sink: impl Sink) {
        let Some(&Registered { id, since }) = self.registered.get(&endpoint.name) else {
            return;
        };
        let (name, wake) = (Arc::from(&*endpoint.name), Arc::new(Notify::new()));
        metrics::endpoint(&name, self.spool.pending(id));
        self.endpoints.push(NamedEndpoint {
            id,
            name: Arc::clone(&name),
        });
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
        self.tasks
            .spawn_on(worker.run(stopped), self.runtime.handle());
    }
}
