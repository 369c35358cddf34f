//! Sends all browsers away from a gateway that stops.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::close_reason::CloseReason;
use super::hub::Hub;

/// In how many steps browsers are sent away.
const STEPS: u32 = 20;

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Closes all connections over the first half of `timeout`, and waits for the rest of it.
///
/// The browsers reconnect elsewhere at once, so they are not sent all together.
pub(crate) async fn drain(hub: &Hub, timeout: Duration) {
    let deadline = Instant::now() + timeout;
    let send_queues = hub.drain();
    tracing::info!(connections = send_queues.len(), "stopping");
    let in_each_step = send_queues.len().div_ceil(STEPS as usize).max(1);
    for step in send_queues.chunks(in_each_step) {
        step.iter()
            .for_each(|queue| queue.close(CloseReason::GoingAway));
        sleep(timeout / 2 / STEPS).await;
    }
    while hub.connections() > 0 && Instant::now() < deadline {
        sleep(POLL_INTERVAL).await;
    }
    tracing::info!(left = hub.connections(), "stopped");
}
