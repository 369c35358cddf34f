//! A Mercure hub: each event is published as a private update to its login's topic.
//!
//! What always holds: an update is private, and its id is the event's. If the hub is down, its events wait in
//! order, because a browser must not get old news after new.
//!
//! Source: <https://mercure.rocks/spec>, "Publication" and "Authorization".

mod config;
mod publisher;
mod topic;

use std::path::Path;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode};
use rsso_core::login::Realm;
use rsso_core::login::event::LoginEvent;
use rsso_core::{Error, Result};
use url::{Url, form_urlencoded};

use super::delivery::{Delivery, Sink, Verdict};
use super::endpoint::{CommonConfig, Configured, Endpoint, request_timeout};
use super::http::{self, Answer};
use super::jwt::SigningKey;
use super::secrets::read_secret;
use super::target::Target;
pub use config::MercureConfig;
use publisher::{JwtClaims, Publisher};
use topic::Topic;

const DEFAULT_TOPIC: &str = "urn:rsso:{realm}:login:{login}";

/// A hub.
#[derive(Debug)]
pub(crate) struct Mercure {
    client: Client,
    url: Url,
    topic: Topic,
    publisher: Publisher,
}

impl Mercure {
    pub(crate) fn new(config: &MercureConfig, realm: &Realm) -> Result<Configured<Self>> {
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
        let read = |key: &str, path: &Path| read_secret(&format!("{key} of {name}"), path);
        let publisher = match (&config.jwt_file, &config.key_file) {
            (Some(path), None) => Publisher::of_token(&read("jwt_file", path)?)
                .ok_or_else(|| invalid("jwt_file", "is no token"))?,
            (None, Some(path)) => {
                let key = SigningKey::parse_for_hub(&read("key_file", path)?)
                    .map_err(|problem| invalid("key_file", problem))?;
                let (issuer, audience) = (config.issuer.clone(), config.audience.clone());
                Publisher::Key(Box::new(key), JwtClaims::new(issuer, audience, &target))
            }
            _ => return Err(invalid("key_file", "give either this or jwt_file")),
        };
        if config.issuer.is_none() && config.audience.is_some() {
            return Err(invalid("audience", "needs issuer"));
        }
        let topic = Topic::parse(config.topic.as_deref().unwrap_or(DEFAULT_TOPIC));
        let within = request_timeout(name, config.timeout)?;
        let sink = Self {
            client: http::client(&target, within, config.ca_file.as_deref())
                .map_err(|problem| invalid("url", &problem))?,
            url: target.url(),
            topic: topic.map_err(|problem| invalid("topic", problem))?,
            publisher,
        };
        Ok(Configured { endpoint, sink })
    }
}

impl Sink for Mercure {
    async fn deliver(&self, delivery: &Delivery) -> Verdict {
        let event = LoginEvent::read(&delivery.event).map_err(|problem| problem.to_string());
        let topic = match event.and_then(|event| self.topic.of(&event)) {
            Ok(topic) => topic,
            Err(problem) => return Verdict::GiveUp(problem),
        };
        let authorization = match self.publisher.authorization() {
            Ok(authorization) => authorization,
            Err(problem) => return Verdict::retry(problem),
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
            // The hub is down, or a proxy in front of it: its events wait, in order.
            Answer::NotConnected(problem) | Answer::Failed(problem) => Verdict::Postpone(problem),
            Answer::Status { status, .. }
                if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS =>
            {
                Verdict::Postpone(format!("answered {}", status.as_u16()))
            }
            answer => answer.verdict(),
        }
    }
}
