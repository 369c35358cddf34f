//! The metrics for Prometheus, with their names and units in one place.

use std::time::Duration;

use axum::http::StatusCode;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use rsso_core::login::event::Kind;

use super::browser_event::BrowserEvent;
use super::close_reason::CloseReason;
use super::principal::Principal;

const CONNECTIONS: &str = "rsso_connections";
const DELIVERED: &str = "rsso_events_delivered_total";
const DELIVERY: &str = "rsso_event_delivery_seconds";
const READ: &str = "rsso_outbox_events_total";
const LAG: &str = "rsso_outbox_lag_seconds";
const STORE_UP: &str = "rsso_store_up";
const CLOSES: &str = "rsso_closes_total";
const SIGN_INS: &str = "rsso_sign_ins_total";
const REFUSALS: &str = "rsso_refusals_total";

const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Seconds, from what a delivery should take to what it must not.
const BUCKETS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// Starts to count. The handle renders what anybody in this process counts.
pub(crate) fn install() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(DELIVERY.to_owned()), BUCKETS)
        .and_then(PrometheusBuilder::install_recorder)?;
    describe_gauge!(CONNECTIONS, "Browsers that are connected, by transport.");
    describe_counter!(DELIVERED, "Events that were sent to a browser, by type.");
    describe_histogram!(
        DELIVERY,
        "Seconds from an act in PHP until its event was sent to a browser; what a client missed is not counted."
    );
    describe_counter!(READ, "Events that were read from the outbox.");
    describe_gauge!(
        LAG,
        "Age of the newest event when it was read from the outbox, in seconds."
    );
    describe_gauge!(STORE_UP, "1 while the outbox can be read.");
    describe_counter!(
        CLOSES,
        "Connections that the gateway closed, by reason; too-slow: the client did not read."
    );
    describe_counter!(
        SIGN_INS,
        "Connections by whom their cookie stands for: login, kicked, nobody."
    );
    describe_counter!(
        REFUSALS,
        "Requests that were refused, by reason: origin, crowded, store."
    );
    for transport in [Transport::WebSocket, Transport::EventStream] {
        gauge!(CONNECTIONS, "transport" => transport.name()).set(0);
    }
    gauge!(STORE_UP).set(0);
    gauge!(LAG).set(0);
    for reason in ["origin", "crowded", "store"] {
        counter!(REFUSALS, "reason" => reason).absolute(0);
    }
    counter!(CLOSES, "reason" => CloseReason::TooSlow.reason()).absolute(0);
    Ok(handle)
}

/// Moves measurements into their buckets regularly, even if nobody asks for them.
pub(crate) async fn run_upkeep(handle: PrometheusHandle) {
    let mut ticks = tokio::time::interval(UPKEEP_INTERVAL);
    loop {
        ticks.tick().await;
        handle.run_upkeep();
    }
}

/// How a browser is connected.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Transport {
    WebSocket,
    EventStream,
}

impl Transport {
    fn name(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::EventStream => "sse",
        }
    }
}

/// Counts a connection for as long as it lives.
#[derive(Debug)]
pub(crate) struct OpenConnection(Transport);

impl OpenConnection {
    pub(crate) fn new(transport: Transport) -> Self {
        gauge!(CONNECTIONS, "transport" => transport.name()).increment(1);
        Self(transport)
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        gauge!(CONNECTIONS, "transport" => self.0.name()).decrement(1);
    }
}

/// Counts an event that was sent, unless it is the gateway's own.
pub(crate) fn delivered(event: &BrowserEvent) {
    if event.at.is_none() && event.close_reason.is_none() {
        return;
    }
    counter!(DELIVERED, "type" => kind(&event.kind)).increment(1);
}

/// Counts an event that was sent when it happened, and how long that took.
pub(crate) fn delivered_live(event: &BrowserEvent) {
    delivered(event);
    if let Some(at) = event.at {
        histogram!(DELIVERY).record(seconds_since(at));
    }
}

pub(crate) fn read(count: usize, newest: Option<i64>) {
    counter!(READ).increment(count as u64);
    if let Some(at) = newest {
        gauge!(LAG).set(seconds_since(at));
    }
}

pub(crate) fn store_up(up: bool) {
    gauge!(STORE_UP).set(u8::from(up));
}

pub(crate) fn closed(reason: CloseReason) {
    counter!(CLOSES, "reason" => reason.reason()).increment(1);
}

pub(crate) fn signed_in(principal: &Principal) {
    let who = match principal {
        Principal::LoggedIn(..) => "login",
        Principal::Kicked(_) => "kicked",
        Principal::Nobody => "nobody",
    };
    counter!(SIGN_INS, "as" => who).increment(1);
}

pub(crate) fn refused(status: StatusCode) {
    let reason = match status {
        StatusCode::FORBIDDEN => "origin",
        StatusCode::TOO_MANY_REQUESTS => "crowded",
        _ => "store",
    };
    counter!(REFUSALS, "reason" => reason).increment(1);
}

/// The label of a type. Unknown types share one, so that the number of labels has a bound.
fn kind(kind: &str) -> &'static str {
    let known = Kind::ALL.iter().map(|k| k.as_str());
    known
        .into_iter()
        .find(|known| *known == kind)
        .unwrap_or("other")
}

fn seconds_since(millis: i64) -> f64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let then = u64::try_from(millis).unwrap_or_default();
    let since = now.unwrap_or_default().as_secs_f64();
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds since 1970 fit 53 bits"
    )]
    let then = then as f64 / 1000.0;
    (since - then).max(0.0)
}
