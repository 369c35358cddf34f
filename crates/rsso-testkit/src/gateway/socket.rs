//! A WebSocket client of a gateway.

use std::net::TcpStream;

use serde_json::Value;
use tungstenite::client::IntoClientRequest;
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Error, Message, WebSocket};

use super::connect;
use super::http::CLIENT_TIMEOUT;

/// A WebSocket client.
#[derive(Debug)]
pub struct WsClient(WebSocket<TcpStream>);

impl WsClient {
    /// Opens a WebSocket.
    ///
    /// # Errors
    /// The HTTP status, if the upgrade is refused.
    ///
    /// # Panics
    /// If nobody listens.
    pub fn open(port: u16, path: &str, headers: &[(&str, &str)]) -> Result<Self, u16> {
        Self::over(connect(port), port, path, headers)
    }

    /// Opens a WebSocket over this connection.
    ///
    /// # Errors
    /// The HTTP status; 0 if the connection broke.
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

    /// The next event, without heartbeats.
    ///
    /// # Errors
    /// The close code of the connection; `None` if it broke.
    ///
    /// # Panics
    /// If there is neither in time, or the event is not JSON.
    pub fn next_event(&mut self) -> Result<Value, Option<u16>> {
        loop {
            let event = self.next_event_or_heartbeat()?;
            if event["type"] != "io.rsso.heartbeat.v1" {
                return Ok(event);
            }
        }
    }

    /// The next event, heartbeats included.
    ///
    /// # Errors
    /// As [`Self::next_event`].
    ///
    /// # Panics
    /// As [`Self::next_event`].
    pub fn next_event_or_heartbeat(&mut self) -> Result<Value, Option<u16>> {
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => {
                    return Ok(serde_json::from_str(&text).expect("an event is JSON"));
                }
                Ok(Message::Close(frame)) => {
                    let code = frame.map(|frame| frame.code.into());
                    // Answers the close.
                    let _gone = self.0.flush();
                    return Err(code);
                }
                Ok(_) => {}
                Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    panic!("nothing came within {CLIENT_TIMEOUT:?}")
                }
                Err(_) => return Err(None),
            }
        }
    }

    /// The next event, without heartbeats, of a connection that must not end.
    ///
    /// # Panics
    /// If the connection ends instead.
    #[track_caller]
    pub fn event(&mut self) -> Value {
        self.next_event().expect("an event comes")
    }

    /// All events up to the end of the connection, and its close code.
    pub fn read_to_end(&mut self) -> (Vec<Value>, Option<u16>) {
        let mut events = Vec::new();
        loop {
            match self.next_event() {
                Ok(event) => events.push(event),
                Err(code) => return (events, code),
            }
        }
    }

    /// Reads from a socket that does not block, and answers pings; returns whether it is still open.
    pub fn poll(&mut self) -> bool {
        loop {
            match self.0.read() {
                Ok(_) => {}
                Err(Error::Io(error)) => return error.kind() == std::io::ErrorKind::WouldBlock,
                Err(_) => return false,
            }
        }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// If the connection is broken.
    pub fn send(&mut self, message: Message) -> Result<(), Error> {
        self.0.send(message)
    }

    /// The TCP connection.
    pub fn tcp(&self) -> &TcpStream {
        self.0.get_ref()
    }
}
