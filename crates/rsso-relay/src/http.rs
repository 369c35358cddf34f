//! Requests to other servers: how long they may take, and what an answer means.
//!
//! What always holds: no redirect is followed, and no proxy of
//! the environment is used. No more than a few KiB of an answer's body are read. An error names no URL.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect};
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;

use super::delivery::Verdict;
use super::resolver::Resolver;
use super::target::Target;

/// The longest wait for a connection. The whole request has a timeout of its own.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How much of an answer's body is read, so that the connection can be used again.
const MAX_BODY: usize = 4096;
const BODY_TIMEOUT: Duration = Duration::from_secs(1);

const USER_AGENT: &str = concat!("rsso/", env!("CARGO_PKG_VERSION"));

/// A new client. Each endpoint has its own, so none waits for another's connections or names.
pub(crate) fn client(
    target: &Target,
    within: Duration,
    ca_file: Option<&Path>,
) -> Result<Client, String> {
    Client::builder()
        .tls_backend_preconfigured(tls_config(ca_file)?)
        .dns_resolver(Resolver::new(target.on_this_machine))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .http1_only()
        .user_agent(USER_AGENT)
        // Otherwise the request's timeout would come first, and hide that there was no connection.
        .connect_timeout(CONNECT_TIMEOUT.min(within / 2))
        .timeout(within)
        .build()
        .map_err(problem)
}

/// TLS that trusts the system's certificate authorities, or only those in a file.
pub(crate) fn tls_config(ca_file: Option<&Path>) -> Result<ClientConfig, String> {
    let found = match ca_file {
        Some(path) => rustls_native_certs::load_certs_from_paths(Some(path), None),
        None => rustls_native_certs::load_native_certs(),
    };
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        return Err(match ca_file {
            Some(path) => format!("ca_file: {}: has no certificate", path.display()),
            None => "this machine has no certificate authorities (ca-certificates)".to_owned(),
        });
    }
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// What came of a request.
#[derive(Debug)]
pub(crate) enum Answer {
    Status {
        status: StatusCode,
        retry_after: Option<Duration>,
    },
    /// There was no connection.
    NotConnected(String),
    /// There was a connection, and no complete answer.
    Failed(String),
}

/// Sends a request, and waits for its answer.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    match request.send().await {
        Ok(response) => {
            let status = response.status();
            let retry_after = retry_after(response.headers(), SystemTime::now());
            drain_body(response).await;
            Answer::Status {
                status,
                retry_after,
            }
        }
        Err(error) if error.is_connect() => Answer::NotConnected(problem(error)),
        Err(error) => Answer::Failed(problem(error)),
    }
}

impl Answer {
    /// What is done with a delivery after this answer.
    pub(crate) fn verdict(self) -> Verdict {
        match self {
            Self::Status {
                status,
                retry_after,
            } => verdict_of(status, retry_after),
            Self::NotConnected(problem) => Verdict::NotConnected(problem),
            Self::Failed(problem) => Verdict::retry(problem),
        }
    }
}

fn verdict_of(status: StatusCode, retry_after: Option<Duration>) -> Verdict {
    let code = status.as_u16();
    if status.is_success() {
        Verdict::Delivered
    } else if status == StatusCode::GONE {
        Verdict::GiveUp("answered 410: it wants no more of this".to_owned())
    } else if status.is_redirection() {
        Verdict::retry(format!("answered {code}, a redirect: none is followed"))
    } else {
        Verdict::Retry {
            retry_after,
            problem: format!("answered {code}"),
        }
    }
}

async fn drain_body(mut response: Response) {
    let read = async {
        let mut left = MAX_BODY;
        while let Ok(Some(chunk)) = response.chunk().await {
            match left.checked_sub(chunk.len()) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    // The status has decided, whatever the body says.
    let _ = timeout(BODY_TIMEOUT, read).await;
}

/// The header `Retry-After`: seconds or a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// What went wrong, on one short line without the URL.
fn problem(error: reqwest::Error) -> String {
    let (not_connected, timed_out) = (error.is_connect(), error.is_timeout());
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let cause = cause.to_string();
    let problem = match (not_connected, timed_out) {
        (true, true) => "no connection in time".to_owned(),
        (true, false) => format!("no connection: {cause}"),
        (false, true) => "no answer in time".to_owned(),
        (false, false) => format!("broken off: {cause}"),
    };
    problem
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_700);
        for (text, expected) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(77)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            let expected = expected.map(Duration::from_secs);
            assert_eq!(retry_after(&headers, now), expected, "{text}");
        }
    }

    #[test]
    fn an_answer_decides_by_its_status() {
        let verdict = |status| {
            let status = StatusCode::from_u16(status).unwrap();
            Answer::Status {
                status,
                retry_after: Some(Duration::from_secs(9)),
            }
            .verdict()
        };
        assert_eq!(verdict(200), Verdict::Delivered);
        assert_eq!(verdict(202), Verdict::Delivered);
        assert!(
            matches!(verdict(302), Verdict::Retry { retry_after: None, problem } if problem.contains("redirect"))
        );
        assert!(matches!(verdict(410), Verdict::GiveUp(_)));
        let asked = Some(Duration::from_secs(9));
        for status in [400, 401, 404, 429, 500, 503] {
            assert!(
                matches!(verdict(status), Verdict::Retry { retry_after, .. } if retry_after == asked)
            );
        }
    }
}
