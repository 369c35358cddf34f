//! A Mercure hub: each event is published as a private update to its login's topic.
//!
//! What always holds: an update is private, and its id is the event's. A hub that is away makes its
//! events wait, in order: a browser must not be told old news after new.
//!
//! Sources: <https://mercure.rocks/spec>, "Publication" and "Authorization"; up to 0.x the right to
//! publish is a claim of Mercure's own, from 1.0 on an OAuth 2.0 access token (RFC 9068, RFC 9396).

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, StatusCode};
use rsso_core::login::Realm;
use rsso_core::login::event::Moment;
use rsso_core::{Error, Result, Secret};
use serde::Deserialize;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::delivery::{Delivery, Sink, Verdict};
use super::endpoint::{CommonConfig, Endpoint, request_timeout};
use super::http::{self, Answer, Target};
use super::jwt::SigningKey;
use super::secrets::read_secret;

const TOPIC: &str = "urn:rsso:{realm}:login:{login}";

/// Seconds for which a token is good: the hub's clock may be another.
const TOKEN_LIFETIME: u64 = 600;

/// What stays as it is in a topic's value.
const UNESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// `[[mercure]]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MercureConfig {
    name: Option<String>,
    url: String,
    jwt_file: Option<PathBuf>,
    key_file: Option<PathBuf>,
    issuer: Option<String>,
    audience: Option<String>,
    topic: Option<String>,
    types: Vec<String>,
    realms: Vec<String>,
    timeout: Option<u32>,
    max_in_flight: Option<u32>,
    retry_schedule: Option<Vec<u32>>,
    ca_file: Option<PathBuf>,
}

impl MercureConfig {
    /// Whether the file that they stand in has to be kept from others.
    #[must_use]
    pub fn has_secrets(&self) -> bool {
        self.url.contains(['@', '?'])
    }
}

#[derive(Debug)]
pub(crate) struct Mercure {
    client: Client,
    url: Url,
    topic: Topic,
    publisher: Publisher,
}

/// What lets us publish.
#[derive(Debug)]
enum Publisher {
    /// A token that somebody else made.
    Token(HeaderValue),
    /// Our own, made with a key that the hub knows.
    Key(Box<SigningKey>, Claims),
}

/// What our token says.
#[derive(Debug)]
enum Claims {
    /// As hubs up to 0.x understand it.
    Plain,
    /// As hubs from 1.0 on do: who says so, and to whom.
    AccessToken { issuer: String, audience: String },
}

impl Mercure {
    pub(crate) fn new(config: &MercureConfig, realm: &Realm) -> Result<(Endpoint, Self)> {
        let target = Target::parse(&config.url)
            .map_err(|problem| Error::config("url of a mercure", problem))?;
        let endpoint = Endpoint::new(
            CommonConfig {
                name: config.name.clone().unwrap_or_else(|| target.to_string()),
                types: &config.types,
                realms: &config.realms,
                max_in_flight: config.max_in_flight,
                retry_schedule: config.retry_schedule.as_deref(),
            },
            realm,
        )?;
        let name = &endpoint.name;
        let invalid = |key: &str, problem: &str| Error::config(format!("{key} of {name}"), problem);
        let read = |key: &str, path: &PathBuf| read_secret(&format!("{key} of {name}"), path);
        let publisher = match (&config.jwt_file, &config.key_file) {
            (Some(path), None) => Publisher::of_token(&read("jwt_file", path)?)
                .ok_or_else(|| invalid("jwt_file", "is no token"))?,
            (None, Some(path)) => {
                let key = SigningKey::parse_for_hub(&read("key_file", path)?)
                    .map_err(|problem| invalid("key_file", problem))?;
                Publisher::Key(Box::new(key), Claims::new(config, &target))
            }
            _ => return Err(invalid("key_file", "give either this or jwt_file")),
        };
        if config.issuer.is_none() && config.audience.is_some() {
            return Err(invalid("audience", "needs issuer"));
        }
        let topic = Topic::parse(config.topic.as_deref().unwrap_or(TOPIC));
        let within = request_timeout(name, config.timeout)?;
        let mercure = Self {
            client: http::client(&target, within, config.ca_file.as_deref())
                .map_err(|problem| invalid("url", &problem))?,
            url: target.url(),
            topic: topic.map_err(|problem| invalid("topic", problem))?,
            publisher,
        };
        Ok((endpoint, mercure))
    }
}

impl Publisher {
    fn of_token(text: &Secret) -> Option<Self> {
        let text = text.expose().trim();
        let mut value = HeaderValue::from_str(&format!("Bearer {text}")).ok()?;
        value.set_sensitive(true);
        (!text.is_empty()).then_some(Self::Token(value))
    }

    fn authorization(&self) -> Result<HeaderValue, String> {
        let (key, claims) = match self {
            Self::Token(value) => return Ok(value.clone()),
            Self::Key(key, claims) => (key, claims),
        };
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let (kind, claims) = claims.to_json(since.unwrap_or_default().as_secs())?;
        let token = key.token(kind, None, &claims)?;
        let value = HeaderValue::from_str(&format!("Bearer {token}"));
        value.map_err(|error| error.to_string())
    }
}

impl Claims {
    fn new(config: &MercureConfig, target: &Target) -> Self {
        match config.issuer.clone() {
            None => Self::Plain,
            Some(issuer) => Self::AccessToken {
                issuer,
                audience: config
                    .audience
                    .clone()
                    .unwrap_or_else(|| target.to_string()),
            },
        }
    }

    /// The token's type and claims: for every topic, and for a short time.
    fn to_json(&self, now: u64) -> Result<(&'static str, Value), String> {
        let expires = now + TOKEN_LIFETIME;
        let Self::AccessToken { issuer, audience } = self else {
            let claims = json!({"mercure": {"publish": ["*"]}, "exp": expires});
            return Ok(("JWT", claims));
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
        Ok(("at+jwt", claims))
    }
}

impl Sink for Mercure {
    async fn deliver(&self, delivery: &Delivery) -> Verdict {
        let topic = match self.topic.of(delivery) {
            Ok(topic) => topic,
            Err(problem) => return Verdict::Dead(problem),
        };
        let authorization = match self.publisher.authorization() {
            Ok(authorization) => authorization,
            Err(problem) => return Verdict::Later(None, problem),
        };
        let update = form_urlencoded::Serializer::new(String::new())
            .append_pair("topic", &topic)
            .append_pair("data", &delivery.event)
            .append_pair("private", "on")
            .append_pair("id", &delivery.event_id)
            .append_pair("type", &delivery.kind)
            .finish();
        let request = self
            .client
            .post(self.url.clone())
            .header("authorization", authorization)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(update);
        match http::send(request).await {
            // A hub that is away, or a proxy before it, makes its events wait, in order.
            Answer::Unreachable(problem) | Answer::Broken(problem) => Verdict::Unreachable(problem),
            Answer::Status(status, _)
                if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS =>
            {
                Verdict::Unreachable(format!("answered {}", status.as_u16()))
            }
            answer => answer.verdict(),
        }
    }
}

/// A topic with places for what an event says.
#[derive(Debug, PartialEq, Eq)]
struct Topic(Vec<Part>);

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Realm,
    Login,
    Uid,
    Device,
}

/// What has to be known of an event.
#[derive(Deserialize)]
struct Event {
    source: String,
    subject: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    login: String,
    #[serde(default)]
    uid_base64: Option<String>,
    #[serde(default)]
    device: String,
}

impl Topic {
    fn parse(text: &str) -> Result<Self, &'static str> {
        const PROBLEM: &str = "may have {realm}, {login}, {uid} and {device}, and needs {login} or {uid}: \
             what is for one user must not be others' to read";
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').ok_or(PROBLEM)?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(match name {
                "realm" => Part::Realm,
                "login" => Part::Login,
                "uid" => Part::Uid,
                "device" => Part::Device,
                _ => return Err(PROBLEM),
            });
            rest = behind;
        }
        parts.push(Part::Text(rest.to_owned()));
        let private = parts.contains(&Part::Login) || parts.contains(&Part::Uid);
        private.then_some(Self(parts)).ok_or(PROBLEM)
    }

    fn of(&self, delivery: &Delivery) -> Result<String, String> {
        let event: Event = serde_json::from_str(&delivery.event)
            .map_err(|error| format!("is no event of rsso ({:?})", error.classify()))?;
        let mut topic = String::new();
        for part in &self.0 {
            let value = match part {
                Part::Text(text) => {
                    topic.push_str(text);
                    continue;
                }
                Part::Realm => {
                    let realm = event.source.strip_prefix("urn:rsso:");
                    realm.ok_or("is of no realm")?
                }
                Part::Login => &event.data.login,
                // As text it could be taken for another's.
                Part::Uid if event.data.uid_base64.is_some() => {
                    return Err("the user's id is no UTF-8: a topic cannot name it".to_owned());
                }
                Part::Uid => &event.subject,
                Part::Device => &event.data.device,
            };
            topic.extend(utf8_percent_encode(value, UNESCAPED));
        }
        Ok(topic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(template: &str, uid: &str) -> String {
        topic_of(template, uid, &json!({"login": "01J", "device": "web"})).unwrap()
    }

    fn topic_of(template: &str, uid: &str, data: &Value) -> Result<String, String> {
        let event = json!({"source": "urn:rsso:shop", "subject": uid, "data": data});
        let delivery = Delivery {
            id: 1,
            event_id: "01E".to_owned(),
            position: "7".to_owned(),
            kind: "io.rsso.message.v1".to_owned(),
            event: event.to_string(),
            attempt: 0,
        };
        Topic::parse(template).unwrap().of(&delivery)
    }

    #[test]
    fn a_uid_that_is_no_text_names_no_topic() {
        let data = json!({"login": "01J", "uid_base64": "/w=="});
        assert!(topic_of("users/{uid}", "/w==", &data).is_err());
        assert_eq!(
            topic_of("logins/{login}", "/w==", &data).unwrap(),
            "logins/01J"
        );
    }

    #[test]
    fn a_topic_is_the_logins_own() {
        assert_eq!(topic(TOPIC, "ann"), "urn:rsso:shop:login:01J");
        let users = topic("https://example.org/users/{uid}/{device}", "a/../é");
        assert_eq!(users, "https://example.org/users/a%2F..%2F%C3%A9/web");
    }

    #[test]
    fn a_topic_for_everybody_is_refused() {
        for invalid in ["", "urn:rsso", "urn:rsso:{realm}", "{login", "{login}{sid}"] {
            assert!(Topic::parse(invalid).is_err(), "{invalid}");
        }
    }
}
