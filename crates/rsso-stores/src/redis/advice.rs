//! What errors of a Redis server mean: the kind of each, and advice for the user.

use std::io::{self, ErrorKind};

use redis::ServerError;

use rsso_core::error::StoreErrorKind;

/// The kind of a server's refusal, and advice.
pub(super) fn of_refusal(error: &ServerError) -> Option<(StoreErrorKind, &'static str)> {
    use StoreErrorKind as Kind;
    let words = error.details().unwrap_or_default();
    let has = |part: &str| words.contains(part);
    let is = |code: &str| error.code() == code;
    Some(match () {
        // For what a script may not do, the server has a sentence but no code.
        () if has("can't run this command") || is("NOPERM") => (
            Kind::NotAllowed,
            "the user's ACL does not allow what rsso needs (see docs/redis.md)",
        ),
        () if has("without any password configured") => (
            Kind::Refused,
            "no password is set on the server: leave out rsso.password, rsso.password_file and the password in rsso.dsn",
        ),
        () if is("WRONGPASS") || is("NOAUTH") || has("invalid password") => (
            Kind::Refused,
            "the server refused the user or password (rsso.dsn, rsso.password)",
        ),
        () if has("max number of clients") => (
            Kind::Refused,
            "the server has as many clients as it takes: raise its maxclients, or run fewer PHP workers",
        ),
        () if is("DENIED") => (
            Kind::Refused,
            "the server is in protected mode and takes connections from its own machine only: set a password or a user there, then bind it",
        ),
        () if is("OOM") || has("OOM ") => (Kind::Full, "the server is out of memory (maxmemory)"),
        () if is("LOADING") => (Kind::Refused, "the server is still loading its data"),
        () if is("READONLY") || has("READONLY") => (
            Kind::ReadOnly,
            "the server is a replica and takes no writes: name the master in rsso.dsn",
        ),
        () if is("NOREPLICAS") || has("NOREPLICAS") => (
            Kind::ReadOnly,
            "too few replicas are connected, and the server refuses writes (min-replicas-to-write)",
        ),
        () if is("WRONGTYPE") => (
            Kind::Configuration,
            "a key is not one of rsso's: choose another rsso.prefix",
        ),
        () if is("MISCONF") || has("MISCONF") => (
            Kind::ReadOnly,
            "the server cannot save its data and refuses writes",
        ),
        () if has("DB index is out of range") => (
            Kind::Configuration,
            "the server has no such database (rsso.dsn)",
        ),
        () => return None,
    })
}

/// The kind of an I/O error, and advice, which may be empty.
pub(super) fn of_io(error: ErrorKind) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind as Kind;
    match error {
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
    }
}

/// The kind of a failed TLS handshake, and advice.
pub(super) fn of_tls(
    error: &io::Error,
    first: &[u8],
    shaking_hands: bool,
) -> Option<(StoreErrorKind, &'static str)> {
    use StoreErrorKind as Kind;
    use rustls::{AlertDescription as Alert, Error as Tls};
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    match inner {
        Some(Tls::InvalidMessage(_)) => Some((
            Kind::Configuration,
            "this port does not speak TLS: write redis:// in rsso.dsn, or name the server's TLS port (tls-port)",
        )),
        Some(Tls::InvalidCertificate(_)) => Some((
            Kind::Configuration,
            "the server's certificate is not valid for this host or not signed by a trusted authority (?ca= in rsso.dsn)",
        )),
        Some(Tls::AlertReceived(
            Alert::CertificateRequired
            | Alert::BadCertificate
            | Alert::UnknownCA
            | Alert::CertificateUnknown
            | Alert::CertificateExpired,
        )) => Some((
            Kind::Refused,
            "the server wants a client's certificate that it trusts (?cert= and ?key= in rsso.dsn)",
        )),
        // A plain Redis waits for the end of the line.
        None if shaking_hands && first.is_empty() && error.kind() == ErrorKind::TimedOut => Some((
            Kind::TimedOut,
            "no answer to a TLS greeting in time (rsso.read_timeout): if this port does not speak TLS, write redis:// in rsso.dsn",
        )),
        None if shaking_hands && first.is_empty() => Some((
            Kind::Unreachable,
            "the server closed the connection at a TLS greeting: if this port does not speak TLS, write redis:// in rsso.dsn",
        )),
        _ => None,
    }
}

/// Which other server answers at this port, by the first bytes that came from it.
pub(super) fn stranger(first: &[u8]) -> Option<&'static str> {
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

/// Whether a server expects TLS: it has answered with a TLS alert.
pub(super) fn is_tls_alert(first: &[u8]) -> bool {
    first.starts_with(&[0x15, 0x03])
}

#[cfg(test)]
mod tests {
    use redis::Value;
    use rustls::{AlertDescription, CertificateError, Error as Tls, InvalidMessage};

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
        use StoreErrorKind as Kind;
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
            let advice = of_refusal(&refusal(line));
            assert_eq!(advice.map(|(kind, _)| kind), Some(kind), "{line}");
        }
        assert_eq!(of_refusal(&refusal("ERR syntax error")), None);
    }

    #[test]
    fn each_error_of_a_socket_has_its_kind() {
        use StoreErrorKind as Kind;
        for (error, kind) in [
            (ErrorKind::ConnectionRefused, Kind::Unreachable),
            (ErrorKind::NotFound, Kind::Unreachable),
            (ErrorKind::UnexpectedEof, Kind::Unreachable),
            (ErrorKind::HostUnreachable, Kind::Unreachable),
            (ErrorKind::TimedOut, Kind::TimedOut),
            (ErrorKind::PermissionDenied, Kind::NotAllowed),
        ] {
            assert_eq!(of_io(error).0, kind, "{error:?}");
        }
    }

    #[test]
    fn each_failed_handshake_has_its_kind() {
        use StoreErrorKind as Kind;
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
            let advice = of_tls(&error, b"", true);
            assert_eq!(advice.map(|(kind, _)| kind), Some(kind), "{error:?}");
        }
    }
}
