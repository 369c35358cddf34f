//! A TCP or unix connection, from its first byte to its end.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::time::sleep;
use tower::ServiceExt as _;

use super::close_reason::CloseReason;
use super::connection_limits::Permit;
use super::metrics;
use super::send_queue::SendQueue;

/// How long a client may take for the head of its request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// The buffers of a connection, which a request's head must fit. hyper allows no less.
const MAX_HEAD_SIZE: usize = 8192;

/// How long a client that is too far behind may still read why it is disconnected.
const OVERRUN_GRACE: Duration = Duration::from_secs(5);

/// What the handlers know of the connection that a request came over.
#[derive(Debug)]
pub(crate) struct Connection {
    /// The other end; `None` over a unix socket.
    pub(crate) peer: Option<IpAddr>,
    /// Counts the connection in total.
    _permit: Permit,
    /// Counts it for the peer's address, if that is the client's own.
    address_permit: Option<Permit>,
    send_queue: OnceLock<Arc<SendQueue>>,
    has_queue: Notify,
}

impl Connection {
    pub(crate) fn new(
        peer: Option<IpAddr>,
        permit: Permit,
        address_permit: Option<Permit>,
    ) -> Self {
        Self {
            peer,
            _permit: permit,
            address_permit,
            send_queue: OnceLock::new(),
            has_queue: Notify::new(),
        }
    }

    /// Whether the connection was counted for its client's address.
    pub(crate) fn is_counted(&self) -> bool {
        self.address_permit.is_some()
    }

    /// Disconnects the client when it is too far behind with this queue.
    ///
    /// hyper asks a response for no more data while the client does not read, so the response cannot.
    pub(crate) fn watch_queue(&self, send_queue: Arc<SendQueue>) {
        if self.send_queue.set(send_queue).is_ok() {
            self.has_queue.notify_one();
        }
    }

    async fn overrun(&self) {
        self.has_queue.notified().await;
        if let Some(send_queue) = self.send_queue.get() {
            send_queue.overrun().await;
        }
        sleep(OVERRUN_GRACE).await;
    }
}

/// Serves one connection to its end.
pub(crate) async fn serve(
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    connection: Connection,
    router: Router,
) {
    let connection = Arc::new(connection);
    let service = service_fn(|request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Arc::clone(&connection));
        let answered = router.clone().oneshot(request);
        async {
            let mut response = answered.await?;
            // One request for each connection: idle ones would count against the limits.
            if response.status() != StatusCode::SWITCHING_PROTOCOLS {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            Ok::<_, std::convert::Infallible>(response)
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD_SIZE)
        .serve_connection(TokioIo::new(io), service)
        .with_upgrades();
    tokio::select! {
        served = served => {
            if let Err(error) = served {
                tracing::debug!(%error, "a connection broke");
            }
        }
        () = connection.overrun() => {
            if !connection.send_queue.get().is_some_and(|queue| queue.is_closed()) {
                metrics::closed(CloseReason::TooSlow);
            }
        }
    }
}
