//! The settings of the connection to the server.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rsso_core::Secret;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;

/// The settings of the connection to the server.
#[derive(Debug, Clone)]
pub(super) struct ConnectionSettings {
    pub(super) server: String,
    pub(super) tls: Option<Tls>,
    pub(super) component: String,
    pub(super) secret: Secret,
    /// The key that the secret came from.
    pub(super) secret_setting: &'static str,
    /// The domain of the accounts, which is the server that is pinged.
    pub(super) domain: String,
    /// How long clients get to reconnect after the server was down.
    ///
    /// They were cut off as well, and a kick to a client that is not connected yet is lost.
    pub(super) grace: Duration,
    pub(super) timeout: Duration,
}

/// How the server's certificate is verified.
#[derive(Debug, Clone)]
pub(super) struct Tls {
    pub(super) config: Arc<ClientConfig>,
    pub(super) name: ServerName<'static>,
}

impl Tls {
    /// Trusts the system's authorities, or only those in a file. `server` is `host:port`.
    pub(super) fn new(server: &str, ca_file: Option<&Path>) -> Result<Self, String> {
        let host = server.rsplit_once(':').map_or(server, |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned());
        Ok(Self {
            config: Arc::new(crate::http::tls_config(ca_file)?),
            name: name.map_err(|_| format!("{host} is no name that a certificate can have"))?,
        })
    }
}
