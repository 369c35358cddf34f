//! Requests that are refused, as HTTP answers.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rsso_core::backoff::Jitter;

use super::{metrics, responses};

/// The shortest time until a refused client should try again.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// The part of it that is added at most, so that refused clients do not return all at once: 2 to 9 whole seconds.
const RETRY_AFTER_JITTER: f64 = 4.0;

/// Why a request is refused, and the origin that the answer has to allow.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The page's origin may not connect, nor read the answer.
    Origin,
    /// There are too many connections, of this address or login.
    Crowded(Option<HeaderValue>),
    /// The store cannot be queried, or has not been read yet.
    Unavailable(Option<HeaderValue>),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, error, origin) = match self {
            Self::Origin => (
                StatusCode::FORBIDDEN,
                "this page's origin is not allowed",
                None,
            ),
            Self::Crowded(origin) => (
                StatusCode::TOO_MANY_REQUESTS,
                "too many connections",
                origin,
            ),
            Self::Unavailable(origin) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "the store cannot be asked",
                origin,
            ),
        };
        metrics::refused(status);
        let mut response = responses::error(status, error);
        if status != StatusCode::FORBIDDEN {
            let delay = Jitter::random().lengthen(RETRY_AFTER, RETRY_AFTER_JITTER);
            let seconds = HeaderValue::from(delay.as_secs());
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        responses::allow_origin(&mut response, origin);
        response
    }
}
