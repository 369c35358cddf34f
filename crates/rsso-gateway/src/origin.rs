//! Which pages may connect. The browser names the page's origin, and no page can forge it.
//!
//! Source: RFC 6454; RFC 6455, section 10.2; <https://www.w3.org/TR/fetch-metadata/>

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::setting_warnings::SettingProblem;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// An origin: scheme, host, and port if it is not the scheme's default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Reads `https://example.org[:port]`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let (scheme, authority) = text.split_once("://")?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-.:[]_".contains(c);
        let right = matches!(scheme, "http" | "https")
            && !authority.is_empty()
            && authority.chars().all(plain);
        right.then(|| {
            Self(format!(
                "{scheme}://{}",
                without_default_port(scheme, authority)
            ))
        })
    }

    /// The origin in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn authority(&self) -> &str {
        self.0.split_once("://").map_or("", |(_, rest)| rest)
    }

    fn scheme(&self) -> &str {
        self.0.split_once("://").map_or("", |(scheme, _)| scheme)
    }
}

fn without_default_port<'a>(scheme: &str, authority: &'a str) -> &'a str {
    let default = if scheme == "https" { ":443" } else { ":80" };
    authority.strip_suffix(default).unwrap_or(authority)
}

/// Where a request comes from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RequestOrigin<'a> {
    /// A page of the request's own host, or no page: only a browser has a cookie without being given it.
    SameHost,
    /// A page of an origin that is listed. The answer has to allow it.
    Listed(&'a HeaderValue),
}

/// Why a page may not connect.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum OriginError {
    /// The request names no origin, or not in the way of a browser.
    Unnamed,
    /// The origin is not listed.
    NotListed(Origin),
    /// The origin's host is not the request's.
    OtherHost(Origin),
    /// Only the port is not the request's, maybe because a proxy does not forward it.
    OtherPort(Origin),
    /// The page came over plain HTTP, where anybody on the way can change it; the request came over TLS.
    NotTls(Origin),
}

impl OriginError {
    /// The setting that decides, and what to do if the page is the site's own.
    pub(crate) fn problem(&self) -> SettingProblem {
        let (setting, origin, advice) = match self {
            Self::Unnamed => ("origin", None, "the browser names no page"),
            Self::NotListed(origin) => ("origin", Some(origin), "it is none of --origin"),
            Self::OtherHost(origin) => (
                "origin",
                Some(origin),
                "it is not the host that the request was sent to: the proxy must pass on Host as the \
                 browser sent it, or --origin must name the page's",
            ),
            Self::OtherPort(origin) => (
                "Host",
                Some(origin),
                "the request's Host has another port: the proxy must pass it on as the browser sent it \
                 (nginx: proxy_set_header Host $http_host)",
            ),
            Self::NotTls(origin) => (
                "origin",
                Some(origin),
                "the page came over http, and asks over https: lead the site to https, or name the page \
                 with --origin",
            ),
        };
        let shown = origin.map_or("?", Origin::as_str);
        let advice = format!("a page of {shown} may not connect: {advice}");
        SettingProblem::new(setting, advice)
    }
}

/// Finds where a request comes from, if the page may connect.
pub(crate) fn check<'a>(
    headers: &'a HeaderMap,
    allowed: &[Origin],
) -> Result<RequestOrigin<'a>, OriginError> {
    let Some(raw) = headers.get(header::ORIGIN) else {
        // EventSource sends no origin for a page of the same one, but browsers say that it is.
        let site = headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes);
        return match site {
            None | Some(b"same-origin" | b"none") => Ok(RequestOrigin::SameHost),
            Some(_) => Err(OriginError::Unnamed),
        };
    };
    if headers.get_all(header::ORIGIN).iter().count() > 1 {
        return Err(OriginError::Unnamed);
    }
    let origin = raw.to_str().ok().and_then(Origin::parse);
    let Some(origin) = origin else {
        return Err(OriginError::Unnamed);
    };
    if allowed.contains(&origin) {
        return Ok(RequestOrigin::Listed(raw));
    }
    if !allowed.is_empty() {
        return Err(OriginError::NotListed(origin));
    }
    same_host(headers, origin).map(|()| RequestOrigin::SameHost)
}

/// Whether a page is one of the host that the request was sent to.
fn same_host(headers: &HeaderMap, origin: Origin) -> Result<(), OriginError> {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = host.unwrap_or_default().to_ascii_lowercase();
    let host = without_default_port(origin.scheme(), &host);
    if origin.authority() != host {
        return Err(
            match without_port(origin.authority()) == without_port(host) {
                true => OriginError::OtherPort(origin),
                false => OriginError::OtherHost(origin),
            },
        );
    }
    // The opposite is safe: a page that came over TLS is the site's own.
    match origin.scheme() == "http" && came_over_tls(headers) {
        true => Err(OriginError::NotTls(origin)),
        false => Ok(()),
    }
}

/// Whether a proxy says that the request came over TLS.
///
/// No page can make a browser send these headers, so they need not come from a trusted proxy.
fn came_over_tls(headers: &HeaderMap) -> bool {
    let has = |name: &HeaderName, word: &[u8]| {
        let values = headers.get_all(name).iter().map(HeaderValue::as_bytes);
        values
            .flat_map(|value| value.split(|byte| b",; ".contains(byte)))
            .any(|part| part.eq_ignore_ascii_case(word))
    };
    has(&X_FORWARDED_PROTO, b"https")
        || has(&X_FORWARDED_PROTO, b"wss")
        || has(&header::FORWARDED, b"proto=https")
        || has(&header::FORWARDED, b"proto=\"https\"")
}

/// The host without its port.
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        // Within brackets it would be part of an IPv6 address.
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        };
        pairs.iter().map(pair).collect()
    }

    fn may(pairs: &[(&'static str, &str)], allowed: &[&str]) -> bool {
        let allowed: Vec<_> = allowed.iter().map(|o| Origin::parse(o).unwrap()).collect();
        check(&headers(pairs), &allowed).is_ok()
    }

    #[test]
    fn without_a_list_the_same_host_may() {
        let host = ("host", "Shop.example:8080");
        assert!(may(&[host, ("origin", "http://shop.example:8080")], &[]));
        assert!(may(
            &[("host", "shop.example"), ("origin", "https://shop.example")],
            &[]
        ));
        assert!(may(
            &[
                ("host", "shop.example:443"),
                ("origin", "https://shop.example")
            ],
            &[]
        ));
        assert!(may(&[host], &[]));
        assert!(may(&[host, ("sec-fetch-site", "same-origin")], &[]));
        for origin in [
            "http://shop.example",
            "http://evil.example",
            "null",
            "",
            "http://shop.example:8080.evil.example",
            "file://",
            "http://shop.example:8080@evil.example",
            "https://evil.example/shop.example:8080",
        ] {
            assert!(!may(&[host, ("origin", origin)], &[]), "{origin}");
        }
        assert!(!may(&[host, ("sec-fetch-site", "cross-site")], &[]));
        assert!(!may(&[host, ("sec-fetch-site", "same-site")], &[]));
        assert!(!may(&[("origin", "http://shop.example")], &[]));
    }

    #[test]
    fn a_page_of_plain_http_does_not_ask_over_tls() {
        let host = ("host", "shop.example");
        let plain = ("origin", "http://shop.example");
        let tls = ("origin", "https://shop.example");
        let proto = |scheme| ("x-forwarded-proto", scheme);
        assert!(may(&[host, plain], &[]));
        assert!(may(&[host, plain, proto("http")], &[]));
        for over_tls in [
            proto("https"),
            proto("HTTPS"),
            proto("https, http"),
            proto("http,https"),
            proto("wss"),
            ("forwarded", "for=192.0.2.1;proto=https;by=10.0.0.1"),
            ("forwarded", "for=a;Proto=\"https\""),
        ] {
            assert!(!may(&[host, plain, over_tls], &[]), "{over_tls:?}");
            assert!(may(&[host, tls, over_tls], &[]), "{over_tls:?}");
            // If it is listed, that is the site's decision.
            assert!(may(&[host, plain, over_tls], &["http://shop.example"]));
        }
        // Behind several proxies, of which the last one was asked without TLS.
        assert!(may(&[host, tls, proto("http")], &[]));
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        let refused = |host: &str, origin: &str| {
            check(&headers(&[("host", host), ("origin", origin)]), &[]).unwrap_err()
        };
        let problem = |host: &str, origin: &str| refused(host, origin).problem();
        let of_port = problem("shop.example", "http://shop.example:8080");
        assert_eq!(of_port.setting, "Host");
        assert!(of_port.advice.contains("$http_host"), "{of_port:?}");
        assert_eq!(problem("[::1]", "http://[::1]:8080").setting, "Host");
        let of_host = problem("127.0.0.1:8600", "http://shop.example");
        assert_eq!(of_host.setting, "origin");
        assert_eq!(problem("shop.example", "null").setting, "origin");
    }

    #[test]
    fn a_list_is_all_there_is() {
        let list = ["https://shop.example", "https://m.shop.example:8443"];
        let host = ("host", "push.example");
        assert!(may(&[host, ("origin", "https://SHOP.example")], &list));
        assert!(may(&[host, ("origin", "https://shop.example:443")], &list));
        assert!(may(
            &[host, ("origin", "https://m.shop.example:8443")],
            &list
        ));
        assert!(!may(&[host, ("origin", "http://shop.example")], &list));
        assert!(!may(&[host, ("origin", "https://m.shop.example")], &list));
        assert!(!may(&[host, ("origin", "https://push.example")], &list));
        assert!(!may(&[host, ("origin", "https://a.shop.example")], &list));
    }

    #[test]
    fn an_entry_is_an_origin_and_nothing_else() {
        for entry in [
            "shop.example",
            "https://",
            "https://a/b",
            "*",
            "https://*.example",
            "ftp://a",
            "https://a b",
        ] {
            assert_eq!(Origin::parse(entry), None, "{entry}");
        }
    }
}
