//! Who may come in: origin, room, session, in this order. What every refusal is, in HTTP.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ipnet::IpNet;
use rsso_core::login::event::Position;
use serde_json::json;

use super::client_address;
use super::close_reason::CloseReason;
use super::connection::Connection;
use super::connection_limits::{ConnectionLimits, Permit};
use super::cookie;
use super::diagnosis::Diagnosis;
use super::feed::FeedStatus;
use super::metrics;
use super::origin::{self, Origin, RequestOrigin};
use super::setting_warnings::SettingWarnings;
use super::store_pool::{Principal, StorePool, StoreUnavailable};

/// What decides.
pub(crate) struct Admission {
    pub(crate) origins: Vec<Origin>,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) cookie: String,
    pub(crate) limits: Arc<ConnectionLimits>,
    pub(crate) store_pool: StorePool,
    pub(crate) status: Arc<FeedStatus>,
    pub(crate) diagnosis: Diagnosis,
    pub(crate) warnings: Arc<SettingWarnings>,
}

/// Who came in.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) principal: Principal,
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

impl Admission {
    pub(crate) async fn admit(
        &self,
        connection: &Connection,
        headers: &HeaderMap,
    ) -> Result<Admitted, Refusal> {
        let allow = match origin::of(headers, &self.origins) {
            Err(foreign) => {
                let (setting, problem) = foreign.advice();
                self.warnings.warn(setting, &problem);
                return Err(Refusal::Origin);
            }
            Ok(RequestOrigin::SameHost) => None,
            Ok(RequestOrigin::Listed(origin)) => Some(origin.clone()),
        };
        let Ok(permit) = self.room(connection, headers) else {
            return Err(Refusal::Crowded(allow));
        };
        if !self.status.is_loaded() {
            return Err(Refusal::Unavailable(allow));
        }
        let ids = cookie::session_ids(headers, &self.cookie);
        let principal = match ids.is_empty() {
            true => Principal::Nobody,
            false => match self.store_pool.principal(ids.clone()).await {
                Ok(principal) => principal,
                Err(StoreUnavailable) => return Err(Refusal::Unavailable(allow)),
            },
        };
        self.diagnosis
            .observe(&principal, headers, &ids, &self.store_pool, &self.warnings);
        metrics::signed_in(&principal);
        Ok(Admitted {
            principal,
            allow,
            permit,
        })
    }

    /// Room for one more of the client's address, unless its connection has been counted already.
    fn room(&self, connection: &Connection, headers: &HeaderMap) -> Result<Option<Permit>, ()> {
        if connection.is_counted() {
            if client_address::has_forwarded_for(headers) {
                self.warnings.warn(
                    "trusted_proxies",
                    "an X-Forwarded-For is ignored: it comes from an address that is not in trusted_proxies. If \
                     it is the proxy's, all its browsers count as one address",
                );
            }
            return Ok(None);
        }
        let named = client_address::of_request(connection.peer, headers, &self.trusted_proxies);
        match named {
            // A proxy that names nobody: its clients cannot be told apart.
            None => Ok(None),
            Some(address)
                if Some(address) == connection.peer
                    && !client_address::has_forwarded_for(headers) =>
            {
                Ok(None)
            }
            Some(address) => {
                let permit = self
                    .limits
                    .admit_from(client_address::limited_network(address));
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
            let seconds = HeaderValue::from(2 + jitter_below(8));
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

/// An close_reason, to who asks over HTTP.
pub(crate) fn ended(status: StatusCode, close_reason: CloseReason) -> Response {
    let body = json!({"code": close_reason.code(), "reason": close_reason.reason()}).to_string();
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
pub(crate) fn jitter_below(bound: u64) -> u64 {
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
