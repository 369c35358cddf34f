//! A webhook: each event is sent in a POST request, signed as Standard Webhooks says.
//!
//! What always holds: `webhook-id` is the event's id at each attempt. `webhook-timestamp` and the signatures belong
//! to one attempt. [`http`] knows what an answer means.

use std::mem;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::Client;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use rsso_core::login::Realm;
use rsso_core::{Error, Result};
use serde::Deserialize;
use url::Url;

mod signature;

use super::delivery::{Delivery, Sink, Verdict};
use super::endpoint::{CommonConfig, Configured, Endpoint, request_timeout};
use super::http;
use super::secrets::{SecretList, read_secret};
use super::security_event_token;
use super::target::Target;
use signature::Signer;

/// The table `[[webhook]]` of the configuration.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookConfig {
    name: Option<String>,
    url: String,
    secrets: SecretList,
    secrets_file: Option<PathBuf>,
    types: Vec<String>,
    realms: Vec<String>,
    format: Format,
    timeout: Option<u32>,
    max_in_flight: Option<u32>,
    retry_schedule: Option<Vec<u32>>,
    ca_file: Option<PathBuf>,
    authorization_file: Option<PathBuf>,
    issuer: Option<String>,
    audience: Option<String>,
    key_file: Option<PathBuf>,
    key_id: Option<String>,
}

impl WebhookConfig {
    /// Whether the table itself holds a secret.
    #[must_use]
    pub fn has_secrets(&self) -> bool {
        !self.secrets.0.is_empty() || self.url.contains(['@', '?'])
    }
}

/// The key `format`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    CloudEvents,
    Set,
}

/// A webhook.
#[derive(Debug)]
pub(crate) struct Webhook {
    client: Client,
    url: Url,
    signer: Signer,
    body: Body,
    authorization: Option<HeaderValue>,
}

/// The form of the body.
#[derive(Debug)]
enum Body {
    CloudEvent,
    Token(Box<security_event_token::Issuer>),
}

impl Webhook {
    pub(crate) fn new(mut config: WebhookConfig, realm: &Realm) -> Result<Configured<Self>> {
        let target = Target::parse(&config.url)
            .map_err(|problem| Error::config("url of a webhook", problem))?;
        let name = config.name.clone().unwrap_or_else(|| target.to_string());
        let body = Body::new(&mut config, &name)?;
        let mut endpoint = Endpoint::new(
            CommonConfig {
                name: name.clone(),
                types: &config.types,
                realms: &config.realms,
                max_in_flight: config.max_in_flight,
                retry_schedule: config.retry_schedule.as_deref(),
            },
            realm,
        )?;
        // A token is about a login, and nothing else.
        endpoint.gets_gap_events = matches!(body, Body::CloudEvent);
        let signer = signer(&mut config, &name)?;
        if signer.is_empty() && matches!(body, Body::CloudEvent) {
            let problem = "a receiver knows by them who sends: give secrets_file or secrets";
            return Err(invalid("secrets", &name, problem));
        }
        if config.authorization_file.is_some() && target.has_credentials() {
            let problem = "a user or password in the url and authorization_file: one of them";
            return Err(invalid("url", &name, problem));
        }
        let authorization = config.authorization_file.as_deref();
        let authorization = authorization.map(|path| authorization_header(path, &name));
        let timeout = request_timeout(&name, config.timeout)?;
        let client = http::client(&target, timeout, config.ca_file.as_deref());
        let sink = Self {
            client: client.map_err(|problem| invalid("url", &name, &problem))?,
            url: target.url(),
            signer,
            body,
            authorization: authorization.transpose()?,
        };
        Ok(Configured { endpoint, sink })
    }
}

impl Body {
    /// The form that the table asks for; limits its types to those that have this form.
    fn new(config: &mut WebhookConfig, name: &str) -> Result<Self> {
        let token = security_event_token::TokenConfig {
            issuer: config.issuer.take(),
            audience: config.audience.take(),
            key_file: config.key_file.take(),
            key_id: config.key_id.take(),
        };
        match config.format {
            Format::CloudEvents if token.is_empty() => Ok(Self::CloudEvent),
            Format::CloudEvents => {
                let problem = "issuer, audience, key_file and key_id are of format = \"set\"";
                Err(invalid("format", name, problem))
            }
            Format::Set => {
                let types = security_event_token::Issuer::event_types(&config.types);
                config.types = types.map_err(|problem| invalid("types", name, &problem))?;
                let issuer = security_event_token::Issuer::new(token, name)?;
                Ok(Self::Token(Box::new(issuer)))
            }
        }
    }
}

fn signer(config: &mut WebhookConfig, name: &str) -> Result<Signer> {
    let mut secrets = mem::take(&mut config.secrets.0);
    if let Some(path) = &config.secrets_file {
        let text = read_secret(&format!("secrets_file of {name}"), path)?;
        secrets.extend(signature::secrets(&text));
    }
    Signer::new(&secrets).map_err(|problem| invalid("secrets", name, problem))
}

/// The value of the `Authorization` header that a file contains.
fn authorization_header(path: &Path, name: &str) -> Result<HeaderValue> {
    let key = format!("authorization_file of {name}");
    let text = read_secret(&key, path)?;
    let mut value = HeaderValue::from_str(text.expose().trim())
        .map_err(|_| Error::config(key, "is no value of a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn invalid(key: &str, name: &str, problem: &str) -> Error {
    Error::config(format!("{key} of {name}"), problem)
}

impl Sink for Webhook {
    async fn deliver(&self, delivery: &Delivery) -> Verdict {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = since.unwrap_or_default().as_secs();
        let (media_type, body) = match &self.body {
            Body::CloudEvent => ("application/cloudevents+json", delivery.event.clone()),
            Body::Token(issuer) => match issuer.token(delivery, now) {
                Ok(token) => (security_event_token::MEDIA_TYPE, token),
                Err(problem) => return Verdict::GiveUp(problem),
            },
        };
        let mut request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, media_type)
            .header("accept", "application/json")
            .header("webhook-id", &delivery.event_id)
            .header("webhook-timestamp", now);
        if !self.signer.is_empty() {
            let signature = self.signer.sign(&delivery.event_id, now, &body);
            request = request.header("webhook-signature", signature);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        http::send(request.body(body)).await.verdict()
    }
}
