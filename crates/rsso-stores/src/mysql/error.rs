//! What a server's errors mean to whoever runs the site.

use std::io::{self, ErrorKind};

use mysql::{DriverError, Error as Driver, MySqlError};
use mysql_common::proto::codec::error::PacketCodecError;

use super::said::Said;
use rsso_core::dsn::MysqlDsn;
use rsso_core::error::Error;

/// "No such table".
pub(super) const NO_TABLE: u16 = 1146;
/// "Deadlock found": the statement was rolled back.
pub(super) const DEADLOCK: u16 = 1213;
/// "Lock wait timeout exceeded".
pub(super) const LOCK_WAIT: u16 = 1205;
/// "Can't create more than `max_prepared_stmt_count` statements".
pub(super) const NO_STATEMENT_LEFT: u16 = 1461;
/// "Unknown thread id".
pub(super) const NO_SUCH_THREAD: u16 = 1094;

/// Above this a session may be what a proxy or a server hangs up on.
const LARGE: usize = 512 * 1024;

/// The server's number for the error, if it is the server's.
pub(super) fn code(error: &Driver) -> Option<u16> {
    match error {
        Driver::MySqlError(error) => Some(error.code),
        _ => None,
    }
}

/// The error of an act that another one got ahead of, and that begins again: as a deadlock does.
pub(super) fn overtaken() -> Driver {
    Driver::MySqlError(MySqlError {
        state: "40001".to_owned(),
        code: DEADLOCK,
        message: "another transaction has made the same session meanwhile".to_owned(),
    })
}

/// True where the connection is gone: closed while it lay idle, killed, or the server stopped.
pub(super) fn is_broken(error: &Driver) -> bool {
    match error {
        Driver::MySqlError(error) => is_farewell(error.code),
        Driver::DriverError(_) => true,
        other => io_error(other).is_some_and(|error| !is_timeout(error)),
    }
}

/// True where the server has said what became of the statement, or was never sent it.
pub(super) fn is_answer(error: &Driver) -> bool {
    match error {
        // 1317 interrupted: it may have been interrupted when it was done.
        Driver::MySqlError(error) => !is_farewell(error.code) && error.code != 1317,
        Driver::CodecError(PacketCodecError::PacketTooLarge)
        | Driver::DriverError(DriverError::PacketTooLarge) => true,
        _ => false,
    }
}

/// True where too many connections are open: of the server, of the account.
pub(super) fn is_full(error: &Driver) -> bool {
    matches!(code(error), Some(1040 | 1203 | 1226))
}

/// A signal came while the connection was being made: on a unix socket whose queue is full.
pub(super) fn is_interrupted(error: &Driver) -> bool {
    matches!(
        error,
        Driver::DriverError(DriverError::CouldNotConnect(Some((
            _,
            _,
            ErrorKind::Interrupted
        ))))
    )
}

/// 1053 shutdown, 1927 killed (MariaDB), 3169 killed, 4031 idle too long (MySQL 8).
fn is_farewell(code: u16) -> bool {
    matches!(code, 1053 | 1927 | 3169 | 4031)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// The I/O error in an error of the driver, which wraps it in two ways.
fn io_error(error: &Driver) -> Option<&io::Error> {
    match error {
        Driver::IoError(error) | Driver::CodecError(PacketCodecError::Io(error)) => Some(error),
        _ => None,
    }
}

/// How much a statement carried, and how much it might.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    pub(super) sent: usize,
    pub(super) limit: usize,
}

/// An error for the user: what to look at, never the password.
#[derive(Debug)]
pub(super) struct Complaint {
    advice: String,
    said: Said,
}

impl Complaint {
    /// As [`Self::about`], where nothing was tried but to connect.
    pub(super) fn alone(self, address: &str) -> Error {
        Error::store(address, self.advice, self.said)
    }

    pub(super) fn about(self, address: &str, doing: &str) -> Error {
        let problem = match self.advice.as_str() {
            "" => doing.to_owned(),
            advice => format!("{doing}: {advice}"),
        };
        Error::store(address, problem, self.said)
    }
}

/// A connection that could not be made.
pub(super) fn of_connecting(dsn: &MysqlDsn, error: &Driver) -> Complaint {
    let advice = match code(error) {
        Some(1044 | 1045 | 1698) => denied(dsn).to_owned(),
        Some(3159) => {
            "the server wants TLS: add ?tls=1 or ?ca=/path/to/ca.pem to rsso.dsn".to_owned()
        }
        Some(1049) => "there is no such database (rsso.dsn)".to_owned(),
        Some(1115) => "the server has no such character set (charset in rsso.dsn)".to_owned(),
        Some(1193) => "the server is older than MySQL 8 and MariaDB 10.6".to_owned(),
        Some(1820 | 1862) => "the account's password has expired: ALTER USER … PASSWORD EXPIRE NEVER".to_owned(),
        Some(3118 | 4151) => "the account is locked: ALTER USER … ACCOUNT UNLOCK".to_owned(),
        Some(_) => String::new(),
        None => match error {
            Driver::TlsError(_) => "TLS failed: the server's certificate must be valid for the host in rsso.dsn (ca, cert, key)".to_owned(),
            Driver::DriverError(error) => of_handshake(error).to_owned(),
            _ => String::new(),
        },
    };
    let advice = match (advice.is_empty(), io_error(error)) {
        (true, Some(io)) if is_timeout(io) => {
            "no answer in time (rsso.connect_timeout, rsso.read_timeout): the server hangs, or what listens \
             there is no MySQL server and waits for the client to speak first, as Redis, a web server and a \
             TLS port do"
                .to_owned()
        }
        (true, _) => advice_for(error, None),
        (false, _) => advice,
    };
    Complaint {
        advice: match advice.as_str() {
            "" => "cannot connect".to_owned(),
            advice => format!("cannot connect: {advice}"),
        },
        said: Said::from(error),
    }
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

fn of_handshake(error: &DriverError) -> &'static str {
    match error {
        DriverError::TlsNotSupported => {
            "the server has no TLS: remove tls, ca, cert and key from rsso.dsn, or give the server a certificate"
        }
        DriverError::UnknownAuthPlugin(_)
        | DriverError::CleartextPluginDisabled
        | DriverError::OldMysqlPasswordDisabled => {
            "rsso cannot sign in that way: give the account caching_sha2_password, ed25519, parsec or \
             mysql_native_password"
        }
        DriverError::ConnectTimeout => "no answer in time (rsso.connect_timeout)",
        DriverError::CouldNotConnect(Some((_, _, ErrorKind::NotFound))) => {
            "there is no such socket, or no host of this name (rsso.dsn)"
        }
        DriverError::CouldNotConnect(_) => {
            "nothing listens at this address, or nobody may reach it (rsso.dsn)"
        }
        _ => "is this the port of a MySQL server? (rsso.dsn)",
    }
}

/// A statement that failed.
pub(super) fn of_statement(error: &Driver, load: Load) -> Complaint {
    Complaint {
        advice: advice_for(error, Some(load)),
        said: Said::from(error),
    }
}

fn advice_for(error: &Driver, load: Option<Load>) -> String {
    let too_large = |load: Option<Load>| match load {
        Some(Load { sent, limit }) if sent > LARGE.min(limit / 2) => format!(
            "the session is larger than the server's max_allowed_packet ({sent} bytes with what belongs to it, \
             of {limit})"
        ),
        // It was to be read.
        Some(Load { limit, .. }) => {
            format!("the session is larger than the server's max_allowed_packet ({limit} bytes)")
        }
        None => "is this the port of a MySQL server? (rsso.dsn)".to_owned(),
    };
    let advice = match code(error) {
        Some(1040 | 1203) => "the server has no connection left (max_connections)",
        Some(1226) => {
            "the account may not do so much (max_user_connections, or another limit of the account)"
        }
        Some(NO_TABLE) => {
            "the table is missing: run `rsso schema mysql --apply`, or see docs/mysql.md"
        }
        Some(1142) => {
            "the user may not do this: grant it, or create the tables with `rsso schema mysql --apply`"
        }
        Some(1054) => "a column is missing (rsso.mysql_columns)",
        Some(1153 | 2020) => return too_large(load),
        Some(1105) if is_packet_of(error) => return too_large(load),
        Some(1264) => "a time does not fit its column (rsso.mysql_columns)",
        Some(1406) => "the session or its id does not fit the column",
        Some(1366) => {
            "the data column's character set cannot hold the session: it should be a BLOB"
        }
        Some(LOCK_WAIT | 3572) => {
            "another transaction, or LOCK TABLES, kept it locked for all of rsso.read_timeout"
        }
        Some(1290 | 1836 | 1792) => "the server is read-only: name the primary in rsso.dsn",
        Some(1665) => "binlog_format=STATEMENT cannot log what logins need: set it to MIXED or ROW",
        Some(1114 | 1021) => "the server's disk is full",
        Some(_) => "",
        None => match (error, io_error(error)) {
            (Driver::CodecError(PacketCodecError::PacketTooLarge), _)
            | (Driver::DriverError(DriverError::PacketTooLarge), _) => return too_large(load),
            (_, Some(io)) => match load {
                Some(Load { sent, limit }) if sent > LARGE => {
                    return format!(
                        "the connection broke off while {sent} bytes were on their way: perhaps more than \
                         max_allowed_packet of the server ({limit}) or of a proxy before it, or more than \
                         rsso.read_timeout has time for"
                    );
                }
                _ if is_timeout(io) => {
                    "no answer in time (rsso.connect_timeout, rsso.read_timeout)"
                }
                _ => "",
            },
            _ => "",
        },
    };
    advice.to_owned()
}

/// "Parameter of prepared statement … is longer than 'max_allowed_packet' bytes" has no number of its own.
fn is_packet_of(error: &Driver) -> bool {
    matches!(error, Driver::MySqlError(error) if error.message.contains("max_allowed_packet"))
}
