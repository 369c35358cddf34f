//! An event as a Security Event Token: RFC 8417, with the event `session-revoked` of CAEP 1.0.
//!
//! What always holds: a token is made only of what ended a login. `jti` is the event's id, by which a receiver
//! recognizes a repeated event. The subject is the user and the login, as issuer and opaque id.

use std::path::PathBuf;

use rsso_core::Error;
use rsso_core::login::KickCode;
use rsso_core::login::event::{Kind, LoginEvent};
use serde_json::{Value, json};

use super::delivery::Delivery;
use super::filter::short_type;
use super::jwt::SigningKey;

const SESSION_REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

/// The media type, and the token's `typ`.
pub(crate) const MEDIA_TYPE: &str = "application/secevent+jwt";
const TOKEN_TYPE: &str = "secevent+jwt";

/// The events that have the form of a token.
const EVENT_KINDS: [Kind; 3] = [Kind::Kicked, Kind::Released, Kind::Expired];

/// The keys of `[[webhook]]` that are for tokens.
#[derive(Debug, Default)]
pub(crate) struct TokenConfig {
    pub(crate) issuer: Option<String>,
    pub(crate) audience: Option<String>,
    pub(crate) key_file: Option<PathBuf>,
    pub(crate) key_id: Option<String>,
}

impl TokenConfig {
    pub(crate) fn is_empty(&self) -> bool {
        let Self {
            issuer,
            audience,
            key_file,
            key_id,
        } = self;
        issuer.is_none() && audience.is_none() && key_file.is_none() && key_id.is_none()
    }
}

/// Signs tokens.
#[derive(Debug)]
pub(crate) struct Issuer {
    issuer: String,
    audience: String,
    key: SigningKey,
    key_id: Option<String>,
}

impl Issuer {
    pub(crate) fn new(config: TokenConfig, name: &str) -> rsso_core::Result<Self> {
        let missing = |key: &str| {
            Error::config(
                format!("{key} of {name}"),
                "format = \"set\" needs issuer, audience and key_file",
            )
        };
        let path = config.key_file.ok_or_else(|| missing("key_file"))?;
        Ok(Self {
            issuer: config.issuer.ok_or_else(|| missing("issuer"))?,
            audience: config.audience.ok_or_else(|| missing("audience"))?,
            key: SigningKey::read(&format!("key_file of {name}"), &path)?,
            key_id: config.key_id,
        })
    }

    /// The wanted types, or all that have the form of a token.
    pub(crate) fn event_types(wanted: &[String]) -> Result<Vec<String>, String> {
        let known = EVENT_KINDS.map(|kind| short_type(kind.as_str()));
        if let Some(other) = wanted.iter().find(|kind| !known.contains(&&***kind)) {
            let known = known.join(", ");
            return Err(format!(
                "'{other}' has no form as a token; these have: {known}"
            ));
        }
        Ok(match wanted {
            [] => known.map(str::to_owned).to_vec(),
            wanted => wanted.to_vec(),
        })
    }

    /// The token for a delivery.
    ///
    /// # Errors
    /// What is wrong with the event, without what it says.
    pub(crate) fn token(&self, delivery: &Delivery, now: u64) -> Result<String, String> {
        let event = LoginEvent::read(&delivery.event).map_err(|problem| problem.to_string())?;
        if event.data.identity.uid_base64.is_some() {
            // As text it could be taken for another's.
            return Err("the user's id is no UTF-8: a token cannot name it".to_owned());
        }
        let claims = self.claims(delivery, &event, now);
        self.key.token(TOKEN_TYPE, self.key_id.as_deref(), &claims)
    }

    fn claims(&self, delivery: &Delivery, event: &LoginEvent, now: u64) -> Value {
        let details = &event.data.details;
        let mut revoked = json!({
            "initiating_entity": initiating_entity(event),
            "event_timestamp": details.at / 1000,
        });
        if let Some(reason) = &details.reason {
            revoked["reason_admin"] = json!({"en": reason});
        }
        json!({
            "iss": self.issuer,
            "aud": self.audience,
            "iat": now,
            "jti": delivery.event_id,
            "sub_id": {
                "format": "complex",
                "user": {"format": "iss_sub", "iss": self.issuer, "sub": event.subject},
                "session": {"format": "opaque", "id": event.data.identity.login},
            },
            "events": {SESSION_REVOKED: revoked},
        })
    }
}

/// Who ended the login, in CAEP's words.
fn initiating_entity(event: &LoginEvent) -> &'static str {
    match (event.kind(), event.data.details.code) {
        (Some(Kind::Expired), _) => "system",
        (Some(Kind::Released), _) | (_, Some(KickCode::Replaced)) => "user",
        _ => "admin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_event::{LOGIN, test_event};

    fn claims(kind: Kind, reason: Option<&str>) -> Value {
        let code = if reason == Some("replaced") { -4 } else { -5 };
        let at = 1_700_000_000_999_i64;
        let data = json!({"login": LOGIN, "uid": "ann", "reason": reason, "code": code, "at": at});
        let event = test_event(kind.as_str(), &data);
        let issuer = Issuer {
            issuer: "https://example.org".to_owned(),
            audience: "https://receiver.example".to_owned(),
            key: SigningKey::hs256(&[7; 32]),
            key_id: None,
        };
        let delivery = Delivery {
            id: 1,
            event_id: "01E".to_owned(),
            position: "7".to_owned(),
            kind: kind.as_str().to_owned(),
            event: event.clone(),
            attempt: 0,
        };
        issuer.claims(&delivery, &LoginEvent::read(&event).unwrap(), 12)
    }

    #[test]
    fn a_replaced_login_was_revoked_by_its_user() {
        let claims = claims(Kind::Kicked, Some("replaced"));
        assert_eq!(
            claims,
            json!({
                "iss": "https://example.org",
                "aud": "https://receiver.example",
                "iat": 12,
                "jti": "01E",
                "sub_id": {
                    "format": "complex",
                    "user": {"format": "iss_sub", "iss": "https://example.org", "sub": "ann"},
                    "session": {"format": "opaque", "id": LOGIN},
                },
                "events": {SESSION_REVOKED: {
                    "initiating_entity": "user",
                    "event_timestamp": 1_700_000_000,
                    "reason_admin": {"en": "replaced"},
                }},
            })
        );
    }

    #[test]
    fn the_token_names_who_ended_the_login() {
        let by = |kind, reason| {
            claims(kind, reason)["events"][SESSION_REVOKED]["initiating_entity"].clone()
        };
        assert_eq!(by(Kind::Kicked, Some("kicked")), "admin");
        assert_eq!(by(Kind::Released, None), "user");
        assert_eq!(by(Kind::Expired, Some("expired")), "system");
    }

    #[test]
    fn only_the_end_of_a_login_becomes_a_token() {
        assert_eq!(Issuer::event_types(&[]).unwrap().len(), 3);
        assert!(Issuer::event_types(&["login.kicked".to_owned()]).is_ok());
        assert!(Issuer::event_types(&["message".to_owned()]).is_err());
    }
}
