//! The relay's metrics.

use std::sync::Arc;

use metrics::{counter, describe_counter, describe_gauge, gauge};

const DELIVERIES: &str = "rsso_relay_deliveries_total";
const PENDING: &str = "rsso_relay_pending";
const DEAD: &str = "rsso_relay_dead_total";
const GAPS: &str = "rsso_relay_gaps_total";
const LOST: &str = "rsso_relay_lost_events_total";

/// Begins to count for an endpoint.
pub(crate) fn endpoint(endpoint: &Arc<str>, pending: i64) {
    describe_counter!(
        DELIVERIES,
        "Attempts to hand an event to another server, by result: delivered, failed, dead, unreachable."
    );
    describe_gauge!(PENDING, "Events that wait to be handed to another server.");
    describe_counter!(DEAD, "Events that were given up, see rsso webhooks.");
    describe_counter!(
        GAPS,
        "How often the outbox had forgotten events before they were handed on."
    );
    describe_counter!(
        LOST,
        "Events that it had forgotten, where the store counts them (MySQL)."
    );
    counter!(GAPS).absolute(0);
    counter!(LOST).absolute(0);
    for result in ["delivered", "failed", "dead"] {
        counter!(DELIVERIES, "endpoint" => Arc::clone(endpoint), "result" => result).absolute(0);
    }
    counter!(DEAD).absolute(0);
    self::pending(endpoint, pending);
}

pub(crate) fn attempted(endpoint: &Arc<str>, result: &'static str) {
    counter!(DELIVERIES, "endpoint" => Arc::clone(endpoint), "result" => result).increment(1);
}

pub(crate) fn pending(endpoint: &Arc<str>, pending: i64) {
    #[expect(clippy::cast_precision_loss, reason = "the spool has a bound")]
    gauge!(PENDING, "endpoint" => Arc::clone(endpoint)).set(pending as f64);
}

pub(crate) fn gave_up(deliveries: u64) {
    counter!(DEAD).increment(deliveries);
}

pub(crate) fn gap() {
    counter!(GAPS).increment(1);
}

pub(crate) fn lost(events: Option<u64>) {
    counter!(LOST).increment(events.unwrap_or_default());
}
