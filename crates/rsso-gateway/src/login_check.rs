//! Ends the connections of logins that died without a word: a session that expires, or is removed
//! by hand, writes no event until somebody comes across it.

use std::sync::Arc;
use std::time::Duration;

use rsso_core::login::LoginId;
use tokio::time::{Instant, sleep, sleep_until};

use super::close_reason::CloseReason;
use super::hub::Hub;
use super::store_pool::StorePool;

/// The event of a kick, which says more, may be on its way.
const GRACE: Duration = Duration::from_secs(3);

/// Looks at each user who is connected once per `every`, evenly spread.
pub(crate) async fn run(hub: Arc<Hub>, store_pool: StorePool, every: Duration) {
    loop {
        let began = Instant::now();
        let users = hub.users();
        let step = every / u32::try_from(users.len() + 1).unwrap_or(u32::MAX);
        for (user, logins) in users {
            sleep(step).await;
            let Ok(live_logins) = store_pool.live_logins(user).await else {
                // Whether they live is not known: nobody is sent away.
                continue;
            };
            let dead: Vec<_> = logins
                .into_iter()
                .filter(|l| !live_logins.contains(l))
                .collect();
            if !dead.is_empty() {
                tokio::spawn(end_later(Arc::clone(&hub), dead));
            }
        }
        sleep_until(began + every).await;
    }
}

async fn end_later(hub: Arc<Hub>, dead: Vec<LoginId>) {
    sleep(GRACE).await;
    for login in dead {
        hub.end(login, CloseReason::Expired);
    }
}
