//! One entry of the outbox, as the gateway reads it: where it is, and which login's browsers get it.

use std::sync::Arc;

use rsso_core::login::event::{Event, EventDetails, Kind, LoginEvent, Position, reason};
use rsso_core::login::{KickCode, LoginId};

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

impl OutboxEntry {
    /// Reads an event of the outbox.
    ///
    /// # Errors
    /// What is wrong with it, without quoting it.
    pub(crate) fn read(event: &Event) -> Result<Self, String> {
        let read = LoginEvent::read(&event.json).map_err(|error| error.to_string())?;
        // In an event stream the type has a line of its own.
        if read.kind_text.is_empty() || read.kind_text.chars().any(char::is_control) {
            return Err("has an impossible type".to_owned());
        }
        let kind = read.kind();
        // A login need not be told that it began, and a refused one does not exist.
        if matches!(kind, Some(Kind::Claimed | Kind::Refused)) {
            return Ok(Self::without_event(event));
        }
        let login = read.data.identity.login;
        let browser_event = BrowserEvent {
            sequence: event.position.to_string().into(),
            text: event.to_json().into(),
            at: Some(read.data.details.at),
            close_reason: kind.and_then(|kind| close_reason(kind, &read.data.details)),
            kicked: (kind == Some(Kind::Kicked)).then_some(login),
            kind: read.kind_text.into(),
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

fn close_reason(kind: Kind, details: &EventDetails) -> Option<CloseReason> {
    match kind {
        Kind::Kicked => Some(CloseReason::of_kick(
            details.code.unwrap_or(KickCode::Kicked),
        )),
        // A claim in the same session ended it. The browser is still signed in, maybe as another user.
        Kind::Released if details.reason.as_deref() == Some(reason::RECLAIMED) => {
            Some(CloseReason::Reclaimed)
        }
        Kind::Released => Some(CloseReason::SignedOut),
        Kind::Expired => Some(CloseReason::Expired),
        Kind::Claimed | Kind::Refused | Kind::Storm | Kind::Elsewhere | Kind::Message => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<OutboxEntry, String> {
        OutboxEntry::read(&Event {
            position: Position::from_number(7),
            json: json.to_owned(),
            outlived: false,
        })
    }

    /// An event of a login, with these members of `data` besides its identity.
    fn event_json(kind: &str, login: &str, details: &str) -> String {
        format!(
            "{{\"specversion\":\"1.0\",\"id\":\"01J\",\"type\":\"{kind}\",\"source\":\"urn:rsso:default\",\
             \"subject\":\"ann\",\"time\":\"2026-01-01T00:00:00Z\",\"data\":{{\"login\":\"{login}\",\
             \"uid\":\"ann\",\"uid_base64\":null,\"device\":\"web\",\"label\":null,{details}}}}}"
        )
    }

    fn read_event(kind: &str, details: &str) -> AddressedEvent {
        let login = LoginId::new().unwrap();
        let read = read(&event_json(kind, &login.to_string(), details)).unwrap();
        let addressed = read.addressed.unwrap();
        assert_eq!(addressed.login, login);
        addressed
    }

    #[test]
    fn an_event_of_the_outbox_is_addressed_to_a_login() {
        let kick = read_event("io.rsso.login.kicked.v1", r#""code":-4,"at":12"#);
        assert_eq!(kick.event.close_reason, Some(CloseReason::Replaced));
        assert_eq!(kick.event.kicked, Some(kick.login));
        assert_eq!(kick.event.at, Some(12));
        assert!(kick.event.text.ends_with(",\"sequence\":\"7\"}"));
    }

    #[test]
    fn an_event_of_a_later_version_is_delivered() {
        let event = read_event("io.rsso.login.moved.v1", r#""at":12"#).event;
        assert_eq!(
            (&*event.kind, event.close_reason),
            ("io.rsso.login.moved.v1", None)
        );
    }

    #[test]
    fn what_is_no_event_is_told_without_its_text() {
        let login = LoginId::new().unwrap().to_string();
        for strange in [
            String::new(),
            "secret".to_owned(),
            "{}".to_owned(),
            event_json("x", "secret", "\"at\":1"),
            event_json("a\\nid: 9", &login, "\"at\":1"),
        ] {
            let problem = read(&strange).unwrap_err();
            assert!(!problem.contains("secret"), "{problem}");
        }
    }
}
