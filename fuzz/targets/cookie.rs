//! The `Cookie` headers of a request, a line each: whatever bytes a client sends, only well-formed session ids come out,
//! and few.

#![no_main]

use axum::http::{HeaderMap, HeaderValue, header};
use libfuzzer_sys::fuzz_target;
use rsso_core::SessionId;
use rsso_gateway::cookie::session_ids;

fuzz_target!(|lines: &[u8]| {
    let values = lines
        .split(|byte| *byte == b'\n')
        .filter_map(|line| HeaderValue::from_bytes(line).ok());
    let headers: HeaderMap = values.map(|value| (header::COOKIE, value)).collect();
    let ids = session_ids(&headers, "PHPSESSID");
    assert!(ids.len() <= 32);
    for id in &ids {
        assert!(SessionId::parse(id.expose().as_bytes()).is_ok());
    }
});
