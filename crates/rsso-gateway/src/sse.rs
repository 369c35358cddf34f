//! `GET /sso/events`: events as a stream that `EventSource` reads.
//!
//! What always holds: no event can break out of its `data:` lines; a session that was told of its end
//! is answered with 204, so that the browser stops.
//!
//! Source: <https://html.spec.whatwg.org/multipage/server-sent-events.html>

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Extension, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use rsso_core::backoff::Jitter;

use super::browser_event::BrowserEvent;
use super::channel::{Channel, Channels, Item};
use super::close_reason::CloseReason;
use super::connection::Connection;
use super::connection_limits::Permit;
use super::gateway::Gateway;
use super::handshake::Reply;
use super::metrics::{self, OpenConnection, Transport};
use super::responses;

/// The shortest time until a browser reconnects, and the part of it that is added at most.
const RETRY_DELAY: Duration = Duration::from_secs(1);
const RETRY_JITTER: f64 = 3.0;

/// The close code of an answer that stops `EventSource`.
///
/// A page cannot see that answer, so client.js asks again with `fetch`.
const CLOSE_CODE: HeaderName = HeaderName::from_static("rsso-close");

pub(crate) async fn connect(
    State(gateway): State<Arc<Gateway>>,
    Extension(connection): Extension<Arc<Connection>>,
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
            if let Some(send_queue) = channel.send_queue() {
                connection.watch_queue(send_queue);
            }
            stream_response(SseStream {
                channels: Arc::clone(&gateway.channels),
                channel,
                retry_sent: false,
                finished: false,
                _open: OpenConnection::new(Transport::EventStream),
                _connection: connection,
                _permit: handshake.permit,
            })
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

/// The body of one event stream.
struct SseStream {
    channels: Arc<Channels>,
    channel: Channel,
    retry_sent: bool,
    finished: bool,
    _open: OpenConnection,
    _connection: Arc<Connection>,
    _permit: Option<Permit>,
}

fn stream_response(stream: SseStream) -> Response {
    let chunks = stream::unfold(Box::new(stream), |mut stream| async move {
        let chunk = stream.next().await?;
        Some((Ok::<_, Infallible>(chunk), stream))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // Otherwise nginx collects a buffer full of events before it forwards them.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(chunks)).into_response()
}

impl SseStream {
    async fn next(&mut self) -> Option<Bytes> {
        if self.finished {
            return None;
        }
        if !self.retry_sent {
            self.retry_sent = true;
            return Some(retry_block());
        }
        Some(match self.channel.next().await {
            Item::Missed(event) => {
                metrics::delivered(&event);
                event_block(&event)
            }
            Item::Live(event) => {
                self.channels.record_delivery(&event);
                event_block(&event)
            }
            Item::Heartbeat(event) => event_block(&event),
            Item::Close(reason) => {
                metrics::closed(reason);
                self.finished = true;
                final_block(reason)
            }
        })
    }
}

fn retry_block() -> Bytes {
    let delay = Jitter::random().lengthen(RETRY_DELAY, RETRY_JITTER);
    format!("retry: {}\n\n", delay.as_millis()).into()
}

/// The end of a stream: it is over for good, or when to reconnect.
fn final_block(reason: CloseReason) -> Bytes {
    if reason.is_terminal() {
        let (code, reason) = (reason.code(), reason.reason());
        format!("event: close\ndata: {{\"code\":{code},\"reason\":\"{reason}\"}}\n\n").into()
    } else {
        retry_block()
    }
}

fn event_block(event: &BrowserEvent) -> Bytes {
    let mut block = String::with_capacity(event.text.len() + event.kind.len() + 48);
    if !event.sequence.is_empty() {
        block.extend(["id: ", &event.sequence, "\n"]);
    }
    block.extend(["event: ", &event.kind, "\n"]);
    // JSON has line breaks only between its members, where they mean nothing.
    for line in event.text.split(['\r', '\n']) {
        block.extend(["data: ", line, "\n"]);
    }
    block.push('\n');
    block.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_cannot_break_out_of_its_lines() {
        let event = BrowserEvent {
            kind: "io.rsso.message.v1".into(),
            ..BrowserEvent::example("7", "{\"a\":\r\n1,\n\"b\":\r2}")
        };
        let block = event_block(&event);
        let lines: Vec<_> = std::str::from_utf8(&block).unwrap().split('\n').collect();
        assert_eq!(lines[..2], ["id: 7", "event: io.rsso.message.v1"]);
        let (data, end) = lines[2..].split_at(lines.len() - 4);
        assert!(
            data.iter().all(|line| line.starts_with("data: ")),
            "{lines:?}"
        );
        assert_eq!(end, ["", ""]);
    }
}
