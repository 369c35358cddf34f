//! A TCP or unix connection, from its first byte until its request is answered or the connection is taken over.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tower::ServiceExt as _;

use super::connection_limits::Permits;
use super::takeover::{Beginning, Takeover};

/// How long a client may take for the head of its request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// The buffers of a connection, which a request's head must fit. hyper allows no less.
const MAX_HEAD_SIZE: usize = 8192;

/// What the handlers know of the connection that a request came over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connection {
    /// The other end; `None` over a unix socket.
    pub(crate) peer: Option<IpAddr>,
    /// Whether it was counted for the peer's address, because that is the client's own.
    pub(crate) is_counted: bool,
}

/// hyper must not answer, because the connection is taken over.
#[derive(Debug)]
struct TakenOver;

impl fmt::Display for TakenOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is taken over")
    }
}

impl Error for TakenOver {}

/// Serves one connection to the end of its request, or until it is taken over.
pub(crate) async fn serve(
    socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Option<IpAddr>,
    permits: Permits,
    router: Router,
) {
    let connection = Connection {
        peer,
        is_counted: permits.has_address(),
    };
    let taken_over = Mutex::new(None);
    let service = service_fn(|request: Request<Incoming>| {
        let (version, is_get) = (request.version(), request.method() == Method::GET);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(connection);
        let answered = router.clone().oneshot(request);
        let taken_over = &taken_over;
        async move {
            let Ok(mut response) = answered.await;
            // One request for each connection: idle ones would count against the limits.
            if response.status() != StatusCode::SWITCHING_PROTOCOLS {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            match Takeover::of_response(&mut response) {
                // The answer to HEAD has no body.
                Some(events) if is_get => {
                    *taken_over.lock() = Some(Beginning::new(&response, version, events));
                    Err(TakenOver)
                }
                _ => Ok(response),
            }
        }
    });
    let mut http = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD_SIZE)
        .serve_connection(TokioIo::new(socket), service);
    let served = (&mut http).await;
    let parts = http.into_parts();
    let taken_over = taken_over.lock().take();
    match (taken_over, served) {
        (Some(beginning), _) => {
            let socket = parts.io.into_inner();
            beginning.start(socket, &parts.read_buf, permits).await;
        }
        (None, Err(error)) => tracing::debug!(%error, "a connection broke"),
        (None, Ok(())) => {}
    }
}
