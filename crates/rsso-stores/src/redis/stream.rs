//! The bytes of a connection: a socket, or TLS over one.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConnection, StreamOwned};

use super::socket::Socket;

/// A socket as readers and writers see it.
pub(super) struct SocketStream {
    pub(super) socket: Arc<Socket>,
    /// How much longer than usual a read may take: the server makes us wait on purpose.
    extra: Duration,
    /// The first bytes that ever came, before TLS: they tell what answers there.
    first: Vec<u8>,
}

/// Plain, or TLS.
pub(super) enum Stream {
    Plain(SocketStream),
    Tls(Box<StreamOwned<ClientConnection, SocketStream>>),
}

/// Enough of an answer to tell whose it is.
const FIRST: usize = 64;

impl SocketStream {
    pub(super) fn new(socket: Socket) -> Self {
        Self {
            socket: Arc::new(socket),
            extra: Duration::ZERO,
            first: Vec::new(),
        }
    }
}

impl Read for SocketStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.socket.receive(buffer, self.extra)?;
        if self.first.is_empty() {
            self.first.extend_from_slice(&buffer[..read.min(FIRST)]);
        }
        Ok(read)
    }
}

impl Write for SocketStream {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.socket.send(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream {
    fn channel(&self) -> &SocketStream {
        match self {
            Self::Plain(channel) => channel,
            Self::Tls(stream) => &stream.sock,
        }
    }

    pub(super) fn socket(&self) -> &Arc<Socket> {
        &self.channel().socket
    }

    /// The first bytes that the peer has sent; with TLS before they were decrypted.
    pub(super) fn first_bytes(&self) -> &[u8] {
        &self.channel().first
    }

    /// Each read from now on may take so much longer than usual.
    pub(super) fn set_extra_wait(&mut self, extra: Duration) {
        match self {
            Self::Plain(channel) => channel.extra = extra,
            Self::Tls(stream) => stream.sock.extra = extra,
        }
    }

    /// Makes the TLS handshake; the first use would make it otherwise.
    pub(super) fn complete_tls_handshake(&mut self) -> io::Result<()> {
        if let Self::Tls(stream) = self {
            while stream.conn.is_handshaking() {
                if stream.conn.complete_io(&mut stream.sock)? == (0, 0) {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
        }
        Ok(())
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(channel) => channel.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(channel) => channel.write(data),
            Self::Tls(stream) => stream.write(data),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(channel) => channel.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}
