//! Starts the gateway, and stops it.

use std::future::{Future, pending};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rsso_core::login::LoginId;
use rsso_core::store::OpenStore;
use tokio::time::{Instant, sleep};

use super::admission::Door;
use super::channel::Channels;
use super::close_reason::Ending;
use super::connection_limits::Caps;
use super::diagnosis::{Diagnosis, Site};
use super::error::StartError;
use super::feed::{self, Follower};
use super::gateway::Gateway;
use super::hub::Hub;
use super::listener::{Address, Listener, Reception};
use super::receipts::Receipts;
use super::rlimit::{OPERATORS, allowed_connections};
use super::setting_warnings::Hints;
use super::settings::Settings;
use super::store_pool::Desk;
use super::{login_check, metrics, php_settings, routes};

/// A gateway that has begun to read the outbox, and listens.
pub struct Server {
    listener: Listener,
    admin: Option<Listener>,
    for_browsers: Reception,
    for_operators: Reception,
    hub: Arc<Hub>,
    receipts: Receipts,
    drain: Duration,
}

impl Server {
    /// Begins to listen and to read the outbox, which `follower` reads along. Lets nobody in yet.
    ///
    /// # Errors
    /// If the system does not let it.
    pub async fn start(
        settings: Settings,
        store: Arc<dyn OpenStore>,
        follower: Arc<dyn Follower>,
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
        let desk = Desk::new(
            Arc::clone(&store),
            realm.clone(),
            settings.store.hashes_ids(),
        );
        let receipts = Receipts::start(desk.clone(), realm.clone());
        let status = feed::start(store, realm.clone(), Arc::clone(&hub), follower)
            .map_err(StartError::Thread)?;
        let caps = Arc::new(Caps::new(max, settings.max_per_address));
        let hints = Arc::new(Hints::default());
        let gateway = Arc::new(Gateway {
            door: Door {
                diagnosis: Diagnosis::new(site(&settings)),
                origins: settings.origins,
                trusted_proxies: settings.trusted_proxies.clone(),
                cookie: settings.cookie,
                caps: Arc::clone(&caps),
                desk: desk.clone(),
                status: Arc::clone(&status),
                hints: Arc::clone(&hints),
            },
            channels: Arc::new(Channels {
                hub: Arc::clone(&hub),
                realm,
                heartbeat: settings.heartbeat,
                receipts: receipts.clone(),
                status: Arc::clone(&status),
            }),
            status,
            metrics: rendered.clone(),
        });
        tokio::spawn(metrics::keep_up(rendered));
        tokio::spawn(login_check::run(Arc::clone(&hub), desk, settings.recheck));
        let (public, private) = (routes::public(&gateway), routes::private(&gateway));
        let public = match admin {
            Some(_) => public,
            None => public.merge(private.clone()),
        };
        let reception = |router: Router, caps| Reception {
            caps,
            trusted_proxies: settings.trusted_proxies.clone().into(),
            router,
            hints: Arc::clone(&hints),
        };
        Ok(Self {
            for_browsers: reception(public, caps),
            // A gateway that is full still says how it is.
            for_operators: reception(private, Arc::new(Caps::new(OPERATORS, OPERATORS))),
            listener,
            admin,
            hub,
            receipts,
            drain: settings.drain,
        })
    }

    /// Where browsers ask, with the port that the system chose where none was given.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn address(&self) -> io::Result<Address> {
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
            tokio::join!(drain(&self.hub, self.drain), meanwhile);
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
fn site(settings: &Settings) -> Site {
    let store = &settings.store;
    Site {
        cookie: settings.cookie.clone(),
        realm: store.logins.realm.clone(),
        hash_ids: (store.mysql_table.is_empty()).then_some(store.hash_ids),
        settings: php_settings::ours(settings),
    }
}

async fn bind(flag: &'static str, address: &Address) -> Result<Listener, StartError> {
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
