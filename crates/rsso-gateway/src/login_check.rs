//! Closes the connections of logins that ended without an event.
//!
//! A session that expires, or is removed by hand, writes no event until an act encounters it.

use std::sync::Arc;
use std::time::Duration;

use rsso_core::login::LoginId;
use tokio::time::{Instant, sleep, sleep_until};

use super::close_reason::CloseReason;
use super::hub::Hub;
use super::store_pool::StorePool;

/// How long a login that ended may wait for its event, which says more.
const EVENT_GRACE: Duration = Duration::from_secs(3);

/// Looks up each connected user once per `interval`, evenly spread.
pub(crate) async fn run(hub: Arc<Hub>, store_pool: StorePool, interval: Duration) {
    loop {
        let began = Instant::now();
        let users = hub.users();
        let step = interval / u32::try_from(users.len() + 1).unwrap_or(u32::MAX);
        for (user, logins) in users {
            sleep(step).await;
            let Ok(live) = store_pool.live_logins(user).await else {
                // If the store fails, nobody is disconnected.
                continue;
            };
            let ended: Vec<_> = logins.into_iter().filter(|l| !live.contains(l)).collect();
            if !ended.is_empty() {
                tokio::spawn(close_later(Arc::clone(&hub), ended));
            }
        }
        sleep_until(began + interval).await;
    }
}

async fn close_later(hub: Arc<Hub>, ended: Vec<LoginId>) {
    sleep(EVENT_GRACE).await;
    for login in ended {
        hub.close(login, CloseReason::Expired);
    }
}
