//! Which pages may connect: a browser tells a request's origin, and a page cannot forge it.
//!
//! Source: RFC 6454; RFC 6455, section 10.2; <https://www.w3.org/TR/fetch-metadata/>

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// One entry of the allow-list: scheme, host, and port where it is not the scheme's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin(String);

impl Origin {
    /// Reads `https://example.org[:port]`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let (scheme, authority) = text.split_once("://")?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-.:[]_".contains(c);
        let right = matches!(scheme, "http" | "https")
            && !authority.is_empty()
            && authority.chars().all(plain);
        right.then(|| {
            Self(format!(
                "{scheme}://{}",
                without_own_port(scheme, authority)
            ))
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn authority(&self) -> &str {
        self.0.split_once("://").map_or("", |(_, rest)| rest)
    }

    fn scheme(&self) -> &str {
        self.0.split_once("://").map_or("", |(scheme, _)| scheme)
    }
}

fn without_own_port<'a>(scheme: &str, authority: &'a str) -> &'a str {
    let own = if scheme == "https" { ":443" } else { ":80" };
    authority.strip_suffix(own).unwrap_or(authority)
}

/// Where a request comes from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum From<'a> {
    /// A page of the gateway's own host, or no page: what is no browser has no cookie that it was
    /// not given.
    Here,
    /// A page of another origin, which is allowed; the answer has to say so.
    Allowed(&'a HeaderValue),
}

/// Where the request comes from; `None`: a page that may not connect.
pub(crate) fn of<'a>(headers: &'a HeaderMap, allowed: &[Origin]) -> Option<From<'a>> {
    let Some(raw) = headers.get(header::ORIGIN) else {
        // Browsers say so even where they send no origin: same-origin requests of EventSource.
        let site = headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes);
        return matches!(site, None | Some(b"same-origin" | b"none")).then_some(From::Here);
    };
    if headers.get_all(header::ORIGIN).iter().count() > 1 {
        return None;
    }
    let origin = Origin::parse(raw.to_str().ok()?)?;
    if allowed.contains(&origin) {
        return Some(From::Allowed(raw));
    }
    let host = headers
        .get(header::HOST)?
        .to_str()
        .ok()?
        .to_ascii_lowercase();
    let same = origin.authority() == without_own_port(origin.scheme(), &host);
    (allowed.is_empty() && same).then_some(From::Here)
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
        of(&headers(pairs), &allowed).is_some()
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
