//! A webhook: each event a POST, signed as Standard Webhooks says, to a URL of the operator's.
//!
//! What always holds: `webhook-id` is the event's id at each attempt, `webhook-timestamp` and the
//! signatures are of this attempt. What an answer means is in [`http`].

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::Client;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use rsso_core::login::Realm;
use rsso_core::{Error, Result};
use serde::Deserialize;
use url::Url;

mod signature;

use super::delivery::{Delivery, Sink, Verdict};
use super::endpoint::{CommonConfig, Endpoint, request_timeout};
use super::http::{self, Target};
use super::secrets::{SecretList, read_secret};
use super::security_event_token;
use signature::Signer;

/// `[[webhook]]`
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
    /// Whether the file that they stand in has to be kept from others.
    #[must_use]
    pub fn has_secrets(&self) -> bool {
        !self.secrets.0.is_empty() || self.url.contains(['@', '?'])
    }
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    CloudEvents,
    Set,
}

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
    pub(crate) fn new(mut config: WebhookConfig, realm: &Realm) -> Result<(Endpoint, Self)> {
        let target = Target::parse(&config.url)
            .map_err(|problem| Error::config("url of a webhook", problem))?;
        let shown = config.name.clone().unwrap_or_else(|| target.to_string());
        let invalid =
            |key: &str, problem: &str| Error::config(format!("{key} of {shown}"), problem);
        let token = security_event_token::TokenConfig {
            issuer: config.issuer.take(),
            audience: config.audience.take(),
            key_file: config.key_file.take(),
            key_id: config.key_id.take(),
        };
        let body = match config.format {
            Format::CloudEvents if token.is_empty() => Body::CloudEvent,
            Format::CloudEvents => {
                let problem = "issuer, audience, key_file and key_id are of format = \"set\"";
                return Err(invalid("format", problem));
            }
            Format::Set => {
                let kinds = security_event_token::Issuer::event_types(&config.types);
                config.types = kinds.map_err(|problem| invalid("types", &problem))?;
                Body::Token(Box::new(security_event_token::Issuer::new(token, &shown)?))
            }
        };
        let mut endpoint = Endpoint::new(
            CommonConfig {
                name: shown.clone(),
                types: &config.types,
                realms: &config.realms,
                max_in_flight: config.max_in_flight,
                retry_schedule: config.retry_schedule.as_deref(),
            },
            realm,
        )?;
        // A token tells of logins, and of nothing else.
        endpoint.gets_gap_events = matches!(body, Body::CloudEvent);
        let mut secrets = config.secrets.0;
        if let Some(path) = &config.secrets_file {
            let text = read_secret(&format!("secrets_file of {shown}"), path)?;
            secrets.extend(signature::secrets(&text));
        }
        let signer = Signer::new(&secrets).map_err(|problem| invalid("secrets", problem))?;
        if signer.is_empty() && matches!(body, Body::CloudEvent) {
            let problem = "a receiver knows by them who sends: give secrets_file or secrets";
            return Err(invalid("secrets", problem));
        }
        if config.authorization_file.is_some() && target.has_credentials() {
            let problem = "a user or password in the url and authorization_file: one of them";
            return Err(invalid("url", problem));
        }
        let authorization = config.authorization_file.as_deref().map(|path| {
            let key = format!("authorization_file of {shown}");
            let text = read_secret(&key, path)?;
            let mut value = HeaderValue::from_str(text.expose().trim())
                .map_err(|_| Error::config(key, "is no value of a header"))?;
            value.set_sensitive(true);
            Ok(value)
        });
        let within = request_timeout(&shown, config.timeout)?;
        let webhook = Self {
            client: http::client(&target, within, config.ca_file.as_deref())
                .map_err(|problem| invalid("url", &problem))?,
            url: target.url(),
            signer,
            body,
            authorization: authorization.transpose()?,
        };
        Ok((endpoint, webhook))
    }
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
