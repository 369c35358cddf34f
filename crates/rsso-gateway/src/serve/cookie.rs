//! The session cookie, out of the headers of a request.
//!
//! Source: RFC 6265, sections 4.2 and 5.4; PHP reads names and values in the same way.

use axum::http::{HeaderMap, header};
use percent_encoding::percent_decode;
use rsso_core::SessionId;

/// Cookies of one name that are looked at: a browser may have one for each path and domain.
const MAX_CANDIDATES: usize = 4;

/// The well-formed session ids that a request presents under a cookie's name, in their order.
pub fn session_ids(headers: &HeaderMap, name: &str) -> Vec<SessionId> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| value_of(pair, name))
        .filter_map(|value| SessionId::parse(&value).ok())
        .take(MAX_CANDIDATES)
        .collect()
}

/// PHP writes a session id's comma as `%2C`.
fn value_of(pair: &[u8], name: &str) -> Option<Vec<u8>> {
    let value = pair.trim_ascii().strip_prefix(name.as_bytes())?;
    Some(percent_decode(value.strip_prefix(b"=")?).collect())
}

/// Whether PHP takes this as `session.name`.
pub(crate) fn is_name(name: &str) -> bool {
    let special = |c: char| !c.is_ascii_graphic() || "=,;.[".contains(c);
    !name.is_empty() && !name.chars().any(special) && !name.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn found(cookies: &[&[u8]]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, HeaderValue::from_bytes(cookie).unwrap());
        }
        let ids = session_ids(&headers, "PHPSESSID");
        ids.iter().map(|id| id.expose().to_owned()).collect()
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        assert_eq!(found(&[b"a=b; PHPSESSID=abc ;c=d"]), ["abc"]);
        assert_eq!(found(&[b"PHPSESSID=a%2Cb"]), ["a,b"]);
        assert_eq!(
            found(&[b"PHPSESSID=a; PHPSESSID=b", b"PHPSESSID=c"]),
            ["a", "b", "c"]
        );
        assert_eq!(
            found(&[b"XPHPSESSID=a; PHPSESSIDX=b; phpsessid=c; PHPSESSID"]),
            [""; 0]
        );
        assert_eq!(
            found(&[b"PHPSESSID=; PHPSESSID=../../etc; PHPSESSID=\"a\"; PHPSESSID=ok"]),
            ["ok"]
        );
        assert_eq!(
            found(&[b"PHPSESSID=1;PHPSESSID=2;PHPSESSID=3;PHPSESSID=4;PHPSESSID=5"]).len(),
            4
        );
    }

    #[test]
    fn names_are_phps() {
        assert!(is_name("PHPSESSID") && is_name("__Host-sid"));
        for name in ["", "a b", "a=b", "123", "a;b", "a.b", "a[b", "\u{e4}"] {
            assert!(!is_name(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_sent_only_well_formed_ids_come_out(raw in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut headers = HeaderMap::new();
            let mut cookie = b"PHPSESSID=".to_vec();
            cookie.extend(raw);
            if let Ok(value) = HeaderValue::from_bytes(&cookie) {
                headers.append(header::COOKIE, value);
            }
            for id in session_ids(&headers, "PHPSESSID") {
                prop_assert!(SessionId::parse(id.expose().as_bytes()).is_ok());
            }
        }
    }
}
