//! Tells the store that this gateway is running, and which kicks it has delivered.
//!
//! A claim with `await_delivery` waits for that. Nothing else depends on it.

use std::time::Duration;

use rsso_core::login::{LoginId, Realm};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::store_pool::StorePool;

/// How often the store is told that this gateway is running.
const PRESENCE_INTERVAL: Duration = Duration::from_secs(5);

/// How long the store believes it.
const PRESENCE_TTL: Duration = Duration::from_secs(15);

/// The most deliveries that wait to be stored.
///
/// More are dropped, because a claim stops waiting anyway.
const QUEUE_CAPACITY: usize = 10_000;
const BATCH_SIZE: usize = 500;

/// Takes reports of deliveries.
#[derive(Debug, Clone)]
pub(crate) struct DeliveryReceipts(mpsc::Sender<LoginId>);

impl DeliveryReceipts {
    /// Starts the task that stores them.
    pub(crate) fn start(store_pool: StorePool, realm: Realm) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE_CAPACITY);
        tokio::spawn(store_receipts(store_pool, realm, receiver));
        Self(sender)
    }

    /// Reports that a login was told of its end.
    pub(crate) fn delivered(&self, login: LoginId) {
        // If the queue is full, the report is dropped.
        let _ = self.0.try_send(login);
    }
}

async fn store_receipts(
    store_pool: StorePool,
    realm: Realm,
    mut delivered: mpsc::Receiver<LoginId>,
) {
    let mut presence = interval(PRESENCE_INTERVAL);
    presence.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let mut logins = Vec::new();
        // A failure is logged by the pool, and claims do not depend on it.
        let _ = tokio::select! {
            count = delivered.recv_many(&mut logins, BATCH_SIZE) => match count {
                0 => return,
                _ => store_pool.acknowledge(logins).await,
            },
            _ = presence.tick() => store_pool.announce_gateway(realm.clone(), PRESENCE_TTL).await,
        };
    }
}
