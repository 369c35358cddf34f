//! A browser's request to be told what happens: who it is, and what there is to say. The same for both
//! transports, which differ in how they say it.

use axum::http::{HeaderMap, HeaderValue};
use rsso_core::login::LoginId;
use rsso_core::login::event::Position;

use super::admission::{self, Refusal};
use super::channel::{Channel, Channels};
use super::close_reason::CloseReason;
use super::connection::Connection;
use super::connection_limits::Permit;
use super::gateway::Gateway;
use super::hub::SubscribeError;
use super::store_pool::{Principal, StoreUnavailable};

/// Who came, and what for.
#[derive(Debug)]
pub(crate) struct Handshake {
    pub(crate) reply: Reply,
    /// The origin that the answer has to allow.
    pub(crate) allow: Option<HeaderValue>,
    pub(crate) permit: Option<Permit>,
}

/// What there is to say.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Events, or why there will be none.
    Stream(Channel),
    /// Nothing but why: its login has ended so, or the cookie stands for nobody.
    Close(CloseReason),
}

impl Gateway {
    pub(crate) async fn handshake(
        &self,
        connection: &Connection,
        headers: &HeaderMap,
        query: Option<&str>,
    ) -> Result<Handshake, Refusal> {
        let admitted = self.admission.admit(connection, headers).await?;
        let after = admission::last_event_id(headers, query);
        let channels = &self.channels;
        channels.catch_up(&admitted.principal, after.as_ref()).await;
        let reply = match &admitted.principal {
            Principal::LoggedIn(identity, user) => {
                match channels.open(identity, user, after.as_ref()) {
                    Ok(channel) => Reply::Stream(channel),
                    Err(SubscribeError::Draining) => {
                        Reply::Stream(Channels::closed(CloseReason::GoingAway))
                    }
                    Err(SubscribeError::TooMany) => return Err(Refusal::Crowded(admitted.allow)),
                }
            }
            Principal::Kicked(kick) => channels.open_for_kicked(kick, after.as_ref()).map_or_else(
                || Reply::Close(CloseReason::of_kick(Some(kick.code.number()))),
                Reply::Stream,
            ),
            Principal::Nobody => match self.end_of(query, after.as_ref()).await {
                Ok(close_reason) => Reply::Close(close_reason),
                Err(StoreUnavailable) => return Err(Refusal::Unavailable(admitted.allow)),
            },
        };
        Ok(Handshake {
            reply,
            allow: admitted.allow,
            permit: admitted.permit,
        })
    }

    /// What became of the login that a browser had whose cookie stands for nobody.
    async fn end_of(
        &self,
        query: Option<&str>,
        after: Option<&Result<Position, ()>>,
    ) -> Result<CloseReason, StoreUnavailable> {
        let Some(login) = former_login(query) else {
            // Who has a position was somebody; an end that left no event is time's.
            let was_here = matches!(after, Some(Ok(position)) if *position != Position::START);
            return Ok(if was_here {
                CloseReason::Expired
            } else {
                CloseReason::NotSignedIn
            });
        };
        let newest = self.admission.store_pool.newest().await?;
        Ok(self.channels.end_of(login, &newest).await)
    }
}

/// The login that a client says it was connected as: the parameter `login`. Nobody is told more of it
/// than how it ended, because a login's id is no secret.
fn former_login(query: Option<&str>) -> Option<LoginId> {
    let pairs = query?.split('&').filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(name, _)| *name == "login");
    values
        .next()
        .and_then(|(_, value)| LoginId::parse(value).ok())
}
