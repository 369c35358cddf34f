//! What it takes to connect to the server.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rsso_core::Secret;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;

/// What it takes to connect.
#[derive(Debug, Clone)]
pub(super) struct ConnectionSettings {
    pub(super) server: String,
    pub(super) tls: Option<Tls>,
    pub(super) component: String,
    pub(super) secret: Secret,
    /// The setting that the secret came from.
    pub(super) secret_setting: &'static str,
    /// Of the accounts: it is the server itself that is pinged.
    pub(super) domain: String,
    /// How long clients get to come back after a break: they were cut off as we were, and a kick to
    /// an address that is not there yet is lost.
    pub(super) grace: Duration,
    pub(super) timeout: Duration,
}

/// Whom to believe to be the server.
#[derive(Debug, Clone)]
pub(super) struct Tls {
    pub(super) config: Arc<ClientConfig>,
    pub(super) name: ServerName<'static>,
}

impl Tls {
    /// Of the system's authorities, or only those of a file; `server` is `host:port`.
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
