//! The head of a response as bytes, for connections that hyper does not serve.
//!
//! Source: RFC 9112, sections 2.1 and 4

use std::time::SystemTime;

use axum::http::{Response, Version, header};

/// Encodes status and headers for a request of this version, as hyper does.
///
/// The body has no length that is known before its end.
pub(crate) fn encode<B>(response: &Response<B>, version: Version, is_chunked: bool) -> Vec<u8> {
    let version = match version {
        Version::HTTP_10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    };
    let status = response.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut head = format!("{version} {} {reason}\r\n", status.as_str()).into_bytes();
    let mut add = |name: &str, value: &[u8]| {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            head.extend_from_slice(part);
        }
    };
    let headers = response.headers().iter();
    for (name, value) in headers.filter(|(name, _)| **name != header::CONTENT_LENGTH) {
        add(name.as_str(), value.as_bytes());
    }
    if is_chunked {
        add(header::TRANSFER_ENCODING.as_str(), b"chunked");
    }
    let date = httpdate::fmt_http_date(SystemTime::now());
    add(header::DATE.as_str(), date.as_bytes());
    head.extend_from_slice(b"\r\n");
    head
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn text(version: Version, is_chunked: bool) -> String {
        let mut response = Response::new(());
        let headers = response.headers_mut();
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        headers.append(header::VARY, HeaderValue::from_static("Cookie"));
        headers.append(header::CONTENT_LENGTH, HeaderValue::from(0));
        String::from_utf8(encode(&response, version, is_chunked)).unwrap()
    }

    #[test]
    fn a_head_has_the_version_of_its_request() {
        let head = text(Version::HTTP_11, true);
        let lines: Vec<_> = head.split("\r\n").collect();
        assert_eq!(
            lines[..4],
            [
                "HTTP/1.1 200 OK",
                "vary: Origin",
                "vary: Cookie",
                "transfer-encoding: chunked"
            ]
        );
        assert!(lines[4].starts_with("date: ") && lines[4].ends_with(" GMT"));
        assert_eq!(lines[5..], ["", ""]);
        let head = text(Version::HTTP_10, false);
        assert!(head.starts_with("HTTP/1.0 200 OK\r\n"), "{head}");
        assert!(!head.contains("transfer-encoding"), "{head}");
    }
}
