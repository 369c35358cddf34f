//! Connections that are taken over from hyper to send events.
//!
//! For each connection hyper keeps a read buffer of 8 KiB, and what it knows of the request. A browser that waits
//! for events needs neither: its task has the bare socket.
//!
//! What always holds: hyper has read the whole head of the request, and has written nothing.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Version;
use axum::response::Response;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use super::channel::{Channel, Channels};
use super::connection_limits::{Permit, Permits};
use super::event_stream::EventStream;
use super::metrics::{OpenConnection, Transport};
use super::response_head;
use super::web_socket::{self, WebSocket};

/// How long sending the head of the response may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Says that the connection is taken over: an extension of the response that its client gets.
#[derive(Clone)]
pub(crate) struct Takeover(Arc<Mutex<Option<Events>>>);

/// What a connection sends once it is taken over, and how.
#[derive(Debug)]
pub(crate) struct Events {
    pub(crate) transport: Transport,
    pub(crate) channels: Arc<Channels>,
    pub(crate) channel: Channel,
    /// Counts the connection for its client's address, if it was not counted before.
    pub(crate) permit: Option<Permit>,
}

/// How a connection begins that is taken over.
#[derive(Debug)]
pub(crate) struct Beginning {
    head: Vec<u8>,
    /// The body is sent in chunks, because nothing else says where it ends.
    is_chunked: bool,
    events: Events,
}

impl Takeover {
    /// The response `head` and then events, over the bare socket.
    pub(crate) fn respond(mut head: Response, events: Events) -> Response {
        let takeover = Self(Arc::new(Mutex::new(Some(events))));
        head.extensions_mut().insert(takeover);
        head
    }

    /// What [`Self::respond`] was given.
    pub(crate) fn of_response(response: &mut Response) -> Option<Events> {
        let Self(events) = response.extensions_mut().remove()?;
        events.lock().take()
    }
}

impl Beginning {
    /// Begins with the head of a response to a request of this version.
    pub(crate) fn new<B>(
        response: &axum::http::Response<B>,
        version: Version,
        events: Events,
    ) -> Self {
        let is_stream = matches!(events.transport, Transport::EventStream);
        let is_chunked = is_stream && version != Version::HTTP_10;
        Self {
            head: response_head::encode(response, version, is_chunked),
            is_chunked,
            events,
        }
    }

    /// Sends the head, and starts the task that sends the events.
    ///
    /// `received`: what the client has sent after its request's head.
    pub(crate) async fn start(
        self,
        mut socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        received: &[u8],
        permits: Permits,
    ) {
        let Events {
            transport,
            channels,
            channel,
            permit,
        } = self.events;
        let Ok(Ok(())) = timeout(HEAD_TIMEOUT, socket.write_all(&self.head)).await else {
            return;
        };
        let (open, permits) = (OpenConnection::new(transport), permits.with_address(permit));
        // A task of its own, because this one has held hyper's state as well.
        match transport {
            Transport::WebSocket => {
                let socket = web_socket::accept(socket, received).await;
                let socket = WebSocket::new(socket, channels, channel, open, permits);
                tokio::spawn(socket.run());
            }
            Transport::EventStream => {
                let is_chunked = self.is_chunked;
                let stream = EventStream::new(socket, is_chunked, channels, channel, open, permits);
                tokio::spawn(stream.run());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::mem::size_of;

    use tokio::net::TcpStream;

    use super::super::flood_limit::FloodLimited;
    use super::*;

    /// The size of the future that a function returns.
    fn size<A, F>(_: impl FnOnce(A) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn the_task_of_an_idle_connection_is_small() {
        let socket = size(WebSocket::<FloodLimited<TcpStream>>::run);
        let stream = size(EventStream::<FloodLimited<TcpStream>>::run);
        assert!(socket <= 1024 && stream <= 704, "{socket} {stream}");
    }
}
