//! Where the gateway listens: a TCP address or a unix socket.

use std::convert::Infallible;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use ipnet::IpNet;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream, UnixListener};

use super::client_address;
use super::connection::{self, Connection};
use super::connection_limits::{ConnectionLimits, Permit};
use super::flood_limit::FloodLimited;
use super::setting_warnings::SettingWarnings;

/// How long what was sent may stay unacknowledged: then the other end is gone.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(60);

/// When accepting fails, it is for want of file descriptors or memory: both come back.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// An address to listen at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// An address and a port.
    Tcp(SocketAddr),
    /// A unix socket; its mode is of the socket.
    Unix(PathBuf, u32),
}

impl ListenAddress {
    /// Reads `127.0.0.1:8600`, `[::1]:8600`, `unix:/path`, `unix:/path?mode=0660`.
    ///
    /// # Errors
    /// What is accepted.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const PROBLEM: &str = "must be an address and a port (127.0.0.1:8600, [::1]:8600) or unix:/path/to.sock[?mode=0660]";
        let Some(rest) = text.strip_prefix("unix:") else {
            return text.parse().map(Self::Tcp).map_err(|_| PROBLEM);
        };
        let (path, mode) = rest.split_once("?mode=").unwrap_or((rest, "0660"));
        match u32::from_str_radix(mode, 8) {
            Ok(mode) if mode <= 0o777 && path.starts_with('/') => Ok(Self::Unix(path.into(), mode)),
            _ => Err(PROBLEM),
        }
    }
}

impl std::fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "http://{address}"),
            Self::Unix(path, _) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A listening socket.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

/// Who is let in, and what serves them.
#[derive(Clone)]
pub(crate) struct Acceptor {
    pub(crate) limits: Arc<ConnectionLimits>,
    pub(crate) trusted_proxies: Arc<[IpNet]>,
    pub(crate) router: Router,
    pub(crate) warnings: Arc<SettingWarnings>,
}

impl Listener {
    pub(crate) async fn bind(address: &ListenAddress) -> io::Result<Self> {
        match address {
            ListenAddress::Tcp(address) => TcpListener::bind(address).await.map(Self::Tcp),
            ListenAddress::Unix(path, mode) => {
                remove_stale(path)?;
                let listener = UnixListener::bind(path)?;
                fs::set_permissions(path, fs::Permissions::from_mode(*mode))?;
                Ok(Self::Unix(listener, path.clone()))
            }
        }
    }

    /// The address, with the port that the system chose where none was given.
    pub(crate) fn address(&self) -> io::Result<ListenAddress> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(ListenAddress::Tcp),
            Self::Unix(_, path) => Ok(ListenAddress::Unix(path.clone(), 0)),
        }
    }

    /// Lets connections in for as long as it is polled.
    pub(crate) async fn run(&self, acceptor: &Acceptor) -> Infallible {
        loop {
            let accepted = match self {
                Self::Tcp(listener) => listener.accept().await.map(|(stream, peer)| {
                    acceptor.tcp(stream, peer);
                }),
                Self::Unix(listener, _) => listener.accept().await.map(|(stream, _)| {
                    if let Some(permit) = acceptor.admit() {
                        let connection = Connection::new(None, permit, None);
                        let router = acceptor.router.clone();
                        tokio::spawn(connection::serve(
                            FloodLimited::new(stream),
                            connection,
                            router,
                        ));
                    }
                }),
            };
            if let Err(error) = accepted {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
            }
        }
    }
}

impl Acceptor {
    fn admit(&self) -> Option<Permit> {
        let permit = self.limits.admit();
        if permit.is_none() {
            let problem =
                "there are as many connections as there may be: more are closed without an answer";
            self.warnings.warn("max_connections", problem);
        }
        permit
    }

    fn tcp(&self, stream: TcpStream, peer: SocketAddr) {
        // Beyond the limits there is not even an answer: that would be work, too.
        let Some(permit) = self.admit() else {
            return;
        };
        let address = peer.ip().to_canonical();
        let of_address = match client_address::is_trusted_proxy(address, &self.trusted_proxies) {
            true => None,
            false => match self
                .limits
                .admit_from(client_address::limited_network(address))
            {
                None => {
                    let problem = "an address has as many connections as one may have. If it is a proxy's, it must \
                                   be in trusted_proxies and send X-Forwarded-For";
                    self.warnings.warn("max_connections_per_address", problem);
                    return;
                }
                permit => permit,
            },
        };
        if let Err(error) = prepare(&stream) {
            tracing::debug!(%error, "a connection broke");
            return;
        }
        let connection = Connection::new(Some(address), permit, of_address);
        let router = self.router.clone();
        tokio::spawn(connection::serve(
            FloodLimited::new(stream),
            connection,
            router,
        ));
    }
}

/// Small frames leave at once; a peer that vanished is found out.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_user_timeout(Some(TCP_USER_TIMEOUT))?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(TCP_USER_TIMEOUT))
}

/// A socket that a killed gateway left behind; one that somebody listens at stays.
fn remove_stale(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(meta) if !meta.file_type().is_socket() => Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "there is a file that is no socket",
        )),
        Ok(_) => match std::os::unix::net::UnixStream::connect(path) {
            Ok(_) => Err(io::Error::new(
                io::ErrorKind::AddrInUse,
                "another process listens there",
            )),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
            Err(error) => Err(error),
        },
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, path) = self {
            // The next one would find it stale, and remove it as well.
            let _ = fs::remove_file(path);
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
