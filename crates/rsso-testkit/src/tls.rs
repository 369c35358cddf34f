//! Certificates for one test: an authority, a server certificate for loopback, and a client certificate.
//!
//! What always holds: they are created for each test, so that no key is ever in the repository.

use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
};

use crate::WorkDir;

/// The paths of the certificates' and keys' PEM files.
#[derive(Debug, Clone)]
pub struct Certificates {
    pub ca: PathBuf,
    pub cert: PathBuf,
    pub key: PathBuf,
    pub client_cert: PathBuf,
    pub client_key: PathBuf,
}

impl Certificates {
    /// Creates the certificates in `dir`.
    pub fn generate(dir: &WorkDir) -> Self {
        let mut authority = CertificateParams::new(Vec::new()).expect("no names, nothing to parse");
        authority.distinguished_name = named("rsso test authority");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(authority, key()).expect("sign with an own key");
        let server_key = key();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut server = CertificateParams::new(names).expect("two valid names");
        server.distinguished_name = named("localhost");
        let server = server
            .signed_by(&server_key, &authority)
            .expect("sign with an own key");
        let client_key = key();
        let mut client = CertificateParams::new(Vec::new()).expect("no names, nothing to parse");
        client.distinguished_name = named("rsso test client");
        let client = client
            .signed_by(&client_key, &authority)
            .expect("sign with an own key");
        Self {
            ca: dir.write("tls/ca.pem", &authority.pem()),
            cert: dir.write("tls/server.pem", &server.pem()),
            key: dir.write("tls/server.key", &server_key.serialize_pem()),
            client_cert: dir.write("tls/client.pem", &client.pem()),
            client_key: dir.write("tls/client.key", &client_key.serialize_pem()),
        }
    }
}

/// The distinguished name of a certificate.
///
/// Authority and server need different names; otherwise OpenSSL takes the server's certificate for self-signed.
fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn key() -> KeyPair {
    KeyPair::generate().expect("the system gives random bytes")
}
