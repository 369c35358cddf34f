//! What goes wrong on a connection, as errors for the user.
//!
//! What always holds: an error says what happened and the way out, and contains neither a password nor a command's
//! arguments.

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, ErrorKind};

use redis::ServerError;

use super::advice::{self, Advice};
use super::target::Target;
use rsso_core::dsn::RedisAddress;
use rsso_core::error::{Error, StoreErrorKind};

/// The problem of a connection that could not be made.
const CANNOT_CONNECT: &str = "cannot connect";

/// Why sending or reading failed.
#[derive(Debug)]
pub(super) enum ConnectionError {
    /// The socket failed, or TLS over it.
    Io(io::Error),
    /// What came is not a reply of a Redis server.
    NotRedis,
}

impl ConnectionError {
    /// Whether no reply came in time. The connection itself may be intact.
    pub(super) fn is_timeout(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == ErrorKind::TimedOut)
    }

    fn is_closed(&self) -> bool {
        matches!(self, Self::Io(error) if matches!(error.kind(),
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe))
    }
}

impl From<io::Error> for ConnectionError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A server's refusal in its own words.
struct RefusalText<'a>(&'a ServerError);

impl fmt::Display for RefusalText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details = self.0.details().unwrap_or_default();
        // Servers quote the arguments of a command that they do not know: keys, and so session ids.
        let details = details
            .split_once(", with args beginning")
            .map_or(details, |(start, _)| start);
        write!(f, "{} {details}", self.0.code())
    }
}

/// Whether the server refuses all writes.
///
/// It is full, a replica, or cannot save.
pub(super) fn is_write_refusal(error: &ServerError) -> bool {
    // Redis 6.2 puts the error of a script's command into a sentence of its own.
    let mentions = |code: &str| {
        error.code() == code || error.details().is_some_and(|text| text.contains(code))
    };
    ["OOM ", "READONLY", "MISCONF", "NOREPLICAS"]
        .iter()
        .any(|code| mentions(code) || error.code() == code.trim_end())
}

impl Target {
    /// The error for a server's refusal.
    pub(super) fn refusal_error(&self, problem: &str, error: &ServerError) -> Error {
        let text = RefusalText(error).to_string();
        match advice::for_refusal(error) {
            Some(advice) => self.advised(problem, advice, text),
            None => Error::store(None, &self.address, problem, text),
        }
    }

    /// The error for a connection that worked before.
    pub(super) fn connection_error(&self, problem: &str, error: ConnectionError) -> Error {
        match error {
            ConnectionError::NotRedis => Error::store_plain(
                StoreErrorKind::Configuration,
                &self.address,
                format!("{problem}: what answers is not a Redis server (rsso.dsn)"),
            ),
            ConnectionError::Io(error) => {
                let advice = advice::for_io(error.kind());
                match advice.text {
                    "" => Error::store(advice.kind, &self.address, problem, error),
                    _ => self.advised(problem, advice, error),
                }
            }
        }
    }

    /// The error for a connection before its first reply.
    ///
    /// It may be the wrong port: `first_bytes` tell which server answers.
    pub(super) fn connect_error(
        &self,
        error: ConnectionError,
        first_bytes: &[u8],
        in_handshake: bool,
    ) -> Error {
        let advice = self
            .wrong_port(&error, first_bytes)
            .or_else(|| match &error {
                ConnectionError::Io(error) if self.uses_tls() => {
                    advice::for_tls(error, first_bytes, in_handshake)
                }
                _ => None,
            });
        match (advice, error) {
            (Some(advice), ConnectionError::Io(error)) => {
                self.advised(CANNOT_CONNECT, advice, error.to_string())
            }
            (Some(Advice { kind, text }), ConnectionError::NotRedis) => {
                Error::store_plain(kind, &self.address, format!("{CANNOT_CONNECT}: {text}"))
            }
            (None, error) => self.connection_error(CANNOT_CONNECT, error),
        }
    }

    /// Advice if the first bytes, or their absence, show a wrong port.
    fn wrong_port(&self, error: &ConnectionError, first_bytes: &[u8]) -> Option<Advice> {
        let is_plain_tcp = matches!(&self.dsn.address, RedisAddress::Tcp { tls: None, .. });
        if let Some(advice) = advice::for_foreign_server(first_bytes) {
            return Some(advice);
        }
        if is_plain_tcp && advice::is_tls_alert(first_bytes) {
            return Some(advice::TLS_PORT);
        }
        if is_plain_tcp && error.is_closed() && first_bytes.is_empty() {
            return Some(advice::PERHAPS_TLS_PORT);
        }
        None
    }

    fn uses_tls(&self) -> bool {
        matches!(&self.dsn.address, RedisAddress::Tcp { tls: Some(_), .. })
    }

    fn advised(
        &self,
        problem: &str,
        advice: Advice,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Error {
        let problem = format!("{problem}: {}", advice.text);
        Error::store(advice.kind, &self.address, problem, source)
    }
}
