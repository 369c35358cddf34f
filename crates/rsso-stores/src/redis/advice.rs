//! What an error of a Redis server means, and what to do about it.

use std::io::{self, ErrorKind};

use redis::ServerError;
use rustls::{AlertDescription as Alert, Error as Tls};

use rsso_core::error::StoreErrorKind as Kind;

/// What an error means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Advice {
    pub(super) kind: Kind,
    /// What happened and the way out; it may be empty.
    pub(super) text: &'static str,
}

impl Advice {
    const fn new(kind: Kind, text: &'static str) -> Self {
        Self { kind, text }
    }
}

/// A server was addressed without TLS and answered with a TLS alert.
pub(super) const TLS_PORT: Advice = Advice::new(
    Kind::Configuration,
    "this port speaks TLS: write rediss:// in rsso.dsn",
);

/// A server was addressed without TLS and closed the connection.
pub(super) const PERHAPS_TLS_PORT: Advice = Advice::new(
    Kind::Unreachable,
    "the server closed the connection without an answer: if this port speaks TLS, write rediss:// in rsso.dsn",
);

/// What a server's refusal means; `None` for an unknown one.
pub(super) fn for_refusal(error: &ServerError) -> Option<Advice> {
    let text = error.details().unwrap_or_default();
    let mentions = |part: &str| text.contains(part);
    let is = |code: &str| error.code() == code;
    let (kind, text) = match () {
        // The refusal of a script's command has no code.
        () if mentions("can't run this command") || is("NOPERM") => (
            Kind::NotAllowed,
            "the user's ACL does not allow what rsso needs (see docs/redis.md)",
        ),
        () if mentions("without any password configured") => (
            Kind::Refused,
            "no password is set on the server: leave out rsso.password, rsso.password_file and the password in rsso.dsn",
        ),
        () if is("WRONGPASS") || is("NOAUTH") || mentions("invalid password") => (
            Kind::Refused,
            "the server refused the user or password (rsso.dsn, rsso.password)",
        ),
        () if mentions("max number of clients") => (
            Kind::Refused,
            "the server has as many clients as it takes: raise its maxclients, or run fewer PHP workers",
        ),
        () if is("DENIED") => (
            Kind::Refused,
            "the server is in protected mode and takes connections from its own machine only: set a password or a user there, then bind it",
        ),
        () if is("OOM") || mentions("OOM ") => {
            (Kind::Full, "the server is out of memory (maxmemory)")
        }
        () if is("LOADING") => (Kind::Refused, "the server is still loading its data"),
        () if is("READONLY") || mentions("READONLY") => (
            Kind::ReadOnly,
            "the server is a replica and takes no writes: name the master in rsso.dsn",
        ),
        () if is("NOREPLICAS") || mentions("NOREPLICAS") => (
            Kind::ReadOnly,
            "too few replicas are connected, and the server refuses writes (min-replicas-to-write)",
        ),
        () if is("WRONGTYPE") => (
            Kind::Configuration,
            "a key is not one of rsso's: choose another rsso.prefix",
        ),
        () if is("MISCONF") || mentions("MISCONF") => (
            Kind::ReadOnly,
            "the server cannot save its data and refuses writes",
        ),
        () if mentions("DB index is out of range") => (
            Kind::Configuration,
            "the server has no such database (rsso.dsn)",
        ),
        () => return None,
    };
    Some(Advice { kind, text })
}

/// What an I/O error means.
pub(super) fn for_io(error: ErrorKind) -> Advice {
    let (kind, text) = match error {
        ErrorKind::TimedOut => (
            Kind::TimedOut,
            "no answer in time (rsso.connect_timeout, rsso.read_timeout)",
        ),
        ErrorKind::ConnectionRefused => (
            Kind::Unreachable,
            "nothing listens at this address (rsso.dsn)",
        ),
        ErrorKind::NotFound => (Kind::Unreachable, "there is no such socket (rsso.dsn)"),
        ErrorKind::PermissionDenied => (
            Kind::NotAllowed,
            "the socket's permissions shut PHP's user out",
        ),
        ErrorKind::BrokenPipe
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::UnexpectedEof
        | ErrorKind::NotConnected => (Kind::Unreachable, "the server closed the connection"),
        _ => (Kind::Unreachable, ""),
    };
    Advice { kind, text }
}

/// What an error of TLS means, after these first bytes.
pub(super) fn for_tls(error: &io::Error, first_bytes: &[u8], in_handshake: bool) -> Option<Advice> {
    let is_unanswered = in_handshake && first_bytes.is_empty();
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    match inner {
        Some(Tls::InvalidMessage(_)) => Some(Advice::new(
            Kind::Configuration,
            "this port does not speak TLS: write redis:// in rsso.dsn, or name the server's TLS port (tls-port)",
        )),
        Some(Tls::InvalidCertificate(_)) => Some(Advice::new(
            Kind::Configuration,
            "the server's certificate is not valid for this host or not signed by a trusted authority (?ca= in rsso.dsn)",
        )),
        Some(Tls::AlertReceived(
            Alert::CertificateRequired
            | Alert::BadCertificate
            | Alert::UnknownCA
            | Alert::CertificateUnknown
            | Alert::CertificateExpired,
        )) => Some(Advice::new(
            Kind::Refused,
            "the server wants a client's certificate that it trusts (?cert= and ?key= in rsso.dsn)",
        )),
        // A Redis without TLS takes the greeting for the start of a line, and waits for its end.
        None if is_unanswered && error.kind() == ErrorKind::TimedOut => Some(Advice::new(
            Kind::TimedOut,
            "no answer to a TLS greeting in time (rsso.read_timeout): if this port does not speak TLS, write redis:// in rsso.dsn",
        )),
        None if is_unanswered => Some(Advice::new(
            Kind::Unreachable,
            "the server closed the connection at a TLS greeting: if this port does not speak TLS, write redis:// in rsso.dsn",
        )),
        _ => None,
    }
}

/// Which other server sent these bytes; `None` for an unknown one.
pub(super) fn for_foreign_server(first_bytes: &[u8]) -> Option<Advice> {
    let text = if first_bytes.starts_with(b"HTTP/") {
        "an HTTP server answers at this port (rsso.dsn)"
    } else if first_bytes.len() > 4
        && first_bytes[1..4] == [0, 0, 0]
        && matches!(first_bytes[4], 10 | 255)
    {
        "a MySQL or MariaDB server answers at this port (rsso.dsn)"
    } else if first_bytes.starts_with(b"SSH-") {
        "an SSH server answers at this port (rsso.dsn)"
    } else {
        return None;
    };
    Some(Advice::new(Kind::Configuration, text))
}

/// Whether these are the first bytes of a TLS alert.
pub(super) fn is_tls_alert(first_bytes: &[u8]) -> bool {
    first_bytes.starts_with(&[0x15, 0x03])
}

#[cfg(test)]
mod tests {
    use redis::Value;
    use rustls::{AlertDescription, CertificateError, InvalidMessage};

    use super::*;

    fn refusal(line: &str) -> ServerError {
        let line = format!("-{line}\r\n");
        match redis::parse_redis_value(line.as_bytes()).unwrap() {
            Value::ServerError(error) => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_refusal_has_its_kind() {
        for (line, kind) in [
            ("WRONGPASS invalid username-password pair", Kind::Refused),
            ("NOAUTH Authentication required.", Kind::Refused),
            (
                "ERR AUTH <password> called without any password configured for the default user",
                Kind::Refused,
            ),
            ("ERR max number of clients reached", Kind::Refused),
            ("DENIED Redis is running in protected mode", Kind::Refused),
            (
                "LOADING Redis is loading the dataset in memory",
                Kind::Refused,
            ),
            (
                "OOM command not allowed when used memory > 'maxmemory'.",
                Kind::Full,
            ),
            (
                "ERR Error running script: OOM command not allowed",
                Kind::Full,
            ),
            (
                "READONLY You can't write against a read only replica.",
                Kind::ReadOnly,
            ),
            (
                "NOREPLICAS Not enough good replicas to write.",
                Kind::ReadOnly,
            ),
            (
                "MISCONF Redis is configured to save RDB snapshots",
                Kind::ReadOnly,
            ),
            ("NOPERM this user has no permissions", Kind::NotAllowed),
            (
                "ERR The user executing the script can't run this command",
                Kind::NotAllowed,
            ),
            ("WRONGTYPE Operation against a key", Kind::Configuration),
            ("ERR DB index is out of range", Kind::Configuration),
        ] {
            let advice = for_refusal(&refusal(line));
            assert_eq!(advice.map(|advice| advice.kind), Some(kind), "{line}");
        }
        assert_eq!(for_refusal(&refusal("ERR syntax error")), None);
    }

    #[test]
    fn each_error_of_a_socket_has_its_kind() {
        for (error, kind) in [
            (ErrorKind::ConnectionRefused, Kind::Unreachable),
            (ErrorKind::NotFound, Kind::Unreachable),
            (ErrorKind::UnexpectedEof, Kind::Unreachable),
            (ErrorKind::HostUnreachable, Kind::Unreachable),
            (ErrorKind::TimedOut, Kind::TimedOut),
            (ErrorKind::PermissionDenied, Kind::NotAllowed),
        ] {
            assert_eq!(for_io(error).kind, kind, "{error:?}");
        }
    }

    #[test]
    fn each_failed_handshake_has_its_kind() {
        let tls = |error: Tls| io::Error::new(ErrorKind::InvalidData, error);
        for (error, kind) in [
            (
                tls(Tls::InvalidMessage(InvalidMessage::InvalidContentType)),
                Kind::Configuration,
            ),
            (
                tls(Tls::InvalidCertificate(CertificateError::Expired)),
                Kind::Configuration,
            ),
            (
                tls(Tls::AlertReceived(AlertDescription::CertificateRequired)),
                Kind::Refused,
            ),
            (ErrorKind::TimedOut.into(), Kind::TimedOut),
            (ErrorKind::UnexpectedEof.into(), Kind::Unreachable),
        ] {
            let advice = for_tls(&error, b"", true);
            assert_eq!(advice.map(|advice| advice.kind), Some(kind), "{error:?}");
        }
    }
}
