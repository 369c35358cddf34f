//! Starts the gateway, and stops it.

use std::future::{Future, pending};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rsso_core::login::LoginId;
use rsso_core::store::OpenStore;
use tokio::time::{Instant, sleep};

use super::admission::Admission;
use super::channel::Channels;
use super::close_reason::CloseReason;
use super::connection_limits::ConnectionLimits;
use super::diagnosis::{Diagnosis, ExpectedSettings};
use super::error::StartError;
use super::feed::{self, FeedObserver};
use super::gateway::Gateway;
use super::hub::Hub;
use super::listener::{Acceptor, ListenAddress, Listener};
use super::receipts::DeliveryReceipts;
use super::rlimit::{MAX_ADMIN_CONNECTIONS, allowed_connections};
use super::setting_warnings::SettingWarnings;
use super::settings::Settings;
use super::store_pool::StorePool;
use super::{login_check, metrics, php_settings, routes};

/// A gateway that has begun to read the outbox, and listens.
pub struct Server {
    listener: Listener,
    admin: Option<Listener>,
    for_browsers: Acceptor,
    for_operators: Acceptor,
    hub: Arc<Hub>,
    receipts: DeliveryReceipts,
    drain_timeout: Duration,
}

impl Server {
    /// Begins to listen and to read the outbox, which `observer` reads along. Lets nobody in yet.
    ///
    /// # Errors
    /// If the system does not let it.
    pub async fn start(
        settings: Settings,
        store: Arc<dyn OpenStore>,
        observer: Arc<dyn FeedObserver>,
    ) -> Result<Self, StartError> {
        let rendered = metrics::install()?;
        let listener = bind("--listen", &settings.listen).await?;
        let admin = match &settings.admin_listen {
            Some(address) => Some(bind("--admin-listen", address).await?),
            None => None,
        };
        let max = allowed_connections(settings.max_connections)?;
        let hub = Arc::new(Hub::new(settings.max_per_login));
        let realm = settings.store.logins.realm.clone();
        let store_pool = StorePool::new(
            Arc::clone(&store),
            realm.clone(),
            settings.store.hashes_ids(),
        );
        let receipts = DeliveryReceipts::start(store_pool.clone(), realm.clone());
        let status = feed::start(store, realm.clone(), Arc::clone(&hub), observer)
            .map_err(StartError::Thread)?;
        let limits = Arc::new(ConnectionLimits::new(max, settings.max_per_address));
        let warnings = Arc::new(SettingWarnings::default());
        let gateway = Arc::new(Gateway {
            admission: Admission {
                diagnosis: Diagnosis::new(site(&settings)),
                origins: settings.origins,
                trusted_proxies: settings.trusted_proxies.clone(),
                cookie: settings.cookie,
                limits: Arc::clone(&limits),
                store_pool: store_pool.clone(),
                status: Arc::clone(&status),
                warnings: Arc::clone(&warnings),
            },
            channels: Arc::new(Channels {
                hub: Arc::clone(&hub),
                realm,
                heartbeat: settings.heartbeat_interval,
                receipts: receipts.clone(),
                status: Arc::clone(&status),
            }),
            status,
            metrics: rendered.clone(),
        });
        tokio::spawn(metrics::run_upkeep_regularly(rendered));
        tokio::spawn(login_check::run(
            Arc::clone(&hub),
            store_pool,
            settings.login_check_interval,
        ));
        let (public, private) = (routes::public(&gateway), routes::private(&gateway));
        let public = match admin {
            Some(_) => public,
            None => public.merge(private.clone()),
        };
        let acceptor = |router: Router, limits| Acceptor {
            limits,
            trusted_proxies: settings.trusted_proxies.clone().into(),
            router,
            warnings: Arc::clone(&warnings),
        };
        Ok(Self {
            for_browsers: acceptor(public, limits),
            // A gateway that is full still says how it is.
            for_operators: acceptor(
                private,
                Arc::new(ConnectionLimits::new(
                    MAX_ADMIN_CONNECTIONS,
                    MAX_ADMIN_CONNECTIONS,
                )),
            ),
            listener,
            admin,
            hub,
            receipts,
            drain_timeout: settings.drain_timeout,
        })
    }

    /// Where browsers ask, with the port that the system chose where none was given.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn address(&self) -> io::Result<ListenAddress> {
        self.listener.address()
    }

    /// Where others say that a login was told of its end.
    pub fn on_delivered(&self) -> impl Fn(LoginId) + Send + Sync + 'static {
        let receipts = self.receipts.clone();
        move |login| receipts.delivered(login)
    }

    /// Lets browsers in until `stop` comes, then sends them elsewhere while `meanwhile` comes to its end.
    pub async fn run<T>(
        self,
        stop: impl Future<Output = T>,
        meanwhile: impl Future<Output = ()>,
    ) -> T {
        let listener = self.listener;
        let browsers = async {
            let stopped = tokio::select! {
                never = listener.run(&self.for_browsers) => match never {},
                stopped = stop => stopped,
            };
            drop(listener);
            tokio::join!(drain(&self.hub, self.drain_timeout), meanwhile);
            stopped
        };
        let operators = async {
            match &self.admin {
                Some(admin) => admin.run(&self.for_operators).await,
                None => pending().await,
            }
        };
        // Who asks while the gateway stops is told so.
        tokio::select! {
            stopped = browsers => stopped,
            never = operators => match never {},
        }
    }
}

/// The settings that must be PHP's.
fn site(settings: &Settings) -> ExpectedSettings {
    let store = &settings.store;
    ExpectedSettings {
        cookie: settings.cookie.clone(),
        realm: store.logins.realm.clone(),
        hash_ids: (store.mysql_table.is_empty()).then_some(store.hash_ids),
        settings: php_settings::gateway_site(settings),
    }
}

async fn bind(flag: &'static str, address: &ListenAddress) -> Result<Listener, StartError> {
    Listener::bind(address)
        .await
        .map_err(|error| StartError::Listen {
            flag,
            address: address.clone(),
            error,
        })
}

/// Sends everybody elsewhere, spread over the first half of the time: they come back at once.
async fn drain(hub: &Hub, within: Duration) {
    let deadline = Instant::now() + within;
    let send_queues = hub.drain();
    tracing::info!(connections = send_queues.len(), "stopping");
    const SLICES: usize = 20;
    for slice in send_queues.chunks(send_queues.len().div_ceil(SLICES).max(1)) {
        slice
            .iter()
            .for_each(|send_queue| send_queue.end(CloseReason::GoingAway));
        sleep(within / 2 / u32::try_from(SLICES).unwrap_or(1)).await;
    }
    while hub.connections() > 0 && Instant::now() < deadline {
        sleep(Duration::from_millis(20)).await;
    }
    tracing::info!(left = hub.connections(), "stopped");
}
