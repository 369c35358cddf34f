//! A browser's request to be told what happens: who it is, and what there is to say. The same for both
//! transports, which differ in how they say it.

use axum::http::{HeaderMap, HeaderValue};
use rsso_core::login::event::Position;

use super::caps::Permit;
use super::channel::{Channel, Channels};
use super::connection::Connection;
use super::desk::Bearer;
use super::door::{self, Refusal};
use super::ending::Ending;
use super::http::Gateway;
use super::hub::NoSeat;

/// Who came, and what for.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) purpose: Purpose,
    /// What the client says it saw last.
    pub(crate) after: Option<Result<Position, ()>>,
    /// The origin that the answer has to allow.
    pub(crate) allow: Option<HeaderValue>,
    pub(crate) permit: Option<Permit>,
}

/// What there is to say.
#[derive(Debug)]
pub(crate) enum Purpose {
    /// Events, or why there will be none.
    Listen(Channel),
    /// Nothing that this browser has not been told: its login has ended so.
    Told(Ending),
    /// The cookie stands for nobody.
    Nobody,
}

impl Gateway {
    pub(crate) async fn visit(
        &self,
        connection: &Connection,
        headers: &HeaderMap,
        query: Option<&str>,
    ) -> Result<Visit, Refusal> {
        let admission = self.door.admit(connection, headers).await?;
        let after = door::last_event_id(headers, query);
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
                || Purpose::Told(Ending::of_kick(Some(kick.code))),
                Purpose::Listen,
            ),
            Bearer::Nobody => Purpose::Nobody,
        };
        Ok(Visit {
            purpose,
            after,
            allow: admission.allow,
            permit: admission.permit,
        })
    }
}
