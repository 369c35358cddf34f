//! Tells the store that this gateway is there, and which kicks it has delivered: claims may wait for
//! that (`await_delivery`). Nothing else depends on it.

use std::time::Duration;

use rsso_core::login::{LoginId, Realm};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::store_pool::StorePool;

/// How often the store is told that we are there, and how long it believes it.
const PRESENCE_INTERVAL: Duration = Duration::from_secs(5);
const PRESENCE_TTL: Duration = Duration::from_secs(15);

/// Deliveries that wait to be written down; more are forgotten: whoever waits for one gives up anyway.
const QUEUE_CAPACITY: usize = 10_000;
const BATCH_SIZE: usize = 500;

/// Where deliveries are reported.
#[derive(Debug, Clone)]
pub(crate) struct DeliveryReceipts(mpsc::Sender<LoginId>);

impl DeliveryReceipts {
    /// Begins to write them down.
    pub(crate) fn start(store_pool: StorePool, realm: Realm) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE_CAPACITY);
        tokio::spawn(write_down(store_pool, realm, receiver));
        Self(sender)
    }

    /// A login was told of its end.
    pub(crate) fn delivered(&self, login: LoginId) {
        // Full: see above.
        let _ = self.0.try_send(login);
    }
}

async fn write_down(store_pool: StorePool, realm: Realm, mut delivered: mpsc::Receiver<LoginId>) {
    let mut attend = interval(PRESENCE_INTERVAL);
    attend.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let mut logins = Vec::new();
        // A store that cannot be asked has been told to the log, and claims do not depend on it.
        let _ = tokio::select! {
            count = delivered.recv_many(&mut logins, BATCH_SIZE) => match count {
                0 => return,
                _ => store_pool.acknowledge(logins).await,
            },
            _ = attend.tick() => store_pool.attend(realm.clone(), PRESENCE_TTL).await,
        };
    }
}
