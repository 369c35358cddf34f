//! An event as an XMPP message: a body for people, the CloudEvent for programs.
//!
//! A message to a full address is a `headline`: if that client is gone, the server drops it. A message of any other
//! type would go to the user's other clients, which are other logins, or wait for the next client.

use rsso_core::login::event::{Kind, LoginEvent};
use rsso_core::login::{Identity, KickCode, Newcomer};
use serde_json::Value;

use super::address::Address;
use super::xml::{escape, escape_json};

/// The namespace of the element that holds the CloudEvent.
pub(super) const NAMESPACE: &str = "urn:rsso:event:1";

/// An event that a client is notified of.
#[derive(Debug)]
pub(super) struct Notice {
    pub(super) kind: NoticeKind,
    pub(super) who: Identity,
    /// The newcomer.
    pub(super) by: Option<Newcomer>,
    /// What `sso_notify()` was given.
    pub(super) payload: Option<Value>,
}

/// What a client is notified of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoticeKind {
    /// A newcomer took the login's place.
    Replaced,
    /// The login was ended in another way.
    Kicked,
    /// The user has signed in beside the login.
    Elsewhere,
    /// A message of `sso_notify()`.
    Message,
}

impl Notice {
    /// Reads a CloudEvent of rsso.
    pub(super) fn read(event: &str) -> Result<Self, String> {
        let event = LoginEvent::read(event).map_err(|problem| problem.to_string())?;
        let kind = match (event.kind(), event.data.details.code) {
            (Some(Kind::Kicked), Some(KickCode::Replaced)) => NoticeKind::Replaced,
            (Some(Kind::Kicked), _) => NoticeKind::Kicked,
            (Some(Kind::Elsewhere), _) => NoticeKind::Elsewhere,
            (Some(Kind::Message), _) => NoticeKind::Message,
            _ => return Err(format!("{} is not for XMPP", event.kind_text)),
        };
        Ok(Self {
            kind,
            who: event.data.identity,
            by: event.data.details.by,
            // What is nested too deeply for a parser has no text either.
            payload: event
                .data
                .payload
                .and_then(|json| serde_json::from_str(&json).ok()),
        })
    }

    pub(super) fn is_kick(&self) -> bool {
        matches!(self.kind, NoticeKind::Replaced | NoticeKind::Kicked)
    }
}

/// The parts of a message.
pub(super) struct MessageParts<'a> {
    pub(super) id: &'a str,
    pub(super) from: &'a str,
    pub(super) to: &'a Address,
    pub(super) language: &'a str,
    pub(super) body: &'a str,
    pub(super) notice: &'a Notice,
    pub(super) event: &'a str,
}

/// The stanza of a message.
pub(super) fn render(parts: &MessageParts<'_>) -> String {
    let kick = parts.notice.is_kick();
    // Without a resource a notice may wait for its user. A kick must not.
    let kind = if kick || parts.to.has_resource() {
        "headline"
    } else {
        "chat"
    };
    // A kick belongs neither in archives nor on the user's other clients.
    let hints = if kick {
        "<no-store xmlns='urn:xmpp:hints'/><no-copy xmlns='urn:xmpp:hints'/>"
    } else {
        ""
    };
    format!(
        "<message type='{kind}' id='{}' from='{}' to='{}' xml:lang='{}'><body>{}</body>\
         <event xmlns='{NAMESPACE}'>{}</event>{hints}</message>",
        escape(parts.id),
        escape(parts.from),
        escape(&parts.to.to_string()),
        escape(parts.language),
        escape(parts.body),
        escape_json(parts.event),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::address::Domain;
    use super::*;
    use crate::test_event::test_event;

    fn event(kind: &str, more: &Value) -> String {
        let mut data = json!({"label": "</body>\u{7}'"});
        data.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        test_event(kind, &data)
    }

    fn render(event: &str, resource: Option<&str>) -> String {
        let notice = Notice::read(event).unwrap();
        let domain = Domain::parse("example.org").unwrap();
        let to = Address::of_name("7", &domain).unwrap();
        super::render(&MessageParts {
            id: "01E",
            from: "rsso.example.org",
            to: &to.with_resource(resource).unwrap(),
            language: "de",
            body: "a < b\u{FFFF}",
            notice: &notice,
            event,
        })
    }

    #[test]
    fn a_kick_is_a_headline_and_leaves_no_trace() {
        let event = event("io.rsso.login.kicked.v1", &json!({"code": -4}));
        assert_eq!(Notice::read(&event).unwrap().kind, NoticeKind::Replaced);
        for resource in [Some("web"), None] {
            let stanza = render(&event, resource);
            assert!(
                stanza.starts_with("<message type='headline' id='01E'"),
                "{stanza}"
            );
            assert!(stanza.contains("<no-store "), "{stanza}");
        }
    }

    #[test]
    fn a_notice_without_a_resource_may_wait() {
        let event = event("io.rsso.message.v1", &json!({"payload": {"a": 1}}));
        assert!(render(&event, Some("web")).starts_with("<message type='headline'"));
        assert!(render(&event, None).starts_with("<message type='chat'"));
    }

    #[test]
    fn markup_stays_text() {
        let stanza = render(&event("io.rsso.login.kicked.v1", &json!({})), Some("web"));
        assert!(stanza.contains("<body>a &lt; b\u{FFFD}</body>"), "{stanza}");
        assert_eq!(stanza.matches("</body>").count(), 1);
        assert!(!stanza.contains(char::is_control), "{stanza}");
    }

    #[test]
    fn a_problem_with_an_event_does_not_repeat_it() {
        for strange in [
            "",
            "secret",
            "{}",
            r#"{"type":"x","data":{"login":"secret"}}"#,
        ] {
            let problem = Notice::read(strange).unwrap_err();
            assert!(!problem.contains("secret"), "{problem}");
        }
    }
}
