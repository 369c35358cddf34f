//! Finds session ids in the cookies of a request.
//!
//! Source: RFC 6265, sections 4.2 and 5.4; PHP reads names and values in the same way.

use axum::http::{HeaderMap, header};
use percent_encoding::percent_decode;
use rsso_core::SessionId;

/// The most ids of one name that are looked up.
///
/// A browser sends a cookie for each path and domain. Another host of the same site can add four for each
/// level of the domain, which must not hide the right one.
const MAX_CANDIDATES: usize = 32;

/// A possible session id, and the cookie that it is in.
#[derive(Debug)]
pub(crate) struct NamedId {
    pub(crate) cookie: String,
    pub(crate) id: SessionId,
}

/// The well-formed session ids that a request presents under a cookie's name, in their order.
pub fn session_ids(headers: &HeaderMap, name: &str) -> Vec<SessionId> {
    let mut ids = Vec::new();
    let values = pairs(headers).filter_map(|pair| value_of(pair, name));
    for id in values.filter_map(|value| SessionId::parse(&value).ok()) {
        if ids.len() == MAX_CANDIDATES {
            break;
        }
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// Possible session ids in other cookies, at most `max` of them.
pub(crate) fn ids_of_other_cookies(headers: &HeaderMap, name: &str, max: usize) -> Vec<NamedId> {
    let named = |pair: &[u8]| {
        let (cookie, value) = str::from_utf8(pair.trim_ascii()).ok()?.split_once('=')?;
        let id = SessionId::parse(&percent_decode(value.as_bytes()).collect::<Vec<_>>()).ok()?;
        (cookie != name && is_session_name(cookie)).then(|| NamedId {
            cookie: cookie.to_owned(),
            id,
        })
    };
    pairs(headers).filter_map(named).take(max).collect()
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let values = headers.get_all(header::COOKIE).iter();
    values.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
}

/// The value of a cookie. PHP writes a comma in a session id as `%2C`.
fn value_of(pair: &[u8], name: &str) -> Option<Vec<u8>> {
    let value = pair.trim_ascii().strip_prefix(name.as_bytes())?;
    Some(percent_decode(value.strip_prefix(b"=")?).collect())
}

/// Whether PHP accepts a name as `session.name`.
#[must_use]
pub fn is_session_name(name: &str) -> bool {
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
    }

    #[test]
    fn dead_cookies_before_it_hide_none_and_their_number_has_a_bound() {
        // For two levels of the domain, each with four paths that cover the gateway's.
        let dead: String = (0..8).map(|n| format!("PHPSESSID=dead{n}; ")).collect();
        let ids = found(&[format!("{dead}PHPSESSID=mine").as_bytes()]);
        assert_eq!(ids.last().unwrap(), "mine");
        let many: String = (0..500).map(|n| format!("PHPSESSID={n};")).collect();
        assert_eq!(found(&[many.as_bytes()]).len(), MAX_CANDIDATES);
        let same = format!("{}PHPSESSID=mine", "PHPSESSID=same;".repeat(100));
        assert_eq!(found(&[same.as_bytes()]), ["same", "mine"]);
    }

    #[test]
    fn ids_under_other_names_are_found_with_their_names() {
        let mut headers = HeaderMap::new();
        let cookie = "PHPSESSID=a; sid=b%2Cc; 12=x; lang=../de; __Host-sid=d; x=1";
        headers.append(header::COOKIE, HeaderValue::from_static(cookie));
        let found = ids_of_other_cookies(&headers, "PHPSESSID", 2);
        let names: Vec<_> = found
            .iter()
            .map(|found| (&*found.cookie, found.id.expose()))
            .collect();
        assert_eq!(names, [("sid", "b,c"), ("__Host-sid", "d")]);
    }

    #[test]
    fn names_are_phps() {
        assert!(is_session_name("PHPSESSID") && is_session_name("__Host-sid"));
        for name in ["", "a b", "a=b", "123", "a;b", "a.b", "a[b", "\u{e4}"] {
            assert!(!is_session_name(name), "{name}");
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
