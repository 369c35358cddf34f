//! Who may connect. The checks, in this order: origin, limits of connections, whether the outbox has been read, session.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue};
use ipnet::IpNet;

use super::client_address;
use super::connection::Connection;
use super::connection_limits::{ConnectionLimits, Permit};
use super::cookie;
use super::diagnosis::Diagnosis;
use super::feed_status::FeedStatus;
use super::metrics;
use super::origin::{self, Origin, RequestOrigin};
use super::principal::Principal;
use super::refusal::Refusal;
use super::setting_warnings::{SettingProblem, SettingWarnings};
use super::store_pool::{StorePool, StoreUnavailable};

/// Decides who may connect.
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

/// A request that passed all checks.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) principal: Principal,
    /// The origin that the answer has to allow.
    pub(crate) allow: Option<HeaderValue>,
    /// Counts the connection for its client's address; `None` if it was counted already or cannot be.
    pub(crate) permit: Option<Permit>,
}

/// The client's address has reached its limit of connections.
struct AddressFull;

impl Admission {
    pub(crate) async fn admit(
        &self,
        connection: &Connection,
        headers: &HeaderMap,
    ) -> Result<Admitted, Refusal> {
        let allow = match origin::check(headers, &self.origins) {
            Err(error) => {
                self.warnings.warn(&error.problem());
                return Err(Refusal::Origin);
            }
            Ok(RequestOrigin::SameHost) => None,
            Ok(RequestOrigin::Listed(origin)) => Some(origin.clone()),
        };
        let Ok(permit) = self.count_address(connection, headers) else {
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

    /// Counts the connection for its client's address; `None` if it is counted already, or the address is unknown.
    fn count_address(
        &self,
        connection: &Connection,
        headers: &HeaderMap,
    ) -> Result<Option<Permit>, AddressFull> {
        let is_forwarded = client_address::is_forwarded(headers);
        if connection.is_counted {
            if is_forwarded {
                self.warnings.warn(&untrusted_proxy());
            }
            return Ok(None);
        }
        let peer = connection.peer;
        match client_address::of_request(peer, headers, &self.trusted_proxies) {
            // The proxy does not say for whom: its clients cannot be told apart.
            None => Ok(None),
            // A trusted proxy's own request.
            Some(address) if Some(address) == peer && !is_forwarded => Ok(None),
            Some(address) => {
                let network = client_address::limit_key(address);
                let permit = self.limits.admit_from(network);
                permit.map(Some).ok_or(AddressFull)
            }
        }
    }
}

fn untrusted_proxy() -> SettingProblem {
    SettingProblem::new(
        "trusted_proxies",
        "an X-Forwarded-For is ignored: it comes from an address that is not in trusted_proxies. If \
         it is the proxy's, all its browsers count as one address",
    )
}
