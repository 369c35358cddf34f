//! Where the gateway listens: a TCP address or a unix socket.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What [`ListenAddress::parse`] accepts.
const EXPECTED: &str =
    "must be an address and a port (127.0.0.1:8600, [::1]:8600) or unix:/path/to.sock[?mode=0660]";

/// An address to listen at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// An address and a port.
    Tcp(SocketAddr),
    /// The path of a unix socket, and its mode.
    Unix(PathBuf, u32),
}

impl ListenAddress {
    /// Reads `127.0.0.1:8600`, `[::1]:8600`, `unix:/path`, `unix:/path?mode=0660`.
    ///
    /// # Errors
    /// What is accepted.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let Some(rest) = text.strip_prefix("unix:") else {
            return text.parse().map(Self::Tcp).map_err(|_| EXPECTED);
        };
        let (path, mode) = rest.split_once("?mode=").unwrap_or((rest, "0660"));
        match u32::from_str_radix(mode, 8) {
            Ok(mode) if mode <= 0o777 && path.starts_with('/') => Ok(Self::Unix(path.into(), mode)),
            _ => Err(EXPECTED),
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "http://{address}"),
            Self::Unix(path, _) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_tcp_or_a_unix_socket() {
        let tcp = ListenAddress::parse("127.0.0.1:8600").unwrap();
        assert_eq!(tcp.to_string(), "http://127.0.0.1:8600");
        let unix = ListenAddress::parse("unix:/run/rsso/s.sock?mode=0600");
        assert_eq!(
            unix,
            Ok(ListenAddress::Unix("/run/rsso/s.sock".into(), 0o600))
        );
        for wrong in [
            "",
            "8600",
            "localhost",
            "unix:s.sock",
            "unix:/s?mode=9",
            "unix:/s?mode=7777",
        ] {
            assert!(ListenAddress::parse(wrong).is_err(), "{wrong}");
        }
    }
}
