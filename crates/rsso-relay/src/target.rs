//! Where requests may go: `https`, or `http` to this machine.

use std::fmt;

use url::{Host, Url};

/// A URL that requests may be sent to.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Target {
    url: Url,
    pub(super) on_this_machine: bool,
}

impl Target {
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        const PROBLEM: &str =
            "must be https://host/path, or http:// to this machine (127.0.0.1, [::1], localhost)";
        let url = Url::parse(text).map_err(|_| PROBLEM)?;
        let on_this_machine = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => return Err(PROBLEM),
        };
        match url.scheme() {
            "https" => {}
            "http" if on_this_machine => {}
            _ => return Err(PROBLEM),
        }
        Ok(Self {
            url,
            on_this_machine,
        })
    }

    /// Whether it contains a user or password.
    pub(crate) fn has_credentials(&self) -> bool {
        !self.url.username().is_empty() || self.url.password().is_some()
    }

    pub(crate) fn url(&self) -> Url {
        self.url.clone()
    }
}

/// Without user, password and query, which may be secret.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = &self.url;
        write!(f, "{}://{}", url.scheme(), url.host_str().unwrap_or("-"))?;
        if let Some(port) = url.port() {
            write!(f, ":{port}")?;
        }
        f.write_str(url.path())
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_goes_anywhere_and_http_stays_here() {
        for good in [
            "https://example.org/hook",
            "https://10.0.0.1:8443/",
            "http://127.0.0.1:3000/",
            "http://[::1]:3000/",
            "http://localhost/",
        ] {
            assert!(Target::parse(good).is_ok(), "{good}");
        }
        for wrong in [
            "",
            "example.org",
            "http://example.org/",
            "http://10.0.0.1/",
            "http://localhost.example.org/",
            "http://127.0.0.1.example.org/",
            "http://0.0.0.0/",
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
        ] {
            assert!(Target::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_target_is_shown_without_its_secrets() {
        let target = Target::parse("https://me:hunter2@example.org:8443/hook?token=hunter2#a");
        let target = target.unwrap();
        assert_eq!(target.to_string(), "https://example.org:8443/hook");
        assert_eq!(format!("{target:?}"), "https://example.org:8443/hook");
    }
}
