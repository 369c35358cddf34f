//! Verification of JSON Web Tokens, as a receiver does it.

use data_encoding::BASE64URL_NOPAD;
use ring::hmac;
use serde_json::Value;

/// The header and the claims of a token, if its signature is valid.
pub fn verified(token: &str, verify: impl Fn(&[u8], &[u8]) -> bool) -> Option<(Value, Value)> {
    let (signed, signature) = token.rsplit_once('.')?;
    let decode = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).ok();
    if !verify(signed.as_bytes(), &decode(signature)?) {
        return None;
    }
    let (header, claims) = signed.split_once('.')?;
    let json = |part| serde_json::from_slice(&decode(part)?).ok();
    Some((json(header)?, json(claims)?))
}

/// A verifier of HS256 signatures.
pub fn hs256(key: &[u8]) -> impl Fn(&[u8], &[u8]) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    move |signed, signature| hmac::verify(&key, signed, signature).is_ok()
}
