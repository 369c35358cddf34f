//! The `Cookie` headers of a request: whatever bytes a client sends, only well-formed session ids come out, and few.

#![no_main]

use axum::http::{HeaderMap, HeaderValue, header};
use libfuzzer_sys::fuzz_target;
use rsso_core::SessionId;
use rsso_gateway::serve::cookie::session_ids;

fuzz_target!(|headers: Vec<Vec<u8>>| {
    let values = headers.iter().filter_map(|raw| HeaderValue::from_bytes(raw).ok());
    let headers: HeaderMap = values.map(|value| (header::COOKIE, value)).collect();
    let ids = session_ids(&headers, "PHPSESSID");
    assert!(ids.len() <= 4);
    for id in &ids {
        assert!(SessionId::parse(id.expose().as_bytes()).is_ok());
    }
    // The same headers, the same user: nothing here depends on anything else.
    let again = session_ids(&headers, "PHPSESSID");
    assert!(ids.iter().zip(&again).all(|(a, b)| a.expose() == b.expose()));
});
