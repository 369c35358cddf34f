//! What the DSNs of servers have in common: a URL with a host, credentials and files for TLS.

use std::path::{Path, PathBuf};

use url::{Host, Url};

use super::query::{self, Query};
use crate::secret::Secret;

/// PEM files for TLS; what is absent falls back to the system's trust store and no client certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// `?ca=`: trust only these authorities.
    pub ca: Option<PathBuf>,
    /// `?cert=`: the client's certificate chain.
    pub cert: Option<PathBuf>,
    /// `?key=`: its private key.
    pub key: Option<PathBuf>,
}

impl TlsFiles {
    /// Takes `ca`, `cert` and `key`.
    pub(super) fn take(query: &mut Query) -> Result<Self, String> {
        let mut file = |name| query.take(name).map(PathBuf::from);
        let files = Self {
            ca: file("ca"),
            cert: file("cert"),
            key: file("key"),
        };
        if files.cert.is_some() != files.key.is_some() {
            return Err("cert and key go together".to_owned());
        }
        Ok(files)
    }

    /// The files that are named.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        [&self.ca, &self.cert, &self.key]
            .into_iter()
            .filter_map(Option::as_deref)
    }
}

/// Parses a URL; what is wrong is said without its text.
pub(super) fn parse_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| {
        format!(
            "cannot be parsed ({error}); percent-encode '/', '?', '#', '@' and '%' in a password, or use rsso.password"
        )
    })?;
    if url.fragment().is_some() {
        return Err("has a '#': write it as %23, or use rsso.password".to_owned());
    }
    if url.path().contains('@') {
        return Err("has a '/' in its password: write it as %2F, or use rsso.password".to_owned());
    }
    Ok(url)
}

/// User and password, decoded.
pub(super) fn credentials(url: &Url) -> Result<(Option<String>, Secret), String> {
    let user = Some(query::decode(url.username())?).filter(|user| !user.is_empty());
    let password = query::decode(url.password().unwrap_or_default())?;
    Ok((user, Secret::new(password)))
}

/// The credentials as a message may show them, up to the `@`.
pub(super) fn shown(user: Option<&str>, password: &Secret) -> String {
    match (user, password.is_empty()) {
        (None, true) => String::new(),
        (Some(user), true) => format!("{user}@"),
        (user, false) => format!("{}:***@", user.unwrap_or_default()),
    }
}

/// A host as it stands in a URL.
pub(super) fn bracketed(host: &str) -> String {
    if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

/// The host's name or address, IPv6 without its brackets.
pub(super) fn host(url: &Url) -> Result<String, String> {
    let missing = || "needs a host, as in redis://127.0.0.1:6379".to_owned();
    match url.host().ok_or_else(missing)? {
        Host::Domain("") => Err(missing()),
        // A scheme that is not one of the web's keeps IPv4 addresses and names as they are.
        Host::Domain(name) => query::decode(name),
        Host::Ipv4(ip) => Ok(ip.to_string()),
        Host::Ipv6(ip) => Ok(ip.to_string()),
    }
}
