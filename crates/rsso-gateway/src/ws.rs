//! `GET /sso/ws`: events as WebSocket text frames, one CloudEvent each.
//!
//! What always holds: a client has nothing to say, and what it sends costs little; every send has a
//! deadline; a peer that answers no ping is gone.
//!
//! Source: RFC 6455; subprotocol `cloudevents.json`,
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/websockets-protocol-binding.md>

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Extension, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use futures_util::SinkExt as _;
use tokio::time::timeout;

use super::browser_event::BrowserEvent;
use super::channel::{Channel, Channels, Item};
use super::close_reason::CloseReason;
use super::connection::Connection;
use super::gateway::Gateway;
use super::handshake::Reply;
use super::metrics::{self, OpenConnection, Transport};
use super::{admission, flood_limit};

const SUBPROTOCOL: &str = "cloudevents.json";

/// A client has no reason to send more than a pong.
const MAX_FRAME: usize = 4096;

/// Buffers that idle connections keep: ten thousand of them shall not be felt.
const READ_BUFFER: usize = 512;

/// What waits for the socket at most, an event and what surrounds it.
const MAX_WRITE_BUFFER: usize = 4 << 20;

/// How long a frame may take to leave.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the end of a connection may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Frames from a client between two heartbeats.
const MAX_FRAMES_PER_HEARTBEAT: u32 = 100;

/// Heartbeats without a sign of life.
const MAX_UNANSWERED_HEARTBEATS: u32 = 2;

pub(crate) async fn connect(
    State(gateway): State<Arc<Gateway>>,
    Extension(connection): Extension<Arc<Connection>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let handshake = match gateway
        .handshake(&connection, &headers, query.as_deref())
        .await
    {
        Ok(handshake) => handshake,
        Err(refusal) => return refusal.into_response(),
    };
    // Browsers do not show a page why an upgrade was refused: whoever may not stay is told by a close.
    let channel = match handshake.reply {
        Reply::Stream(channel) => channel,
        Reply::Close(close_reason) => Channels::closed(close_reason),
    };
    let channels = Arc::clone(&gateway.channels);
    let mut response = upgrade
        .protocols([SUBPROTOCOL])
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .max_message_size(MAX_FRAME)
        .max_frame_size(MAX_FRAME)
        .on_upgrade(move |socket| async move {
            let permits = (connection, handshake.permit);
            let _open = OpenConnection::new(Transport::WebSocket);
            WsConnection::new(channels, socket).run(channel).await;
            drop(permits);
        });
    admission::allow(&mut response, handshake.allow);
    response
}

/// One connection after the handshake.
struct WsConnection {
    channels: Arc<Channels>,
    socket: WebSocket,
    /// Frames that the client sent since the last heartbeat.
    frames_received: u32,
    /// Heartbeats since it sent any.
    unanswered_heartbeats: u32,
}

/// The connection cannot be used any more.
struct Broken;

impl WsConnection {
    fn new(channels: Arc<Channels>, socket: WebSocket) -> Self {
        Self {
            channels,
            socket,
            frames_received: 0,
            unanswered_heartbeats: 0,
        }
    }

    async fn run(mut self, mut channel: Channel) {
        loop {
            let done = tokio::select! {
                item = channel.next() => self.send_item(item).await,
                received = self.socket.recv() => self.receive(received),
            };
            match done {
                Ok(None) => {}
                Ok(Some(close_reason)) => {
                    metrics::closed(close_reason);
                    self.close(close_reason).await;
                    return;
                }
                Err(Broken) => {
                    // The answer to a close may wait to be sent.
                    let _ = timeout(CLOSE_TIMEOUT, self.socket.flush()).await;
                    return;
                }
            }
        }
    }

    async fn send_item(&mut self, item: Item) -> Result<Option<CloseReason>, Broken> {
        match item {
            Item::Missed(frame) => {
                self.send(text(&frame)).await?;
                metrics::delivered(&frame);
            }
            Item::Live(frame) => {
                self.send(text(&frame)).await?;
                self.channels.sent(&frame);
            }
            Item::Heartbeat(frame) => {
                if self.unanswered_heartbeats >= MAX_UNANSWERED_HEARTBEATS {
                    return Err(Broken);
                }
                self.unanswered_heartbeats += 1;
                self.frames_received = 0;
                self.send(Message::Ping(axum::body::Bytes::new())).await?;
                self.send(text(&frame)).await?;
            }
            Item::End(close_reason) => return Ok(Some(close_reason)),
        }
        Ok(None)
    }

    fn receive(
        &mut self,
        received: Option<Result<Message, axum::Error>>,
    ) -> Result<Option<CloseReason>, Broken> {
        match received {
            Some(Ok(Message::Close(_))) | None => Err(Broken),
            Some(Ok(_)) => {
                self.unanswered_heartbeats = 0;
                self.frames_received += 1;
                Ok((self.frames_received > MAX_FRAMES_PER_HEARTBEAT).then_some(CloseReason::Flood))
            }
            Some(Err(error)) if flood_limit::is_flood(&error) => Ok(Some(CloseReason::Flood)),
            Some(Err(error)) => match is_too_big(error) {
                true => Ok(Some(CloseReason::TooBig)),
                false => Err(Broken),
            },
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), Broken> {
        match timeout(SEND_TIMEOUT, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Broken),
            Err(_) => {
                metrics::closed(CloseReason::TooSlow);
                Err(Broken)
            }
        }
    }

    /// Says why, and gives the client a moment to answer, so that it reads it before the connection
    /// is gone.
    async fn close(mut self, close_reason: CloseReason) {
        let frame = CloseFrame {
            code: close_reason.code(),
            reason: close_reason.reason().into(),
        };
        // The end is counted already, also where the client does not read this, either.
        let sent = timeout(SEND_TIMEOUT, self.socket.send(Message::Close(Some(frame)))).await;
        if let Ok(Ok(())) = sent {
            let answer = async { while let Some(Ok(_)) = self.socket.recv().await {} };
            let _ = timeout(CLOSE_TIMEOUT, answer).await;
        }
    }
}

fn text(frame: &BrowserEvent) -> Message {
    Message::Text(frame.text.clone())
}

fn is_too_big(error: axum::Error) -> bool {
    let error = error.into_inner();
    matches!(error.downcast_ref(), Some(tungstenite::Error::Capacity(_)))
}
