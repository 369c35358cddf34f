//! Making a connection: socket, TLS, authentication, and what the server says of itself.

use std::io::{self, ErrorKind, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::Duration;

use redis::{Cmd, ServerError, Value, cmd};
use rustls::StreamOwned;
use socket2::{Domain, SockAddr, Type};

use super::connection::Connection;
use super::connection_id::ConnectionId;
use super::error::{ConnectionError, is_write_refusal};
use super::reply_reader::ReplyReader;
use super::socket::Socket;
use super::stream::{SocketStream, Stream};
use super::target::Target;
use super::watch::PlainState;
use rsso_core::deadline::Deadline;
use rsso_core::dsn::RedisAddress;
use rsso_core::error::Result;

/// The pause before a full unix socket is tried again.
const UNIX_CONNECT_RETRY: Duration = Duration::from_millis(5);

impl Target {
    /// Makes a connection that is ready for commands.
    pub(super) fn connect(&self) -> Result<Connection> {
        let connection = self.initialize(self.open()?, true)?;
        if connection.plain.is_in_transaction {
            // It cannot be ended: the ACL allows `MULTI` without `EXEC`.
            return self.initialize(self.open()?, false);
        }
        Ok(connection)
    }

    /// Opens the socket, with TLS if the DSN says so.
    fn open(&self) -> Result<Stream> {
        // The TLS files are read first: a missing one is an error whether or not the server can be reached.
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
        let socket = SocketStream::new(
            socket.map_err(|error| self.connect_error(error.into(), b"", false))?,
        );
        let mut stream = match tls {
            Some(tls) => Stream::Tls(Box::new(StreamOwned::new(tls, socket))),
            None => Stream::Plain(socket),
        };
        if let Err(error) = stream.complete_tls_handshake() {
            return Err(self.connect_error(error.into(), stream.first_bytes(), true));
        }
        Ok(stream)
    }

    fn connect_tcp(&self, host: &str, port: u16) -> io::Result<Socket> {
        let deadline = Deadline::after(self.connect_timeout);
        let mut last = io::Error::new(ErrorKind::NotFound, "this host has no address");
        for address in (host, port).to_socket_addrs()? {
            // The system does not accept a timeout of zero.
            let left = deadline.remaining().max(Duration::from_millis(1));
            match TcpStream::connect_timeout(&address, left) {
                Ok(stream) => return Socket::tcp(stream, self.read_timeout),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Connects without blocking, because a full backlog has no timeout.
    fn connect_unix(&self, path: &Path) -> io::Result<Socket> {
        let deadline = Deadline::after(self.connect_timeout);
        let address = SockAddr::unix(path)?;
        let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        loop {
            match socket.connect(&address) {
                Ok(()) => break,
                Err(error) if is_temporary(&error) && !deadline.passed() => {
                    thread::sleep(UNIX_CONNECT_RETRY);
                }
                Err(error) if is_temporary(&error) => return Err(ErrorKind::TimedOut.into()),
                Err(error) => return Err(error),
            }
        }
        socket.set_nonblocking(false)?;
        Socket::unix(UnixStream::from(socket), self.read_timeout)
    }

    /// Sends the first commands of a connection, in one round trip.
    ///
    /// With `tries_transaction` an empty one is among them.
    fn initialize(&self, mut stream: Stream, tries_transaction: bool) -> Result<Connection> {
        let mut commands = self.authentication();
        let required = commands.len();
        let (mut info, mut id) = (cmd("INFO"), cmd("CLIENT"));
        info.arg("server");
        id.arg("ID");
        commands.extend([info, id, self.write_probe(), cmd("TIME")]);
        if tries_transaction {
            commands.extend([cmd("MULTI"), cmd("EXEC")]);
        }

        let mut packed = Vec::with_capacity(256);
        for command in &commands {
            command.write_packed_command(&mut packed);
        }
        // A server without room for more clients says so and closes the connection: what it says is read even if
        // sending fails.
        let sent = stream.write_all(&packed).and_then(|()| stream.flush());
        let mut reader = ReplyReader::new();
        let mut replies = Vec::with_capacity(commands.len());
        for index in 0..commands.len() {
            let reply = reader.next(&mut stream).map_err(|error| {
                let error = match &sent {
                    Err(error) if index == 0 => ConnectionError::Io(error.kind().into()),
                    _ => error,
                };
                self.connect_error(error, stream.first_bytes(), false)
            })?;
            if let Value::ServerError(error) = &reply
                && (index < required || is_shut_out(error))
            {
                return Err(self.refusal_error("cannot connect", error));
            }
            replies.push(reply);
        }
        let (of_connection, rest) = replies.split_at(required).1.split_at(2);
        let id = ConnectionId::from_replies(of_connection);
        let write_refusal = match &rest[0] {
            Value::ServerError(error) if is_write_refusal(error) => Some(error.clone()),
            _ => None,
        };
        let plain = PlainState::from_replies(&rest[1..]);
        Ok(Connection::new(stream, reader, id, write_refusal, plain))
    }

    /// The commands without which nothing else may be sent.
    fn authentication(&self) -> Vec<Cmd> {
        let mut commands = Vec::with_capacity(5);
        if !self.dsn.password.is_empty() {
            let mut auth = cmd("AUTH");
            if let Some(user) = &self.dsn.user {
                auth.arg(user);
            }
            auth.arg(self.dsn.password.expose());
            commands.push(auth);
        }
        if self.dsn.db != 0 {
            let mut select = cmd("SELECT");
            select.arg(self.dsn.db);
            commands.push(select);
        }
        commands
    }

    /// A write that tells whether the server accepts writes. It changes nothing: the key never exists.
    pub(super) fn write_probe(&self) -> Cmd {
        let mut set = cmd("SET");
        set.arg(format!("{}probe", self.prefix))
            .arg(1)
            .arg("PX")
            .arg(1)
            .arg("XX");
        set
    }
}

/// Whether the server accepts nothing on this connection.
fn is_shut_out(error: &ServerError) -> bool {
    matches!(error.code(), "NOAUTH" | "DENIED")
        || error
            .details()
            .is_some_and(|text| text.contains("max number of clients"))
}

fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
