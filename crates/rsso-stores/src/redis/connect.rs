//! Making a connection: socket, TLS, who we are to the server, and who the server is.

use std::io::{self, ErrorKind, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::Duration;

use redis::{Cmd, Value, cmd};
use rustls::StreamOwned;
use socket2::{Domain, SockAddr, Type};

use super::connection::Connection;
use super::connection_id::ConnectionId;
use super::error::{ConnectionError, is_write_refusal};
use super::reply_reader::ReplyReader;
use super::socket::Socket;
use super::stream::{SocketStream, Stream};
use super::target::Target;
use rsso_core::deadline::Deadline;
use rsso_core::dsn::RedisAddress;
use rsso_core::error::Result;

/// How long to wait before a unix socket whose queue is full is tried again.
const UNIX_CONNECT_RETRY: Duration = Duration::from_millis(5);

impl Target {
    /// A new connection, signed in.
    pub(super) fn connect(&self) -> Result<Connection> {
        // Before anybody is called: a file that is missing is said whether the server is there or not.
        let tls = match &self.dsn.address {
            RedisAddress::Tcp {
                host,
                tls: Some(files),
                ..
            } => Some(self.tls(host, files)?),
            _ => None,
        };
        let socket = match &self.dsn.address {
            RedisAddress::Unix(path) => self.connect_unix(path),
            RedisAddress::Tcp { host, port, .. } => self.connect_tcp(host, *port),
        };
        let channel =
            SocketStream::new(socket.map_err(|error| self.unreachable(error.into(), b"", false))?);
        let mut stream = match tls {
            Some(tls) => Stream::Tls(Box::new(StreamOwned::new(tls, channel))),
            None => Stream::Plain(channel),
        };
        if let Err(error) = stream.complete_tls_handshake() {
            return Err(self.unreachable(error.into(), stream.first_bytes(), true));
        }
        self.initialize(stream)
    }

    fn connect_tcp(&self, host: &str, port: u16) -> io::Result<Socket> {
        let deadline = Deadline::after(self.connect_timeout);
        let mut last = io::Error::new(ErrorKind::NotFound, "this host has no address");
        for address in (host, port).to_socket_addrs()? {
            // Zero is no time-out that the system takes.
            let left = deadline.remaining().max(Duration::from_millis(1));
            match TcpStream::connect_timeout(&address, left) {
                Ok(stream) => return Socket::tcp(stream, self.read_timeout),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Without blocking: a full queue would hold us up for as long as it likes.
    fn connect_unix(&self, path: &Path) -> io::Result<Socket> {
        let deadline = Deadline::after(self.connect_timeout);
        let address = SockAddr::unix(path)?;
        let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        loop {
            match socket.connect(&address) {
                Ok(()) => break,
                Err(error) if is_passing(&error) && !deadline.passed() => {
                    thread::sleep(UNIX_CONNECT_RETRY);
                }
                Err(error) if is_passing(&error) => return Err(ErrorKind::TimedOut.into()),
                Err(error) => return Err(error),
            }
        }
        socket.set_nonblocking(false)?;
        Socket::unix(UnixStream::from(socket), self.read_timeout)
    }

    /// All that has to be said on a new connection, in one round trip.
    fn initialize(&self, mut stream: Stream) -> Result<Connection> {
        let mut greeting = Vec::with_capacity(5);
        if !self.dsn.password.is_empty() {
            let mut auth = cmd("AUTH");
            if let Some(user) = &self.dsn.user {
                auth.arg(user);
            }
            auth.arg(self.dsn.password.expose());
            greeting.push(auth);
        }
        if self.dsn.db != 0 {
            let mut select = cmd("SELECT");
            select.arg(self.dsn.db);
            greeting.push(select);
        }
        let must = greeting.len();
        let (mut info, mut id) = (cmd("INFO"), cmd("CLIENT"));
        info.arg("server");
        id.arg("ID");
        greeting.extend([info, id, self.probe()]);

        let mut packed = Vec::with_capacity(256);
        for command in &greeting {
            command.write_packed_command(&mut packed);
        }
        // A server that has no room for us says so and hangs up: its words are read all the same.
        let sent = stream.write_all(&packed).and_then(|()| stream.flush());
        let mut replies = ReplyReader::new();
        let mut answers = Vec::with_capacity(greeting.len());
        for index in 0..greeting.len() {
            let answer = replies.next(&mut stream).map_err(|fault| {
                let fault = match &sent {
                    Err(error) if index == 0 => ConnectionError::Io(error.kind().into()),
                    _ => fault,
                };
                self.unreachable(fault, stream.first_bytes(), false)
            })?;
            if let Value::ServerError(error) = &answer
                && (index < must || shuts_out(error))
            {
                return Err(self.refused("cannot connect", error));
            }
            answers.push(answer);
        }
        let refusal = answers.pop().and_then(|probe| match probe {
            Value::ServerError(error) if is_write_refusal(&error) => Some(error),
            _ => None,
        });
        let id = ConnectionId::from_replies(&answers[must..]);
        Ok(Connection::new(stream, replies, id, refusal))
    }

    /// Whether the server takes writes. It writes nothing: the key is never there.
    pub(super) fn probe(&self) -> Cmd {
        let mut set = cmd("SET");
        set.arg(format!("{}probe", self.prefix))
            .arg(1)
            .arg("PX")
            .arg(1)
            .arg("XX");
        set
    }
}

/// The server takes nothing from us on this connection.
fn shuts_out(error: &redis::ServerError) -> bool {
    matches!(error.code(), "NOAUTH" | "DENIED")
        || error
            .details()
            .is_some_and(|words| words.contains("max number of clients"))
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
