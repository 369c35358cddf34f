//! Errors of a connection, in words for the user.
//!
//! What always holds: no message has a password or a command's arguments in it.

use std::fmt;
use std::io::{self, ErrorKind};

use redis::ServerError;

use super::advice::{is_tls_alert, of_io, of_refusal, of_tls, stranger};
use super::target::Target;
use rsso_core::dsn::RedisAddress;
use rsso_core::error::{Error, StoreErrorKind};

/// Why an exchange failed.
#[derive(Debug)]
pub(super) enum ConnectionError {
    /// The socket, or TLS over it.
    Io(io::Error),
    /// What came is no answer of a Redis server.
    NotRedis,
}

impl ConnectionError {
    /// No answer came in time; the connection itself may be sound.
    pub(super) fn is_timeout(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == ErrorKind::TimedOut)
    }
}

impl From<io::Error> for ConnectionError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// What a server refused, in its own words.
struct RefusalText<'a>(&'a ServerError);

impl fmt::Display for RefusalText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details = self.0.details().unwrap_or_default();
        // Servers quote the arguments of an unknown command: keys, and so session ids.
        let details = details
            .split_once(", with args beginning")
            .map_or(details, |(start, _)| start);
        write!(f, "{} {details}", self.0.code())
    }
}

/// Whether the server takes no writes at the moment: it is full, a replica, or cannot save.
pub(super) fn is_write_refusal(error: &ServerError) -> bool {
    // Redis 6.2 wraps what a script met in a sentence of its own.
    let inside = |code: &str| {
        error.code() == code || error.details().is_some_and(|words| words.contains(code))
    };
    ["OOM ", "READONLY", "MISCONF", "NOREPLICAS"]
        .iter()
        .any(|code| inside(code) || error.code() == code.trim_end())
}

impl Target {
    /// The error for a server's refusal.
    pub(super) fn refused(&self, doing: &str, error: &ServerError) -> Error {
        let words = RefusalText(error).to_string();
        match of_refusal(error) {
            Some((kind, advice)) => {
                Error::store(kind, &self.address, format!("{doing}: {advice}"), words)
            }
            None => Error::store(None, &self.address, doing, words),
        }
    }

    /// A fault of a connection that worked before, or was being made.
    pub(super) fn broken(&self, doing: &str, fault: ConnectionError) -> Error {
        match fault {
            ConnectionError::NotRedis => Error::store_plain(
                StoreErrorKind::Configuration,
                &self.address,
                format!("{doing}: what answers is not a Redis server (rsso.dsn)"),
            ),
            ConnectionError::Io(error) => {
                let (kind, advice) = of_io(error.kind());
                let problem = match advice {
                    "" => doing.to_owned(),
                    advice => format!("{doing}: {advice}"),
                };
                Error::store(kind, &self.address, problem, error)
            }
        }
    }

    /// A fault before the first answer on a connection: it may be the wrong port.
    pub(super) fn unreachable(
        &self,
        fault: ConnectionError,
        first: &[u8],
        shaking_hands: bool,
    ) -> Error {
        const DOING: &str = "cannot connect";
        let tls = matches!(&self.dsn.address, RedisAddress::Tcp { tls: Some(_), .. });
        let plain_tcp = matches!(&self.dsn.address, RedisAddress::Tcp { tls: None, .. });
        let said = |kind: StoreErrorKind, advice: &str| {
            let problem = format!("{DOING}: {advice}");
            match &fault {
                ConnectionError::Io(error) => {
                    Error::store(kind, &self.address, problem, error.to_string())
                }
                ConnectionError::NotRedis => Error::store_plain(kind, &self.address, problem),
            }
        };
        if let Some(stranger) = stranger(first) {
            return said(StoreErrorKind::Configuration, stranger);
        }
        if plain_tcp && is_tls_alert(first) {
            return said(
                StoreErrorKind::Configuration,
                "this port speaks TLS: write rediss:// in rsso.dsn",
            );
        }
        let closed = matches!(&fault, ConnectionError::Io(error) if matches!(error.kind(),
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe));
        if plain_tcp && closed && first.is_empty() {
            return said(
                StoreErrorKind::Unreachable,
                "the server closed the connection without an answer: if this port speaks TLS, write rediss:// in rsso.dsn",
            );
        }
        match &fault {
            ConnectionError::Io(error) if tls => match of_tls(error, first, shaking_hands) {
                Some((kind, advice)) => said(kind, advice),
                None => self.broken(DOING, fault),
            },
            _ => self.broken(DOING, fault),
        }
    }
}
