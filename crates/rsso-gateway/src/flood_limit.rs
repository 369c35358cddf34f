//! Limits how much a client may send, because it has nothing to send but a request and pongs.
//!
//! What always holds: each byte is counted before anything interprets it, so nothing that a protocol
//! allows (empty fragments, for instance) costs more than its bytes.

use std::error::Error;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that may come at once: a request's head, and many more pongs than there are pings.
const BURST: u64 = 64 << 10;

/// Bytes that may come in each second after that.
const PER_SECOND: u64 = 1 << 10;

/// A token bucket: the bytes that a client may still send.
#[derive(Debug)]
struct TokenBucket {
    left: u64,
    since: Instant,
}

impl TokenBucket {
    fn new(now: Instant) -> Self {
        Self {
            left: BURST,
            since: now,
        }
    }

    /// Takes so many bytes; false if fewer are left.
    fn take(&mut self, bytes: u64, now: Instant) -> bool {
        let seconds = now.saturating_duration_since(self.since).as_secs();
        self.since += Duration::from_secs(seconds);
        let more = seconds.saturating_mul(PER_SECOND);
        self.left = self.left.saturating_add(more).min(BURST);
        let left = self.left.checked_sub(bytes);
        self.left = left.unwrap_or_default();
        left.is_some()
    }
}

/// A connection that fails to be read once its client has sent too much.
#[derive(Debug)]
pub(crate) struct FloodLimited<S> {
    stream: S,
    bucket: TokenBucket,
}

/// The error that reading fails with then.
#[derive(Debug)]
struct FloodError;

impl<S> FloodLimited<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            bucket: TokenBucket::new(Instant::now()),
        }
    }
}

/// Whether a connection ended because its client sent too much.
pub(crate) fn is_flood(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<io::Error>();
        if io
            .and_then(io::Error::get_ref)
            .is_some_and(|e| e.is::<FloodError>())
        {
            return true;
        }
        cause = error.source();
    }
    false
}

impl fmt::Display for FloodError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the client sends too much")
    }
}

impl Error for FloodError {}

impl<S: AsyncRead + Unpin> AsyncRead for FloodLimited<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if !matches!(read, Poll::Ready(Ok(()))) {
            return read;
        }
        let bytes = (buffer.filled().len() - before) as u64;
        if !self.bucket.take(bytes, Instant::now()) {
            buffer.set_filled(before);
            return Poll::Ready(Err(io::Error::other(FloodError)));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FloodLimited<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_taken_and_then_a_little_each_second() {
        let now = Instant::now();
        let mut bucket = TokenBucket::new(now);
        assert!(bucket.take(BURST, now));
        assert!(!bucket.take(1, now));
        for second in 1..=100 {
            let then = now + Duration::from_secs(second);
            assert!(bucket.take(PER_SECOND, then));
            assert!(!bucket.take(1, then));
        }
        // The bucket has a size.
        let later = now + Duration::from_secs(1_000_000);
        assert!(!bucket.take(BURST + 1, later));
    }

    #[test]
    fn a_flood_is_known_by_its_error() {
        let flood = io::Error::other(FloodError);
        assert!(is_flood(&flood));
        assert!(is_flood(&tungstenite::Error::Io(flood)));
        assert!(!is_flood(&io::Error::from(io::ErrorKind::BrokenPipe)));
    }
}
