//! The kinds of what goes wrong with a MySQL server, and the ways out.

use std::borrow::Cow;
use std::io::{self, ErrorKind};

use mysql::{DriverError, Error as DbError};
use mysql_common::proto::codec::error::PacketCodecError;

use super::error::{
    DEADLOCK, LOCK_WAIT, NO_COLUMN, NO_TABLE, PacketUse, code, io_error, is_disconnect_notice,
    is_timeout,
};
use super::schema::VERSION;
use rsso_core::dsn::MysqlDsn;
use rsso_core::error::StoreErrorKind as Kind;

/// A larger session may be why a proxy or a server closes the connection.
const LARGE_PACKET: usize = 512 * 1024;

const IS_IT_MYSQL: &str = "is this the port of a MySQL server? (rsso.dsn)";

/// What an error means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Advice {
    /// `None` if no kind fits.
    pub(super) kind: Option<Kind>,
    /// The way out; "" if there is none.
    pub(super) text: Cow<'static, str>,
}

impl Advice {
    fn new(kind: Kind, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind: Some(kind),
            text: text.into(),
        }
    }

    const fn unknown() -> Self {
        Self {
            kind: None,
            text: Cow::Borrowed(""),
        }
    }
}

/// Of a connection that could not be made.
pub(super) fn of_connecting(dsn: &MysqlDsn, error: &DbError) -> Advice {
    let (kind, text) = match (code(error), error) {
        (Some(1044 | 1045 | 1698), _) => (Kind::Refused, denied(dsn)),
        (Some(3159), _) => (
            Kind::Configuration,
            "the server wants TLS: add ?tls=1 or ?ca=/path/to/ca.pem to rsso.dsn",
        ),
        (Some(1049), _) => (Kind::Configuration, "there is no such database (rsso.dsn)"),
        (Some(1115), _) => (
            Kind::Configuration,
            "the server has no such character set (charset in rsso.dsn)",
        ),
        (Some(1193), _) => (
            Kind::Configuration,
            "the server is older than MySQL 8 and MariaDB 10.6",
        ),
        (Some(1820 | 1862), _) => (
            Kind::Refused,
            "the account's password has expired: ALTER USER … PASSWORD EXPIRE NEVER",
        ),
        (Some(3118 | 4151), _) => (
            Kind::Refused,
            "the account is locked: ALTER USER … ACCOUNT UNLOCK",
        ),
        (None, DbError::TlsError(_)) => (
            Kind::Configuration,
            "TLS failed: the server's certificate must be valid for the host in rsso.dsn (ca, cert, key)",
        ),
        (None, DbError::DriverError(error)) => of_handshake(error),
        _ if io_error(error).is_some_and(is_timeout) => (
            Kind::TimedOut,
            "no answer in time (rsso.connect_timeout, rsso.read_timeout): the server hangs, or what listens \
             there is no MySQL server and waits for the client to speak first, as Redis, a web server and a \
             TLS port do",
        ),
        _ => return of_statement(error, None),
    };
    Advice::new(kind, text)
}

/// The server does not say which of these it was.
fn denied(dsn: &MysqlDsn) -> &'static str {
    match (&dsn.socket, &dsn.tls) {
        (Some(_), _) => "the server refused the user or password (rsso.dsn, rsso.password)",
        (None, None) => {
            "the server refused the user or password (rsso.dsn, rsso.password); \
             an account with REQUIRE SSL also needs ?tls=1 or ?ca=/path/to/ca.pem in rsso.dsn"
        }
        (None, Some(files)) if files.cert.is_none() => {
            "the server refused the user or password (rsso.dsn, rsso.password); \
             an account with REQUIRE X509 also needs ?cert= and ?key= in rsso.dsn"
        }
        (None, Some(_)) => {
            "the server refused the user, the password or the client's certificate \
             (rsso.dsn, rsso.password)"
        }
    }
}

fn of_handshake(error: &DriverError) -> (Kind, &'static str) {
    match error {
        DriverError::TlsNotSupported => (
            Kind::Configuration,
            "the server has no TLS: remove tls, ca, cert and key from rsso.dsn, or give the server a certificate",
        ),
        DriverError::UnknownAuthPlugin(_)
        | DriverError::CleartextPluginDisabled
        | DriverError::OldMysqlPasswordDisabled => (
            Kind::Configuration,
            "rsso cannot sign in that way: give the account caching_sha2_password, ed25519, parsec or \
             mysql_native_password",
        ),
        DriverError::ConnectTimeout => (Kind::TimedOut, "no answer in time (rsso.connect_timeout)"),
        DriverError::CouldNotConnect(Some((_, _, ErrorKind::NotFound))) => (
            Kind::Unreachable,
            "there is no such socket, or no host of this name (rsso.dsn)",
        ),
        DriverError::CouldNotConnect(_) => (
            Kind::Unreachable,
            "nothing listens at this address, or nobody may reach it (rsso.dsn)",
        ),
        _ => (Kind::Configuration, IS_IT_MYSQL),
    }
}

/// Of a statement that failed; `packet_use` is what it carried.
pub(super) fn of_statement(error: &DbError, packet_use: Option<PacketUse>) -> Advice {
    match (error, code(error)) {
        (_, Some(1153 | 2020))
        | (DbError::CodecError(PacketCodecError::PacketTooLarge), _)
        | (DbError::DriverError(DriverError::PacketTooLarge), _) => too_large(packet_use),
        (_, Some(1105)) if is_parameter_too_large(error) => too_large(packet_use),
        (_, Some(code)) => of_code(code),
        (_, None) => io_error(error).map_or(Advice::unknown(), |error| of_io(error, packet_use)),
    }
}

/// What it means that a newer rsso has made the tables.
pub(super) fn newer_schema(version: i64) -> String {
    format!(
        "a newer rsso has made the tables (version {version}; this rsso knows {VERSION}): install the newer rsso here, too"
    )
}

/// Of tables that a newer rsso has made.
pub(super) fn of_newer_schema(version: i64) -> Advice {
    Advice::new(Kind::Configuration, newer_schema(version))
}

/// Of tables of which some are older than others.
pub(super) fn of_incomplete_tables() -> Advice {
    Advice::new(
        Kind::Configuration,
        "the tables are not of one version: run `rsso schema mysql --apply`",
    )
}

/// Of an error that the server has a number for.
fn of_code(code: u16) -> Advice {
    let (kind, text) = match code {
        1040 | 1203 => (
            Kind::Refused,
            "the server has no connection left (max_connections)",
        ),
        1226 => (
            Kind::Refused,
            "the account may not do so much (max_user_connections, or another limit of the account)",
        ),
        NO_TABLE => (
            Kind::Configuration,
            "the table is missing: run `rsso schema mysql --apply`, or see docs/mysql.md",
        ),
        1142 => (
            Kind::NotAllowed,
            "the user may not do this: grant it, or create the tables with `rsso schema mysql --apply`",
        ),
        1044 | 1143 | 1227 => (Kind::NotAllowed, ""),
        NO_COLUMN => (
            Kind::Configuration,
            "a column is missing (rsso.mysql_columns; or see docs/upgrading.md)",
        ),
        1264 => (
            Kind::Configuration,
            "a time does not fit its column (rsso.mysql_columns)",
        ),
        1366 => (
            Kind::Configuration,
            "the data column's character set cannot hold the session: it should be a BLOB",
        ),
        1406 => (
            Kind::TooLarge,
            "the session or its id does not fit the column",
        ),
        LOCK_WAIT | 3572 => (
            Kind::TimedOut,
            "another transaction, or LOCK TABLES, kept it locked for all of rsso.read_timeout",
        ),
        // The server's own limits for a statement.
        DEADLOCK | 1969 | 3024 => (Kind::TimedOut, ""),
        1290 | 1836 | 1792 => (
            Kind::ReadOnly,
            "the server is read-only: name the primary in rsso.dsn",
        ),
        1665 => (
            Kind::Configuration,
            "binlog_format=STATEMENT cannot log what logins need: set it to MIXED or ROW",
        ),
        1114 | 1021 => (Kind::Full, "the server's disk is full"),
        // A crashed table, a damaged index, a damaged tablespace.
        1034 | 1194 | 1195 | 1712 | 1877 => (Kind::Damaged, ""),
        code if is_disconnect_notice(code) => (Kind::Unreachable, ""),
        _ => return Advice::unknown(),
    };
    Advice::new(kind, text)
}

fn too_large(packet_use: Option<PacketUse>) -> Advice {
    match packet_use {
        Some(PacketUse {
            sent_bytes,
            max_packet,
        }) if sent_bytes > LARGE_PACKET.min(max_packet / 2) => {
            let text = format!(
                "the session is larger than the server's max_allowed_packet ({sent_bytes} bytes with what belongs to it, \
                 of {max_packet})"
            );
            Advice::new(Kind::TooLarge, text)
        }
        // It was to be read.
        Some(PacketUse { max_packet, .. }) => {
            let text = format!(
                "the session is larger than the server's max_allowed_packet ({max_packet} bytes)"
            );
            Advice::new(Kind::TooLarge, text)
        }
        None => Advice::new(Kind::Configuration, IS_IT_MYSQL),
    }
}

fn of_io(error: &io::Error, packet_use: Option<PacketUse>) -> Advice {
    let kind = match is_timeout(error) {
        true => Kind::TimedOut,
        false => Kind::Unreachable,
    };
    match packet_use {
        Some(PacketUse {
            sent_bytes,
            max_packet,
        }) if sent_bytes > LARGE_PACKET => {
            // Only a perhaps: the kind says what is certain.
            let text = format!(
                "the connection broke off while {sent_bytes} bytes were on their way: perhaps more than \
                 max_allowed_packet of the server ({max_packet}) or of a proxy before it, or more than \
                 rsso.read_timeout has time for"
            );
            Advice::new(kind, text)
        }
        _ if kind == Kind::TimedOut => Advice::new(
            kind,
            "no answer in time (rsso.connect_timeout, rsso.read_timeout)",
        ),
        _ => Advice::new(kind, ""),
    }
}

/// Whether the server means `max_allowed_packet`; that error has no number of its own.
fn is_parameter_too_large(error: &DbError) -> bool {
    matches!(error, DbError::MySqlError(error) if error.message.contains("max_allowed_packet"))
}

#[cfg(test)]
mod tests {
    use mysql::MySqlError;

    use super::*;
    use rsso_core::dsn::Dsn;

    fn dsn() -> MysqlDsn {
        match Dsn::parse("rsso.dsn", "mysql://ada@127.0.0.1/shop").unwrap() {
            Dsn::Mysql(dsn) => dsn,
            other => panic!("{other}"),
        }
    }

    fn server(code: u16) -> DbError {
        DbError::MySqlError(MySqlError {
            state: "HY000".to_owned(),
            message: "said the server".to_owned(),
            code,
        })
    }

    #[test]
    fn each_failure_to_connect_has_its_kind() {
        let io = |kind: ErrorKind| DbError::IoError(kind.into());
        for (error, kind) in [
            (server(1045), Kind::Refused),
            (server(1040), Kind::Refused),
            (server(1862), Kind::Refused),
            (server(4151), Kind::Refused),
            (server(1049), Kind::Configuration),
            (server(3159), Kind::Configuration),
            (io(ErrorKind::WouldBlock), Kind::TimedOut),
            (io(ErrorKind::BrokenPipe), Kind::Unreachable),
            (
                DbError::DriverError(DriverError::ConnectTimeout),
                Kind::TimedOut,
            ),
            (
                DbError::DriverError(DriverError::CouldNotConnect(None)),
                Kind::Unreachable,
            ),
            (
                DbError::DriverError(DriverError::TlsNotSupported),
                Kind::Configuration,
            ),
            (
                DbError::DriverError(DriverError::SetupError),
                Kind::Configuration,
            ),
            (
                DbError::CodecError(PacketCodecError::PacketTooLarge),
                Kind::Configuration,
            ),
        ] {
            let advice = of_connecting(&dsn(), &error);
            assert_eq!(advice.kind, Some(kind), "{error:?}");
        }
    }

    #[test]
    fn each_failed_statement_has_its_kind() {
        let packet_use = Some(PacketUse {
            sent_bytes: 100,
            max_packet: 1_048_576,
        });
        for (code, kind) in [
            (NO_TABLE, Kind::Configuration),
            (NO_COLUMN, Kind::Configuration),
            (1665, Kind::Configuration),
            (1142, Kind::NotAllowed),
            (1153, Kind::TooLarge),
            (1406, Kind::TooLarge),
            (LOCK_WAIT, Kind::TimedOut),
            (1290, Kind::ReadOnly),
            (1836, Kind::ReadOnly),
            (1114, Kind::Full),
            (1194, Kind::Damaged),
            (1053, Kind::Unreachable),
        ] {
            let advice = of_statement(&server(code), packet_use);
            assert_eq!(advice.kind, Some(kind), "{code}");
        }
        assert_eq!(of_statement(&server(1064), packet_use), Advice::unknown());
    }

    #[test]
    fn a_connection_that_breaks_under_a_large_session_is_no_proof_of_its_size() {
        let packet_use = Some(PacketUse {
            sent_bytes: 5_000_000,
            max_packet: 1_048_576,
        });
        for (error, kind) in [
            (ErrorKind::BrokenPipe, Kind::Unreachable),
            (ErrorKind::WouldBlock, Kind::TimedOut),
        ] {
            let advice = of_statement(&DbError::IoError(error.into()), packet_use);
            assert_eq!(advice.kind, Some(kind));
            assert!(advice.text.contains("max_allowed_packet"));
        }
    }
}
