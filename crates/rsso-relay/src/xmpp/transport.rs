//! The connection below a component's stream: TCP, or TLS from its first byte.
//!
//! What always holds: with TLS nothing is sent before the server's certificate was verified for the name in `server`.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, ReadHalf, split};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::connection_settings::{ConnectionSettings, Tls};
use super::stream_end::StreamEnd;

/// The reading half of the connection.
#[derive(Debug)]
pub(super) enum Incoming {
    Plain(OwnedReadHalf),
    Tls(ReadHalf<TlsStream<TcpStream>>),
}

/// The writing half of the connection.
pub(super) type Outgoing = Box<dyn AsyncWrite + Send + Unpin>;

/// A connection to the server.
pub(super) struct Transport {
    pub(super) read: Incoming,
    pub(super) write: Outgoing,
}

/// Connects to the server.
pub(super) async fn connect(settings: &ConnectionSettings) -> Result<Transport, StreamEnd> {
    let server = &settings.server;
    let cannot = |error: io::Error| {
        StreamEnd::lost(format!("xmpp.server: cannot connect to {server}: {error}"))
    };
    let tcp = TcpStream::connect(server).await.map_err(cannot)?;
    tcp.set_nodelay(true).map_err(cannot)?;
    let Some(Tls { config, name }) = settings.tls.clone() else {
        let (read, write) = tcp.into_split();
        return Ok(Transport {
            read: Incoming::Plain(read),
            write: Box::new(write),
        });
    };
    let stream = TlsConnector::from(config).connect(name, tcp).await;
    let (read, write) = split(stream.map_err(|error| refused(server, &error))?);
    Ok(Transport {
        read: Incoming::Tls(read),
        write: Box::new(write),
    })
}

/// Why the TLS handshake failed.
fn refused(server: &str, error: &io::Error) -> StreamEnd {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    match inner {
        Some(rustls::Error::InvalidCertificate(problem)) => StreamEnd::misconfigured(format!(
            "xmpp.ca_file: the certificate of {server} cannot be verified: {problem}"
        )),
        Some(rustls::Error::InvalidMessage(_)) => StreamEnd::misconfigured(format!(
            "xmpp.tls: {server} does not speak TLS from the first byte"
        )),
        _ => StreamEnd::lost(format!("xmpp.server: no TLS with {server}: {error}")),
    }
}

impl Incoming {
    /// Makes the kernel acknowledge the next packet immediately.
    ///
    /// Prosody leaves Nagle's algorithm on, so its second answer waits until the first is acknowledged, which the kernel
    /// would delay by 40 ms. The option lasts until the next packet is sent. If it fails, nothing but time is lost.
    pub(super) fn acknowledge_quickly(&self) {
        #[cfg(target_os = "linux")]
        if let Self::Plain(read) = self {
            let _ = read.as_ref().set_quickack(true);
        }
    }
}

impl AsyncRead for Incoming {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(read) => Pin::new(read).poll_read(context, buffer),
            Self::Tls(read) => Pin::new(read).poll_read(context, buffer),
        }
    }
}
