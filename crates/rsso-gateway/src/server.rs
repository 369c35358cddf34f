//! Starts the gateway, and stops it.

use std::future::{Future, pending};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use rsso_core::login::LoginId;
use rsso_core::store::OpenStore;

use super::admission::Admission;
use super::channel::Channels;
use super::connection_limits::ConnectionLimits;
use super::diagnosis::{Diagnosis, SharedSettings};
use super::drain::drain;
use super::error::StartError;
use super::feed::{self, FeedObserver};
use super::feed_status::FeedStatus;
use super::gateway::Gateway;
use super::hub::Hub;
use super::listen_address::ListenAddress;
use super::listener::{Acceptor, Listener};
use super::receipts::DeliveryReceipts;
use super::rlimit::{MAX_ADMIN_CONNECTIONS, allowed_connections};
use super::setting_warnings::SettingWarnings;
use super::settings::Settings;
use super::store_pool::StorePool;
use super::{login_check, metrics, php_settings, routes};

/// A gateway that reads the outbox and listens.
pub struct Server {
    listeners: Listeners,
    browsers: Acceptor,
    operators: Acceptor,
    hub: Arc<Hub>,
    receipts: DeliveryReceipts,
    drain_timeout: Duration,
}

/// The sockets that a gateway listens at.
struct Listeners {
    browsers: Listener,
    /// `None`: operators connect where browsers do.
    operators: Option<Listener>,
}

/// The parts of a gateway that work in the background.
struct Background {
    hub: Arc<Hub>,
    store_pool: StorePool,
    receipts: DeliveryReceipts,
    status: Arc<FeedStatus>,
    metrics: PrometheusHandle,
}

impl Server {
    /// Starts to read the outbox for itself and `observer`, and to listen. It accepts nobody yet.
    ///
    /// # Errors
    /// If the system does not allow it.
    pub async fn start(
        settings: Settings,
        store: Arc<dyn OpenStore>,
        observer: Arc<dyn FeedObserver>,
    ) -> Result<Self, StartError> {
        let metrics = metrics::install()?;
        let listeners = Listeners::bind(&settings).await?;
        let max_connections = allowed_connections(settings.max_connections)?;
        let limits = ConnectionLimits::new(max_connections, settings.max_per_address);
        let limits = Arc::new(limits);
        let background = Background::start(&settings, store, observer, metrics)?;
        let warnings = Arc::new(SettingWarnings::default());
        let (hub, receipts) = (Arc::clone(&background.hub), background.receipts.clone());
        let drain_timeout = settings.drain_timeout;
        let trusted_proxies = settings.trusted_proxies.clone().into();
        let gateway = gateway(settings, background, &limits, &warnings);
        let (public, admin) = routers(&gateway, listeners.operators.is_some());
        let browsers = Acceptor {
            limits,
            trusted_proxies,
            router: public,
            warnings,
        };
        // Limits of their own, so that a full gateway still answers operators.
        let admin_limits = ConnectionLimits::new(MAX_ADMIN_CONNECTIONS, MAX_ADMIN_CONNECTIONS);
        let operators = Acceptor {
            limits: Arc::new(admin_limits),
            router: admin,
            ..browsers.clone()
        };
        Ok(Self {
            listeners,
            browsers,
            operators,
            hub,
            receipts,
            drain_timeout,
        })
    }

    /// Where browsers connect, with the port that the system chose for port 0.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn address(&self) -> io::Result<ListenAddress> {
        self.listeners.browsers.address()
    }

    /// Where others report that a login was told of its end.
    pub fn on_delivered(&self) -> impl Fn(LoginId) + Send + Sync + 'static {
        let receipts = self.receipts.clone();
        move |login| receipts.delivered(login)
    }

    /// Serves browsers until `stop` completes, then sends them away while `meanwhile` completes.
    pub async fn run<T>(
        self,
        stop: impl Future<Output = T>,
        meanwhile: impl Future<Output = ()>,
    ) -> T {
        let Listeners {
            browsers: listener,
            operators: admin_listener,
        } = self.listeners;
        let browsers = async {
            let stopped = tokio::select! {
                never = listener.run(&self.browsers) => match never {},
                stopped = stop => stopped,
            };
            drop(listener);
            tokio::join!(drain(&self.hub, self.drain_timeout), meanwhile);
            stopped
        };
        let operators = async {
            match &admin_listener {
                Some(listener) => listener.run(&self.operators).await,
                None => pending().await,
            }
        };
        // Operators are served until the end, so that they see that the gateway stops.
        tokio::select! {
            stopped = browsers => stopped,
            never = operators => match never {},
        }
    }
}

impl Listeners {
    async fn bind(settings: &Settings) -> Result<Self, StartError> {
        Ok(Self {
            browsers: bind("--listen", &settings.listen).await?,
            operators: match &settings.admin_listen {
                Some(address) => Some(bind("--admin-listen", address).await?),
                None => None,
            },
        })
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

impl Background {
    fn start(
        settings: &Settings,
        store: Arc<dyn OpenStore>,
        observer: Arc<dyn FeedObserver>,
        metrics: PrometheusHandle,
    ) -> Result<Self, StartError> {
        let hub = Arc::new(Hub::new(settings.max_per_login));
        let realm = &settings.store.logins.realm;
        let store_pool = StorePool::new(
            Arc::clone(&store),
            realm.clone(),
            settings.store.hashes_ids(),
        );
        let receipts = DeliveryReceipts::start(store_pool.clone(), realm.clone());
        let status = feed::start(store, realm.clone(), Arc::clone(&hub), observer)
            .map_err(StartError::Thread)?;
        tokio::spawn(metrics::run_upkeep(metrics.clone()));
        tokio::spawn(login_check::run(
            Arc::clone(&hub),
            store_pool.clone(),
            settings.login_check_interval,
        ));
        Ok(Self {
            hub,
            store_pool,
            receipts,
            status,
            metrics,
        })
    }
}

fn gateway(
    settings: Settings,
    background: Background,
    limits: &Arc<ConnectionLimits>,
    warnings: &Arc<SettingWarnings>,
) -> Arc<Gateway> {
    Arc::new(Gateway {
        channels: Arc::new(Channels {
            hub: background.hub,
            realm: settings.store.logins.realm.clone(),
            heartbeat_interval: settings.heartbeat_interval,
            receipts: background.receipts,
            status: Arc::clone(&background.status),
        }),
        admission: Admission {
            diagnosis: Diagnosis::new(shared_settings(&settings)),
            origins: settings.origins,
            trusted_proxies: settings.trusted_proxies,
            cookie: settings.cookie,
            limits: Arc::clone(limits),
            store_pool: background.store_pool,
            status: Arc::clone(&background.status),
            warnings: Arc::clone(warnings),
        },
        status: background.status,
        metrics: background.metrics,
    })
}

/// The routers for browsers and for operators, who may have a listener of their own.
fn routers(gateway: &Arc<Gateway>, has_admin_listener: bool) -> (Router, Router) {
    let (public, admin) = (routes::public(gateway), routes::admin(gateway));
    match has_admin_listener {
        true => (public, admin),
        false => (public.merge(admin.clone()), admin),
    }
}

/// The settings that must be PHP's.
fn shared_settings(settings: &Settings) -> SharedSettings {
    let store = &settings.store;
    SharedSettings {
        cookie: settings.cookie.clone(),
        realm: store.logins.realm.clone(),
        hash_ids: (store.mysql_table.is_empty()).then_some(store.hash_ids),
        site: php_settings::gateway_site(settings),
    }
}
