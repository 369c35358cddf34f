//! `GET /sso/events`: the same events as a stream that `EventSource` reads.
//!
//! What always holds: whatever an event says, it cannot break out of its `data:` lines; a session
//! that has been told of its end is answered with 204, so that the browser stops.
//!
//! Source: <https://html.spec.whatwg.org/multipage/server-sent-events.html>

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Extension, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use super::admission;
use super::browser_event::BrowserEvent;
use super::channel::{Channel, Channels, Item};
use super::close_reason::CloseReason;
use super::connection::Connection;
use super::gateway::Gateway;
use super::handshake::Reply;
use super::metrics::{self, OpenConnection, Transport};

/// Milliseconds until a browser comes back: at least, and how much is added at random.
const RETRY: u64 = 1000;
const RETRY_SPREAD: u64 = 3000;

pub(crate) async fn connect(
    State(gateway): State<Arc<Gateway>>,
    Extension(connection): Extension<Arc<Connection>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let handshake = match gateway
        .handshake(&connection, &headers, query.as_deref())
        .await
    {
        Ok(handshake) => handshake,
        Err(refusal) => return refusal.into_response(),
    };
    let channel = match handshake.reply {
        Reply::Stream(channel) => Ok(channel),
        Reply::Close(CloseReason::NotSignedIn) => Err(admission::ended(
            StatusCode::UNAUTHORIZED,
            CloseReason::NotSignedIn,
        )),
        Reply::Close(close_reason) if close_reason.is_terminal() => Err(no_content(close_reason)),
        // It comes back.
        Reply::Close(close_reason) => Ok(Channels::closed(close_reason)),
    };
    if let Ok(Some(send_queue)) = channel.as_ref().map(Channel::send_queue) {
        connection.watch_queue(send_queue);
    }
    let mut response = match channel {
        Ok(channel) => stream_of(SseStream {
            channels: Arc::clone(&gateway.channels),
            channel,
            retry_sent: false,
            finished: false,
            _open: OpenConnection::new(Transport::EventStream),
            _permits: (connection, handshake.permit),
        }),
        Err(response) => response,
    };
    admission::allow(&mut response, handshake.allow);
    response
}

/// Says the close code of an answer that stops `EventSource`. That tells a page nothing, so
/// client.js asks once more, by `fetch`.
const CLOSE_CODE: HeaderName = HeaderName::from_static("rsso-close");

/// Stops the browser: there is nothing to hear any more.
fn no_content(close_reason: CloseReason) -> Response {
    let headers = [
        (CLOSE_CODE, HeaderValue::from(close_reason.code())),
        (
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_name(CLOSE_CODE),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// One stream.
struct SseStream {
    channels: Arc<Channels>,
    channel: Channel,
    retry_sent: bool,
    finished: bool,
    _open: OpenConnection,
    _permits: (Arc<Connection>, Option<super::connection_limits::Permit>),
}

fn stream_of(stream: SseStream) -> Response {
    let chunks = stream::unfold(Box::new(stream), |mut stream| async move {
        let chunk = stream.next().await?;
        Some((Ok::<_, Infallible>(chunk), stream))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // nginx would collect a buffer full of events before it hands them on.
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
            Item::Missed(frame) => {
                metrics::delivered(&frame);
                event_block(&frame)
            }
            Item::Live(frame) => {
                self.channels.sent(&frame);
                event_block(&frame)
            }
            Item::Heartbeat(frame) => event_block(&frame),
            Item::End(close_reason) => {
                metrics::closed(close_reason);
                self.finished = true;
                final_block(close_reason)
            }
        })
    }
}

fn retry_block() -> Bytes {
    let milliseconds = RETRY + admission::jitter_below(RETRY_SPREAD);
    format!("retry: {milliseconds}\n\n").into()
}

/// What stands at the end of a stream: that it is over for good, or when to come back.
fn final_block(close_reason: CloseReason) -> Bytes {
    if close_reason.is_terminal() {
        let (code, reason) = (close_reason.code(), close_reason.reason());
        format!("event: close\ndata: {{\"code\":{code},\"reason\":\"{reason}\"}}\n\n").into()
    } else {
        retry_block()
    }
}

fn event_block(frame: &BrowserEvent) -> Bytes {
    let mut block = String::with_capacity(frame.text.len() + frame.kind.len() + 48);
    if !frame.sequence.is_empty() {
        block.extend(["id: ", &frame.sequence, "\n"]);
    }
    block.extend(["event: ", &frame.kind, "\n"]);
    // Line breaks between the members of JSON mean nothing; within its strings there are none.
    for line in frame.text.split(['\r', '\n']) {
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
        let frame = BrowserEvent {
            kind: "io.rsso.message.v1".into(),
            sequence: "7".into(),
            text: "{\"a\":\r\n1,\n\"b\":\r2}".to_owned().into(),
            at: None,
            close_reason: None,
            kicked: None,
        };
        let block = event_block(&frame);
        let lines: Vec<_> = std::str::from_utf8(&block).unwrap().split('\n').collect();
        assert_eq!(lines[..2], ["id: 7", "event: io.rsso.message.v1"]);
        let (end, data) = lines[2..].split_at(lines.len() - 4);
        assert!(
            end.iter().all(|line| line.starts_with("data: ")),
            "{lines:?}"
        );
        assert_eq!(data, ["", ""]);
    }
}
