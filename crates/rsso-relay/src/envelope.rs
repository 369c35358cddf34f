//! What the relay has to know of a CloudEvent to route it.

use std::borrow::Cow;

use rsso_core::login::LoginId;
use rsso_core::login::event::{Event, Kind};
use serde::Deserialize;

/// A CloudEvent, as far as its routing depends on it.
#[derive(Deserialize)]
pub(crate) struct Envelope<'a> {
    #[serde(borrow)]
    pub(crate) id: Cow<'a, str>,
    #[serde(rename = "type", borrow)]
    pub(crate) kind: Cow<'a, str>,
    pub(crate) data: Data,
}

#[derive(Deserialize)]
pub(crate) struct Data {
    /// When it happened, in milliseconds since 1970.
    #[serde(default)]
    pub(crate) at: Option<i64>,
}

/// What an event is called; what is none has no name.
pub(crate) fn event_id(event: &Event) -> String {
    let envelope = serde_json::from_str::<Envelope<'_>>(&event.json);
    envelope.map_or_else(|_| String::new(), |envelope| envelope.id.into_owned())
}

/// Whose kick an event tells of, if it tells of one.
pub(crate) fn kicked(kind: &str, json: &str) -> Option<LoginId> {
    #[derive(Deserialize)]
    struct Kicked {
        data: Addressee,
    }
    #[derive(Deserialize)]
    struct Addressee {
        login: LoginId,
    }
    if kind != Kind::Kicked.as_str() {
        return None;
    }
    let event: Kicked = serde_json::from_str(json).ok()?;
    Some(event.data.login)
}
