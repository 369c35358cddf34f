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
use super::browser_event::Frame;
use super::channel::{Channel, Channels, Item};
use super::close_reason::Ending;
use super::connection::Connection;
use super::gateway::Gateway;
use super::handshake::Purpose;
use super::metrics::{self, Open, Transport};

/// Milliseconds until a browser comes back: at least, and how much is added at random.
const RETRY: u64 = 1000;
const RETRY_SPREAD: u64 = 3000;

pub(crate) async fn connect(
    State(gateway): State<Arc<Gateway>>,
    Extension(connection): Extension<Arc<Connection>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let visit = match gateway.visit(&connection, &headers, query.as_deref()).await {
        Ok(visit) => visit,
        Err(refusal) => return refusal.into_response(),
    };
    let channel = match visit.purpose {
        Purpose::Listen(channel) => Ok(channel),
        Purpose::Told(Ending::NotSignedIn) => Err(admission::ended(
            StatusCode::UNAUTHORIZED,
            Ending::NotSignedIn,
        )),
        Purpose::Told(ending) if ending.is_terminal() => Err(over(ending)),
        // It comes back.
        Purpose::Told(ending) => Ok(Channels::closed(ending)),
    };
    if let Ok(Some(outlet)) = channel.as_ref().map(Channel::outlet) {
        connection.watch(outlet);
    }
    let mut response = match channel {
        Ok(channel) => stream_of(Telling {
            channels: Arc::clone(&gateway.channels),
            channel,
            greeted: false,
            over: false,
            _open: Open::new(Transport::EventStream),
            _permits: (connection, visit.permit),
        }),
        Err(response) => response,
    };
    admission::allow(&mut response, visit.allow);
    response
}

/// Says the close code of an answer that stops `EventSource`. That tells a page nothing, so
/// client.js asks once more, by `fetch`.
const CLOSE_CODE: HeaderName = HeaderName::from_static("rsso-close");

/// Stops the browser: there is nothing to hear any more.
fn over(ending: Ending) -> Response {
    let headers = [
        (CLOSE_CODE, HeaderValue::from(ending.code())),
        (
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_name(CLOSE_CODE),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// One stream.
struct Telling {
    channels: Arc<Channels>,
    channel: Channel,
    greeted: bool,
    over: bool,
    _open: Open,
    _permits: (Arc<Connection>, Option<super::connection_limits::Permit>),
}

fn stream_of(telling: Telling) -> Response {
    let chunks = stream::unfold(Box::new(telling), |mut telling| async move {
        let chunk = telling.next().await?;
        Some((Ok::<_, Infallible>(chunk), telling))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // nginx would collect a buffer full of events before it hands them on.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(chunks)).into_response()
}

impl Telling {
    async fn next(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        if !self.greeted {
            self.greeted = true;
            return Some(retry());
        }
        Some(match self.channel.next().await {
            Item::Missed(frame) => {
                metrics::delivered(&frame);
                event(&frame)
            }
            Item::Frame(frame) => {
                self.channels.sent(&frame);
                event(&frame)
            }
            Item::Beat(frame) => event(&frame),
            Item::End(ending) => {
                metrics::closed(ending);
                self.over = true;
                last(ending)
            }
        })
    }
}

fn retry() -> Bytes {
    let milliseconds = RETRY + admission::rand_below(RETRY_SPREAD);
    format!("retry: {milliseconds}\n\n").into()
}

/// What stands at the end of a stream: that it is over for good, or when to come back.
fn last(ending: Ending) -> Bytes {
    if ending.is_terminal() {
        let (code, reason) = (ending.code(), ending.reason());
        format!("event: close\ndata: {{\"code\":{code},\"reason\":\"{reason}\"}}\n\n").into()
    } else {
        retry()
    }
}

fn event(frame: &Frame) -> Bytes {
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
        let frame = Frame {
            kind: "io.rsso.message.v1".into(),
            sequence: "7".into(),
            text: "{\"a\":\r\n1,\n\"b\":\r2}".to_owned().into(),
            at: None,
            ending: None,
            kicked: None,
        };
        let block = event(&frame);
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
