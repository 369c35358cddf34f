//! Who may come in: origin, room, session, in this order. What every refusal is, in HTTP.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ipnet::IpNet;
use rsso_core::login::event::Position;
use serde_json::json;

use super::client_address;
use super::close_reason::Ending;
use super::connection::Connection;
use super::connection_limits::{Caps, Permit};
use super::cookie;
use super::diagnosis::Diagnosis;
use super::feed::Status;
use super::metrics;
use super::origin::{self, From, Origin};
use super::setting_warnings::Hints;
use super::store_pool::{Bearer, Desk, Unavailable};

/// What decides.
pub(crate) struct Door {
    pub(crate) origins: Vec<Origin>,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) cookie: String,
    pub(crate) caps: Arc<Caps>,
    pub(crate) desk: Desk,
    pub(crate) status: Arc<Status>,
    pub(crate) diagnosis: Diagnosis,
    pub(crate) hints: Arc<Hints>,
}

/// Who came in.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) bearer: Bearer,
    /// The origin that the answer has to allow.
    pub(crate) allow: Option<HeaderValue>,
    pub(crate) permit: Option<Permit>,
}

/// Who did not.
#[derive(Debug)]
pub(crate) enum Refusal {
    Origin,
    Crowded(Option<HeaderValue>),
    Unavailable(Option<HeaderValue>),
}

impl Door {
    pub(crate) async fn admit(
        &self,
        connection: &Connection,
        headers: &HeaderMap,
    ) -> Result<Admission, Refusal> {
        let allow = match origin::of(headers, &self.origins) {
            Err(foreign) => {
                let (setting, problem) = foreign.advice();
                self.hints.warn(setting, &problem);
                return Err(Refusal::Origin);
            }
            Ok(From::Here) => None,
            Ok(From::Allowed(origin)) => Some(origin.clone()),
        };
        let Ok(permit) = self.room(connection, headers) else {
            return Err(Refusal::Crowded(allow));
        };
        if !self.status.is_loaded() {
            return Err(Refusal::Unavailable(allow));
        }
        let ids = cookie::session_ids(headers, &self.cookie);
        let bearer = match ids.is_empty() {
            true => Bearer::Nobody,
            false => match self.desk.bearer(ids.clone()).await {
                Ok(bearer) => bearer,
                Err(Unavailable) => return Err(Refusal::Unavailable(allow)),
            },
        };
        self.diagnosis
            .learn(&bearer, headers, &ids, &self.desk, &self.hints);
        metrics::signed_in(&bearer);
        Ok(Admission {
            bearer,
            allow,
            permit,
        })
    }

    /// Room for one more of the client's address, unless its connection has been counted already.
    fn room(&self, connection: &Connection, headers: &HeaderMap) -> Result<Option<Permit>, ()> {
        if connection.is_counted() {
            if client_address::names_anybody(headers) {
                self.hints.warn(
                    "trusted_proxies",
                    "an X-Forwarded-For is ignored: it comes from an address that is not in trusted_proxies. If \
                     it is the proxy's, all its browsers count as one address",
                );
            }
            return Ok(None);
        }
        let named = client_address::address(connection.peer, headers, &self.trusted_proxies);
        match named {
            // A proxy that names nobody: its clients cannot be told apart.
            None => Ok(None),
            Some(address)
                if Some(address) == connection.peer && !client_address::names_anybody(headers) =>
            {
                Ok(None)
            }
            Some(address) => {
                let permit = self.caps.admit_from(client_address::client(address));
                permit.map(Some).ok_or(())
            }
        }
    }
}

/// Lets a page of another origin read the answer.
pub(crate) fn allow(response: &mut Response, origin: Option<HeaderValue>) {
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, error, origin) = match self {
            Self::Origin => (
                StatusCode::FORBIDDEN,
                "this page's origin is not allowed",
                None,
            ),
            Self::Crowded(origin) => (
                StatusCode::TOO_MANY_REQUESTS,
                "too many connections",
                origin,
            ),
            Self::Unavailable(origin) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "the store cannot be asked",
                origin,
            ),
        };
        metrics::refused(status);
        let mut response = problem(status, error);
        if status != StatusCode::FORBIDDEN {
            // Not all at once.
            let seconds = HeaderValue::from(2 + rand_below(8));
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        allow(&mut response, origin);
        response
    }
}

/// An error as JSON.
pub(crate) fn problem(status: StatusCode, error: &str) -> Response {
    let body = json!({"error": error}).to_string();
    answer(status, body)
}

/// An ending, to who asks over HTTP.
pub(crate) fn ended(status: StatusCode, ending: Ending) -> Response {
    let body = json!({"code": ending.code(), "reason": ending.reason()}).to_string();
    answer(status, body)
}

fn answer(status: StatusCode, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body).into_response()
}

/// A number that spreads clients out; nothing depends on how random it is.
pub(crate) fn rand_below(bound: u64) -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(0_u8) % bound
}

/// What a client says it saw last: the header of `EventSource`, or the parameter `lastEventId`.
pub(crate) fn last_event_id(
    headers: &HeaderMap,
    query: Option<&str>,
) -> Option<Result<Position, ()>> {
    let header = headers
        .get("last-event-id")
        .map(|v| v.to_str().unwrap_or("?").to_owned());
    let said = header.or_else(|| {
        let pairs = query?.split('&').filter_map(|pair| pair.split_once('='));
        let mut values = pairs.filter(|(name, _)| *name == "lastEventId");
        values.next().map(|(_, value)| value.to_owned())
    })?;
    (!said.is_empty()).then(|| Position::parse(&said).map_err(|_| ()))
}
