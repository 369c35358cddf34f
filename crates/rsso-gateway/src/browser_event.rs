//! An event as it goes to browsers: what the outbox holds, read once, and to whom it is addressed.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use rsso_core::login::event::{Event, Kind, Moment, Position, source};
use rsso_core::login::{Identity, Kick, LoginId, Realm};
use serde::Deserialize;
use serde_json::json;

use super::close_reason::CloseReason;

/// An event, rendered once for everybody who gets it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BrowserEvent {
    /// CloudEvents' `type`.
    pub(crate) kind: Box<str>,
    /// CloudEvents' `sequence`; empty for what has no place in the outbox.
    pub(crate) sequence: Box<str>,
    /// The CloudEvent.
    pub(crate) text: Utf8Bytes,
    /// When it happened, in milliseconds since 1970; of events of the outbox.
    pub(crate) at: Option<i64>,
    /// What it means for the addressee's connections.
    pub(crate) close_reason: Option<CloseReason>,
    /// Whose kick it tells of: somebody may wait to hear that it was delivered.
    pub(crate) kicked: Option<LoginId>,
}

/// A place in the outbox, and what stands there for a browser, if anything does.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OutboxEntry {
    pub(crate) position: Position,
    pub(crate) addressed: Option<(LoginId, Arc<BrowserEvent>)>,
    /// What stood around it may have been forgotten.
    pub(crate) outlived: bool,
}

/// What has to be known of a CloudEvent to deliver it.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    data: Address<'a>,
}

#[derive(Deserialize)]
struct Address<'a> {
    login: LoginId,
    #[serde(default, borrow)]
    reason: Option<Cow<'a, str>>,
    #[serde(default)]
    code: Option<i32>,
    #[serde(default)]
    at: Option<i64>,
}

impl OutboxEntry {
    /// Reads an event of the outbox.
    ///
    /// # Errors
    /// What is wrong with it, without what it says.
    pub(crate) fn read(event: &Event) -> Result<Self, String> {
        let Envelope { kind, data } = serde_json::from_str(&event.json)
            .map_err(|error| format!("is no event of rsso ({:?})", error.classify()))?;
        // It becomes a line of its own in an event stream.
        if kind.is_empty() || kind.chars().any(char::is_control) {
            return Err("has an impossible type".to_owned());
        }
        // That it began is no news to a login, and who was refused has none.
        let own = [Kind::Claimed, Kind::Refused].map(Kind::as_str);
        if own.contains(&&*kind) {
            return Ok(Self::nothing(event));
        }
        let frame = BrowserEvent {
            sequence: event.position.to_string().into(),
            text: event.to_json().into(),
            at: data.at,
            close_reason: close_reason(&kind, &data),
            kicked: (kind == Kind::Kicked.as_str()).then_some(data.login),
            kind: kind.into(),
        };
        Ok(Self {
            addressed: Some((data.login, Arc::new(frame))),
            ..Self::nothing(event)
        })
    }

    /// A place without anything for browsers.
    pub(crate) fn nothing(event: &Event) -> Self {
        Self {
            position: event.position.clone(),
            addressed: None,
            outlived: event.outlived,
        }
    }
}

fn close_reason(kind: &str, data: &Address<'_>) -> Option<CloseReason> {
    if kind == Kind::Kicked.as_str() {
        Some(CloseReason::of_kick(data.code))
    } else if kind == Kind::Released.as_str() {
        // A claim in the same session ended it: the browser is signed in still, maybe as another user.
        match data.reason.as_deref() {
            Some("reclaimed") => Some(CloseReason::Reclaimed),
            _ => Some(CloseReason::SignedOut),
        }
    } else if kind == Kind::Expired.as_str() {
        Some(CloseReason::Expired)
    } else {
        None
    }
}

/// What the gateway itself has to say, in the same form.
pub(crate) struct GatewayEvents<'a> {
    pub(crate) realm: &'a Realm,
    pub(crate) sequence: &'a str,
}

impl GatewayEvents<'_> {
    /// Caught up: what comes from now on is new.
    pub(crate) fn connected(&self, identity: &Identity, heartbeat: u64) -> Arc<BrowserEvent> {
        let data = json!({
            "login": identity.login,
            "uid": identity.uid,
            "uid_base64": identity.uid_base64,
            "device": identity.device,
            "label": identity.label,
            "heartbeat": heartbeat,
        });
        self.frame("io.rsso.connected.v1", &data)
    }

    /// Still here, and this is how far the outbox has come.
    pub(crate) fn heartbeat(&self) -> Arc<BrowserEvent> {
        self.frame("io.rsso.heartbeat.v1", &json!({}))
    }

    /// The position that was presented is not known any more: events may have been missed.
    pub(crate) fn gap(&self) -> Arc<BrowserEvent> {
        self.frame("io.rsso.gap.v1", &json!({}))
    }

    /// The kick that a tombstone tells of, where the outbox has forgotten its event.
    pub(crate) fn kicked(&self, kick: &Kick) -> Arc<BrowserEvent> {
        let mut data = json!(kick);
        if kick.by.is_none()
            && let Some(members) = data.as_object_mut()
        {
            members.remove("by");
        }
        let mut frame = self.frame(Kind::Kicked.as_str(), &data);
        if let Some(frame) = Arc::get_mut(&mut frame) {
            frame.close_reason = Some(CloseReason::of_kick(Some(kick.code.number())));
        }
        frame
    }

    fn frame(&self, kind: &str, data: &serde_json::Value) -> Arc<BrowserEvent> {
        // A moment's name; without randomness the position has to do.
        let id = Moment::now().map_or_else(|_| self.sequence.to_owned(), |moment| moment.name());
        let mut event = json!({
            "specversion": "1.0",
            "id": id,
            "source": source(self.realm),
            "type": kind,
            "datacontenttype": "application/json",
            "data": data,
        });
        if !self.sequence.is_empty() {
            event["sequence"] = json!(self.sequence);
        }
        Arc::new(BrowserEvent {
            kind: kind.into(),
            sequence: self.sequence.into(),
            text: event.to_string().into(),
            at: None,
            close_reason: None,
            kicked: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<OutboxEntry, String> {
        OutboxEntry::read(&Event {
            position: Position::counted(7),
            json: json.to_owned(),
            outlived: false,
        })
    }

    #[test]
    fn an_event_of_the_outbox_is_addressed_to_a_login() {
        let login = LoginId::new().unwrap();
        let read = read(&format!(
            r#"{{"type":"io.rsso.login.kicked.v1","data":{{"login":"{login}","code":-4,"at":12}}}}"#
        ))
        .unwrap();
        let (addressee, frame) = read.addressed.unwrap();
        assert_eq!(addressee, login);
        assert_eq!(frame.close_reason, Some(CloseReason::Replaced));
        assert_eq!(frame.at, Some(12));
        assert!(frame.text.ends_with(",\"sequence\":\"7\"}"));
    }

    #[test]
    fn what_is_no_event_is_told_without_its_text() {
        let login = LoginId::new().unwrap();
        for strange in [
            String::new(),
            "secret".to_owned(),
            "{}".to_owned(),
            r#"{"type":"x","data":{"login":"secret"}}"#.to_owned(),
            format!("{{\"type\":\"a\\nid: 9\",\"data\":{{\"login\":\"{login}\"}}}}"),
        ] {
            let problem = read(&strange).unwrap_err();
            assert!(!problem.contains("secret"), "{problem}");
        }
    }
}
