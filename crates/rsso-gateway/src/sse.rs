//! `GET /sso/events`: events as a stream that `EventSource` reads.
//!
//! What always holds: a session that was told of its end is answered with 204, so that the browser stops.
//!
//! Source: <https://html.spec.whatwg.org/multipage/server-sent-events.html>

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Extension, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use super::channel::Channels;
use super::close_reason::CloseReason;
use super::connection::Connection;
use super::gateway::Gateway;
use super::handshake::Reply;
use super::metrics::Transport;
use super::responses;
use super::takeover::{Events, Takeover};

/// The close code of an answer that stops `EventSource`.
///
/// A page cannot see that answer, so client.js asks again with `fetch`.
const CLOSE_CODE: HeaderName = HeaderName::from_static("rsso-close");

pub(crate) async fn connect(
    State(gateway): State<Arc<Gateway>>,
    Extension(connection): Extension<Connection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let handshake = gateway
        .handshake(&connection, &headers, query.as_deref())
        .await;
    let handshake = match handshake {
        Ok(handshake) => handshake,
        Err(refusal) => return refusal.into_response(),
    };
    let channel = match handshake.reply {
        Reply::Stream(channel) => Ok(channel),
        Reply::Close(CloseReason::NotSignedIn) => Err(responses::close(
            StatusCode::UNAUTHORIZED,
            CloseReason::NotSignedIn,
        )),
        Reply::Close(reason) if reason.is_terminal() => Err(no_content(reason)),
        // The browser reconnects.
        Reply::Close(reason) => Ok(Channels::closed(reason)),
    };
    let mut response = match channel {
        Ok(channel) => {
            let events = Events {
                transport: Transport::EventStream,
                channels: Arc::clone(&gateway.channels),
                channel,
                permit: handshake.permit,
            };
            Takeover::respond(stream_head(), events)
        }
        Err(response) => response,
    };
    responses::allow_origin(&mut response, handshake.allow);
    response
}

/// Stops the browser, because no event will come any more.
fn no_content(reason: CloseReason) -> Response {
    let headers = [
        (CLOSE_CODE, HeaderValue::from(reason.code())),
        (
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_name(CLOSE_CODE),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// A response without its body, whose length is unknown.
fn stream_head() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // Otherwise nginx collects a buffer full of events before it forwards them.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    let body = Body::from_stream(stream::empty::<Result<Bytes, Infallible>>());
    (headers, body).into_response()
}
