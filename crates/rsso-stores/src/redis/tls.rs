//! TLS: which authorities are trusted, and the client's certificate.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::target::Target;
use rsso_core::dsn::TlsFiles;
use rsso_core::error::{Error, Result, StoreErrorKind};

/// An error before the server is called is one of the settings.
const UNUSABLE: StoreErrorKind = StoreErrorKind::Configuration;

impl Target {
    /// A TLS connection to `host`, before its handshake.
    pub(super) fn tls(&self, host: &str, files: &TlsFiles) -> Result<ClientConnection> {
        let config = self.tls_config(files)?;
        let name = ServerName::try_from(host.to_owned()).map_err(|error| {
            Error::store(
                UNUSABLE,
                &self.address,
                "cannot use this host's name",
                error,
            )
        })?;
        ClientConnection::new(Arc::new(config), name)
            .map_err(|error| Error::store(UNUSABLE, &self.address, "cannot begin TLS", error))
    }

    fn tls_config(&self, files: &TlsFiles) -> Result<ClientConfig> {
        let unusable = |error: rustls::Error| {
            Error::store(UNUSABLE, &self.address, "cannot use the TLS files", error)
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_root_certificates(self.authorities(files)?);
        match (&files.cert, &files.key) {
            (Some(cert), Some(key)) => {
                let bytes = self.read_file("key", key)?;
                let private = PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| {
                    self.unusable_file("key", key, &format!("no private key in PEM: {error}"))
                })?;
                config
                    .with_client_auth_cert(self.certificates("cert", cert)?, private)
                    .map_err(unusable)
            }
            _ => Ok(config.with_no_client_auth()),
        }
    }

    fn authorities(&self, files: &TlsFiles) -> Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        match &files.ca {
            Some(ca) => {
                for authority in self.certificates("ca", ca)? {
                    roots
                        .add(authority)
                        .map_err(|error| self.unusable_file("ca", ca, &error.to_string()))?;
                }
            }
            None => {
                // Unreadable ones are left out. Without any, no server is trusted.
                let found = rustls_native_certs::load_native_certs();
                roots.add_parsable_certificates(found.certs);
            }
        }
        Ok(roots)
    }

    fn certificates(&self, name: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>> {
        let bytes = self.read_file(name, path)?;
        let chain = CertificateDer::pem_slice_iter(&bytes)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| self.unusable_file(name, path, &error.to_string()))?;
        if chain.is_empty() {
            return Err(self.unusable_file(name, path, "no certificate in PEM"));
        }
        Ok(chain)
    }

    fn read_file(&self, name: &str, path: &Path) -> Result<Vec<u8>> {
        fs::read(path).map_err(|error| {
            Error::store(
                UNUSABLE,
                &self.address,
                format!("cannot read ?{name}={}", path.display()),
                error,
            )
        })
    }

    fn unusable_file(&self, name: &str, path: &Path, problem: &str) -> Error {
        Error::store_plain(
            UNUSABLE,
            &self.address,
            format!("cannot use ?{name}={}: {problem}", path.display()),
        )
    }
}
