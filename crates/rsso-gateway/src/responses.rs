//! HTTP answers that several endpoints give.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::close_reason::CloseReason;

/// Lets a page of another origin read the answer.
pub(crate) fn allow_origin(response: &mut Response, origin: Option<HeaderValue>) {
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
    }
}

/// An error as JSON.
pub(crate) fn error(status: StatusCode, error: &str) -> Response {
    json_body(status, json!({"error": error}).to_string())
}

/// A close reason as JSON.
pub(crate) fn close(status: StatusCode, reason: CloseReason) -> Response {
    let body = json!({"code": reason.code(), "reason": reason.reason()}).to_string();
    json_body(status, body)
}

fn json_body(status: StatusCode, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body).into_response()
}
