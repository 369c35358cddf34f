//! The gateway's endpoints.

use std::hash::{DefaultHasher, Hasher as _};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::admission;
use super::gateway::Gateway;
use super::{metrics, sse, ws};

const CLIENT: &str = include_str!("../client/client.js");
const CLIENT_TYPES: &str = include_str!("../client/client.d.ts");

/// What browsers ask for.
pub(crate) fn public(gateway: &Arc<Gateway>) -> Router {
    Router::new()
        .route("/sso/ws", get(ws::connect))
        .route("/sso/events", get(sse::connect))
        .route("/sso/client.js", get(client))
        .route("/sso/client.d.ts", get(client_types))
        .with_state(Arc::clone(gateway))
}

/// What operators ask for.
pub(crate) fn private(gateway: &Arc<Gateway>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(measured))
        .with_state(Arc::clone(gateway))
}

async fn ready(State(gateway): State<Arc<Gateway>>) -> Response {
    if gateway.channels.hub.is_draining() {
        admission::problem(StatusCode::SERVICE_UNAVAILABLE, "the gateway stops")
    } else if gateway.status.is_ready() {
        "ready\n".into_response()
    } else {
        admission::problem(
            StatusCode::SERVICE_UNAVAILABLE,
            "the store does not answer, or the outbox cannot be read",
        )
    }
}

async fn measured(State(gateway): State<Arc<Gateway>>) -> Response {
    gateway.metrics.run_upkeep();
    metrics::store_up(gateway.status.is_ready());
    let kind = (header::CONTENT_TYPE, "text/plain; version=0.0.4");
    ([kind], gateway.metrics.render()).into_response()
}

async fn client(headers: HeaderMap) -> Response {
    file(&headers, CLIENT, "text/javascript; charset=utf-8")
}

async fn client_types(headers: HeaderMap) -> Response {
    file(&headers, CLIENT_TYPES, "text/plain; charset=utf-8")
}

/// The same for everybody, and until the next version.
fn file(headers: &HeaderMap, text: &'static str, kind: &'static str) -> Response {
    let tag = format!("\"{:016x}\"", hash(text));
    let caching = [
        (header::ETAG, tag.as_str()),
        (
            header::CACHE_CONTROL,
            "public, max-age=300, stale-while-revalidate=86400",
        ),
        (header::CONTENT_TYPE, kind),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // A module of another origin is only loaded where everybody may.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    let known = headers
        .get(header::IF_NONE_MATCH)
        .map(HeaderValue::as_bytes);
    if known == Some(tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (caching, text).into_response()
}

/// Tells one version of a file from another, nothing more.
fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}
