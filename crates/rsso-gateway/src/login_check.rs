//! Ends the connections of logins that died without a word: a session that expires, or is removed
//! by hand, writes no event until somebody comes across it.

use std::sync::Arc;
use std::time::Duration;

use rsso_core::login::LoginId;
use tokio::time::{Instant, sleep, sleep_until};

use super::close_reason::Ending;
use super::hub::Hub;
use super::store_pool::Desk;

/// The event of a kick, which says more, may be on its way.
const GRACE: Duration = Duration::from_secs(3);

/// Looks at each user who is connected once per `every`, evenly spread.
pub(crate) async fn run(hub: Arc<Hub>, desk: Desk, every: Duration) {
    loop {
        let began = Instant::now();
        let users = hub.users();
        let step = every / u32::try_from(users.len() + 1).unwrap_or(u32::MAX);
        for (user, logins) in users {
            sleep(step).await;
            let Ok(living) = desk.living(user).await else {
                // Whether they live is not known: nobody is sent away.
                continue;
            };
            let dead: Vec<_> = logins.into_iter().filter(|l| !living.contains(l)).collect();
            if !dead.is_empty() {
                tokio::spawn(bury(Arc::clone(&hub), dead));
            }
        }
        sleep_until(began + every).await;
    }
}

async fn bury(hub: Arc<Hub>, dead: Vec<LoginId>) {
    sleep(GRACE).await;
    for login in dead {
        hub.end(login, Ending::Expired);
    }
}
