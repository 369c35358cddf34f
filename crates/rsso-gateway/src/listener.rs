//! Accepts connections, within their limits.

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
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::client_address;
use super::connection;
use super::connection_limits::{ConnectionLimits, Permit, Permits};
use super::flood_limit::FloodLimited;
use super::listen_address::ListenAddress;
use super::setting_warnings::{SettingProblem, SettingWarnings};

/// How long sent data may stay unacknowledged before the peer counts as gone.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(60);

/// The delay after accepting failed, for lack of file descriptors or memory.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// A listening socket.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

/// Decides about new connections, and starts to serve them.
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

    /// The address, with the port that the system chose for port 0.
    pub(crate) fn address(&self) -> io::Result<ListenAddress> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(ListenAddress::Tcp),
            Self::Unix(_, path) => Ok(ListenAddress::Unix(path.clone(), 0)),
        }
    }

    /// Accepts connections for as long as it is polled.
    pub(crate) async fn run(&self, acceptor: &Acceptor) -> Infallible {
        loop {
            let accepted = match self {
                Self::Tcp(listener) => listener
                    .accept()
                    .await
                    .map(|(stream, peer)| acceptor.accept_tcp(stream, peer)),
                Self::Unix(listener, _) => listener
                    .accept()
                    .await
                    .map(|(stream, _)| acceptor.accept_unix(stream)),
            };
            if let Err(error) = accepted {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
            }
        }
    }
}

impl Acceptor {
    fn accept_unix(&self, stream: UnixStream) {
        if let Some(total) = self.admit() {
            let permits = Permits::new(total, None);
            let (socket, router) = (FloodLimited::new(stream), self.router.clone());
            tokio::spawn(connection::serve(socket, None, permits, router));
        }
    }

    fn accept_tcp(&self, stream: TcpStream, peer: SocketAddr) {
        // Beyond the limits there is no answer, because that would be work, too.
        let Some(total) = self.admit() else {
            return;
        };
        let address = peer.ip().to_canonical();
        let permit = match client_address::is_trusted_proxy(address, &self.trusted_proxies) {
            true => None,
            false => match self.limits.admit_from(client_address::limit_key(address)) {
                None => {
                    self.warnings.warn(&address_full());
                    return;
                }
                permit => permit,
            },
        };
        if let Err(error) = set_options(&stream) {
            tracing::debug!(%error, "a connection broke");
            return;
        }
        let permits = Permits::new(total, permit);
        let (socket, router) = (FloodLimited::new(stream), self.router.clone());
        tokio::spawn(connection::serve(socket, Some(address), permits, router));
    }

    /// Counts a connection, or warns that there is no room.
    fn admit(&self) -> Option<Permit> {
        let permit = self.limits.admit();
        if permit.is_none() {
            self.warnings.warn(&SettingProblem::new(
                "max_connections",
                "there are as many connections as there may be: more are closed without an answer",
            ));
        }
        permit
    }
}

fn address_full() -> SettingProblem {
    SettingProblem::new(
        "max_connections_per_address",
        "an address has as many connections as one may have. If it is a proxy's, it must \
         be in trusted_proxies and send X-Forwarded-For",
    )
}

/// Sends small frames at once, and notices a peer that has vanished.
fn set_options(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_user_timeout(Some(TCP_USER_TIMEOUT))?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(TCP_USER_TIMEOUT))
}

/// Removes the socket of a killed gateway. A socket that a process listens at stays, and is an error.
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
            // If this fails, the next gateway removes it.
            let _ = fs::remove_file(path);
        }
    }
}
