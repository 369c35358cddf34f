//! Plain HTTP requests to a gateway.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// How long a client waits for an answer or an event.
pub(super) const CLIENT_TIMEOUT: Duration = Duration::from_secs(20);

/// Opens a TCP connection with deadlines.
///
/// # Panics
/// If nobody listens.
pub fn connect(port: u16) -> TcpStream {
    try_connect(port).expect("the gateway listens")
}

pub(super) fn try_connect(port: u16) -> std::io::Result<TcpStream> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    with_deadlines(TcpStream::connect_timeout(&address, CLIENT_TIMEOUT)?)
}

/// Opens a TCP connection from one of the machine's own addresses, 127.0.0.0/8.
///
/// # Errors
/// If nobody listens, or no port of the address is free.
pub fn connect_from(address: Ipv4Addr, port: u16) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((address, 0)).into())?;
    let gateway = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    socket.connect_timeout(&gateway.into(), CLIENT_TIMEOUT)?;
    with_deadlines(socket.into())
}

fn with_deadlines(stream: TcpStream) -> std::io::Result<TcpStream> {
    stream.set_read_timeout(Some(CLIENT_TIMEOUT))?;
    stream.set_write_timeout(Some(CLIENT_TIMEOUT))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

pub(super) fn request(
    port: u16,
    path: &str,
    headers: &[(&str, &str)],
) -> Option<BufReader<TcpStream>> {
    request_over(try_connect(port).ok()?, port, path, headers)
}

pub(super) fn request_over(
    mut stream: TcpStream,
    port: u16,
    path: &str,
    headers: &[(&str, &str)],
) -> Option<BufReader<TcpStream>> {
    let mut text = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    stream.write_all(text.as_bytes()).ok()?;
    Some(BufReader::new(stream))
}

/// Reads the status and the headers, in lower case, up to the body.
pub(super) fn head(reader: &mut BufReader<TcpStream>) -> Option<(u16, Vec<String>)> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_ascii_lowercase());
    }
    let status = lines.first()?.split(' ').nth(1)?.parse().ok()?;
    Some((status, lines))
}

/// The answer to a request.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// The status line and the headers, in lower case.
    pub headers: Vec<String>,
    pub body: String,
}

impl Answer {
    pub(super) fn get(port: u16, path: &str, headers: &[(&str, &str)]) -> Option<Self> {
        let mut reader = request(port, path, headers)?;
        let (status, headers) = head(&mut reader)?;
        let mut body = String::new();
        reader.read_to_string(&mut body).ok()?;
        Some(Self {
            status,
            headers,
            body,
        })
    }
}
