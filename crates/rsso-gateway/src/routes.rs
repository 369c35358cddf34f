//! The gateway's endpoints.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::gateway::Gateway;
use super::{client_files, metrics, responses, sse, ws};

/// The endpoints for browsers.
pub(crate) fn public(gateway: &Arc<Gateway>) -> Router {
    Router::new()
        .route("/sso/ws", get(ws::connect))
        .route("/sso/events", get(sse::connect))
        .route("/sso/client.js", get(client_files::script))
        .route("/sso/client.d.ts", get(client_files::types))
        .with_state(Arc::clone(gateway))
}

/// The endpoints for operators.
pub(crate) fn admin(gateway: &Arc<Gateway>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(render_metrics))
        .with_state(Arc::clone(gateway))
}

async fn ready(State(gateway): State<Arc<Gateway>>) -> Response {
    if gateway.channels.hub.is_draining() {
        responses::error(StatusCode::SERVICE_UNAVAILABLE, "the gateway stops")
    } else if gateway.status.is_ready() {
        "ready\n".into_response()
    } else {
        responses::error(
            StatusCode::SERVICE_UNAVAILABLE,
            "the store does not answer, or the outbox cannot be read",
        )
    }
}

async fn render_metrics(State(gateway): State<Arc<Gateway>>) -> Response {
    gateway.metrics.run_upkeep();
    metrics::store_up(gateway.status.is_ready());
    let kind = (header::CONTENT_TYPE, "text/plain; version=0.0.4");
    ([kind], gateway.metrics.render()).into_response()
}
