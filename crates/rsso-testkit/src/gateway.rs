//! `rsso serve` on a free port, and clients of it: a WebSocket, an event stream, one plain request.
//!
//! Holds: every read has a deadline; what a client is told is JSON, or the test ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::unistd::{Uid, User};
use serde_json::Value;
use tungstenite::client::IntoClientRequest as _;
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Error, Message, WebSocket};

use crate::php::extension;
use crate::process::{Server, free_port};
use crate::workdir::{WEB_USER, WorkDir};

/// How long a client waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running gateway.
#[derive(Debug)]
pub struct Gateway {
    server: Server,
    program: PathBuf,
    arguments: Vec<String>,
    as_web: bool,
    port: u16,
    dir: WorkDir,
}

impl Gateway {
    /// Starts `program serve` with these arguments and waits until it can be asked.
    ///
    /// # Panics
    /// With its log, if it does not answer.
    pub fn start(program: &Path, arguments: &[&str]) -> Self {
        let mut gateway = Self::spawn(program, arguments, false);
        gateway.wait_for("/healthz");
        gateway
    }

    /// The release build, as whom the web servers' workers run: they share a SQLite file.
    ///
    /// # Panics
    /// With its log, if it does not answer.
    pub fn start_for_web(arguments: &[&str]) -> Self {
        let program = extension().with_file_name("rsso");
        let mut gateway = Self::spawn(&program, arguments, Uid::effective().is_root());
        gateway.wait_for("/healthz");
        gateway
    }

    fn spawn(program: &Path, arguments: &[&str], as_web: bool) -> Self {
        let arguments: Vec<String> = arguments.iter().map(|&a| a.to_owned()).collect();
        let (dir, port) = (WorkDir::new(), free_port());
        let server = spawn(program, &arguments, port, as_web, &dir.join("log"));
        Self {
            server,
            program: program.to_owned(),
            arguments,
            as_web,
            port,
            dir,
        }
    }

    /// The same, for one whose `/healthz` is elsewhere: waits until it listens.
    ///
    /// # Panics
    /// With its log, if it does not listen.
    pub fn start_anyhow(program: &Path, arguments: &[&str]) -> Self {
        let mut gateway = Self::spawn(program, arguments, false);
        let port = gateway.port;
        gateway.server.wait_ready(|| try_connect(port).is_ok());
        gateway
    }

    /// The same, and waits until it has read the outbox.
    ///
    /// # Panics
    /// With its log, if it does not become ready.
    pub fn start_ready(program: &Path, arguments: &[&str]) -> Self {
        let mut gateway = Self::start(program, arguments);
        gateway.wait_ready();
        gateway
    }

    /// # Panics
    /// With its log, if it does not become ready.
    pub fn wait_ready(&mut self) {
        self.wait_for("/readyz");
    }

    fn wait_for(&mut self, path: &str) {
        let port = self.port;
        self.server
            .wait_ready(|| Answer::get(port, path, &[]).is_some_and(|a| a.status == 200));
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn pid(&self) -> i32 {
        self.server.pid()
    }

    pub fn log(&self) -> String {
        self.server.log()
    }

    pub fn is_running(&mut self) -> bool {
        self.server.is_running()
    }

    /// SIGTERM, without waiting.
    pub fn terminate(&self) {
        self.server.signal(nix::sys::signal::Signal::SIGTERM);
    }

    pub fn stop(&mut self) {
        self.server.stop();
    }

    pub fn kill9(&mut self) {
        self.server.kill9();
    }

    /// Starts it again at the same port.
    ///
    /// # Panics
    /// With its log, if it does not become ready.
    pub fn start_again(&mut self) {
        self.server = spawn(
            &self.program,
            &self.arguments,
            self.port,
            self.as_web,
            &self.dir.join("log"),
        );
        self.wait_ready();
    }

    /// One request.
    ///
    /// # Panics
    /// If there is no answer.
    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        Answer::get(self.port, path, headers).expect("the gateway answers")
    }

    /// The value of a metric, its labels included in `name`; 0 where it is not there.
    pub fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics", &[]).body;
        let mut lines = text.lines().filter_map(|line| line.rsplit_once(' '));
        lines
            .find(|(left, _)| *left == name)
            .map_or(0.0, |(_, value)| value.parse().expect("a number"))
    }

    /// A WebSocket with this session; the status where it is refused.
    ///
    /// # Errors
    /// The HTTP status.
    pub fn socket(&self, session: &str, after: Option<&str>) -> Result<Socket, u16> {
        Socket::open(
            self.port,
            &path("/sso/ws", after),
            &[("Cookie", &cookie(session))],
        )
    }

    /// An event stream with this session.
    ///
    /// # Errors
    /// The HTTP status.
    pub fn stream(&self, session: &str, after: Option<&str>) -> Result<Stream, u16> {
        Stream::open(
            self.port,
            &path("/sso/events", after),
            &[("Cookie", &cookie(session))],
        )
    }
}

fn spawn(program: &Path, arguments: &[String], port: u16, as_web: bool, log: &Path) -> Server {
    let mut command = Command::new(program);
    command
        .arg("serve")
        .args(["--listen", &format!("127.0.0.1:{port}")])
        .args(arguments)
        .env_clear();
    if as_web {
        let user = User::from_name(WEB_USER).ok().flatten();
        let user = user.expect("the user www-data exists on every Debian");
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    Server::spawn("rsso serve", &mut command, log)
}

fn path(path: &str, after: Option<&str>) -> String {
    match after {
        Some(after) => format!("{path}?lastEventId={after}"),
        None => path.to_owned(),
    }
}

fn cookie(session: &str) -> String {
    format!("PHPSESSID={session}")
}

/// A TCP connection with deadlines.
///
/// # Panics
/// If nobody listens.
pub fn connect(port: u16) -> TcpStream {
    try_connect(port).expect("the gateway listens")
}

fn try_connect(port: u16) -> std::io::Result<TcpStream> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn request(port: u16, path: &str, headers: &[(&str, &str)]) -> Option<BufReader<TcpStream>> {
    let mut stream = try_connect(port).ok()?;
    let mut text = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    stream.write_all(text.as_bytes()).ok()?;
    Some(BufReader::new(stream))
}

/// The status and the headers, lower-case; the reader is at the body then.
fn head(reader: &mut BufReader<TcpStream>) -> Option<(u16, Vec<String>)> {
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

/// What one request was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Lower-case lines, the status line first.
    pub headers: Vec<String>,
    pub body: String,
}

impl Answer {
    fn get(port: u16, path: &str, headers: &[(&str, &str)]) -> Option<Self> {
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

/// A WebSocket client.
#[derive(Debug)]
pub struct Socket(WebSocket<TcpStream>);

impl Socket {
    /// # Errors
    /// The HTTP status where the upgrade is refused.
    ///
    /// # Panics
    /// If nobody listens.
    pub fn open(port: u16, path: &str, headers: &[(&str, &str)]) -> Result<Self, u16> {
        Self::over(connect(port), port, path, headers)
    }

    /// # Errors
    /// The HTTP status; 0 where the connection broke.
    ///
    /// # Panics
    /// If `path` or a header cannot be sent.
    pub fn over(
        stream: TcpStream,
        port: u16,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, u16> {
        let mut request = format!("ws://127.0.0.1:{port}{path}")
            .into_client_request()
            .expect("a good path");
        let subprotocol = ("Sec-WebSocket-Protocol", "cloudevents.json");
        for (name, value) in headers.iter().chain([&subprotocol]) {
            let name: tungstenite::http::HeaderName = name.parse().expect("a header's name");
            request
                .headers_mut()
                .insert(name, value.parse().expect("a header's value"));
        }
        let config = WebSocketConfig::default()
            .read_buffer_size(4096)
            .max_write_buffer_size(64 << 20);
        match tungstenite::client::client_with_config(request, stream, Some(config)) {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(tungstenite::HandshakeError::Failure(Error::Http(response))) => {
                Err(response.status().as_u16())
            }
            Err(_) => Err(0),
        }
    }

    /// The next event that is no heartbeat.
    ///
    /// # Errors
    /// The code that the connection is closed with; `None`: it broke.
    ///
    /// # Panics
    /// If neither comes in time, or it is no JSON.
    pub fn heed(&mut self) -> Result<Value, Option<u16>> {
        loop {
            let event = self.next_of_all()?;
            if event["type"] != "io.rsso.heartbeat.v1" {
                return Ok(event);
            }
        }
    }

    /// The same, heartbeats included.
    ///
    /// # Errors
    /// As [`Self::heed`].
    ///
    /// # Panics
    /// As [`Self::heed`].
    pub fn next_of_all(&mut self) -> Result<Value, Option<u16>> {
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => {
                    return Ok(serde_json::from_str(&text).expect("an event is JSON"));
                }
                Ok(Message::Close(frame)) => {
                    let code = frame.map(|frame| frame.code.into());
                    // The answer to the close.
                    let _gone = self.0.flush();
                    return Err(code);
                }
                Ok(_) => {}
                Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    panic!("nothing came within {PATIENCE:?}")
                }
                Err(_) => return Err(None),
            }
        }
    }

    /// The next event.
    ///
    /// # Panics
    /// If the connection ends instead.
    #[track_caller]
    pub fn event(&mut self) -> Value {
        self.heed().expect("an event comes")
    }

    /// Everything up to the end, and the code of it.
    pub fn rest(&mut self) -> (Vec<Value>, Option<u16>) {
        let mut events = Vec::new();
        loop {
            match self.heed() {
                Ok(event) => events.push(event),
                Err(code) => return (events, code),
            }
        }
    }

    /// Reads what has come to a socket that does not block, and answers pings; whether it is still open.
    pub fn poll(&mut self) -> bool {
        loop {
            match self.0.read() {
                Ok(_) => {}
                Err(Error::Io(error)) => return error.kind() == std::io::ErrorKind::WouldBlock,
                Err(_) => return false,
            }
        }
    }

    /// # Errors
    /// When the connection is broken.
    pub fn send(&mut self, message: Message) -> Result<(), Error> {
        self.0.send(message)
    }

    /// The connection below.
    pub fn tcp(&self) -> &TcpStream {
        self.0.get_ref()
    }
}

/// A client of the event stream.
#[derive(Debug)]
pub struct Stream {
    reader: BufReader<TcpStream>,
    pub headers: Vec<String>,
    /// What is left of the chunk that is being read.
    chunk: String,
}

/// One block of an event stream.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Block {
    pub id: Option<String>,
    pub event: String,
    pub data: String,
    pub retry: Option<u64>,
}

impl Block {
    /// # Panics
    /// If the data is no JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).expect("an event is JSON")
    }
}

impl Stream {
    /// # Errors
    /// The HTTP status where it is not 200.
    ///
    /// # Panics
    /// If nobody answers.
    pub fn open(port: u16, path: &str, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let mut reader = request(port, path, headers).expect("the gateway listens");
        let (status, headers) = head(&mut reader).expect("the gateway answers");
        if status != 200 {
            return Err(status);
        }
        Ok(Self {
            reader,
            headers,
            chunk: String::new(),
        })
    }

    /// The next block that is no heartbeat and says more than `retry`; `None` at the end.
    pub fn heed(&mut self) -> Option<Block> {
        loop {
            let block = self.block()?;
            if !block.data.is_empty() && block.event != "io.rsso.heartbeat.v1" {
                return Some(block);
            }
        }
    }

    /// The next block, as the standard says how a stream is read.
    pub fn block(&mut self) -> Option<Block> {
        let mut block = Block::default();
        loop {
            let line = self.line()?;
            let (name, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match name {
                "" if line.is_empty() => return Some(block),
                "id" => block.id = Some(value.to_owned()),
                "event" => value.clone_into(&mut block.event),
                "retry" => block.retry = value.parse().ok(),
                "data" => {
                    if !block.data.is_empty() {
                        block.data.push('\n');
                    }
                    block.data.push_str(value);
                }
                _ => {}
            }
        }
    }

    fn line(&mut self) -> Option<String> {
        loop {
            if let Some((line, rest)) = self.chunk.split_once('\n') {
                let (line, rest) = (line.to_owned(), rest.to_owned());
                self.chunk = rest;
                return Some(line);
            }
            let more = self.read_chunk()?;
            self.chunk.push_str(&more);
        }
    }

    /// A chunk of the transfer coding; `None` behind the last.
    fn read_chunk(&mut self) -> Option<String> {
        let mut size = String::new();
        self.reader.read_line(&mut size).ok()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        self.reader.read_exact(&mut chunk).ok()?;
        chunk.truncate(size);
        (size > 0).then(|| String::from_utf8(chunk).expect("UTF-8"))
    }

    /// The connection below.
    pub fn tcp(&self) -> &TcpStream {
        self.reader.get_ref()
    }
}
