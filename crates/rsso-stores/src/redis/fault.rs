//! What goes wrong on a connection, in words for the user: what it is, and the way out; never a password, and
//! never a command's arguments.

use std::fmt;
use std::io::{self, ErrorKind};

use redis::ServerError;

use super::target::Target;
use rsso_core::dsn::RedisAddress;
use rsso_core::error::Error;

/// Why an exchange failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// The socket, or TLS over it.
    Io(io::Error),
    /// What came is no answer of a Redis server.
    Foreign,
}

impl Fault {
    /// No answer came in time; the connection itself may be sound.
    pub(super) fn is_timeout(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == ErrorKind::TimedOut)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// What a server refused, in its own words.
struct Words<'a>(&'a ServerError);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details = self.0.details().unwrap_or_default();
        // Servers quote the arguments of a command that they do not know: keys, and so session ids.
        let details = details
            .split_once(", with args beginning")
            .map_or(details, |(start, _)| start);
        write!(f, "{} {details}", self.0.code())
    }
}

/// Whether the server takes no writes at the moment: it is full, a replica, or cannot save.
pub(super) fn refuses_writes(error: &ServerError) -> bool {
    // Redis 6.2 wraps what a script met in a sentence of its own.
    let inside = |code: &str| {
        error.code() == code || error.details().is_some_and(|words| words.contains(code))
    };
    ["OOM ", "READONLY", "MISCONF", "NOREPLICAS"]
        .iter()
        .any(|code| inside(code) || error.code() == code.trim_end())
}

fn advice(error: &ServerError) -> Option<&'static str> {
    let words = error.details().unwrap_or_default();
    let has = |part: &str| words.contains(part);
    let is = |code: &str| error.code() == code;
    Some(match () {
        // What a script may not do is said in a sentence, without a code.
        () if has("can't run this command") || is("NOPERM") => {
            "the user's ACL does not allow what rsso needs (see docs/redis.md)"
        }
        () if has("without any password configured") => {
            "no password is set on the server: leave out rsso.password, rsso.password_file and the password in rsso.dsn"
        }
        () if is("WRONGPASS") || is("NOAUTH") || has("invalid password") => {
            "the server refused the user or password (rsso.dsn, rsso.password)"
        }
        () if has("max number of clients") => {
            "the server has as many clients as it takes: raise its maxclients, or run fewer PHP workers"
        }
        () if is("DENIED") => {
            "the server is in protected mode and takes connections from its own machine only: set a password or a user there, then bind it"
        }
        () if is("OOM") || has("OOM ") => "the server is out of memory (maxmemory)",
        () if is("LOADING") => "the server is still loading its data",
        () if is("READONLY") || has("READONLY") => {
            "the server is a replica and takes no writes: name the master in rsso.dsn"
        }
        () if is("NOREPLICAS") || has("NOREPLICAS") => {
            "too few replicas are connected, and the server refuses writes (min-replicas-to-write)"
        }
        () if is("WRONGTYPE") => "a key is not one of rsso's: choose another rsso.prefix",
        () if is("MISCONF") || has("MISCONF") => {
            "the server cannot save its data and refuses writes"
        }
        () if has("DB index is out of range") => "the server has no such database (rsso.dsn)",
        () => return None,
    })
}

/// Whose port this is, by the first bytes that came from it; for the sentence "… answers at this port".
fn stranger(first: &[u8]) -> Option<&'static str> {
    if first.starts_with(b"HTTP/") {
        Some("an HTTP server answers at this port (rsso.dsn)")
    } else if first.len() > 4 && first[1..4] == [0, 0, 0] && matches!(first[4], 10 | 255) {
        Some("a MySQL or MariaDB server answers at this port (rsso.dsn)")
    } else if first.starts_with(b"SSH-") {
        Some("an SSH server answers at this port (rsso.dsn)")
    } else {
        None
    }
}

/// A TLS record that holds an alert: a server that speaks TLS was not spoken to in TLS.
fn is_tls_alert(first: &[u8]) -> bool {
    first.starts_with(&[0x15, 0x03])
}

impl Target {
    /// A server's refusal for the user.
    pub(super) fn refused(&self, doing: &str, error: &ServerError) -> Error {
        let words = Words(error).to_string();
        match advice(error) {
            Some(advice) => Error::store(&self.address, format!("{doing}: {advice}"), words),
            None => Error::store(&self.address, doing, words),
        }
    }

    /// A fault of a connection that worked before, or was being made.
    pub(super) fn broken(&self, doing: &str, fault: Fault) -> Error {
        match fault {
            Fault::Foreign => Error::store_plain(
                &self.address,
                format!("{doing}: what answers is not a Redis server (rsso.dsn)"),
            ),
            Fault::Io(error) => {
                let advice = match error.kind() {
                    ErrorKind::TimedOut => {
                        "no answer in time (rsso.connect_timeout, rsso.read_timeout)"
                    }
                    ErrorKind::ConnectionRefused => "nothing listens at this address (rsso.dsn)",
                    ErrorKind::NotFound => "there is no such socket (rsso.dsn)",
                    ErrorKind::PermissionDenied => "the socket's permissions shut PHP's user out",
                    ErrorKind::BrokenPipe
                    | ErrorKind::ConnectionReset
                    | ErrorKind::ConnectionAborted
                    | ErrorKind::UnexpectedEof
                    | ErrorKind::NotConnected => "the server closed the connection",
                    _ => return Error::store(&self.address, doing, error),
                };
                Error::store(&self.address, format!("{doing}: {advice}"), error)
            }
        }
    }

    /// A fault before the first answer on a connection: it may be the wrong port.
    pub(super) fn unreachable(&self, fault: Fault, first: &[u8], shaking_hands: bool) -> Error {
        const DOING: &str = "cannot connect";
        let tls = matches!(&self.dsn.address, RedisAddress::Tcp { tls: Some(_), .. });
        let plain_tcp = matches!(&self.dsn.address, RedisAddress::Tcp { tls: None, .. });
        let said = |advice: &str| match &fault {
            Fault::Io(error) => Error::store(
                &self.address,
                format!("{DOING}: {advice}"),
                error.to_string(),
            ),
            Fault::Foreign => Error::store_plain(&self.address, format!("{DOING}: {advice}")),
        };
        if let Some(stranger) = stranger(first) {
            return said(stranger);
        }
        if plain_tcp && is_tls_alert(first) {
            return said("this port speaks TLS: write rediss:// in rsso.dsn");
        }
        let closed = matches!(&fault, Fault::Io(error) if matches!(error.kind(),
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe));
        if plain_tcp && closed && first.is_empty() {
            return said(
                "the server closed the connection without an answer: if this port speaks TLS, write rediss:// in rsso.dsn",
            );
        }
        if tls {
            return match &fault {
                Fault::Io(error) => match tls_advice(error, first, shaking_hands) {
                    Some(advice) => said(advice),
                    None => self.broken(DOING, fault),
                },
                Fault::Foreign => self.broken(DOING, fault),
            };
        }
        self.broken(DOING, fault)
    }
}

fn tls_advice(error: &io::Error, first: &[u8], shaking_hands: bool) -> Option<&'static str> {
    use rustls::{AlertDescription as Alert, Error as Tls};
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    match inner {
        Some(Tls::InvalidMessage(_)) => Some(
            "this port does not speak TLS: write redis:// in rsso.dsn, or name the server's TLS port (tls-port)",
        ),
        Some(Tls::InvalidCertificate(_)) => Some(
            "the server's certificate is not valid for this host or not signed by a trusted authority (?ca= in rsso.dsn)",
        ),
        Some(Tls::AlertReceived(
            Alert::CertificateRequired
            | Alert::BadCertificate
            | Alert::UnknownCA
            | Alert::CertificateUnknown
            | Alert::CertificateExpired,
        )) => Some(
            "the server wants a client's certificate that it trusts (?cert= and ?key= in rsso.dsn)",
        ),
        // A plain Redis waits for the end of the line.
        None if shaking_hands && first.is_empty() && error.kind() == ErrorKind::TimedOut => Some(
            "no answer to a TLS greeting in time (rsso.read_timeout): if this port does not speak TLS, write redis:// in rsso.dsn",
        ),
        None if shaking_hands && first.is_empty() => Some(
            "the server closed the connection at a TLS greeting: if this port does not speak TLS, write redis:// in rsso.dsn",
        ),
        _ => None,
    }
}
