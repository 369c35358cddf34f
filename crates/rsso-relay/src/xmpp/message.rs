//! An event as an XMPP message: a body for people, the CloudEvent for programs.
//!
//! A message to a full address is a `headline`: where that client is gone the server drops it. Any
//! other type it would hand to the user's other clients, which are other logins, or keep for the next.

use rsso_core::login::event::Kind;
use rsso_core::login::{By, Identity};
use serde::Deserialize;
use serde_json::Value;

use super::address::Address;
use super::xml::{escape, escape_json};

/// Of the payload: its text is the CloudEvent.
pub(super) const NAMESPACE: &str = "urn:rsso:event:1";

/// The code of a kick by a newcomer.
const REPLACED: i32 = -4;

/// What an event says, as far as a message depends on it.
#[derive(Debug)]
pub(super) struct Notice {
    pub(super) kind: String,
    pub(super) who: Identity,
    pub(super) by: Option<By>,
    /// What `sso_notify()` was given.
    pub(super) payload: Option<Value>,
    code: Option<i32>,
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(flatten)]
    who: Identity,
    #[serde(default)]
    code: Option<i32>,
    #[serde(default)]
    by: Option<By>,
    #[serde(default)]
    payload: Option<Value>,
}

impl Notice {
    /// Reads a CloudEvent of rsso.
    pub(super) fn read(event: &str) -> Result<Self, String> {
        let Envelope { kind, data } = serde_json::from_str(event)
            .map_err(|error| format!("is no event of rsso ({:?})", error.classify()))?;
        Ok(Self {
            kind,
            who: data.who,
            by: data.by,
            payload: data.payload,
            code: data.code,
        })
    }

    pub(super) fn is_kick(&self) -> bool {
        self.kind == Kind::Kicked.as_str()
    }

    /// Whether the user has signed in beside the login.
    pub(super) fn is_elsewhere(&self) -> bool {
        self.kind == Kind::Elsewhere.as_str()
    }

    /// Whether a newcomer took the login's place.
    pub(super) fn is_replaced(&self) -> bool {
        self.is_kick() && self.code == Some(REPLACED)
    }
}

/// What a message consists of.
pub(super) struct MessageParts<'a> {
    pub(super) id: &'a str,
    pub(super) from: &'a str,
    pub(super) to: &'a Address,
    pub(super) language: &'a str,
    pub(super) body: &'a str,
    pub(super) notice: &'a Notice,
    pub(super) event: &'a str,
}

/// The stanza.
pub(super) fn render(parts: &MessageParts<'_>) -> String {
    let kick = parts.notice.is_kick();
    // To the account as such: a notice may wait for its user, a kick is over by then.
    let kind = if kick || parts.to.has_resource() {
        "headline"
    } else {
        "chat"
    };
    // A kick is no part of a conversation: not for archives, not for the user's other clients.
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
    use super::super::address::Domain;
    use super::*;

    const LOGIN: &str = "01J00000000000000000000000";

    fn event(kind: &str, more: &str) -> String {
        format!(
            r#"{{"type":"{kind}","data":{{"login":"{LOGIN}","uid":"7","device":"web","label":"</body>\u0007'"{more}}}}}"#
        )
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
        let event = event("io.rsso.login.kicked.v1", r#","code":-4"#);
        assert!(Notice::read(&event).unwrap().is_replaced());
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
    fn a_notice_to_nobody_in_particular_may_wait() {
        let event = event("io.rsso.message.v1", r#","payload":{"a":1}"#);
        assert!(render(&event, Some("web")).starts_with("<message type='headline'"));
        assert!(render(&event, None).starts_with("<message type='chat'"));
    }

    #[test]
    fn markup_stays_text() {
        let stanza = render(&event("io.rsso.login.kicked.v1", ""), Some("web"));
        assert!(stanza.contains("<body>a &lt; b\u{FFFD}</body>"), "{stanza}");
        assert_eq!(stanza.matches("</body>").count(), 1);
        assert!(!stanza.contains(char::is_control), "{stanza}");
    }

    #[test]
    fn what_is_no_event_is_told_without_its_text() {
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
