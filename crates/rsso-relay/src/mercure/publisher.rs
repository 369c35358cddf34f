//! The token that lets rsso publish to a hub: made elsewhere, or signed here for each update.
//!
//! Up to 0.x the right to publish is a claim of Mercure's own, from 1.0 on an OAuth 2.0 access token (RFC 9068,
//! RFC 9396).

use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::header::HeaderValue;
use rsso_core::Secret;
use rsso_core::login::event::Moment;
use serde_json::{Value, json};

use crate::jwt::SigningKey;
use crate::target::Target;

/// Seconds for which a token is valid. The hub's clock may differ by some of them.
const TOKEN_LIFETIME: u64 = 600;

/// What gives the right to publish.
#[derive(Debug)]
pub(super) enum Publisher {
    /// A token from a file.
    Token(HeaderValue),
    /// A key that the hub knows: a token is signed for each update.
    Key(Box<SigningKey>, JwtClaims),
}

/// The claims of a token.
#[derive(Debug)]
pub(super) enum JwtClaims {
    /// A claim of Mercure's own, for hubs up to 0.x.
    Plain,
    /// An OAuth 2.0 access token, for hubs from 1.0 on.
    AccessToken { issuer: String, audience: String },
}

/// What a token says.
struct TokenContent {
    token_type: &'static str,
    claims: Value,
}

impl Publisher {
    pub(super) fn of_token(text: &Secret) -> Option<Self> {
        let text = text.expose().trim();
        let mut value = HeaderValue::from_str(&format!("Bearer {text}")).ok()?;
        value.set_sensitive(true);
        (!text.is_empty()).then_some(Self::Token(value))
    }

    pub(super) fn authorization(&self) -> Result<HeaderValue, String> {
        let (key, claims) = match self {
            Self::Token(value) => return Ok(value.clone()),
            Self::Key(key, claims) => (key, claims),
        };
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let content = claims.content(since.unwrap_or_default().as_secs())?;
        let token = key.token(content.token_type, None, &content.claims)?;
        let value = HeaderValue::from_str(&format!("Bearer {token}"));
        value.map_err(|error| error.to_string())
    }
}

impl JwtClaims {
    /// The claims for an issuer. Without an audience they are for the hub's own URL.
    pub(super) fn new(issuer: Option<String>, audience: Option<String>, target: &Target) -> Self {
        match issuer {
            None => Self::Plain,
            Some(issuer) => Self::AccessToken {
                issuer,
                audience: audience.unwrap_or_else(|| target.to_string()),
            },
        }
    }

    /// The token's type and claims: for every topic, and for a short time.
    fn content(&self, now: u64) -> Result<TokenContent, String> {
        let expires = now + TOKEN_LIFETIME;
        let Self::AccessToken { issuer, audience } = self else {
            let claims = json!({"mercure": {"publish": ["*"]}, "exp": expires});
            return Ok(TokenContent {
                token_type: "JWT",
                claims,
            });
        };
        let id = Moment::now().map_err(|error| error.chain())?.name();
        let claims = json!({
            "iss": issuer,
            "sub": issuer,
            "client_id": issuer,
            "aud": audience,
            "iat": now,
            "exp": expires,
            "jti": id,
            "authorization_details": [{
                "type": "https://mercure.rocks/authorization-detail",
                "actions": ["publish"],
                "topics": [{"match": "*"}],
            }],
        });
        Ok(TokenContent {
            token_type: "at+jwt",
            claims,
        })
    }
}
