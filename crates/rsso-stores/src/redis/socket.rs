//! A socket whose reads and writes end at a deadline, whatever signals arrive meanwhile.
//!
//! What always holds: `EINTR` is not an error, because the kernel never restarts a `recv` with a timeout. A timeout is
//! reported only after a last look at the socket. A process that was stopped (SIGSTOP, a debugger) may wake up after
//! its deadline with the answer already there.

use std::io::{self, ErrorKind, Read as _};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::TcpKeepalive;

use crate::fork::{self, Held};

/// The time without traffic after which the kernel probes the peer.
///
/// It is shorter than any firewall waits before it forgets a connection.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);

/// The time between two probes.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// The number of unanswered probes that end the connection.
const KEEPALIVE_PROBES: u32 = 3;

/// The shortest time that data may stay unacknowledged.
///
/// It is enough to send a lost packet again.
const MIN_USER_TIMEOUT: Duration = Duration::from_secs(2);

/// `POLLRDHUP`: one of both sides has shut the connection down.
pub(super) const PEER_CLOSED: PollFlags = PollFlags::from_bits_retain(libc::POLLRDHUP);

/// A connected socket.
///
/// [`Self::shut_down`] ends the connection even if others share the socket.
#[derive(Debug)]
pub(super) struct Socket {
    /// Makes a forked child give the socket up.
    ///
    /// Else the lock of a killed parent would stay alive.
    _held: Held,
    socket: socket2::Socket,
    timeout: Duration,
}

impl Socket {
    /// A TCP socket whose reads and writes may each take `timeout`.
    pub(super) fn tcp(stream: TcpStream, timeout: Duration) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let socket = socket2::Socket::from(stream);
        let keepalive = TcpKeepalive::new()
            .with_time(KEEPALIVE_IDLE)
            .with_interval(KEEPALIVE_INTERVAL)
            .with_retries(KEEPALIVE_PROBES);
        socket.set_tcp_keepalive(&keepalive)?;
        // A command that never arrives is noticed before a long read timeout is over.
        socket.set_tcp_user_timeout(Some(timeout.max(MIN_USER_TIMEOUT)))?;
        Self::new(socket, timeout)
    }

    /// A unix socket whose reads and writes may each take `timeout`.
    pub(super) fn unix(stream: UnixStream, timeout: Duration) -> io::Result<Self> {
        Self::new(stream.into(), timeout)
    }

    fn new(socket: socket2::Socket, timeout: Duration) -> io::Result<Self> {
        // The system would round a shorter timeout to zero: for ever.
        let timeout = timeout.max(Duration::from_millis(1));
        socket.set_read_timeout(Some(timeout))?;
        socket.set_write_timeout(Some(timeout))?;
        Ok(Self {
            _held: fork::hold(socket.as_raw_fd()),
            socket,
            timeout,
        })
    }

    /// Reads, for at most the socket's timeout and `extra`. 0 is the end.
    pub(super) fn receive(&self, buffer: &mut [u8], extra: Duration) -> io::Result<usize> {
        let started = Instant::now();
        let mut read = || (&self.socket).read(buffer);
        match read() {
            Err(error) if is_unfinished(&error) => {}
            other => return other,
        }
        self.when_ready(self.timeout + extra, started, PollFlags::POLLIN, read)
    }

    /// Sends some of `data`.
    pub(super) fn send(&self, data: &[u8]) -> io::Result<usize> {
        let started = Instant::now();
        let send = || self.socket.send_with_flags(data, libc::MSG_NOSIGNAL);
        match send() {
            Err(error) if is_unfinished(&error) => {}
            other => return other,
        }
        self.when_ready(self.timeout, started, PollFlags::POLLOUT, send)
    }

    /// Calls `attempt` when the socket is ready for it. The last look comes after the deadline.
    fn when_ready(
        &self,
        limit: Duration,
        started: Instant,
        ready: PollFlags,
        mut attempt: impl FnMut() -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            let left = limit.saturating_sub(started.elapsed());
            match poll(
                &mut [PollFd::new(self.socket.as_fd(), ready)],
                poll_timeout(left),
            ) {
                Ok(0) if left.is_zero() => return Err(ErrorKind::TimedOut.into()),
                Ok(0) | Err(Errno::EINTR) => continue,
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
            match attempt() {
                Err(error) if is_unfinished(&error) => {}
                other => return other,
            }
        }
    }

    /// Whether the connection is closed or known to be dead. Does not wait.
    pub(super) fn is_closed(&self) -> bool {
        let mut fds = [PollFd::new(self.socket.as_fd(), PEER_CLOSED)];
        matches!(poll(&mut fds, PollTimeout::ZERO), Ok(n) if n > 0)
    }

    /// Ends the connection for everyone who shares the socket.
    pub(super) fn shut_down(&self) {
        // It fails only if the connection has ended already.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Whether a signal or the socket's own timeout ended the call.
fn is_unfinished(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock)
}

/// A timeout for `poll`, rounded up: no wait ends too early.
pub(super) fn poll_timeout(left: Duration) -> PollTimeout {
    let millis = left.as_nanos().div_ceil(1_000_000);
    let millis = i32::try_from(millis).unwrap_or(i32::MAX);
    PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::thread;

    use super::*;

    fn pair(timeout: Duration) -> (Socket, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Socket::unix(ours, timeout).unwrap(), theirs)
    }

    #[test]
    fn a_read_without_an_answer_ends_at_its_deadline() {
        let (socket, _peer) = pair(Duration::from_millis(50));
        for extra in [Duration::ZERO, Duration::from_millis(50)] {
            let started = Instant::now();
            let error = socket.receive(&mut [0; 8], extra).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
            assert!(started.elapsed() >= Duration::from_millis(50) + extra);
        }
    }

    /// As after SIGSTOP: the deadline has passed before the first look.
    #[test]
    fn an_answer_that_is_there_counts_whenever_it_is_looked_at() {
        let (socket, mut peer) = pair(Duration::from_millis(1));
        peer.write_all(b"answer").unwrap();
        let started = Instant::now() - Duration::from_secs(5);
        let mut buffer = [0; 8];
        let read = socket.when_ready(Duration::ZERO, started, PollFlags::POLLIN, || {
            (&socket.socket).read(&mut buffer)
        });
        assert_eq!(read.unwrap(), 6);
    }

    #[test]
    fn an_interruption_is_no_error_and_does_not_extend_the_deadline() {
        let (socket, _peer) = pair(Duration::from_secs(5));
        let started = Instant::now();
        let mut times = 0;
        let read = socket.when_ready(
            Duration::from_millis(20),
            started,
            PollFlags::POLLOUT,
            || {
                times += 1;
                if times < 3 {
                    Err(ErrorKind::Interrupted.into())
                } else {
                    Ok(1)
                }
            },
        );
        assert_eq!((read.unwrap(), times), (1, 3));
    }

    #[test]
    fn what_the_peer_closed_is_seen_without_waiting() {
        let (socket, peer) = pair(Duration::from_secs(5));
        assert!(!socket.is_closed());
        drop(peer);
        assert!(socket.is_closed());
        assert_eq!(socket.receive(&mut [0; 8], Duration::ZERO).unwrap(), 0);
    }

    #[test]
    fn a_socket_that_is_shut_down_wakes_who_reads() {
        let (socket, _peer) = pair(Duration::from_secs(30));
        thread::scope(|scope| {
            let reader = scope.spawn(|| socket.receive(&mut [0; 8], Duration::ZERO));
            thread::sleep(Duration::from_millis(20));
            socket.shut_down();
            assert_eq!(reader.join().unwrap().unwrap(), 0);
        });
    }
}
