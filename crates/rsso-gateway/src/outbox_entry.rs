//! One entry of the outbox, as the gateway reads it: where it is, and which login's browsers get it.

use std::borrow::Cow;
use std::sync::Arc;

use rsso_core::login::event::{Event, Kind, Position};
use rsso_core::login::{KickCode, LoginId};
use serde::Deserialize;

use super::browser_event::BrowserEvent;
use super::close_reason::CloseReason;

/// One entry of the outbox.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OutboxEntry {
    pub(crate) position: Position,
    /// What browsers get; `None`: nothing.
    pub(crate) addressed: Option<AddressedEvent>,
    /// Its neighbours may have been removed from the outbox before it.
    pub(crate) outlived: bool,
}

/// An event, and the login whose browsers get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AddressedEvent {
    pub(crate) login: LoginId,
    pub(crate) event: Arc<BrowserEvent>,
}

/// The members of a CloudEvent that decide its delivery.
#[derive(Deserialize)]
struct EventJson<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    data: DataJson<'a>,
}

#[derive(Deserialize)]
struct DataJson<'a> {
    login: LoginId,
    #[serde(default, borrow)]
    reason: Option<Cow<'a, str>>,
    #[serde(default)]
    code: Option<KickCode>,
    #[serde(default)]
    at: Option<i64>,
}

impl OutboxEntry {
    /// Reads an event of the outbox.
    ///
    /// # Errors
    /// What is wrong with it, without quoting it.
    pub(crate) fn read(event: &Event) -> Result<Self, String> {
        let EventJson { kind, data } = serde_json::from_str(&event.json)
            .map_err(|error| format!("is no event of rsso ({:?})", error.classify()))?;
        // In an event stream the type has a line of its own.
        if kind.is_empty() || kind.chars().any(char::is_control) {
            return Err("has an impossible type".to_owned());
        }
        // A login need not be told that it began, and a refused one does not exist.
        let for_nobody = [Kind::Claimed, Kind::Refused].map(Kind::as_str);
        if for_nobody.contains(&&*kind) {
            return Ok(Self::without_event(event));
        }
        let login = data.login;
        let browser_event = BrowserEvent {
            sequence: event.position.to_string().into(),
            text: event.to_json().into(),
            at: data.at,
            close_reason: close_reason(&kind, &data),
            kicked: (kind == Kind::Kicked.as_str()).then_some(login),
            kind: kind.into(),
        };
        Ok(Self {
            addressed: Some(AddressedEvent {
                login,
                event: Arc::new(browser_event),
            }),
            ..Self::without_event(event)
        })
    }

    /// An entry of which browsers get nothing.
    pub(crate) fn without_event(event: &Event) -> Self {
        Self {
            position: event.position.clone(),
            addressed: None,
            outlived: event.outlived,
        }
    }
}

fn close_reason(kind: &str, data: &DataJson<'_>) -> Option<CloseReason> {
    if kind == Kind::Kicked.as_str() {
        Some(CloseReason::of_kick(data.code.unwrap_or(KickCode::Kicked)))
    } else if kind == Kind::Released.as_str() {
        // A claim in the same session ended it. The browser is still signed in, maybe as another user.
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
        let addressed = read.addressed.unwrap();
        assert_eq!(addressed.login, login);
        let event = addressed.event;
        assert_eq!(event.close_reason, Some(CloseReason::Replaced));
        assert_eq!(event.at, Some(12));
        assert!(event.text.ends_with(",\"sequence\":\"7\"}"));
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
