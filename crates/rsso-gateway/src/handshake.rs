//! A browser's request to be told what happens: who it is, and what there is to say. The same for both
//! transports, which differ in how they say it.

use axum::http::{HeaderMap, HeaderValue};
use rsso_core::login::LoginId;
use rsso_core::login::event::Position;

use super::admission::{self, Refusal};
use super::channel::{Channel, Channels};
use super::close_reason::Ending;
use super::connection::Connection;
use super::connection_limits::Permit;
use super::gateway::Gateway;
use super::hub::NoSeat;
use super::store_pool::{Bearer, Unavailable};

/// Who came, and what for.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) purpose: Purpose,
    /// The origin that the answer has to allow.
    pub(crate) allow: Option<HeaderValue>,
    pub(crate) permit: Option<Permit>,
}

/// What there is to say.
#[derive(Debug)]
pub(crate) enum Purpose {
    /// Events, or why there will be none.
    Listen(Channel),
    /// Nothing but why: its login has ended so, or the cookie stands for nobody.
    Told(Ending),
}

impl Gateway {
    pub(crate) async fn visit(
        &self,
        connection: &Connection,
        headers: &HeaderMap,
        query: Option<&str>,
    ) -> Result<Visit, Refusal> {
        let admission = self.door.admit(connection, headers).await?;
        let after = admission::last_event_id(headers, query);
        let channels = &self.channels;
        channels.catch_up(&admission.bearer, after.as_ref()).await;
        let purpose = match &admission.bearer {
            Bearer::LoggedIn(identity, user) => {
                match channels.open(identity, user, after.as_ref()) {
                    Ok(channel) => Purpose::Listen(channel),
                    Err(NoSeat::Draining) => Purpose::Listen(Channels::closed(Ending::GoingAway)),
                    Err(NoSeat::TooMany) => return Err(Refusal::Crowded(admission.allow)),
                }
            }
            Bearer::Kicked(kick) => channels.last_words(kick, after.as_ref()).map_or_else(
                || Purpose::Told(Ending::of_kick(Some(kick.code.number()))),
                Purpose::Listen,
            ),
            Bearer::Nobody => match self.end_of(query, after.as_ref()).await {
                Ok(ending) => Purpose::Told(ending),
                Err(Unavailable) => return Err(Refusal::Unavailable(admission.allow)),
            },
        };
        Ok(Visit {
            purpose,
            allow: admission.allow,
            permit: admission.permit,
        })
    }

    /// What became of the login that a browser had whose cookie stands for nobody.
    async fn end_of(
        &self,
        query: Option<&str>,
        after: Option<&Result<Position, ()>>,
    ) -> Result<Ending, Unavailable> {
        let Some(login) = former_login(query) else {
            // Who has a position was somebody; an end that left no event is time's.
            let was_here = matches!(after, Some(Ok(position)) if *position != Position::START);
            return Ok(if was_here {
                Ending::Expired
            } else {
                Ending::NotSignedIn
            });
        };
        let newest = self.door.desk.newest().await?;
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
