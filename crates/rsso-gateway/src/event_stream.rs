//! One event stream after the head of its response.
//!
//! What always holds: no event can break out of its `data:` lines; a client that does not read is disconnected
//! once its queue is full; what a client sends is dropped.
//!
//! Source: <https://html.spec.whatwg.org/multipage/server-sent-events.html>

use std::future::{Future, pending, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use rsso_core::backoff::Jitter;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::time::sleep;

use super::browser_event::BrowserEvent;
use super::channel::{Channel, Channels, Item};
use super::close_reason::CloseReason;
use super::connection_limits::Permits;
use super::flood_limit;
use super::metrics::{self, OpenConnection};
use super::send_queue::SendQueue;

/// The shortest time until a browser reconnects, and the part of it that is added at most.
const RETRY_DELAY: Duration = Duration::from_secs(1);
const RETRY_JITTER: f64 = 3.0;

/// How long a client that is too far behind may still read why it is disconnected.
const OVERRUN_GRACE: Duration = Duration::from_secs(5);

/// The last chunk of a body, which is empty.
const LAST_CHUNK: &str = "0\r\n\r\n";

/// One event stream.
pub(crate) struct EventStream<S> {
    socket: S,
    is_chunked: bool,
    channels: Arc<Channels>,
    channel: Channel,
    _open: OpenConnection,
    _permits: Permits,
}

impl<S: AsyncRead + AsyncWrite + Unpin> EventStream<S> {
    /// `is_chunked`: the body is sent in chunks; otherwise it ends with the connection.
    pub(crate) fn new(
        socket: S,
        is_chunked: bool,
        channels: Arc<Channels>,
        channel: Channel,
        open: OpenConnection,
        permits: Permits,
    ) -> Self {
        Self {
            socket,
            is_chunked,
            channels,
            channel,
            _open: open,
            _permits: permits,
        }
    }

    /// Sends events until the channel closes, or the client is gone.
    pub(crate) fn run(self) -> impl Future<Output = ()> {
        // Captured, because the arguments of an async function are stored twice.
        let mut stream = self;
        async move {
            if let Err(error) = stream.send_all().await {
                if flood_limit::is_flood(&error) {
                    metrics::closed(CloseReason::Flood);
                }
                tracing::debug!(%error, "a connection broke");
            }
        }
    }

    async fn send_all(&mut self) -> io::Result<()> {
        self.send(&self.encode(&retry_block())).await?;
        loop {
            let item = tokio::select! {
                item = self.channel.next() => item,
                closed = closed_by_client(&mut self.socket) => return closed,
            };
            match item {
                Item::Missed(event) => {
                    self.send_event(&event).await?;
                    metrics::delivered(&event);
                }
                Item::Live(event) => {
                    self.send_event(&event).await?;
                    self.channels.record_delivery(&event);
                }
                Item::Heartbeat(event) => self.send_event(&event).await?,
                Item::Close(reason) => {
                    metrics::closed(reason);
                    let mut rest = self.encode(&final_block(reason));
                    if self.is_chunked {
                        rest.push_str(LAST_CHUNK);
                    }
                    self.send(&rest).await?;
                    return self.socket.shutdown().await;
                }
            }
        }
    }

    async fn send_event(&mut self, event: &BrowserEvent) -> io::Result<()> {
        self.send(&self.encode(&event_block(event))).await
    }

    fn encode(&self, block: &str) -> String {
        match self.is_chunked {
            true => format!("{:X}\r\n{block}\r\n", block.len()),
            false => block.to_owned(),
        }
    }

    /// Sends text, unless the client is too far behind for too long.
    async fn send(&mut self, text: &str) -> io::Result<()> {
        let queue = self.channel.send_queue();
        tokio::select! {
            sent = self.socket.write_all(text.as_bytes()) => sent,
            () = overrun(queue) => {
                if !queue.is_some_and(SendQueue::is_closed) {
                    metrics::closed(CloseReason::TooSlow);
                }
                Err(io::ErrorKind::TimedOut.into())
            }
        }
    }
}

/// Waits until a client is too far behind, and has had time to read that it is.
async fn overrun(queue: Option<&SendQueue>) {
    match queue {
        Some(queue) => queue.overrun().await,
        None => pending().await,
    }
    sleep(OVERRUN_GRACE).await;
}

/// Waits until the client closes the connection. What it sends is dropped.
async fn closed_by_client(socket: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    poll_fn(|context| {
        loop {
            // On the stack, because the connection is idle most of the time.
            let mut bytes = [0; 512];
            let mut buffer = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut *socket).poll_read(context, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    })
    .await
}

fn retry_block() -> String {
    let delay = Jitter::random().lengthen(RETRY_DELAY, RETRY_JITTER);
    format!("retry: {}\n\n", delay.as_millis())
}

/// The end of a stream: it is over for good, or when to reconnect.
fn final_block(reason: CloseReason) -> String {
    if reason.is_terminal() {
        let (code, reason) = (reason.code(), reason.reason());
        format!("event: close\ndata: {{\"code\":{code},\"reason\":\"{reason}\"}}\n\n")
    } else {
        retry_block()
    }
}

fn event_block(event: &BrowserEvent) -> String {
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
    block
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
        let lines: Vec<_> = block.split('\n').collect();
        assert_eq!(lines[..2], ["id: 7", "event: io.rsso.message.v1"]);
        let (data, end) = lines[2..].split_at(lines.len() - 4);
        assert!(
            data.iter().all(|line| line.starts_with("data: ")),
            "{lines:?}"
        );
        assert_eq!(end, ["", ""]);
    }
}
