//! The bytes of a connection: a socket, or TLS over one.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConnection, StreamOwned};

use super::socket::Socket;

/// A socket as a stream of bytes.
pub(super) struct SocketStream {
    pub(super) socket: Arc<Socket>,
    /// How much longer a read may take while the server blocks.
    extra_wait: Duration,
    /// The first bytes that came, before decryption: they tell which server answers.
    first_bytes: Vec<u8>,
}

/// A connection's bytes, with or without TLS.
pub(super) enum Stream {
    Plain(SocketStream),
    Tls(Box<StreamOwned<ClientConnection, SocketStream>>),
}

/// How many of the first bytes are kept.
const MAX_FIRST_BYTES: usize = 64;

impl SocketStream {
    pub(super) fn new(socket: Socket) -> Self {
        Self {
            socket: Arc::new(socket),
            extra_wait: Duration::ZERO,
            first_bytes: Vec::new(),
        }
    }
}

impl Read for SocketStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.socket.receive(buffer, self.extra_wait)?;
        if self.first_bytes.is_empty() {
            self.first_bytes
                .extend_from_slice(&buffer[..read.min(MAX_FIRST_BYTES)]);
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
    fn socket_stream(&self) -> &SocketStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => &stream.sock,
        }
    }

    pub(super) fn socket(&self) -> &Arc<Socket> {
        &self.socket_stream().socket
    }

    /// The first bytes that the server has sent, before decryption.
    pub(super) fn first_bytes(&self) -> &[u8] {
        &self.socket_stream().first_bytes
    }

    /// Lets each read take so much longer than usual.
    pub(super) fn set_extra_wait(&mut self, extra: Duration) {
        match self {
            Self::Plain(socket) => socket.extra_wait = extra,
            Self::Tls(stream) => stream.sock.extra_wait = extra,
        }
    }

    /// Makes the TLS handshake now, instead of at the first use.
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
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(data),
            Self::Tls(stream) => stream.write(data),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}
