//! Signed JSON Web Tokens: for a hub, and for Security Event Tokens.
//!
//! Source: RFC 7515 (JWS), RFC 7518 (HS256, RS256, ES256).

use std::path::Path;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use rsso_core::{Error, Secret};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::secrets::read_secret;

/// The prefix of a shared secret in base64.
pub(crate) const SHARED_SECRET_PREFIX: &str = "whsec_";

/// A key that signs tokens.
#[derive(Debug)]
pub(crate) enum SigningKey {
    Hs256(hmac::Key),
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
}

impl SigningKey {
    /// Reads a private key (PEM) for ES256 or RS256, or a secret `whsec_<base64>` for HS256.
    pub(crate) fn read(key: &str, path: &Path) -> rsso_core::Result<Self> {
        let text = read_secret(key, path)?;
        Self::parse(&text)
            .map_err(|problem| Error::config(key, format!("{}: {problem}", path.display())))
    }

    fn parse(text: &Secret) -> Result<Self, &'static str> {
        let text = text.expose().trim();
        if text.starts_with(SHARED_SECRET_PREFIX) {
            return parse_shared_secret(text).map(|secret| Self::hs256(&secret));
        }
        let random = SystemRandom::new();
        let cannot = "is neither an RSA key of 2048 bits or more nor one on the curve P-256";
        match PrivateKeyDer::from_pem_slice(text.as_bytes()) {
            Ok(PrivateKeyDer::Pkcs8(der)) => {
                let der = der.secret_pkcs8_der();
                let curve = &ECDSA_P256_SHA256_FIXED_SIGNING;
                EcdsaKeyPair::from_pkcs8(curve, der, &random)
                    .map(Self::Es256)
                    .or_else(|_| RsaKeyPair::from_pkcs8(der).map(Self::Rs256))
                    .map_err(|_| cannot)
            }
            Ok(PrivateKeyDer::Pkcs1(der)) => RsaKeyPair::from_der(der.secret_pkcs1_der())
                .map(Self::Rs256)
                .map_err(|_| cannot),
            Ok(_) => Err("must be PKCS #8: openssl pkcs8 -topk8 -nodes"),
            Err(_) => Err("must be a private key (PEM), or whsec_ and base64 of 24 to 64 bytes"),
        }
    }

    /// Reads a hub's key: a plain secret for HS256, or a private key (PEM).
    pub(crate) fn parse_for_hub(text: &Secret) -> Result<Self, &'static str> {
        let bare = text.expose().trim();
        match bare.starts_with("-----BEGIN ") {
            true => Self::parse(text),
            false if bare.is_empty() => Err("is empty"),
            false => Ok(Self::hs256(bare.as_bytes())),
        }
    }

    pub(crate) fn hs256(secret: &[u8]) -> Self {
        Self::Hs256(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Hs256(_) => "HS256",
            Self::Es256(_) => "ES256",
            Self::Rs256(_) => "RS256",
        }
    }

    /// A signed token with these claims.
    ///
    /// # Errors
    /// If the system has no randomness.
    pub(crate) fn token(
        &self,
        kind: &str,
        id: Option<&str>,
        claims: &Value,
    ) -> Result<String, String> {
        let mut header = json!({"alg": self.algorithm(), "typ": kind});
        if let Some(id) = id {
            header["kid"] = json!(id);
        }
        let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.sign(signed.as_bytes())?;
        Ok(format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature)))
    }

    fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let random = SystemRandom::new();
        let failed = |_| "cannot sign: the system has no randomness".to_owned();
        match self {
            Self::Hs256(key) => Ok(hmac::sign(key, bytes).as_ref().to_vec()),
            Self::Es256(key) => {
                let signature = key.sign(&random, bytes).map_err(failed)?;
                Ok(signature.as_ref().to_vec())
            }
            Self::Rs256(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, bytes, &mut signature)
                    .map_err(failed)?;
                Ok(signature)
            }
        }
    }
}

/// The bytes of a shared secret in the notation of Standard Webhooks.
pub(crate) fn parse_shared_secret(text: &str) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let problem = "must be whsec_ and base64 of 24 to 64 bytes";
    let encoded = text.strip_prefix(SHARED_SECRET_PREFIX).ok_or(problem)?;
    let secret = BASE64.decode(encoded.as_bytes()).map_err(|_| problem)?;
    match secret.len() {
        24..=64 => Ok(Zeroizing::new(secret)),
        _ => Err(problem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_one_of_the_rfc() {
        // RFC 7515, A.1, but for its line breaks in the JSON.
        let key = BASE64URL_NOPAD
            .decode(b"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
            .unwrap();
        let input = b"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = SigningKey::hs256(&key).sign(input).unwrap();
        assert_eq!(
            BASE64URL_NOPAD.encode(&signature),
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        );
    }

    #[test]
    fn a_key_is_pem_or_shared() {
        let parse = |text: &str| SigningKey::parse(&Secret::new(text));
        let shared = parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
        assert_eq!(shared.algorithm(), "HS256");
        for wrong in [
            "",
            "hunter2",
            "whsec_aGk=",
            "whsec_!",
            "-----BEGIN PRIVATE KEY-----",
        ] {
            let problem = parse(wrong).unwrap_err();
            assert!(!problem.contains("hunter2"), "{problem}");
        }
    }
}
