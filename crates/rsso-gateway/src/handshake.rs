//! A browser's request for events: who it is, and what it gets. Both transports begin with it.

use axum::http::{HeaderMap, HeaderValue};
use rsso_core::login::LoginId;

use super::admission::Admitted;
use super::channel::Channel;
use super::close_reason::CloseReason;
use super::connection::Connection;
use super::connection_limits::Permit;
use super::gateway::Gateway;
use super::hub::SubscribeError;
use super::principal::Principal;
use super::refusal::Refusal;
use super::resume::{Resume, parameter};
use super::store_pool::StoreUnavailable;

/// An accepted request for events.
#[derive(Debug)]
pub(crate) struct Handshake {
    pub(crate) reply: Reply,
    /// The origin that the answer has to allow.
    pub(crate) allow: Option<HeaderValue>,
    pub(crate) permit: Option<Permit>,
}

/// What the browser gets.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Events, or at least one that says why there are no more.
    Stream(Channel),
    /// No event, only the reason why the connection closes.
    Close(CloseReason),
}

impl Gateway {
    /// Decides what a request for events gets.
    pub(crate) async fn handshake(
        &self,
        connection: &Connection,
        headers: &HeaderMap,
        query: Option<&str>,
    ) -> Result<Handshake, Refusal> {
        let Admitted {
            principal,
            allow,
            permit,
        } = self.admission.admit(connection, headers).await?;
        let resume = Resume::of_request(headers, query);
        let channels = &self.channels;
        channels.catch_up(&principal, &resume).await;
        let reply = match &principal {
            Principal::LoggedIn(identity, user) => match channels.open(identity, user, &resume) {
                Ok(channel) => Reply::Stream(channel),
                Err(SubscribeError::Draining) => Reply::Close(CloseReason::GoingAway),
                Err(SubscribeError::TooMany) => return Err(Refusal::Crowded(allow)),
            },
            Principal::Kicked(kick) => channels.open_for_kicked(kick, &resume).map_or_else(
                || Reply::Close(CloseReason::of_kick(kick.code)),
                Reply::Stream,
            ),
            Principal::Nobody => match self.close_reason(query, &resume).await {
                Ok(reason) => Reply::Close(reason),
                Err(StoreUnavailable) => return Err(Refusal::Unavailable(allow)),
            },
        };
        Ok(Handshake {
            reply,
            allow,
            permit,
        })
    }

    /// Why a browser whose cookie stands for nobody gets no events.
    async fn close_reason(
        &self,
        query: Option<&str>,
        resume: &Resume,
    ) -> Result<CloseReason, StoreUnavailable> {
        let Some(login) = former_login(query) else {
            // A browser with a position had a login; if its end left no event, it expired.
            return Ok(match resume.last_seen() {
                Some(_) => CloseReason::Expired,
                None => CloseReason::NotSignedIn,
            });
        };
        let newest = self.admission.store_pool.newest().await?;
        Ok(self.channels.end_of(login, &newest).await)
    }
}

/// The login that a client says it was connected as, in the parameter `login`.
///
/// A login's id is no secret, so the answer says no more than how the login ended.
fn former_login(query: Option<&str>) -> Option<LoginId> {
    LoginId::parse(parameter(query, "login")?).ok()
}
