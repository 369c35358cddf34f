//! A few connections to the store, shared by all browsers' connections.
//!
//! What always holds: each store connection serves one query at a time, on a thread that may block; a query
//! waits for a bounded time, for its turn and for its answer.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rsso_core::Result;
use rsso_core::login::event::Position;
use rsso_core::login::{LoginId, Realm, User};
use rsso_core::store::{OpenStore, Store};
use rsso_core::{SessionId, SessionKey};
use tokio::sync::Semaphore;
use tokio::task;
use tokio::time::timeout;

use super::principal::{self, Principal};

/// Queries that run at once.
const MAX_STORE_CONNECTIONS: usize = 4;

/// How long a query may wait for its turn, and then for its answer.
///
/// A store that is busy for a moment needs less; a browser waits longer.
const STORE_QUERY_TIMEOUT: Duration = Duration::from_secs(5);

/// The shortest time between two log lines about a failing store.
const LOG_INTERVAL: Duration = Duration::from_secs(1);

/// Runs queries about sessions and logins.
#[derive(Clone)]
pub(crate) struct StorePool {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn OpenStore>,
    realm: Realm,
    hash_ids: bool,
    idle: Mutex<Vec<Box<dyn Store>>>,
    permits: Arc<Semaphore>,
    last_logged: Mutex<Option<Instant>>,
}

/// The store failed. The log already says why.
#[derive(Debug)]
pub(crate) struct StoreUnavailable;

impl StorePool {
    pub(crate) fn new(store: Arc<dyn OpenStore>, realm: Realm, hash_ids: bool) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                realm,
                hash_ids,
                idle: Mutex::default(),
                permits: Arc::new(Semaphore::new(MAX_STORE_CONNECTIONS)),
                last_logged: Mutex::default(),
            }),
        }
    }

    /// Finds whom these session ids stand for.
    pub(crate) fn principal(
        &self,
        ids: Vec<SessionId>,
    ) -> impl Future<Output = Result<Principal, StoreUnavailable>> {
        let (realm, hash_ids) = (self.inner.realm.clone(), self.inner.hash_ids);
        self.run(move |store| {
            let keys: Vec<_> = ids.iter().map(|id| SessionKey::of(id, hash_ids)).collect();
            principal::find(store, &keys, &realm)
        })
    }

    /// Lists a user's live logins.
    pub(crate) fn live_logins(
        &self,
        user: Arc<User>,
    ) -> impl Future<Output = Result<Vec<LoginId>, StoreUnavailable>> {
        self.run(move |store| {
            let logins = store.logins(&user)?;
            Ok(logins.iter().map(|login| login.identity.login).collect())
        })
    }

    /// The position of the newest event in the outbox.
    pub(crate) fn newest(&self) -> impl Future<Output = Result<Position, StoreUnavailable>> {
        let realm = self.inner.realm.clone();
        self.run(move |store| store.newest(&realm))
    }

    /// Runs [`rsso_core::store::Receipts::announce_gateway`].
    pub(crate) fn announce_gateway(
        &self,
        realm: Realm,
        ttl: Duration,
    ) -> impl Future<Output = Result<(), StoreUnavailable>> {
        self.run(move |store| store.announce_gateway(&realm, ttl))
    }

    /// Runs [`rsso_core::store::Receipts::acknowledge`].
    pub(crate) fn acknowledge(
        &self,
        logins: Vec<LoginId>,
    ) -> impl Future<Output = Result<(), StoreUnavailable>> {
        self.run(move |store| store.acknowledge(&logins))
    }

    /// Runs a query on an idle connection, or on a new one.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut dyn Store) -> Result<T> + Send + 'static,
    ) -> Result<T, StoreUnavailable> {
        let permits = Arc::clone(&self.inner.permits);
        let Ok(Ok(permit)) = timeout(STORE_QUERY_TIMEOUT, permits.acquire_owned()).await else {
            self.inner.log_error("too many queries at once");
            return Err(StoreUnavailable);
        };
        let inner = Arc::clone(&self.inner);
        let running = task::spawn_blocking(move || {
            // Held until the query ends, even if nobody waits for its answer any more.
            let _permit = permit;
            let idle = inner.idle.lock().pop();
            let mut store = match idle {
                Some(store) => store,
                None => inner.store.open()?,
            };
            let answer = query(&mut *store);
            // After an error a store drops its connection itself, so it can be reused.
            inner.idle.lock().push(store);
            answer
        });
        match timeout(STORE_QUERY_TIMEOUT, running).await {
            Ok(Ok(Ok(answer))) => return Ok(answer),
            Ok(Ok(Err(error))) => self.inner.log_error(&error.chain()),
            Ok(Err(_)) => self.inner.log_error("a query panicked"),
            Err(_) => self.inner.log_error("it does not answer"),
        }
        Err(StoreUnavailable)
    }
}

impl Inner {
    /// Logs a failure, but not for each browser that encounters it.
    fn log_error(&self, error: &str) {
        let mut last = self.last_logged.lock();
        if last.is_none_or(|last| last.elapsed() > LOG_INTERVAL) {
            *last = Some(Instant::now());
            tracing::warn!(error, "the store cannot be asked");
        }
    }
}
