//! `GET /sso/ws`: events as WebSocket text frames, one CloudEvent each.
//!
//! What always holds: a client has nothing to send, and what it sends costs little; every send has a
//! deadline; a client that answers no ping is disconnected.
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
use super::{flood_limit, responses};

const SUBPROTOCOL: &str = "cloudevents.json";

/// The largest frame that a client may send. It has no reason to send more than a pong.
const MAX_RECEIVED_FRAME: usize = 4096;

/// The read buffer of an idle connection, small because there are many.
const READ_BUFFER: usize = 512;

/// The most that may wait for the socket: an event and its frame.
const MAX_WRITE_BUFFER: usize = 4 << 20;

/// How long sending one frame may take.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the client may take to answer a close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The most frames that a client may send between two heartbeats.
const MAX_FRAMES_PER_HEARTBEAT: u32 = 100;

/// The most heartbeats in a row that a client may leave unanswered.
const MAX_UNANSWERED_HEARTBEATS: u32 = 2;

pub(crate) async fn connect(
    State(gateway): State<Arc<Gateway>>,
    Extension(connection): Extension<Arc<Connection>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let handshake = gateway
        .handshake(&connection, &headers, query.as_deref())
        .await;
    let handshake = match handshake {
        Ok(handshake) => handshake,
        Err(refusal) => return refusal.into_response(),
    };
    // A page cannot see why an upgrade was refused, but it sees the code of a close.
    let channel = match handshake.reply {
        Reply::Stream(channel) => channel,
        Reply::Close(reason) => Channels::closed(reason),
    };
    let channels = Arc::clone(&gateway.channels);
    let mut response = upgrade
        .protocols([SUBPROTOCOL])
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .max_message_size(MAX_RECEIVED_FRAME)
        .max_frame_size(MAX_RECEIVED_FRAME)
        .on_upgrade(move |socket| async move {
            let permits = (connection, handshake.permit);
            let _open = OpenConnection::new(Transport::WebSocket);
            WsConnection::new(channels, socket).run(channel).await;
            drop(permits);
        });
    responses::allow_origin(&mut response, handshake.allow);
    response
}

/// One connection after the handshake.
struct WsConnection {
    channels: Arc<Channels>,
    socket: WebSocket,
    /// Frames that the client has sent since the last heartbeat.
    frames_received: u32,
    /// Heartbeats since the client last sent a frame.
    unanswered_heartbeats: u32,
}

/// The next step of a connection.
enum Step {
    Continue,
    /// Say why, and end.
    Close(CloseReason),
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
            let step = tokio::select! {
                item = channel.next() => self.send_item(item).await,
                received = self.socket.recv() => self.receive(received),
            };
            match step {
                Ok(Step::Continue) => {}
                Ok(Step::Close(reason)) => {
                    metrics::closed(reason);
                    self.close(reason).await;
                    return;
                }
                Err(Broken) => {
                    // The answer to the client's close may still wait to be sent.
                    let _ = timeout(CLOSE_TIMEOUT, self.socket.flush()).await;
                    return;
                }
            }
        }
    }

    async fn send_item(&mut self, item: Item) -> Result<Step, Broken> {
        match item {
            Item::Missed(event) => {
                self.send(text(&event)).await?;
                metrics::delivered(&event);
            }
            Item::Live(event) => {
                self.send(text(&event)).await?;
                self.channels.record_delivery(&event);
            }
            Item::Heartbeat(event) => {
                if self.unanswered_heartbeats >= MAX_UNANSWERED_HEARTBEATS {
                    return Err(Broken);
                }
                self.unanswered_heartbeats += 1;
                self.frames_received = 0;
                self.send(Message::Ping(axum::body::Bytes::new())).await?;
                self.send(text(&event)).await?;
            }
            Item::Close(reason) => return Ok(Step::Close(reason)),
        }
        Ok(Step::Continue)
    }

    fn receive(&mut self, received: Option<Result<Message, axum::Error>>) -> Result<Step, Broken> {
        match received {
            Some(Ok(Message::Close(_))) | None => Err(Broken),
            Some(Ok(_)) => {
                self.unanswered_heartbeats = 0;
                self.frames_received += 1;
                Ok(match self.frames_received > MAX_FRAMES_PER_HEARTBEAT {
                    true => Step::Close(CloseReason::Flood),
                    false => Step::Continue,
                })
            }
            Some(Err(error)) if flood_limit::is_flood(&error) => {
                Ok(Step::Close(CloseReason::Flood))
            }
            Some(Err(error)) => match is_too_big(error) {
                true => Ok(Step::Close(CloseReason::TooBig)),
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

    /// Sends the reason, and waits a moment so that the client can read it.
    async fn close(mut self, reason: CloseReason) {
        let frame = CloseFrame {
            code: reason.code(),
            reason: reason.reason().into(),
        };
        // The close was counted before, so a client that does not read it is not counted again.
        let sent = timeout(SEND_TIMEOUT, self.socket.send(Message::Close(Some(frame)))).await;
        if let Ok(Ok(())) = sent {
            let answer = async { while let Some(Ok(_)) = self.socket.recv().await {} };
            let _ = timeout(CLOSE_TIMEOUT, answer).await;
        }
    }
}

fn text(event: &BrowserEvent) -> Message {
    Message::Text(event.text.clone())
}

fn is_too_big(error: axum::Error) -> bool {
    let error = error.into_inner();
    matches!(error.downcast_ref(), Some(tungstenite::Error::Capacity(_)))
}
