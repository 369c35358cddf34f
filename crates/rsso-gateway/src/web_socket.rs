//! One WebSocket after its handshake.
//!
//! What always holds: a client has nothing to send, and what it sends costs little; every send has a
//! deadline; a client that answers no ping is disconnected.
//!
//! Source: RFC 6455

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tungstenite::{Error, Message};

use super::browser_event::BrowserEvent;
use super::channel::{Channel, Channels, Item};
use super::close_reason::CloseReason;
use super::connection_limits::Permits;
use super::flood_limit;
use super::metrics::{self, OpenConnection};

/// The largest frame that a client may send. It has no reason to send more than a pong.
const MAX_RECEIVED_FRAME: usize = 4096;

/// The read buffer of an idle connection, small because there are many.
const READ_BUFFER: usize = 128;

/// What is collected before it is written: a ping, and the heartbeat behind it.
const WRITE_BUFFER: usize = 1024;

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

/// The protocol's state for a connection whose handshake is done.
///
/// `received`: what the client has sent after the handshake.
pub(crate) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
    socket: S,
    received: &[u8],
) -> WebSocketStream<S> {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .max_message_size(Some(MAX_RECEIVED_FRAME))
        .max_frame_size(Some(MAX_RECEIVED_FRAME));
    WebSocketStream::from_partially_read(socket, received.to_vec(), Role::Server, Some(config))
        .await
}

/// One connection after the handshake.
pub(crate) struct WebSocket<S> {
    socket: WebSocketStream<S>,
    channels: Arc<Channels>,
    channel: Channel,
    /// Frames that the client has sent since the last heartbeat.
    frames_received: u32,
    /// Heartbeats since the client last sent a frame.
    unanswered_heartbeats: u32,
    _open: OpenConnection,
    _permits: Permits,
}

/// The next step of a connection.
enum Step {
    Continue,
    /// Say why, and end.
    Close(CloseReason),
}

/// The connection cannot be used any more.
struct Broken;

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    pub(crate) fn new(
        socket: WebSocketStream<S>,
        channels: Arc<Channels>,
        channel: Channel,
        open: OpenConnection,
        permits: Permits,
    ) -> Self {
        Self {
            socket,
            channels,
            channel,
            frames_received: 0,
            unanswered_heartbeats: 0,
            _open: open,
            _permits: permits,
        }
    }

    /// Sends events until the channel closes, or the client is gone.
    pub(crate) fn run(self) -> impl Future<Output = ()> {
        // Captured, because the arguments of an async function are stored twice.
        let mut connection = self;
        async move { connection.send_all().await }
    }

    async fn send_all(&mut self) {
        loop {
            let step = tokio::select! {
                item = self.channel.next() => self.send_item(item).await,
                received = self.socket.next() => self.receive(received),
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
                // It stays in the buffer until the heartbeat is sent.
                let fed = self.socket.feed(Message::Ping(Bytes::new())).await;
                fed.map_err(|_| Broken)?;
                self.send(text(&event)).await?;
            }
            Item::Close(reason) => return Ok(Step::Close(reason)),
        }
        Ok(Step::Continue)
    }

    fn receive(&mut self, received: Option<Result<Message, Error>>) -> Result<Step, Broken> {
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
            Some(Err(Error::Capacity(_))) => Ok(Step::Close(CloseReason::TooBig)),
            Some(Err(_)) => Err(Broken),
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
    async fn close(&mut self, reason: CloseReason) {
        let frame = CloseFrame {
            code: reason.code().into(),
            reason: reason.reason().into(),
        };
        // The close was counted before, so a client that does not read it is not counted again.
        let sent = timeout(SEND_TIMEOUT, self.socket.send(Message::Close(Some(frame)))).await;
        if let Ok(Ok(())) = sent {
            let answer = async { while let Some(Ok(_)) = self.socket.next().await {} };
            let _ = timeout(CLOSE_TIMEOUT, answer).await;
        }
    }
}

fn text(event: &BrowserEvent) -> Message {
    Message::Text(event.text.clone())
}
