//! The driver's errors in words for users: without the names of the driver's types.

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, ErrorKind};

use mysql::{DriverError, Error as DbError};
use mysql_common::proto::codec::error::PacketCodecError;

/// What the server, the network or the driver said.
#[derive(Debug)]
pub(super) struct DriverMessage(String);

impl fmt::Display for DriverMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for DriverMessage {}

impl From<&DbError> for DriverMessage {
    fn from(error: &DbError) -> Self {
        Self(match error {
            DbError::MySqlError(error) => format!("{} (error {})", error.message, error.code),
            DbError::IoError(error) => of_io(error),
            DbError::CodecError(error) => of_packet(error),
            DbError::DriverError(error) => of_driver(error),
            DbError::TlsError(error) => format!("TLS: {error}"),
            DbError::UrlError(error) => error.to_string(),
            DbError::FromValueError(_) | DbError::FromRowError(_) => {
                "a column holds another type than rsso has stored".to_owned()
            }
        })
    }
}

fn of_io(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => "the time for an answer was over".to_owned(),
        ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => {
            "the server closed the connection".to_owned()
        }
        _ => error.to_string(),
    }
}

const NOT_MYSQL: &str = "what answered does not speak MySQL's protocol";

fn of_packet(error: &PacketCodecError) -> String {
    match error {
        PacketCodecError::Io(error) => of_io(error),
        PacketCodecError::PacketTooLarge => {
            "a packet would have been larger than max_allowed_packet".to_owned()
        }
        PacketCodecError::PacketsOutOfSync | PacketCodecError::BadCompressedPacketHeader => {
            NOT_MYSQL.to_owned()
        }
    }
}

fn of_driver(error: &DriverError) -> String {
    match error {
        DriverError::ConnectTimeout | DriverError::Timeout => {
            "the time for an answer was over".to_owned()
        }
        // The driver's own text repeats the address.
        DriverError::CouldNotConnect(Some((_, what, _))) => what.clone(),
        DriverError::PacketTooLarge => of_packet(&PacketCodecError::PacketTooLarge),
        DriverError::PacketOutOfSync
        | DriverError::UnexpectedPacket
        | DriverError::UnsupportedProtocol(_)
        | DriverError::Protocol41NotSet
        | DriverError::SetupError
        | DriverError::CouldNotParseVersion => NOT_MYSQL.to_owned(),
        DriverError::TlsNotSupported => "the server offers no TLS".to_owned(),
        DriverError::UnknownAuthPlugin(name) => {
            format!("the account signs in with the plugin '{name}'")
        }
        DriverError::CleartextPluginDisabled => {
            "the account wants its password in clear text".to_owned()
        }
        DriverError::OldMysqlPasswordDisabled => {
            "the account signs in with 'mysql_old_password'".to_owned()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use mysql::MySqlError;

    use super::*;

    /// One of each kind that the driver has for a user of the store.
    fn errors() -> Vec<DbError> {
        let io = |kind| io::Error::from(kind);
        let mut errors: Vec<DbError> = vec![
            DbError::MySqlError(MySqlError {
                state: "28000".to_owned(),
                message: "Access denied for user 'a'@'b'".to_owned(),
                code: 1045,
            }),
            DbError::IoError(io(ErrorKind::WouldBlock)),
            DbError::IoError(io(ErrorKind::BrokenPipe)),
            DbError::CodecError(PacketCodecError::Io(io(ErrorKind::ConnectionReset))),
            DbError::CodecError(PacketCodecError::PacketTooLarge),
            DbError::CodecError(PacketCodecError::PacketsOutOfSync),
            DbError::FromValueError(mysql::Value::NULL),
        ];
        let refused = Some((
            "127.0.0.1:1".to_owned(),
            "Connection refused (os error 111)".to_owned(),
            ErrorKind::ConnectionRefused,
        ));
        errors.extend(
            [
                DriverError::ConnectTimeout,
                DriverError::CouldNotConnect(refused),
                DriverError::CouldNotConnect(None),
                DriverError::UnsupportedProtocol(9),
                DriverError::PacketTooLarge,
                DriverError::SetupError,
                DriverError::TlsNotSupported,
                DriverError::UnknownAuthPlugin("dialog".to_owned()),
                DriverError::OldMysqlPasswordDisabled,
                DriverError::CleartextPluginDisabled,
                DriverError::InvalidParsecSalt,
            ]
            .map(DbError::DriverError),
        );
        errors
    }

    #[test]
    fn no_wrapper_of_the_driver_is_in_any_text() {
        for error in errors() {
            let said = DriverMessage::from(&error).to_string();
            assert!(
                !said.is_empty() && !said.contains(['{', '}', '`']),
                "{said}"
            );
            for wrapper in ["Error", "ERROR", "Plugin"] {
                assert!(!said.contains(wrapper), "{said}");
            }
        }
    }

    #[test]
    fn the_servers_own_words_are_kept() {
        assert_eq!(
            DriverMessage::from(&errors()[0]).to_string(),
            "Access denied for user 'a'@'b' (error 1045)"
        );
    }
}
